"""A number that cannot be paid keeps answering through a grace period, and is given back only after warnings that arrived."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from aira.core import run_billing, set_billing, top_up, verify_wallet
from aira.core.app import Aira
from doubles import FrozenClock
from rentals import CarrierOfReleases, deliver_letters, funded_wallet, letters, number_status, rent_number, run_sql

GRACE_DAYS = 5


@pytest.fixture
def carrier() -> CarrierOfReleases:
    """The carrier of these tests."""
    return CarrierOfReleases()


@pytest.fixture
def aira(aira: Aira, carrier: CarrierOfReleases) -> Aira:
    """The handle on that carrier."""
    return replace(aira, carrier=carrier)


@pytest.fixture
def poor(aira: Aira, clock: FrozenClock) -> UUID:
    """A number whose second month cannot be paid, on the day it is due."""
    number = rent_number(aira, funded_wallet(aira, "2"))
    clock.move(days=30)
    return number


def outcomes(aira: Aira) -> list[str]:
    """What one run does."""
    return [item.outcome for item in run_billing(aira).items]


def test_the_whole_way_from_the_first_failure_to_the_release(
    aira: Aira, clock: FrozenClock, poor: UUID, carrier: CarrierOfReleases
) -> None:
    """Failure, reminder, last warning and release each come on their day, with their letter."""
    told = []
    for _ in range(GRACE_DAYS + 2):
        told += outcomes(aira)
        deliver_letters(aira)
        clock.move(days=1)

    assert told == ["grace_started", "waiting", "reminded", "waiting", "waiting", "reminded", "released"]
    assert letters(aira) == ["receipt", "payment_failed", "grace_reminder", "release_tomorrow", "released"]
    assert (number_status(aira, poor), len(carrier.released)) == ("released", 1)
    assert verify_wallet(aira).problems == []


def test_service_goes_on_during_grace(aira: Aira, poor: UUID) -> None:
    """The number is active for whoever routes calls."""
    run_billing(aira)

    assert run_sql(aira, "select is_active from public.business_numbers") is True


def test_a_top_up_during_grace_brings_the_number_back(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """The next run charges it, says so, and the billing date is the old one's successor."""
    run_billing(aira)
    clock.move(days=4)
    top_up(aira, Decimal(10), reference="rescue")

    run = run_billing(aira)

    assert (run.recovered, [item.outcome for item in run.items]) == (1, ["recovered"])
    assert number_status(aira, poor) == "active"
    assert run_sql(aira, "select next_billing_date from public.business_numbers") == date(2027, 1, 23)
    assert letters(aira)[-2:] == ["receipt", "recovered"]


def test_grace_is_counted_from_the_day_the_failure_is_found(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """Ten days without a run shorten nobody's grace, even when the run is told an old date."""
    clock.move(days=10)

    run_billing(aira, as_of=date(2026, 12, 23))

    assert run_sql(aira, "select grace_until from public.business_numbers") == date(2027, 1, 7)


def test_a_number_whose_warnings_never_arrived_is_not_released(
    aira: Aira, clock: FrozenClock, poor: UUID, carrier: CarrierOfReleases
) -> None:
    """Sixty days of undelivered mail block the release, every day anew."""
    told = []
    for _ in range(60):
        told += outcomes(aira)
        clock.move(days=1)

    assert told[-1] == "release_blocked"
    assert (number_status(aira, poor), carrier.released) == ("grace", [])


def test_a_late_delivery_moves_the_release_three_days_on(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """Letters that left on the last day of grace give three more days."""
    for _ in range(GRACE_DAYS + 1):
        run_billing(aira)
        clock.move(days=1)
    clock.move(days=-1)
    deliver_letters(aira)

    told = []
    for _ in range(4):
        clock.move(days=1)
        told += outcomes(aira)

    assert told == ["waiting", "waiting", "released"]


def test_a_clock_that_jumps_warns_before_it_releases(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """After sixty days without a run the last warning still comes first."""
    run_billing(aira)
    deliver_letters(aira)
    clock.move(days=60)

    first = outcomes(aira)
    deliver_letters(aira)
    same_day = outcomes(aira)
    clock.move(days=1)
    next_day = outcomes(aira)

    assert (first, same_day, next_day) == (["reminded"], ["waiting"], ["released"])


def test_an_owner_without_an_address_is_never_released_unwarned(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """Nobody to warn is nobody warned."""
    run_sql(aira, "update auth.users set email = null returning 1")

    for _ in range(20):
        told = outcomes(aira)
        deliver_letters(aira)
        clock.move(days=1)

    assert (told, letters(aira)) == (["release_blocked"], ["receipt"])


def test_letters_go_to_the_billing_address(aira: Aira, poor: UUID) -> None:
    """An address set for bills wins over the owner's own."""
    set_billing(aira, email="books@example.com")

    run_billing(aira)

    assert run_sql(aira, "select recipient from public.notifications where template = 'payment_failed'") == "books@example.com"


def test_the_grace_period_is_the_wallets(aira: Aira, poor: UUID) -> None:
    """Three to seven days, as its owner was promised."""
    set_billing(aira, grace_days=7)

    run_billing(aira)

    assert run_sql(aira, "select grace_until from public.business_numbers") == date(2026, 12, 30)


def test_a_poor_wallet_pays_its_oldest_debt_first(aira: Aira, clock: FrozenClock) -> None:
    """Of two numbers and money for one, the one due earlier is paid."""
    wallet = funded_wallet(aira, "4")
    old = rent_number(aira, wallet, "+14155550109")
    clock.move(days=5)
    young = rent_number(aira, wallet, "+14155550100")
    clock.move(days=40)

    run_billing(aira)

    assert (number_status(aira, old), number_status(aira, young)) == ("active", "grace")


def test_half_a_recovery_starts_a_new_grace(aira: Aira, clock: FrozenClock, poor: UUID) -> None:
    """Who pays one of two months owed has the whole grace period for the other."""
    run_billing(aira)
    clock.move(days=32)
    top_up(aira, Decimal("0.40"), reference="half")

    run = run_billing(aira)

    assert [(item.outcome, item.periods, item.amount) for item in run.items] == [("grace_started", 1, Decimal("1.15"))]
    assert run_sql(aira, "select grace_until from public.business_numbers") == date(2027, 1, 29)


def overdue_numbers(aira: Aira, clock: FrozenClock, count: int) -> None:
    """Numbers of one poor wallet whose release is due, all letters delivered."""
    wallet = funded_wallet(aira, str(count))
    for n in range(count):
        rent_number(aira, wallet, f"+141555502{n:02}", monthly="1")
    clock.move(days=30)
    for _ in range(GRACE_DAYS + 1):
        run_billing(aira)
        deliver_letters(aira)
        clock.move(days=1)


class TestBreaker:
    """A run that would release many numbers releases none."""

    def test_more_than_three_releases_wait_for_a_person(self, aira: Aira, clock: FrozenClock, carrier: CarrierOfReleases) -> None:
        """Four of four: none goes, all are reported as blocked; the dry run says the same."""
        overdue_numbers(aira, clock, 4)

        rehearsal, run = run_billing(aira, dry_run=True), run_billing(aira)

        assert (run.released, run.blocked, carrier.released) == (0, 4, [])
        assert rehearsal.items == run.items

    def test_they_go_once_confirmed(self, aira: Aira, clock: FrozenClock, carrier: CarrierOfReleases) -> None:
        """The number of releases must be named; fewer is as good as none."""
        overdue_numbers(aira, clock, 4)

        fewer, enough = run_billing(aira, confirm_releases=3), run_billing(aira, confirm_releases=4)

        assert (fewer.released, enough.released, len(carrier.released)) == (0, 4, 4)

    def test_three_need_no_confirmation(self, aira: Aira, clock: FrozenClock) -> None:
        """A small house may lose three numbers a day unasked."""
        overdue_numbers(aira, clock, 3)

        assert run_billing(aira).released == 3

    def test_a_confirmation_of_none_releases_none(self, aira: Aira, clock: FrozenClock) -> None:
        """Zero is a number too."""
        overdue_numbers(aira, clock, 1)

        assert (run_billing(aira, confirm_releases=0).blocked, run_billing(aira).released) == (1, 1)


def test_a_carrier_that_is_down_is_asked_again_by_the_next_run(
    aira: Aira, clock: FrozenClock, poor: UUID, carrier: CarrierOfReleases
) -> None:
    """The number stays `releasing`, the run says so, and the next one finishes it."""
    for _ in range(GRACE_DAYS + 1):
        run_billing(aira)
        deliver_letters(aira)
        clock.move(days=1)
    carrier.down = True
    failed = run_billing(aira)
    halfway = number_status(aira, poor)
    carrier.down = False

    run = run_billing(aira)

    assert (failed.failed, halfway) == (1, "releasing")
    assert (run.released, number_status(aira, poor)) == (1, "released")
