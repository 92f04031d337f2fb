"""A text goes out over Twilio once, or an error says why it may not."""

from collections.abc import Iterator

import pytest

from aira.adapters.twilio import twilio_client
from aira.adapters.twilio_messages import TwilioTexter
from aira.errors import OutcomeUnknown, TextRefused
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

SENDER = "+14155550123"
RECIPIENT = "+14155550199"


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    """A server that speaks Twilio's API, on which we rent a number."""
    with TwilioServer() as server:
        twilio_client(_settings(server)).incoming_phone_numbers.create(phone_number=SENDER)
        yield server


@pytest.fixture
def texter(server: TwilioServer) -> TwilioTexter:
    """The texter under test."""
    return TwilioTexter(_settings(server))


def test_a_text_is_handed_over_with_its_sender(server: TwilioServer, texter: TwilioTexter) -> None:
    """Twilio has recipient, body and sender as given, under the id that is returned."""
    sid = texter.send(to=RECIPIENT, body="See you at two.", sender=SENDER)

    (message,) = server.account.messages
    assert (message["sid"], message["to"], message["from"], message["body"]) == (sid, RECIPIENT, SENDER, "See you at two.")


def test_a_messaging_service_can_be_the_sender(server: TwilioServer, texter: TwilioTexter) -> None:
    """An id that starts with MG is a messaging service, which picks the number."""
    texter.send(to=RECIPIENT, body="See you at two.", sender="MG" + "0" * 32)

    assert [message["from"] for message in server.account.messages] == [None]


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        ("+15005550001", "recipient_invalid"),
        ("+15005550003", "region_not_allowed"),
        ("+15005550004", "recipient_opted_out"),
        ("+15005550009", "recipient_unreachable"),
    ],
)
def test_a_recipient_who_cannot_be_texted_is_refused(texter: TwilioTexter, recipient: str, reason: str) -> None:
    """The numbers of Twilio's test credentials each have their reason."""
    with pytest.raises(TextRefused) as caught:
        texter.send(to=recipient, body="See you at two.", sender=SENDER)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("sender", "reason"), [(None, "sender_missing"), ("+14155550111", "sender_invalid")])
def test_a_sender_that_is_not_ours_is_refused(texter: TwilioTexter, sender: str | None, reason: str) -> None:
    """A text is sent from a number of ours or not at all."""
    with pytest.raises(TextRefused) as caught:
        texter.send(to=RECIPIENT, body="See you at two.", sender=sender)
    assert caught.value.reason == reason


def test_a_text_whose_answer_is_lost_is_not_sent_again(server: TwilioServer, texter: TwilioTexter) -> None:
    """The outcome is unknown, and Twilio was asked once."""
    server.fail("POST", "Messages", kind="drop_after")

    with pytest.raises(OutcomeUnknown):
        texter.send(to=RECIPIENT, body="See you at two.", sender=SENDER)
    assert len(server.account.messages) == 1


@pytest.mark.parametrize(
    ("base", "asked"),
    [("https://voice.example", "https://voice.example/webhooks/twilio/message"), ("http://127.0.0.1:8765", None)],
)
def test_twilio_reports_to_an_address_that_it_can_reach(server: TwilioServer, base: str, asked: str | None) -> None:
    """What becomes of a text is told to the voice server, where that has a public address."""
    settings = _settings(server).model_copy(update={"voice_agent_service_url": base})

    TwilioTexter(settings).send(to=RECIPIENT, body="See you at two.", sender=SENDER)

    _, _, fields = server.account.requests[-1]
    assert fields.get("StatusCallback") == asked


def _settings(server: TwilioServer) -> Settings:
    return Settings(twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_api_url=server.url)
