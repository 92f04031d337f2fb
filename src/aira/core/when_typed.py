"""Days and times as an operator types them: `2026-12-01 14:00`, `tomorrow 2pm`, `next tuesday 14:00`, `dec 1 9:30`.

A weekday is the coming one, never today; after `next` it is that of the next calendar week, which begins on Monday, and so does
`next week`. A day without a year is the next one not past. `12/1` is refused, as it means two days.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from aira.core.app import Aira
from aira.core.hours import WEEKDAYS, parse_time
from aira.errors import InvalidInput
from aira.model import Business

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE)
_TIME = re.compile(r"(?:^|\s)(?:at\s+)?(noon|midnight|\d{1,2}:\d{2}\s*(?:am|pm)?|\d{1,2}\s*(?:am|pm))(?=\s|$)", re.IGNORECASE)
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_WEEKS = {"last": -1, "this": 0, "next": 1}
_YEARS = range(1970, 2200)
_EXAMPLE = 'Write it as in "2026-12-01 14:00", "tomorrow 2pm" or "next tuesday 14:00".'


def parse_moment(text: str, *, now: datetime, time_zone: str) -> datetime:
    """The instant, in UTC, of a day and time of the wall clock in `time_zone`; an ISO time with an offset is taken as it is.

    Raises InvalidInput for what is no day and time, and for a time that the clocks skip or show twice on that day, with both
    readings in its hint.
    """
    cleaned = " ".join(text.replace(",", " ").split())
    iso = _ISO.fullmatch(cleaned)
    if iso and iso[3]:
        return _of_our_time(_iso_moment(cleaned.upper())).astimezone(UTC)
    local = _iso_moment(f"{iso[1]}T{iso[2]}") if iso and iso[2] else _typed(cleaned, now.astimezone(ZoneInfo(time_zone)).date())
    return at_wall_clock(_of_our_time(local), time_zone)


def parse_day(text: str, *, today: date) -> date:
    """A day: ISO, `today`, `tomorrow`, `in 3 days`, a weekday, a day of a month, or `next week` for its Monday. Raises InvalidInput."""
    day = _day(text.replace(",", " ").lower().split(), today)
    if day is None or day.year not in _YEARS:
        raise InvalidInput(f"'{text.strip()}' is not a day.", hint='Write it as in "2026-12-01", "tomorrow" or "next tuesday".')
    return day


def local_today(aira: Aira, business: Business) -> date:
    """The calendar date where the business is."""
    return aira.clock.now().astimezone(ZoneInfo(business.time_zone)).date()


def first_moment(aira: Aira, business: Business, text: str | None, *, days_later: int = 0) -> datetime:
    """Midnight, where the business is, at the beginning of a typed day or so many days later; the present without one."""
    if text is None:
        return aira.clock.now()
    day = parse_day(text, today=local_today(aira, business)) + timedelta(days=days_later)
    return datetime.combine(day, time(0), ZoneInfo(business.time_zone)).astimezone(UTC)


def at_wall_clock(local: datetime, time_zone: str) -> datetime:
    """The instant, in UTC, at which the clocks of `time_zone` show a naive time. Raises InvalidInput where none or two do."""
    zone = ZoneInfo(time_zone)
    readings = sorted({local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    if len(readings) == 1:
        return readings[0]
    shown = " or ".join(f'"{reading.astimezone(zone).isoformat(timespec="minutes")}"' for reading in readings)
    exists = readings[0].astimezone(zone).replace(tzinfo=None) == local
    raise InvalidInput(
        f"The clocks in {time_zone} {'show' if exists else 'skip'} {local:%H:%M} on {local:%Y-%m-%d}{' twice' if exists else ''}.",
        hint=f"Say which instant is meant: {shown}.",
        code="ambiguous_local_time" if exists else "nonexistent_local_time",
    )


def _of_our_time(moment: datetime) -> datetime:
    """The moment, if calendars and time zones can reckon with it."""
    if moment.year not in _YEARS:
        raise InvalidInput(f"The year {moment.year} is not one to book in.", hint=_EXAMPLE)
    return moment


def _typed(text: str, today: date) -> datetime:
    found = _TIME.search(text)
    if found is None:
        raise InvalidInput(f"'{text}' has no time of day.", hint=_EXAMPLE)
    words = f"{text[: found.start()]} {text[found.end() :]}".lower().split()
    day = _day(words, today) if words else today
    if day is None:
        raise InvalidInput(f"'{text}' is not a day and a time.", hint=_EXAMPLE)
    named = {"noon": time(12), "midnight": time(0)}
    return datetime.combine(day, named.get(found[1].lower()) or parse_time(found[1]))


def _day(words: list[str], today: date) -> date | None:
    if words and words[0] == "on":
        words = words[1:]
    match words:
        case [iso] if _ISO.fullmatch(iso):
            return _iso_date(iso)
        case [word] if word in _DAYS:
            return today + timedelta(days=_DAYS[word])
        case ["in", count, "day" | "days"] if count.isdecimal() and len(count) <= 3:
            return today + timedelta(days=int(count))
        case ["in", count, "week" | "weeks"] if count.isdecimal() and len(count) <= 2:
            return today + timedelta(weeks=int(count))
        case [which, "week"] if which in _WEEKS:
            return today - timedelta(days=today.weekday()) + timedelta(weeks=_WEEKS[which])
        case ["next", name] if (weekday := _weekday(name)) is not None:
            return today - timedelta(days=today.weekday()) + timedelta(weeks=1, days=weekday)
        case [name] | ["this", name] if (weekday := _weekday(name)) is not None:
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return _day_of_month(words, today)


def _day_of_month(words: list[str], today: date) -> date | None:
    months = [(position, month) for position, word in enumerate(words) if (month := _month(word)) is not None]
    numbers = [re.sub(r"(?<=\d)(st|nd|rd|th)$", "", word) for word in words if _month(word) is None]
    if len(months) != 1 or not 1 <= len(numbers) <= 2 or not all(number.isdecimal() for number in numbers):
        return None
    day, *year = (int(number) for number in numbers)
    if year:
        return _date(year[0], months[0][1], day)
    candidates = (_date(today.year + ahead, months[0][1], day) for ahead in range(5))
    return next((one for one in candidates if one is not None and one >= today), None)


def _iso_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"'{text}' is not a day and a time.", hint=_EXAMPLE) from None


def _iso_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _weekday(word: str) -> int | None:
    return next((number for number, name in enumerate(WEEKDAYS) if len(word) >= 3 and name.lower().startswith(word.rstrip("."))), None)


def _month(word: str) -> int | None:
    return next((number for number, name in enumerate(_MONTHS, start=1) if len(word) >= 3 and name.startswith(word.rstrip("."))), None)
