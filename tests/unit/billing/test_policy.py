"""The table of dunning: charge, grace, remind, warn, release, or wait."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aira.billing.policy import Decision, Grace, decide, release_limit

START = date(2026, 12, 23)
GRACE = Grace(started_on=START, until=START + timedelta(days=5))
WARNED = replace(GRACE, reminded=True, last_warning=True, warned_on=START, last_warned_on=GRACE.until)


def decision(grace: Grace | None, days: int, *, available: str = "0", may_release: bool = True) -> Decision:
    """What is decided so many days after the failure was found, a rental of 1.15 being due."""
    return decide(
        available=Decimal(available), amount=Decimal("1.15"), today=START + timedelta(days=days), grace=grace, may_release=may_release
    )


@pytest.mark.parametrize("grace", [None, GRACE, WARNED])
@pytest.mark.parametrize("days", [0, 5, 60])
def test_money_that_is_there_is_taken(grace: Grace | None, days: int) -> None:
    """To the last cent, in grace or not, however late."""
    assert decision(grace, days, available="1.15") is Decision.CHARGE


def test_a_cent_too_little_starts_grace() -> None:
    """Nothing is charged in part."""
    assert decision(None, 0, available="1.1499") is Decision.START_GRACE


def test_the_days_of_grace() -> None:
    """Wait, remind halfway, warn on the last day."""
    assert [decision(GRACE, day) for day in range(6)] == [
        Decision.WAIT, Decision.WAIT, Decision.REMIND, Decision.REMIND, Decision.REMIND, Decision.WARN,
    ]  # fmt: skip


def test_letters_are_written_once() -> None:
    """What is queued is not queued again."""
    assert decision(replace(GRACE, reminded=True), 3) is Decision.WAIT
    assert decision(replace(GRACE, last_warning=True), 5) is Decision.WAIT


def test_the_last_warning_comes_before_the_release_however_late_a_run_is() -> None:
    """Sixty days without a run skip no letter."""
    assert decision(replace(GRACE, reminded=True, warned_on=START), 60) is Decision.WARN


def test_a_release_needs_three_days_since_a_warning_arrived_and_one_since_the_last() -> None:
    """Both are counted from the day of delivery."""
    late = replace(WARNED, warned_on=START + timedelta(days=6), last_warned_on=START + timedelta(days=6))

    assert decision(WARNED, 6) is Decision.RELEASE
    assert [decision(late, day) for day in (6, 7, 8, 9)] == [Decision.WAIT, Decision.WAIT, Decision.WAIT, Decision.RELEASE]
    assert decision(replace(WARNED, last_warned_on=START + timedelta(days=6)), 6) is Decision.WAIT


@pytest.mark.parametrize("missing", ["warned_on", "last_warned_on"])
def test_what_was_never_delivered_blocks(missing: str) -> None:
    """A release without a delivered warning does not happen."""
    assert decision(replace(WARNED, **{missing: None}), 60) is Decision.BLOCK


def test_a_run_that_may_not_release_holds() -> None:
    """Only what would be released is held."""
    assert decision(WARNED, 6, may_release=False) is Decision.HOLD
    assert decision(WARNED, 6, available="2", may_release=False) is Decision.CHARGE


@pytest.mark.parametrize(("rented", "limit"), [(0, 3), (10, 3), (60, 3), (80, 4), (1000, 50)])
def test_a_run_may_release_three_or_one_in_twenty(rented: int, limit: int) -> None:
    """Whichever is more."""
    assert release_limit(rented) == limit
