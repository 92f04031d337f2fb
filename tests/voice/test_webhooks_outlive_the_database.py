"""A database that is away, hangs or stands still costs a caller the bot, not the answer; what they leave meanwhile is not lost."""

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path

import httpx
from starlette.datastructures import ImmutableMultiDict

from aira.core.app import Aira
from aira.core.calls import call_messages, find_call, list_calls
from aira.core.db import Database, migrate
from aira.voice.later import Later
from aira.voice.server import create_app
from aira.voice.signatures import HEADER, sign
from aira.voice.switchboard import Switchboard
from aira.voice.webhooks import PATHS
from salon import Salon, open_salon
from still_database import own_server, standing_still
from voice_scene import SID, Carrier, without_database

RECORDING = f"https://api.twilio.com/2010-04-01/Accounts/AC{'5e' * 16}/Recordings/RE{'0a' * 16}"
SPEAKING = {"/webhooks/twilio/call", "/webhooks/twilio/after", "/webhooks/twilio/fallback"}


def silent(aira: Aira, port: int) -> Aira:
    """A handle on the database behind that port, which would be waited for longer than any test may take."""
    url = f"postgresql://nobody@127.0.0.1:{port}/nothing?connect_timeout=600&sslmode=disable&gssencmode=disable"
    return replace(aira, database=Database(url))


async def post_all(switchboard: Switchboard, forms: list[tuple[str, dict[str, str]]]) -> list[httpx.Response]:
    """Post the forms at once, signed, as so many callers would."""
    base = switchboard.aira.settings.voice_agent_service_url
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(switchboard)), base_url=base) as client:
        signed = [(path, form, {HEADER: sign(switchboard.secret, base + path, form)}) for path, form in forms]
        return await asyncio.gather(*(client.post(path, data=form, headers=headers) for path, form, headers in signed))


def test_every_webhook_is_answered_though_the_database_never_answers(carrier: Carrier, salon: Salon) -> None:
    """A port that accepts connections and says no word. Status 200 and TwiML; who waits on the line can leave a message."""
    form = {
        **carrier.form,
        "CallStatus": "completed",
        "RecordingUrl": RECORDING,
        "MessageSid": "SM1",
        "Body": "Hello?",
        "call": SID,
        "Digits": "1",
    }

    async def ask_all() -> list[httpx.Response]:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            hanging = replace(carrier.switchboard, aira=silent(carrier.switchboard.aira, listener.getsockname()[1]))
            return await post_all(hanging, [(path, form) for path in PATHS])

    answers = dict(zip(PATHS, asyncio.run(ask_all()), strict=True))

    assert {answer.status_code for answer in answers.values()} == {200}
    assert {path for path, answer in answers.items() if b"<Record" in answer.content} == SPEAKING


def test_a_call_is_answered_while_postgres_stands_still(aira: Aira) -> None:
    """Connections that were good a moment ago hang; once it goes on, so do calls."""
    with own_server() as url:
        database = Database(url)
        migrate(database)
        own = replace(aira, database=database)
        open_salon(own)
        carrier = Carrier(Switchboard(own, secret="s3cret", warm=True))
        assert [verb.tag for verb in carrier.ask("call")] == ["Connect"]
        form = {**carrier.form, "CallSid": "CA2", "RecordingUrl": RECORDING}

        async def call_twice() -> list[str]:
            with standing_still(url):
                during = await post_all(carrier.switchboard, [("/webhooks/twilio/call", form), ("/webhooks/twilio/voicemail", form)])
            while carrier.switchboard.later.waiting():
                await asyncio.sleep(0.05)
            after = await post_all(carrier.switchboard, [("/webhooks/twilio/call", {**carrier.form, "CallSid": "CA3"})])
            return [answer.text for answer in [*during, *after]]

        first, left, second = asyncio.run(call_twice())
        (message,) = call_messages(own, find_call(own, "CA2").business_id)
        database.close()

    assert "<Record" in first
    assert "has been passed on" in left
    assert "<Connect" in second
    assert message.recording_url == RECORDING


def test_a_hundred_callers_are_answered_while_the_database_never_answers(carrier: Carrier, salon: Salon) -> None:
    """Those who wait in vain use up no thread that somebody else needs, as ears and voices do."""

    async def ring_all() -> list[httpx.Response]:
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            hanging = replace(carrier.switchboard, aira=silent(carrier.switchboard.aira, listener.getsockname()[1]))
            forms = [("/webhooks/twilio/call", {**carrier.form, "CallSid": f"CA{number:032}"}) for number in range(100)]
            answers = await post_all(hanging, forms)
            await asyncio.wait_for(asyncio.to_thread(Path.cwd), 30)
            return answers

    assert {(answer.status_code, b"<Record" in answer.content) for answer in asyncio.run(ring_all())} == {(200, True)}


class TestWhatCouldNotBeNoted:
    def test_is_noted_once_the_database_is_back(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """A message left in a call we never knew of, and the end of that call."""
        there = carrier.switchboard
        carrier.switchboard = without_database(there)
        assert (
            carrier.ask("voicemail", RecordingUrl=RECORDING, RecordingDuration="9")[0].text
            == "Thank you. Your message has been passed on. Goodbye."
        )
        carrier.ask("status", CallStatus="completed", CallDuration="31")
        assert list_calls(aira) == []

        settle(there, carrier)

        call = find_call(aira, SID)
        assert (call.outcome, call.duration_seconds, call.status) == ("voicemail", 31, "missed")
        assert [message.recording_url for message in call_messages(aira, salon.business.id)] == [RECORDING]
        assert there.later.waiting() == []

    def test_waits_through_a_restart(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """In a folder that nobody else may read, as there are numbers in it."""
        carrier.switchboard = without_database(carrier.switchboard)
        carrier.ask("voicemail", RecordingUrl=RECORDING)

        (file,) = Switchboard(aira, secret="s3cret").later.waiting()
        assert file.stat().st_mode & 0o077 == 0
        assert file.parent == aira.settings.aira_home / "later"

    def test_is_kept_once_however_often_it_is_repeated(self, carrier: Carrier, salon: Salon) -> None:
        """The carrier repeats what it believes lost."""
        carrier.switchboard = without_database(carrier.switchboard)
        for _ in range(3):
            carrier.ask("voicemail", RecordingUrl=RECORDING)

        assert len(carrier.switchboard.later.waiting()) == 1

    def test_fills_no_disk(self, tmp_path: Path) -> None:
        """Beyond so many nothing is kept."""
        few = Later(tmp_path / "later", most=2)

        assert [few.keep("/webhooks/twilio/status", ImmutableMultiDict({"CallSid": f"CA{number}"})) for number in range(4)] == [
            True,
            True,
            False,
            False,
        ]

    def test_is_dropped_where_nothing_can_be_made_of_it(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """A file somebody tampered with holds nothing up."""
        folder = aira.settings.aira_home / "later"
        folder.mkdir(parents=True)
        for name, text in (
            ("a", "no json"),
            ("b", json.dumps(["/elsewhere", []])),
            ("c", json.dumps(["/webhooks/twilio/voicemail", [["x", "y"]]])),
        ):
            (folder / f"{name}.json").write_text(text)

        settle(carrier.switchboard, carrier)

        assert carrier.switchboard.later.waiting() == []

    def test_is_nothing_where_the_form_made_no_sense(self, carrier: Carrier, salon: Salon) -> None:
        """Only a database that is away is worth waiting for."""
        del carrier.form["CallSid"]
        carrier.ask("voicemail", RecordingUrl=RECORDING)

        assert carrier.switchboard.later.waiting() == []


def settle(switchboard: Switchboard, carrier: Carrier) -> None:
    """Any webhook sets off what waits; return when nothing does."""

    async def ask_and_wait() -> None:
        await post_all(switchboard, [("/webhooks/twilio/message", {**carrier.form, "MessageSid": "SM404"})])
        for _ in range(200):
            if not switchboard.later.waiting():
                return
            await asyncio.sleep(0.02)

    asyncio.run(ask_and_wait())
