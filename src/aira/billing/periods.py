"""Billing periods: counted in months from an anchor date, so that a month's end never drifts.

The law is `billing_period_start()` in SQL; this says the same for whoever has no database at hand.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Period:
    """One period of rental, from `start` up to and without `end`."""

    start: date
    end: date


def period_start(anchor: date, n: int) -> date:
    """First day of the n-th period, from 0: the anchor's day of the month, or the month's last day where it has no such day."""
    months = anchor.year * 12 + anchor.month - 1 + n
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def period(anchor: date, n: int) -> Period:
    """The n-th period, from 0. Periods follow each other without gap or overlap."""
    return Period(period_start(anchor, n), period_start(anchor, n + 1))


def due_periods(anchor: date, charged: int, as_of: date) -> Iterator[Period]:
    """The periods to charge on a day, oldest first, where `charged` of them are charged already: all that have begun."""
    n = charged
    while (owed := period(anchor, n)).start <= as_of:
        yield owed
        n += 1
