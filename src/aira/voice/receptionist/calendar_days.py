"""Arithmetic on calendar days, as people count them: weeks begin on Monday, a month's day that is past means the next one."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ONE_DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
SEARCHED_MONTHS = 14


class Assumed(StrEnum):
    """What was supplied by the reader because the speaker left it open."""

    HALF_OF_DAY = "half_of_day"
    """No am or pm was said."""
    WEEK = "week"
    """`next Friday` where this week has one too, or a weekday that is today's."""
    MISMATCH = "mismatch"
    """Weekday and date do not belong together; the date was taken."""
    MISHEARD = "misheard"
    """A word that speech-to-text writes for another one."""


@dataclass(frozen=True, slots=True)
class Days:
    """A day, or a span of days up to `last`."""

    first: date
    last: date | None = None
    assumed: frozenset[Assumed] = frozenset()
    loose: bool = False
    """A weekday without a week: in talk of another week it means that week's."""


def coming_weekday(today: date, weekday: int) -> date:
    """The next such weekday (Monday is 0) after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def weekday_in_week(today: date, weekday: int, weeks: int) -> date:
    """That weekday in the calendar week that lies so many weeks after today's."""
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks, days=weekday)


def month_day(today: date, month: int, day: int, year: int | None = None) -> date | None:
    """The month's day, in the given year or the first one not past; None where the calendar has no such day."""
    if year is not None:
        return _day_or_none(year, month, day)
    found = (_day_or_none(today.year + ahead, month, day) for ahead in range(5))
    return next((candidate for candidate in found if candidate is not None and candidate >= today), None)


def coming_day_of_month(today: date, day: int, *, months_ahead: int = 0) -> date | None:
    """The first such day of a month that is not past, or that of the month so many months ahead."""
    if months_ahead:
        first = add_months(today.replace(day=1), months_ahead)
        return _day_or_none(first.year, first.month, day)
    return next((found for found in _days_of_months(today, day) if found >= today), None)


def matching_weekday(today: date, day: int, weekday: int) -> date | None:
    """The first day of a month, of the next three, that carries this number and falls on this weekday."""
    return next((found for found in _days_of_months(today, day)[:4] if found >= today and found.weekday() == weekday), None)


def nth_weekday(first: date, weekday: int, place: int) -> date | None:
    """The place-th (1 to 5, or -1 for the last) such weekday of the month that begins on `first`."""
    days = [first + timedelta(days=offset) for offset in range(31)]
    hits = [day for day in days if day.month == first.month and day.weekday() == weekday]
    if place == -1:
        return hits[-1]
    return hits[place - 1] if place <= len(hits) else None


def add_months(first: date, months: int) -> date:
    """The first of the month so many months after that of `first`."""
    place = first.year * 12 + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def last_of_month(day: date) -> date:
    """The last day of this day's month."""
    return add_months(day.replace(day=1), 1) - ONE_DAY


def _days_of_months(today: date, day: int) -> list[date]:
    months = (add_months(today.replace(day=1), ahead) for ahead in range(SEARCHED_MONTHS))
    found = (_day_or_none(month.year, month.month, day) for month in months)
    return [candidate for candidate in found if candidate is not None]


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
