"""When the business is open, from the facts of a call."""

from collections.abc import Sequence
from datetime import date, time, timedelta

from aira.voice.receptionist import spoken
from aira.voice.receptionist.calendar_days import ONE_DAY
from aira.voice.receptionist.numbers import WEEKDAYS
from aira.voice.receptionist.protocol import Facts

Span = tuple[time, time]
MIDNIGHT = time(0)


def spans_on(facts: Facts, day: date) -> tuple[Span, ...]:
    """The opening spans of a date, ascending; a special day replaces the weekday's hours."""
    special = [one for one in facts.special_days if one.on_date == day]
    if special:
        return tuple(sorted((one.opens, one.closes or MIDNIGHT) for one in special if one.opens is not None))
    return tuple(sorted((span.opens, span.closes) for span in facts.hours if span.weekday == day.isoweekday()))


def is_open(facts: Facts, day: date, at: time) -> bool:
    """Whether the business is open then; hours that run past midnight count for the day they begin on."""
    today = any(opens <= at and (at < closes or closes <= opens) for opens, closes in spans_on(facts, day))
    night = any(closes <= opens and at < closes for opens, closes in spans_on(facts, day - ONE_DAY))
    return today or night


def closed_because(facts: Facts, day: date) -> str | None:
    """The reason given for a special day."""
    return next((one.reason for one in facts.special_days if one.on_date == day and one.reason), None)


def likely_time(facts: Facts, day: date, at: time) -> time | None:
    """Which half of the day a time said without am or pm means: the one in which the business is open; None where both are."""
    other = time((at.hour + 12) % 24, at.minute)
    if is_open(facts, day, at):
        return None if is_open(facts, day, other) else at
    return other if is_open(facts, day, other) else at


def on_day(facts: Facts, day: date) -> str:
    """The hours of one date in a sentence."""
    name = spoken.near_day(day, facts.now.date())
    spans = spans_on(facts, day)
    if not spans:
        reason = closed_because(facts, day)
        return f"We're closed {_on(name)}{f' for {reason}' if reason else ''}."
    return f"{spoken.capital(_on(name))}, we're open {said(spans)}."


def every_week(facts: Facts) -> str:
    """The weekly hours in a sentence, days with the same hours together."""
    groups: list[tuple[int, int, tuple[Span, ...]]] = []
    for weekday in range(1, 8):
        spans = tuple(sorted((span.opens, span.closes) for span in facts.hours if span.weekday == weekday))
        if groups and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], weekday, spans)
        else:
            groups.append((weekday, weekday, spans))
    opened = [f"{_days(first, last)} {said(spans)}" for first, last, spans in groups if spans]
    closed = [_days(first, last) for first, last, spans in groups if not spans]
    if not opened:
        return "I don't have our opening hours."
    return f"We're open {spoken.series(opened)}" + (f", and closed {spoken.series(closed)}" if closed else "") + "."


def right_now(facts: Facts) -> str:
    """Whether the business is open at this moment, and until when or when again."""
    today, at = facts.now.date(), facts.now.time()
    if is_open(facts, today, at):
        closes = next((end for start, end in spans_on(facts, today) if start <= at and (at < end or end <= start)), None)
        return f"Yes, we're open until {spoken.clock(closes)}." if closes else "Yes, we're open."
    following = next_opening(facts)
    if following is None:
        return "We're closed right now."
    day, opens = following
    when = "later today" if day == today else spoken.near_day(day, today)
    return f"We're closed right now. We open {when} at {spoken.clock(opens)}."


def next_opening(facts: Facts) -> tuple[date, time] | None:
    """The day and time the business opens next, within two weeks."""
    today, at = facts.now.date(), facts.now.time()
    for ahead in range(15):
        day = today + timedelta(days=ahead)
        for opens, _ in spans_on(facts, day):
            if ahead or opens > at:
                return day, opens
    return None


def said(spans: Sequence[Span]) -> str:
    """Opening spans as people say them: `from nine in the morning to five in the afternoon`."""
    return spoken.series([f"from {spoken.clock(opens)} to {spoken.clock(closes)}" for opens, closes in spans])


def _on(name: str) -> str:
    return name if name.startswith(("today", "tomorrow")) else f"on {name}"


def _days(first: int, last: int) -> str:
    names = WEEKDAYS[first - 1].capitalize(), WEEKDAYS[last - 1].capitalize()
    if first == last:
        return f"{names[0]}s"
    return f"{names[0]} {'and' if last == first + 1 else 'to'} {names[1]}"
