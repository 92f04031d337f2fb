"""What only Twilio's adapter has to cope with: answers without their fields, and refusals of a release."""

from collections.abc import Iterator

import pytest

from aira.errors import InvalidInput, NumberNotReleasable, OutcomeUnknown, VendorError
from aira.model import NumberSearch
from aira.ports import Carrier, Webhooks
from carrier_scenes import twilio_scene
from twilio_server import TwilioServer

NUMBER = "+14155550123"
WEBHOOKS = Webhooks("https://a.example/call", "https://a.example/fallback", "https://a.example/status", "https://a.example/sms")


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    """A server that speaks Twilio's API."""
    with TwilioServer() as server:
        yield server


@pytest.fixture
def carrier(server: TwilioServer) -> Carrier:
    """The adapter before it."""
    return twilio_scene(server).carrier


def test_a_purchase_whose_answer_names_no_number_is_unknown(server: TwilioServer, carrier: Carrier) -> None:
    """An object without sid may still be a number that was bought."""
    server.fail("POST", "IncomingPhoneNumbers", kind="shapeless")

    with pytest.raises(OutcomeUnknown):
        carrier.buy(NUMBER, tag="aira:1", webhooks=WEBHOOKS)


@pytest.mark.parametrize("act", [lambda carrier: carrier.find(), lambda carrier: carrier.account.prices("US")], ids=["find", "prices"])
def test_a_look_whose_answer_has_no_fields_is_the_vendors_failure(server: TwilioServer, carrier: Carrier, act) -> None:
    """Nothing was changed, so nothing is unknown."""
    server.fail("GET", "", kind="shapeless", times=9)

    with pytest.raises(VendorError) as caught:
        act(carrier)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_number_that_may_not_be_released_says_where_to_read_why(server: TwilioServer, carrier: Carrier) -> None:
    """A registered emergency address, for one, has to be removed first."""
    rented = carrier.buy(NUMBER, tag="aira:1", webhooks=WEBHOOKS)
    server.fail("DELETE", "IncomingPhoneNumbers", kind="status", status=400, code=21457)

    with pytest.raises(NumberNotReleasable) as caught:
        carrier.release(rented.sid)
    assert caught.value.hint == "https://www.twilio.com/docs/errors/21457 says why."
    assert carrier.find() == [rented]


def test_a_type_that_does_not_exist_is_not_asked_for(server: TwilioServer, carrier: Carrier) -> None:
    """The type is part of an address, so only known ones are sent."""
    with pytest.raises(InvalidInput):
        carrier.search(NumberSearch(number_type="../../Messages"))
    assert server.account.requests == []


def test_an_application_that_takes_the_calls_is_seen(server: TwilioServer, carrier: Carrier) -> None:
    """A number whose calls go to an application or trunk says to which."""
    rented = carrier.buy(NUMBER, tag="aira:1", webhooks=WEBHOOKS)
    server.account.numbers[rented.sid]["trunk_sid"] = "TK" + "0" * 32

    assert [one.overridden_by for one in carrier.find()] == ["TK" + "0" * 32]
