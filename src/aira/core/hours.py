"""Opening hours as people write them: `Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00`.

Weekdays are English names or their first three letters, alone, as a range or as a list; times are `9`, `9:30`, `09:30`,
`9am` or `24:00`. A span that ends at or before its beginning ends on the next day.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import time
from itertools import pairwise

from aira.errors import InvalidInput
from aira.model import OpeningSpan

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Span = tuple[time, time]

_EXAMPLE = 'Write them as in "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00".'
_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", re.IGNORECASE)


def parse_hours(spec: str) -> list[OpeningSpan]:
    """The spans of a week, by weekday and opening time. Raises InvalidInput for what is not hours or overlaps."""
    spans: list[OpeningSpan] = []
    for part in filter(None, (piece.strip() for piece in spec.split(";"))):
        days, hours = _split_at_digit(part)
        spans += [OpeningSpan(weekday, opens, closes) for weekday in _weekdays(days) for opens, closes in parse_spans(hours)]
    if not spans:
        raise InvalidInput("These opening hours name no day and time.", hint=_EXAMPLE)
    for weekday in {span.weekday for span in spans}:
        _refuse_overlap([(span.opens, span.closes) for span in spans if span.weekday == weekday])
    return sorted(spans, key=lambda span: (span.weekday, span.opens))


def parse_spans(spec: str) -> list[Span]:
    """The spans of one day, such as `09:00-12:00,13:00-17:00`. Raises InvalidInput for what is not that or overlaps."""
    spans = []
    for part in spec.split(","):
        opens, dash, closes = part.replace("–", "-").partition("-")
        if not dash:
            raise InvalidInput(f"'{part.strip()}' is not a span of hours.", hint=_EXAMPLE)
        spans.append((parse_time(opens), parse_time(closes)))
    _refuse_overlap(spans)
    return sorted(spans)


def parse_time(text: str) -> time:
    """A time of day as typed: `9`, `09:30`, `2pm`; `24:00` is midnight. Raises InvalidInput for anything else."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise _not_a_time(text)
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise _not_a_time(text)
        hour = hour % 12 + (12 if half == "pm" else 0)
    if (hour, minute) == (24, 0):
        return time(0)
    if hour > 23 or minute > 59:
        raise _not_a_time(text)
    return time(hour, minute)


def format_hours(spans: Iterable[OpeningSpan]) -> str:
    """The spans in the form that `parse_hours` reads, neighbouring weekdays of equal hours as one range."""
    by_day = {day: format_spans([(s.opens, s.closes) for s in spans_of_day]) for day, spans_of_day in _grouped(spans).items()}
    runs: list[tuple[int, int]] = []
    for day in sorted(by_day):
        if runs and runs[-1][1] == day - 1 and by_day[day] == by_day[day - 1]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return "; ".join(f"{_range_name(first, last)} {by_day[first]}" for first, last in runs)


def format_spans(spans: Sequence[Span]) -> str:
    """The spans of one day in the form that `parse_spans` reads."""
    return ",".join(f"{opens:%H:%M}-{'24:00' if closes == time(0) else f'{closes:%H:%M}'}" for opens, closes in spans)


def _grouped(spans: Iterable[OpeningSpan]) -> dict[int, list[OpeningSpan]]:
    days: dict[int, list[OpeningSpan]] = {}
    for span in sorted(spans, key=lambda one: (one.weekday, one.opens)):
        days.setdefault(span.weekday, []).append(span)
    return days


def _split_at_digit(part: str) -> tuple[str, str]:
    match = re.search(r"\d", part)
    if match is None:
        raise InvalidInput(f"'{part}' has no time of day.", hint=_EXAMPLE)
    return part[: match.start()].strip(), part[match.start() :]


def _weekdays(text: str) -> list[int]:
    if text.lower() in {"daily", "every day"}:
        return list(range(1, 8))
    days: list[int] = []
    for piece in text.split(","):
        first, dash, last = piece.replace("–", "-").partition("-")
        start, end = _weekday(first), _weekday(last) if dash else _weekday(first)
        days += [(start - 1 + offset) % 7 + 1 for offset in range((end - start) % 7 + 1)]
    if len(set(days)) < len(days):
        raise InvalidInput(f"'{text}' names a day twice.", hint=_EXAMPLE)
    return days


def _weekday(text: str) -> int:
    name = text.strip().lower().rstrip(".")
    for number, weekday in enumerate(WEEKDAYS, start=1):
        if len(name) >= 3 and weekday.lower().startswith(name):
            return number
    raise InvalidInput(f"'{text.strip()}' is not a day of the week.", hint=_EXAMPLE)


def _range_name(first: int, last: int) -> str:
    return WEEKDAYS[first - 1][:3] if first == last else f"{WEEKDAYS[first - 1][:3]}-{WEEKDAYS[last - 1][:3]}"


def _refuse_overlap(spans: Sequence[Span]) -> None:
    minutes = sorted((_minutes(opens), _minutes(closes)) for opens, closes in spans)
    for (opens, closes), (following, _) in pairwise(minutes):
        if closes <= opens or closes > following:
            raise InvalidInput("Two spans of one day overlap.", hint=_EXAMPLE)


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _not_a_time(text: str) -> InvalidInput:
    return InvalidInput(f"'{text.strip()}' is not a time of day.", hint="Write it as 9:30, 14:00 or 2pm.")
