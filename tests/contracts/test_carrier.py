"""A carrier rents out each number as it was asked to, says what it could not do, and never hides that its answer was lost."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from aira.errors import (
    AccountRestricted,
    CredentialsRefused,
    InvalidInput,
    NotFound,
    NumberUnavailable,
    OutcomeUnknown,
    RequirementsMissing,
    VendorError,
)
from aira.model import NumberSearch
from aira.ports import Carrier, Webhooks
from carrier_scenes import Scene, simulated_scene, twilio_scene
from twilio_server import TwilioServer

NUMBER = "+14155550123"
TAG = "aira:0b0c7d0e-6f0a-4a52-9b0e-1c7f4b1b9d11"
WEBHOOKS = Webhooks("https://a.example/call", "https://a.example/fallback", "https://a.example/status", "https://a.example/sms")
OTHERS = Webhooks("https://b.example/call", "https://b.example/fallback", "https://b.example/status", "https://b.example/sms")


@pytest.fixture(params=["simulated", "twilio"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A carrier that rents nothing to us yet."""
    if request.param == "simulated":
        yield simulated_scene(request.getfixturevalue("database_url"))
    else:
        with TwilioServer() as server:
            yield twilio_scene(server)


@pytest.fixture
def carrier(scene: Scene) -> Carrier:
    """The carrier of the scene, where nothing goes wrong."""
    return scene.carrier


class TestSearch:
    def test_offers_only_what_fits(self, carrier: Carrier) -> None:
        """Area code and digits asked for are those of every offer, and no more than the limit are offered."""
        offers = carrier.search(NumberSearch(area_code="415", contains="012*", limit=3))

        assert [offer.phone_number for offer in offers] == ["+14155550120", "+14155550121", "+14155550122"]

    def test_says_where_and_what_a_number_is(self, carrier: Carrier) -> None:
        """An offer names country, type, place and what the number can do."""
        (offer,) = carrier.search(NumberSearch(locality="San Francisco", region="CA", limit=1))

        assert (offer.country, offer.number_type, offer.locality, offer.region) == ("US", "local", "San Francisco", "CA")
        assert offer.capabilities == {"voice": True, "sms": True, "mms": True}

    def test_does_not_offer_what_is_rented(self, carrier: Carrier) -> None:
        """A rented number is offered to nobody."""
        carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)

        assert carrier.search(NumberSearch(area_code="415", contains="5550123")) == []

    def test_offers_only_numbers_that_can_do_what_is_asked(self, carrier: Carrier) -> None:
        """A number that cannot text is not offered to who wants to text."""
        assert carrier.search(NumberSearch(country="GB", capabilities=frozenset({"voice", "sms"}))) == []

    def test_refuses_a_type_that_the_country_does_not_have(self, carrier: Carrier) -> None:
        """There are no mobile numbers for rent in the United States."""
        with pytest.raises(InvalidInput):
            carrier.search(NumberSearch(number_type="mobile"))


class TestBuy:
    def test_rents_the_number_with_tag_and_webhooks(self, carrier: Carrier) -> None:
        """What was asked for is what the carrier's records hold afterwards."""
        bought = carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)

        assert (bought.phone_number, bought.tag, bought.webhooks, bought.overridden_by) == (NUMBER, TAG, WEBHOOKS, None)
        assert bought.capabilities["voice"]
        assert carrier.find(phone_number=NUMBER) == carrier.find(tag=TAG) == carrier.find() == [bought]

    def test_of_a_number_we_rent_only_tags_it_anew(self, carrier: Carrier) -> None:
        """The second purchase of a number is no refusal, which is why the look comes before it."""
        first = carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)
        second = carrier.buy(NUMBER, tag="another", webhooks=OTHERS)

        assert second.sid == first.sid
        assert [(one.tag, one.webhooks) for one in carrier.find()] == [("another", OTHERS)]

    def test_answers_the_magic_numbers(self, carrier: Carrier) -> None:
        """The numbers of Twilio's test credentials are taken, impossible, and bought."""
        with pytest.raises(NumberUnavailable):
            carrier.buy("+15005550000", tag=TAG, webhooks=WEBHOOKS)
        with pytest.raises(InvalidInput):
            carrier.buy("+15005550001", tag=TAG, webhooks=WEBHOOKS)

        assert carrier.buy("+15005550006", tag=TAG, webhooks=WEBHOOKS).phone_number == "+15005550006"

    def test_wants_an_address_where_the_country_does(self, carrier: Carrier) -> None:
        """A British number is not rented without an address, and is with one."""
        with pytest.raises(RequirementsMissing):
            carrier.buy("+442079460012", tag=TAG, webhooks=WEBHOOKS)

        assert carrier.buy("+442079460012", tag=TAG, webhooks=WEBHOOKS, address_sid="AD" + "0" * 32).tag == TAG

    @pytest.mark.parametrize(("kind", "bought"), [("drop_before", False), ("drop_after", True), ("error_after", True), ("timeout", True)])
    def test_whose_answer_is_lost_has_an_unknown_outcome(self, scene: Scene, kind: str, *, bought: bool) -> None:
        """A lost answer is reported as lost, whether or not the number was bought."""
        scene.fail("buy", kind)

        with pytest.raises(OutcomeUnknown):
            scene.carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)
        assert [one.tag for one in scene.carrier.find()] == [TAG] * bought

    @pytest.mark.parametrize(
        ("kind", "error", "code"),
        [
            ("rate_limited", VendorError, "rate_limited"),
            ("unauthorized", CredentialsRefused, "credentials_refused"),
            ("suspended", AccountRestricted, "account_suspended"),
        ],
    )
    def test_that_was_not_looked_at_bought_nothing(self, scene: Scene, kind: str, error: type[Exception], code: str) -> None:
        """Too many requests, wrong keys and a suspended account are told apart, and leave nothing bought."""
        scene.fail("buy", kind)

        with pytest.raises(error) as caught:
            scene.carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)
        assert (type(caught.value), getattr(caught.value, "reason", None)) == (error, code)
        assert scene.carrier.find() == []


class TestFind:
    def test_takes_a_number_literally(self, carrier: Carrier) -> None:
        """Part of a number finds nothing."""
        carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)

        assert carrier.find(phone_number="+1415555012") == []

    def test_of_a_carrier_that_hangs_up_changed_nothing(self, scene: Scene) -> None:
        """A look that fails is a failure of the vendor, not an unknown outcome."""
        scene.fail("find", "drop_after")

        with pytest.raises(VendorError) as caught:
            scene.carrier.find()
        assert not isinstance(caught.value, OutcomeUnknown)


class TestConfigure:
    def test_sets_the_webhooks_and_leaves_the_tag(self, carrier: Carrier) -> None:
        """Without a tag the old one stays."""
        bought = carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)
        changed = carrier.configure(bought.sid, webhooks=OTHERS)

        assert (changed.tag, changed.webhooks) == (TAG, OTHERS)
        assert carrier.find() == [changed]

    def test_sets_a_tag(self, carrier: Carrier) -> None:
        """A tag that is given replaces the old one."""
        bought = carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS)
        carrier.configure(bought.sid, webhooks=WEBHOOKS, tag="another")

        assert [one.tag for one in carrier.find()] == ["another"]

    def test_of_a_number_we_do_not_rent_finds_nothing(self, carrier: Carrier) -> None:
        """An unknown id is not found."""
        with pytest.raises(NotFound):
            carrier.configure("PN" + "0" * 32, webhooks=WEBHOOKS)


class TestRelease:
    def test_gives_the_number_back(self, carrier: Carrier) -> None:
        """A released number is rented no longer, and is offered again."""
        carrier.release(carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS).sid)

        assert carrier.find() == []
        assert [offer.phone_number for offer in carrier.search(NumberSearch(contains="4155550123"))] == [NUMBER]

    def test_of_a_number_that_is_gone_is_done(self, carrier: Carrier) -> None:
        """The second release of a number is no failure."""
        sid = carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS).sid
        carrier.release(sid)
        carrier.release(sid)

        assert carrier.find() == []

    def test_whose_answer_is_lost_can_be_repeated(self, scene: Scene) -> None:
        """A release that was carried out without an answer is unknown, and its repeat is fine."""
        sid = scene.carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS).sid
        scene.fail("release", "drop_before")

        with pytest.raises(OutcomeUnknown):
            scene.carrier.release(sid)


class TestAccount:
    def test_is_the_one_that_numbers_are_rented_to(self, carrier: Carrier) -> None:
        """The account's id is that of its numbers."""
        assert carrier.buy(NUMBER, tag=TAG, webhooks=WEBHOOKS).account_sid == carrier.account.sid

    def test_tells_its_balance(self, carrier: Carrier) -> None:
        """The balance is exact and names its currency."""
        balance = carrier.account.balance()

        assert balance.amount > 0
        assert balance.currency == "USD"

    def test_lists_prices_by_type(self, carrier: Carrier) -> None:
        """Prices of a country are exact amounts, one for each type of number; another country has none."""
        prices = {price.number_type: price.monthly_cost for price in carrier.account.prices("US")}

        assert prices == {"local": Decimal("1.15"), "toll_free": Decimal("2.15")}
        assert carrier.account.prices("FR") == []

    def test_lists_what_a_country_wants_to_see(self, carrier: Carrier) -> None:
        """A regulated country names what has to be shown; an unregulated one names nothing."""
        wanted = carrier.account.requirements("GB", "local")

        assert all(one.name and one.fields for one in wanted)
        assert wanted
        assert carrier.account.requirements("US", "local") == []
