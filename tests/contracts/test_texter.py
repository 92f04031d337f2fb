"""A texter hands each text over as it was written, and can say afterwards whether it did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aira.adapters.sms import OutboxTexter
from aira.adapters.twilio import twilio_client
from aira.adapters.twilio_messages import TwilioTexter
from aira.ports import Texter
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

ANN, BOB, SHOP = "+14155550123", "+14155550124", "+14155550199"
Text = tuple[str, str, str]
"""Recipient, sender, words."""


@dataclass(frozen=True)
class Scene:
    texter: Texter
    received: Callable[[], list[Text]]


@pytest.fixture(params=["outbox", "twilio"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A texter and what has left by it."""
    if request.param == "outbox":
        folder = tmp_path / "outbox"
        yield Scene(OutboxTexter(folder), lambda: [_read(file) for file in sorted(folder.glob("*.txt"))])
        return
    with TwilioServer() as server:
        settings = Settings(twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_api_url=server.url)
        twilio_client(settings).incoming_phone_numbers.create(phone_number=SHOP)
        yield Scene(TwilioTexter(settings), lambda: [(one["to"], one["from"], one["body"]) for one in server.account.messages])


def _read(file: Path) -> Text:
    head, _, body = file.read_text("utf-8").partition("\n\n")
    recipient, sender = (line.partition(": ")[2] for line in head.splitlines())
    return recipient, sender, body


def test_a_text_arrives_as_it_was_written(scene: Scene):
    """Recipient, sender and words are those that were given."""
    scene.texter.send(to=ANN, body="See you\nat ten – Ann", sender=SHOP)

    assert scene.received() == [(ANN, SHOP, "See you\nat ten – Ann")]


def test_each_text_is_one_of_its_own(scene: Scene):
    """The same words twice are two texts with two names."""
    names = {scene.texter.send(to=ANN, body="Hello", sender=SHOP) for _ in range(2)}

    assert len(names) == len(scene.received()) == 2


def test_a_text_is_found_by_recipient_words_and_time(scene: Scene):
    """What was handed over is found again, and nothing else is."""
    before = datetime.now(UTC)
    name = scene.texter.send(to=ANN, body="Hello", sender=SHOP)

    found = [
        scene.texter.find(to=ANN, body="Hello", since=before),
        scene.texter.find(to=BOB, body="Hello", since=before),
        scene.texter.find(to=ANN, body="Hello!", since=before),
        scene.texter.find(to=ANN, body="Hello", since=before + timedelta(hours=1)),
    ]

    assert found == [name, None, None, None]
