"""Whoever pays is warned while there is still time, and so is the operator whose own account with the carrier runs low."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aira.core import run_billing, set_low_balance_alert, top_up
from aira.core.app import Aira
from aira.core.charges import preview_billing
from aira.ports import CarrierBalance
from doubles import FrozenClock
from rentals import CarrierOfReleases, funded_wallet, letters, rent_number, run_sql


@pytest.fixture
def carrier() -> CarrierOfReleases:
    """The carrier of these tests."""
    return CarrierOfReleases()


@pytest.fixture
def aira(aira: Aira, carrier: CarrierOfReleases) -> Aira:
    """The handle on that carrier."""
    return replace(aira, carrier=carrier)


def test_a_low_balance_is_said_once_a_shortage(aira: Aira, clock: FrozenClock) -> None:
    """Less than the next month's rental warns once; a top-up that does not last warns again."""
    rent_number(aira, funded_wallet(aira, "2"))

    first, second = run_billing(aira), run_billing(aira)
    top_up(aira, Decimal("0.10"), reference="too little")
    third = run_billing(aira)

    assert (first.alerted, second.alerted, third.alerted) == (1, 0, 1)
    assert letters(aira).count("low_balance") == 2


def test_a_threshold_of_ones_own_counts(aira: Aira) -> None:
    """Below it a letter leaves, however little the rental is; at zero none ever does."""
    rent_number(aira, funded_wallet(aira, "20"))
    set_low_balance_alert(aira, Decimal(25))
    loud = run_billing(aira).alerted
    set_low_balance_alert(aira, Decimal(0))
    run_sql(aira, "update public.wallets set balance = 0.10, held = 0 returning 1")

    assert (loud, run_billing(aira).alerted) == (1, 0)


class TestShortfall:
    """What falls due within three days and cannot be paid is said before it fails."""

    def test_the_letter_leaves_three_days_before(self, aira: Aira, clock: FrozenClock) -> None:
        """Not four days before, and once, however often the run comes."""
        rent_number(aira, funded_wallet(aira, "2"))
        set_low_balance_alert(aira, Decimal(0))
        told = []
        for day in (26, 27, 28, 29):
            clock.move(days=day - (told[-1][0] if told else 0))
            told.append((day, run_billing(aira).alerted))

        assert told == [(26, 0), (27, 1), (28, 0), (29, 0)]
        assert letters(aira) == ["receipt", "upcoming_shortfall"]

    def test_it_names_what_is_missing(self, aira: Aira, clock: FrozenClock) -> None:
        """All that falls due in these days, less what is in the wallet."""
        wallet = funded_wallet(aira, "5.30")
        for n in range(2):
            rent_number(aira, wallet, f"+1415555010{n}", monthly="2.15")
            clock.move(days=1)
        clock.move(days=26)
        run_billing(aira)

        payload = run_sql(aira, "select payload from public.notifications where template = 'upcoming_shortfall'")

        assert payload == {
            "numbers": "+14155550100, +14155550101",
            "due_on": "2026-12-23",
            "amount": "4.30",
            "available": "1.00",
            "missing": "3.30",
            "currency": "USD",
        }

    def test_it_stands_for_the_alert_of_a_low_balance(self, aira: Aira, clock: FrozenClock) -> None:
        """Nobody gets two letters about one shortage on one day."""
        rent_number(aira, funded_wallet(aira, "2"))
        clock.move(days=28)

        run_billing(aira)

        assert letters(aira) == ["receipt", "upcoming_shortfall"]

    def test_a_wallet_that_can_pay_hears_nothing(self, aira: Aira, clock: FrozenClock) -> None:
        """To the cent."""
        rent_number(aira, funded_wallet(aira, "2.30"))
        clock.move(days=29)

        assert run_billing(aira).alerted == 0

    def test_during_grace_its_own_letters_are_enough(self, aira: Aira, clock: FrozenClock) -> None:
        """The wallet has had a louder one."""
        wallet = funded_wallet(aira, "2.30")
        rent_number(aira, wallet, "+14155550100")
        clock.move(days=2)
        rent_number(aira, wallet, "+14155550101")
        clock.move(days=28)

        run = run_billing(aira)

        assert (run.grace_started, run.alerted) == (1, 0)

    def test_a_preview_writes_none(self, aira: Aira, clock: FrozenClock) -> None:
        """Looking ahead warns nobody."""
        rent_number(aira, funded_wallet(aira, "2"))
        clock.move(days=28)
        preview_billing(aira)
        run_billing(aira, dry_run=True)

        assert letters(aira) == ["receipt"]


class TestCarriersAccount:
    """The account that all numbers hang on is watched with every run."""

    def test_less_than_a_month_of_numbers_is_a_warning(self, aira: Aira, carrier: CarrierOfReleases) -> None:
        """The operator reads what is there and what a month costs."""
        rent_number(aira, funded_wallet(aira))
        run_sql(aira, "update public.business_numbers set country = 'US' returning 1")
        carrier.funds = CarrierBalance(Decimal("0.50"), "USD")

        [warning] = run_billing(aira).warnings

        assert "holds 0.50 USD, a month of its numbers costs 1.15" in warning

    def test_enough_is_not_worth_a_word(self, aira: Aira) -> None:
        """No news is good news."""
        assert run_billing(aira).warnings == []

    def test_a_carrier_that_cannot_be_asked_stops_no_charge(self, aira: Aira, clock: FrozenClock, carrier: CarrierOfReleases) -> None:
        """The rental is charged; the run says that it could not look."""
        rent_number(aira, funded_wallet(aira))
        clock.move(days=30)
        carrier.down = True

        run = run_billing(aira)

        assert (run.charged, len(run.warnings)) == (1, 1)
