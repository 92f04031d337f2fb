"""A purchase ends in a number that is rented and paid once, or in nothing at all."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.core import Papers, add_business, buy_number, reconcile_numbers, top_up
from aira.core.app import Aira
from aira.core.lines import line_webhooks
from aira.core.owners import add_owner
from aira.core.reconcile import settle_purchases
from aira.errors import (
    AccountRestricted,
    AiraError,
    CredentialsRefused,
    IdempotencyConflict,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    NumberTaken,
    NumberUnavailable,
    OutcomeUnknown,
    Refused,
    RequirementsMissing,
    SetupError,
    VendorError,
)
from aira.model import NumberStatus
from aira.ports import CarrierNumber
from aira.settings import Settings
from doubles import FrozenClock
from purchase_books import balances, books, bought, given_up, under_way, untouched
from rentals import funded_wallet

NUMBER = "+14155550123"
BOB = "bob@example.com"


@pytest.fixture(autouse=True)
def _wallet(aira: Aira) -> None:
    """One owner, with 100.00 USD."""
    funded_wallet(aira)


@pytest.fixture
def bob(aira: Aira) -> str:
    """A second owner, with 1.00 USD, which is less than a number costs."""
    add_owner(aira, BOB)
    top_up(aira, Decimal(1), reference="first", owner=BOB)
    return BOB


@pytest.fixture
def carrier(aira: Aira) -> SimulatedCarrier:
    """The carrier of the handle, which fails on request."""
    assert isinstance(aira.carrier, SimulatedCarrier)
    return aira.carrier


class TestBought:
    def test_is_active_and_paid_for_a_month(self, aira: Aira) -> None:
        """The first month leaves the wallet, the next one is due a month from today."""
        number = buy_number(aira, NUMBER)

        assert books(aira) == bought()
        assert (number.status, number.is_active, number.next_billing_date) == (NumberStatus.ACTIVE, True, date(2026, 12, 23))

    def test_calls_us(self, aira: Aira) -> None:
        """The carrier has our addresses from the first second on, under a tag that names our row."""
        number = buy_number(aira, NUMBER)

        (rented,) = aira.carrier.find()
        assert rented.webhooks == line_webhooks(aira)
        assert rented.webhooks.voice_url == number.voice_url == "http://127.0.0.1:8765/webhooks/twilio/call"
        assert rented.tag == f"aira:{number.id}"

    def test_takes_the_calls_of_a_business(self, aira: Aira) -> None:
        """A business named at the purchase takes the calls; the number may be written as people write it."""
        business = add_business(aira, "Ann's", time_zone="UTC")
        number = buy_number(aira, "+1 (415) 555-0123", business="Ann's")

        assert (number.business_id, number.business_name, number.phone_number) == (business.id, "Ann's", NUMBER)

    def test_is_paid_by_the_owner_of_the_business(self, aira: Aira, bob: str) -> None:
        """With two owners it is the business that says whose wallet pays."""
        top_up(aira, Decimal(6), reference="second", owner=bob)
        add_business(aira, "Bob's", time_zone="UTC", owner=bob)
        buy_number(aira, NUMBER, business="Bob's")

        assert balances(aira) == [Decimal(100), Decimal("5.85")]

    def test_of_a_regulated_country_carries_its_papers(self, aira: Aira) -> None:
        """With an address a German number is rented."""
        number = buy_number(aira, "+493023125123", papers=Papers(address_sid="AD" + "0" * 32))

        assert (number.country, number.is_active) == ("DE", True)


class TestKey:
    def test_used_again_returns_the_first_number(self, aira: Aira) -> None:
        """The second call changes nothing and returns the same number."""
        first = buy_number(aira, NUMBER, idempotency_key="order 7")
        second = buy_number(aira, NUMBER, idempotency_key="order 7")

        assert second == first
        assert books(aira) == bought()

    def test_used_for_another_number_is_refused(self, aira: Aira) -> None:
        """A key belongs to one purchase."""
        buy_number(aira, NUMBER, idempotency_key="order 7")

        with pytest.raises(IdempotencyConflict):
            buy_number(aira, "+14155550124", idempotency_key="order 7")
        assert books(aira) == bought()

    def test_of_a_purchase_that_failed_says_why(self, aira: Aira) -> None:
        """A refusal is a result too: the same key does not try again."""
        with pytest.raises(NumberUnavailable):
            buy_number(aira, "+15005550000", idempotency_key="order 7")

        with pytest.raises(Refused) as caught:
            buy_number(aira, "+15005550000", idempotency_key="order 7")
        assert caught.value.reason == "number_unavailable"
        assert books(aira) == given_up()

    def test_of_an_interrupted_purchase_carries_it_on(self, aira: Aira, carrier: SimulatedCarrier) -> None:
        """Repeating the command is enough to end what was interrupted."""
        carrier.rehearse("drop_before", operation="buy")
        with pytest.raises(OutcomeUnknown):
            buy_number(aira, NUMBER, idempotency_key="order 7")

        assert buy_number(aira, NUMBER, idempotency_key="order 7").is_active
        assert books(aira) == bought()

    def test_of_an_interrupted_purchase_is_not_given_up_by_a_repeat(self, aira: Aira, carrier: SimulatedCarrier) -> None:
        """The first request may still be on its way, so a repeat that fails leaves the money held."""
        carrier.rehearse("drop_before", operation="buy")
        with pytest.raises(OutcomeUnknown):
            buy_number(aira, NUMBER, idempotency_key="order 7")
        carrier.rehearse("unauthorized", operation="find")

        with pytest.raises(CredentialsRefused):
            buy_number(aira, NUMBER, idempotency_key="order 7")
        assert books(aira) == under_way()


class TestRefused:
    def test_without_enough_money_before_the_carrier_is_asked(self, aira: Aira, carrier: SimulatedCarrier, bob: str) -> None:
        """An owner who cannot pay is told how much is missing, and no row is left."""
        carrier.rehearse("unauthorized", times=9)

        with pytest.raises(InsufficientFunds, match=r"Needs 1\.15 USD, available 1\.00 USD"):
            buy_number(aira, NUMBER, owner=bob)
        assert balances(aira) == [Decimal(100), Decimal(1)]

    def test_when_another_owner_rents_it(self, aira: Aira, bob: str) -> None:
        """A number has one owner; the second is not charged."""
        top_up(aira, Decimal(6), reference="second", owner=bob)
        buy_number(aira, NUMBER, owner="ann@example.com")

        with pytest.raises(NumberTaken):
            buy_number(aira, NUMBER, owner=bob)
        assert books(aira) == bought(balance="105.85")

    def test_when_the_account_rents_it_for_something_else(self, aira: Aira) -> None:
        """A number of the carrier's account that is not ours keeps its webhooks, and nothing is charged."""
        theirs = aira.carrier.buy(NUMBER, tag="the fax in the hall", webhooks=replace(line_webhooks(aira), voice_url="https://fax.example"))

        with pytest.raises(NumberTaken) as caught:
            buy_number(aira, NUMBER)
        assert caught.value.reason == "owned_elsewhere"
        assert aira.carrier.find() == [theirs]
        assert books(aira) == replace(given_up(), rented=[NUMBER])

    @pytest.mark.parametrize(
        ("number", "error"),
        [
            ("+15005550000", NumberUnavailable),
            ("+15005550001", InvalidInput),
            ("+493023125123", RequirementsMissing),
        ],
    )
    def test_by_the_carrier(self, aira: Aira, number: str, error: type[AiraError]) -> None:
        """A number that is gone, that does not exist or that needs papers is not charged."""
        with pytest.raises(error):
            buy_number(aira, number)
        assert books(aira) == given_up()

    @pytest.mark.parametrize(
        ("kind", "error"), [("unauthorized", CredentialsRefused), ("suspended", AccountRestricted), ("rate_limited", VendorError)]
    )
    @pytest.mark.parametrize("operation", ["find", "buy"])
    def test_for_a_reason_that_is_not_the_number(
        self, aira: Aira, carrier: SimulatedCarrier, operation: str, kind: str, error: type[AiraError]
    ) -> None:
        """Keys, account and haste are told apart; a new purchase is possible afterwards."""
        carrier.rehearse(kind, operation=operation)

        with pytest.raises(error):
            buy_number(aira, NUMBER)
        assert books(aira) == given_up()
        assert buy_number(aira, NUMBER).is_active

    def test_in_a_currency_that_has_no_price(self, aira: Aira) -> None:
        """Money is never converted."""
        top_up(aira, Decimal(50), reference="euros", owner="ann@example.com", currency="EUR")

        with pytest.raises(Refused) as caught:
            buy_number(aira, NUMBER, currency="EUR")
        assert caught.value.reason == "currency_mismatch"
        assert books(aira) == untouched("150")

    def test_for_a_kind_of_number_without_a_price(self, aira: Aira) -> None:
        """Nothing is rented at a price that nobody has set."""
        with pytest.raises(SetupError) as caught:
            buy_number(aira, "+33199000123")
        assert caught.value.hint == "Run `aira prices sync --country FR`."
        assert books(aira) == untouched()

    def test_for_a_business_that_does_not_exist(self, aira: Aira) -> None:
        """An unknown business is found out before anything is written."""
        with pytest.raises(NotFound):
            buy_number(aira, NUMBER, business="Nobody's")
        assert books(aira) == untouched()

    def test_for_a_business_of_another_owner_than_the_payer(self, aira: Aira, bob: str) -> None:
        """Nobody pays for another owner's line."""
        add_business(aira, "Bob's", time_zone="UTC", owner=bob)

        with pytest.raises(InvalidInput):
            buy_number(aira, NUMBER, business="Bob's", owner="ann@example.com")
        assert books(aira) == untouched("101")


class TestWebhooks:
    @pytest.mark.parametrize(
        "url",
        [
            "http://voice.example.org",
            "https://127.0.0.1:8765",
            "https://10.0.0.8",
            "https://localhost",
            "https://voice",
            "https://voice.local",
            "https://[fd00::1]",
        ],
    )
    def test_that_the_carrier_cannot_reach_refuse_the_purchase(self, aira: Aira, tmp_path: Path, url: str) -> None:
        """A carrier on the internet is only given public https addresses; nothing is charged."""
        settings = Settings(aira_home=tmp_path, voice_agent_service_url=url)

        with pytest.raises(SetupError) as caught:
            buy_number(replace(aira, settings=settings, carrier=_OnTheInternet(aira.database.url)), NUMBER)
        assert caught.value.reason == "webhooks_not_public"
        assert books(aira) == untouched()

    def test_that_are_public_are_given_to_the_carrier(self, aira: Aira, tmp_path: Path) -> None:
        """https at a public name will do."""
        settings = Settings(aira_home=tmp_path, voice_agent_service_url="https://voice.example.org/")
        number = buy_number(replace(aira, settings=settings, carrier=_OnTheInternet(aira.database.url)), NUMBER)

        assert number.voice_url == "https://voice.example.org/webhooks/twilio/call"

    def test_on_another_machine_need_https_even_with_the_simulated_carrier(self, aira: Aira, tmp_path: Path) -> None:
        """http is for this machine only."""
        settings = Settings(aira_home=tmp_path, voice_agent_service_url="http://voice.example.org")

        with pytest.raises(SetupError):
            buy_number(replace(aira, settings=settings), NUMBER)
        assert books(aira) == untouched()


class TestLostAnswer:
    @pytest.mark.parametrize("kind", ["drop_after", "error_after", "timeout"])
    def test_to_a_purchase_that_was_carried_out_is_made_up_for_at_once(self, aira: Aira, carrier: SimulatedCarrier, kind: str) -> None:
        """A second look finds the number under our tag: the caller notices nothing."""
        carrier.rehearse(kind, operation="buy")
        number = buy_number(aira, NUMBER)

        assert number.is_active
        assert books(aira) == bought()

    def test_to_a_purchase_that_was_not_carried_out_keeps_the_money_until_that_is_certain(
        self, aira: Aira, carrier: SimulatedCarrier, clock: FrozenClock
    ) -> None:
        """Absence is no proof while the request may be on its way; two minutes later it is."""
        carrier.rehearse("drop_before", operation="buy")

        with pytest.raises(OutcomeUnknown):
            buy_number(aira, NUMBER)
        assert books(aira) == under_way()
        assert [finding.outcome for finding in settle_purchases(aira)] == ["waiting"]
        clock.move(minutes=2)
        assert [finding.outcome for finding in settle_purchases(aira)] == ["settled"]
        assert books(aira) == given_up()

    def test_followed_by_a_look_that_fails_keeps_the_money(self, aira: Aira, carrier: SimulatedCarrier) -> None:
        """Bought, but nobody knows yet: reconcile finds it and charges once."""
        carrier.rehearse("slow", operation="find")
        carrier.rehearse("drop_after", operation="buy")
        carrier.rehearse("drop_before", operation="find")

        with pytest.raises(OutcomeUnknown):
            buy_number(aira, NUMBER)
        assert books(aira) == under_way(NUMBER)
        assert [finding.outcome for finding in settle_purchases(aira)] == ["settled"]
        assert books(aira) == bought()

    def test_while_the_purchase_is_given_up_elsewhere_charges_nothing(self, aira: Aira, clock: FrozenClock) -> None:
        """A carrier slower than all patience delivers a number that nobody pays for; it is given back."""

        class Dawdler(SimulatedCarrier):
            def buy(self, phone_number: str, **how: Any) -> CarrierNumber:
                clock.move(minutes=3)
                settle_purchases(aira)
                return super().buy(phone_number, **how)

        with pytest.raises(OutcomeUnknown) as caught:
            buy_number(replace(aira, carrier=Dawdler(aira.database.url)), NUMBER)
        assert "reconcile --fix" in caught.value.hint
        assert books(aira) == replace(given_up(), rented=[NUMBER])
        assert [finding.outcome for finding in reconcile_numbers(aira, fix=True).findings] == ["fixed"]
        assert books(aira) == replace(given_up(), numbers=["released"])

    def test_cannot_be_settled_while_the_carrier_is_away(self, aira: Aira, carrier: SimulatedCarrier, clock: FrozenClock) -> None:
        """A purchase that the carrier cannot be asked about stays as it is."""
        carrier.rehearse("drop_before", operation="buy")
        with pytest.raises(OutcomeUnknown):
            buy_number(aira, NUMBER)
        clock.move(minutes=3)
        carrier.rehearse("drop_before", operation="find")

        assert [finding.outcome for finding in settle_purchases(aira)] == ["failed"]
        assert books(aira) == under_way()


class TestDryRun:
    def test_shows_the_price_and_leaves_nothing(self, aira: Aira) -> None:
        """The same steps are taken and rolled back."""
        number = buy_number(aira, NUMBER, dry_run=True)

        assert (number.status, number.monthly_cost, number.currency) == (NumberStatus.PURCHASING, Decimal("1.15"), "USD")
        assert books(aira) == untouched()

    def test_refuses_what_a_purchase_would_refuse(self, aira: Aira, bob: str) -> None:
        """Missing money and a number that the account has for something else show in a dry run too."""
        aira.carrier.buy(NUMBER, tag="the fax in the hall", webhooks=line_webhooks(aira))

        with pytest.raises(InsufficientFunds):
            buy_number(aira, NUMBER, owner=bob, dry_run=True)
        with pytest.raises(NumberTaken):
            buy_number(aira, NUMBER, owner="ann@example.com", dry_run=True)


class TestAdopted:
    def test_becomes_ours_at_the_price_of_a_purchase(self, aira: Aira) -> None:
        """A number of the account that nobody here rents is taken over: tag, webhooks and rental are ours."""
        aira.carrier.buy(NUMBER, tag="the fax in the hall", webhooks=replace(line_webhooks(aira), voice_url="https://fax.example"))
        number = buy_number(aira, NUMBER, adopt=True)

        (rented,) = aira.carrier.find()
        assert (rented.tag, rented.webhooks, number.provider_sid) == (f"aira:{number.id}", line_webhooks(aira), rented.sid)
        assert books(aira) == bought()

    def test_has_to_be_there(self, aira: Aira) -> None:
        """Adopting does not buy."""
        with pytest.raises(NotFound):
            buy_number(aira, NUMBER, adopt=True)
        assert books(aira) == given_up()


class _OnTheInternet(SimulatedCarrier):
    """A carrier that can only reach the public internet, as Twilio."""

    public_webhooks = True
