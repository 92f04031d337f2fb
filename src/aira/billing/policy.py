"""What happens to a number whose rental is due: charge it, give grace, remind, warn, release, or wait.

The law is `billing_decide()` in SQL, which every program on the database obeys; this is the same table to be read, and a
property test holds the two together. A number is given back only when its grace is over, a first warning was delivered
three days before and the last warning on an earlier day; what was never delivered blocks the release for good.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

NOTICE = timedelta(days=3)
"""Least time between the delivery of the first warning and the release."""

FREE_RELEASES = 3
"""As many numbers a run may release without being told so, however few there are."""

RELEASED_SHARE = 20
"""One in so many of all rented numbers may be released by a run without being told so."""


class Decision(StrEnum):
    """One line of the table."""

    CHARGE = "charge"
    START_GRACE = "start_grace"
    REMIND = "remind"
    """Half of the grace is over."""
    WARN = "warn"
    """The last warning, on the last day of grace or as soon after it as a run takes place."""
    WAIT = "wait"
    BLOCK = "block"
    """Grace is over, but warnings did not reach anybody: a person must look at it."""
    HOLD = "hold"
    """To be released, but this run releases too many already."""
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace period under way, and which letters about it are queued and delivered. `until` is its last day."""

    started_on: date
    until: date
    reminded: bool = False
    last_warning: bool = False
    warned_on: date | None = None
    """Day of the first delivery of any letter about this grace."""
    last_warned_on: date | None = None
    """Day of the delivery of the last warning."""

    @property
    def remind_on(self) -> date:
        """First day on which the reminder leaves."""
        return self.started_on + (self.until - self.started_on) // 2


def decide(*, available: Decimal, amount: Decimal, today: date, grace: Grace | None, may_release: bool = True) -> Decision:
    """The decision for one unpaid period of one number."""
    if available >= amount:
        return Decision.CHARGE
    if grace is None:
        return Decision.START_GRACE
    if today < grace.until:
        return Decision.WAIT if grace.reminded or today < grace.remind_on else Decision.REMIND
    if not grace.last_warning:
        return Decision.WARN
    return Decision.WAIT if today == grace.until else _decide_release(grace, today, may_release=may_release)


def _decide_release(grace: Grace, today: date, *, may_release: bool) -> Decision:
    if grace.warned_on is None or grace.last_warned_on is None:
        return Decision.BLOCK
    if today < grace.warned_on + NOTICE or today <= grace.last_warned_on:
        return Decision.WAIT
    return Decision.RELEASE if may_release else Decision.HOLD


def release_limit(rented: int) -> int:
    """How many of the rented numbers one run may release unasked: a clock or a bank gone wrong must not empty the house."""
    return max(FREE_RELEASES, rented // RELEASED_SHARE)
