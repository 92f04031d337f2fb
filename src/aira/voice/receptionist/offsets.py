"""Times said relative to the present ("in two hours") or to the time that is spoken of ("an hour later", "the day after")."""

import re
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Shift:
    """A move away from the time that is spoken of; `drift` is +1 for just "later" and -1 for just "earlier"."""

    days: int = 0
    minutes: int = 0
    drift: int = 0


_AMOUNT = (
    r"(?P<amount>(?:an?|1|one) hour and a half|(?:an?|1|one) hour and (?:a )?quarter|half an hour|an? half hour|(?:a )?quarter of an hour|an hour"
    r"|\d{1,3}(?: and a half)? (?:hours?|minutes?|mins?)(?: and \d{1,2} minutes?)?)"
)
_OFFSET = re.compile(
    rf"\b(?:in|within) (?:about |around |like )?{_AMOUNT}(?: from now|(?: time)?)\b(?! (?:later|earlier|or))|\b{_AMOUNT.replace('amount', 'amount2')} from now\b"
)
_LATER = r"(?:later|after that|after|back)"
_EARLIER = r"(?:earlier|before that|sooner|before|forward)"
_BY_TIME = re.compile(rf"\b(?:(?:by |back (?:by )?|forward (?:by )?)?{_AMOUNT}) ?(?P<way>{_LATER}|{_EARLIER})?\b")
_BY_DAYS = re.compile(
    r"\b(?:(?P<count>an?|one|\d{1,2}) (?P<unit>day|week)s? (?P<way>later|earlier|after(?! tomorrow)|before|sooner)\b"
    r"|(?:the |on the )?(?P<next>next|following) day\b|the (?P<unit2>day|week) (?P<way2>after|before)\b(?! (?:tomorrow|next))"
    r"|same time (?:the )?(?P<unit3>next|following) week|the (?P<unit4>following) week)"
)
_DRIFT_LATER = re.compile(
    r"\b(?:(?:any ?thing|something|a (?:bit|little)|any|much|slightly|time|slot|is|are|have|or) (?:later|after that)|too (?:early|soon)|later (?:one|time|slot|in the day|on|than that)|^later)\b|\blater$"
)
_DRIFT_EARLIER = re.compile(
    r"\b(?:(?:any ?thing|something|a (?:bit|little)|any|much|slightly|time|slot|is|are|have|or) (?:earlier|sooner|before that)|too late|(?:earlier|sooner) (?:one|time|slot|in the day|than that)|^(?:earlier|sooner))\b|\b(?:earlier|sooner)$"
)


def find_offset(text: str) -> timedelta | None:
    """How far from now, in "in an hour and a half" or "in forty five minutes"."""
    match = _OFFSET.search(text)
    return timedelta(minutes=_minutes(match["amount"] or match["amount2"])) if match else None


def find_shift(text: str) -> tuple[Shift | None, str]:
    """The relative move in a plain text, and the text with it blanked out."""
    by_days = _BY_DAYS.search(text)
    if by_days:
        return _days(by_days), _without(text, by_days)
    by_time = _BY_TIME.search(text)
    if by_time and (by_time["way"] or by_time[0].startswith(("by ", "back ", "forward "))):
        said = by_time[0]
        sign = -1 if re.search(r"\bforward\b", said) or (by_time["way"] and re.fullmatch(_EARLIER, by_time["way"])) else 1
        return Shift(minutes=sign * _minutes(by_time["amount"])), _without(text, by_time)
    for pattern, drift in ((_DRIFT_LATER, 1), (_DRIFT_EARLIER, -1)):
        match = pattern.search(text)
        if match:
            return Shift(drift=drift), _without(text, match)
    return None, text


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + "~" * (match.end() - match.start()) + text[match.end() :]


def _days(match: re.Match[str]) -> Shift:
    way = match["way"] or match["way2"] or "after"
    unit = match["unit"] or match["unit2"] or ("week" if match["unit3"] or match["unit4"] else "day")
    count = int(match["count"]) if match["count"] and match["count"].isdigit() else 1
    sign = -1 if way in ("earlier", "before", "sooner") else 1
    return Shift(days=sign * count * (7 if unit == "week" else 1))


def _minutes(amount: str) -> int:
    numbers = [int(number) for number in re.findall(r"\d+", amount)]
    if "hour" not in amount:
        return numbers[0]
    if amount in ("half an hour", "a half hour", "an half hour"):
        return 30
    if "quarter of an hour" in amount:
        return 15
    hours = 60 * (numbers[0] if numbers else 1)
    if "and a half" in amount:
        return hours + 30
    if "quarter" in amount:
        return hours + 15
    return hours + (numbers[1] if len(numbers) > 1 else 0)
