"""Periods are counted from the anchor: a month's end comes back as soon as a month is long enough for it."""

from datetime import date, timedelta
from itertools import pairwise

from dateutil.relativedelta import relativedelta
from hypothesis import given, strategies as st

from aira.billing.periods import due_periods, period, period_start

ANCHORS = st.dates(date(2023, 1, 1), date(2030, 12, 31))


@given(anchor=ANCHORS, n=st.integers(0, 120))
def test_a_period_starts_where_another_calendar_says(anchor: date, n: int) -> None:
    """The n-th start is dateutil's anchor + n months, for every anchor of eight years."""
    assert period_start(anchor, n) == anchor + relativedelta(months=n)


def test_every_anchor_of_eight_years_is_right() -> None:
    """All 2,922 days of 2023-2030, 48 periods each, none wrong."""
    days = (date(2023, 1, 1) + timedelta(days=n) for n in range(2922))

    wrong = [(day, n) for day in days for n in range(48) if period_start(day, n) != day + relativedelta(months=n)]

    assert wrong == []


def test_the_31st_of_january_never_drifts() -> None:
    """28 February, 31 March, 30 April, and the 31st of January again."""
    starts = [period_start(date(2027, 1, 31), n) for n in range(1, 5)] + [period_start(date(2027, 1, 31), 12)]

    assert starts == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31), date(2028, 1, 31)]


@given(anchor=ANCHORS, n=st.integers(0, 60))
def test_periods_follow_each_other_without_gap(anchor: date, n: int) -> None:
    """One ends where the next begins, and none is empty."""
    periods = [period(anchor, k) for k in range(n, n + 3)]

    assert all(one.end == following.start and one.start < one.end for one, following in pairwise(periods))


@given(anchor=ANCHORS, charged=st.integers(0, 30), days=st.integers(-10, 400))
def test_due_is_what_has_begun_and_is_not_charged(anchor: date, charged: int, days: int) -> None:
    """Oldest first, up to and with the day itself."""
    as_of = anchor + timedelta(days=days)

    due = list(due_periods(anchor, charged, as_of))

    assert [one.start for one in due] == [start for n in range(charged, 60) if (start := period_start(anchor, n)) <= as_of]
