"""What the businesses of the booking race offer, and which answers a move can have had: a model without the database."""

from datetime import datetime, timedelta

OPEN = ((9, 12), (13, 17))
"""Hours of each weekday, UTC."""
SERVICES = {"Beard": (20, 0, 5), "Haircut": (45, 0, 15), "Colour": (90, 10, 10), "Wash": (15, 0, 0)}
"""Minutes, and minutes kept free before and after."""
FIRST_CHAIR_ONLY = "Colour"


def wrongly_not_moved(businesses: dict[str, list[str]], booked: dict[str, dict], moves: list[dict]) -> int:
    """Moves whose answer the hours contradict, and conflicts over a chair that nobody else ever had at that time."""
    places = [(one["id"], one["business"], one["chair"], one["service"], one["start"]) for one in booked.values()]
    for move in moves:
        one = booked[move["id"]]
        if move["code"] == "ok":
            places.append((one["id"], one["business"], move["chair"], one["service"], datetime.fromisoformat(move["start"])))
    taken = [(owner, business, chair, *blocked(service, start)) for owner, business, chair, service, start in places]
    wrong = 0
    for move in moves:
        one, start = booked[move["id"]], datetime.fromisoformat(move["start"])
        expected = by_the_hours(one["service"], start)
        if move["code"] == "conflict":
            begins, ends = blocked(one["service"], start)
            others = {t[2] for t in taken if t[0] != one["id"] and t[1] == one["business"] and t[3] < ends and begins < t[4]}
            chairs = businesses[one["business"]]
            wrong += expected != "ok" or not others.issuperset(chairs[:1] if one["service"] == FIRST_CHAIR_ONLY else chairs)
        else:
            wrong += move["code"] != expected
    return wrong


def blocked(service: str, start: datetime) -> tuple[datetime, datetime]:
    minutes, before, after = SERVICES[service]
    return start - timedelta(minutes=before), start + timedelta(minutes=minutes + after)


def by_the_hours(service: str, start: datetime) -> str:
    end = start + timedelta(minutes=SERVICES[service][0])
    if start.weekday() >= 5:
        return "closed_day"
    day = start.replace(hour=0, minute=0)
    fits = any(day + timedelta(hours=opens) <= start and end <= day + timedelta(hours=closes) for opens, closes in OPEN)
    return "ok" if fits else "outside_hours"
