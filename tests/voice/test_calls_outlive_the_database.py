"""A database that hangs in a call costs the caller a booking at worst, never the answer; the journal is written once it is back."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from aira.core.app import Aira, wire
from aira.core.appointments import list_appointments
from aira.core.calls import call_events, call_messages, find_call, issue_stream_token, open_call
from aira.core.db import Database, migrate
from aira.core.documents import ingest_document
from aira.core.knowledge import load_knowledge
from aira.model import Call
from aira.voice.held_call import finished
from aira.voice.later import Later
from aira.voice.server import VoiceServer
from aira.voice.session import Session, open_session
from aira.voice.switchboard import Switchboard
from aira.voice.webhooks import deal_with_what_waits
from booking_talk import taken
from no_time_speech import no_time_speech
from salon import CALLER, NUMBER, Salon, open_salon
from still_database import own_server, standing_still
from voice_scene import running

SID = "CA77"
TRY_AGAIN_LATER = 1013
BOOK = "I'd like to book a haircut tomorrow afternoon at half past two."
NAME = "My name is Sarah Johnson."
YES = "Yes, please."

PRICES = """# Prices

A haircut costs 45 dollars. A colour treatment costs 90 dollars.
"""


@dataclass(frozen=True)
class Scene:
    """A salon whose database can be made to stand still."""

    aira: Aira
    salon: Salon
    url: str


@pytest.fixture
def scene(aira: Aira, tmp_path: Path) -> Iterator[Scene]:
    """The salon, with a price list, on a server of its own."""
    with own_server() as url:
        database = Database(url)
        migrate(database)
        own = replace(wire(aira.settings, database), clock=aira.clock, embedder=aira.embedder)
        salon = open_salon(own)
        (tmp_path / "prices.md").write_text(PRICES, "utf-8")
        ingest_document(own, tmp_path / "prices.md", business=salon.business.id)
        load_knowledge(own, business=salon.business.id)
        yield Scene(own, salon, url)
        database.close()


async def begun(scene: Scene, *says: str) -> tuple[Call, Session]:
    """A call in which the caller has said this much."""
    call = await asyncio.to_thread(taken, scene.aira, SID)
    session = await open_session(scene.aira, call)
    await words_of(session.start())
    for said in says:
        await words_of(session.hear(said))
    return call, session


async def words_of(sentences: AsyncIterator[str]) -> str:
    """What the bot says; a bot that waits for the database says nothing."""

    async def listen() -> str:
        return " ".join([sentence async for sentence in sentences])

    return await asyncio.wait_for(listen(), 30)


def turns(scene: Scene, call: Call) -> list[tuple[str, str]]:
    """What was said and done, by the journal."""
    return [(event.role, event.text) for event in call_events(scene.aira, call.id) if event.role != "note"]


def test_a_question_is_answered_from_memory(scene: Scene) -> None:
    """And the journal says so once the database is back, in the order in which it was said."""

    async def converse() -> tuple[Call, str, str]:
        call, session = await begun(scene)
        with standing_still(scene.url):
            during = await words_of(session.hear("How much is a colour treatment?"))
        after = await words_of(session.hear("Thanks, that's all. Goodbye."))
        await session.close()
        return call, during, after

    call, during, after = asyncio.run(converse())

    assert "90 dollars" in during
    assert turns(scene, call)[1:] == [
        ("caller", "How much is a colour treatment?"),
        ("tool", "search_knowledge: 1 passages"),
        ("bot", during),
        ("caller", "Thanks, that's all. Goodbye."),
        ("bot", after),
    ]
    assert find_call(scene.aira, SID).outcome == "answered"


def test_what_cannot_be_booked_is_not_booked_behind_the_callers_back(scene: Scene) -> None:
    """They hear that it failed and that is how it stays; a message they leave instead reaches the owner."""

    async def converse() -> tuple[Call, str, str]:
        call, session = await begun(scene, BOOK, NAME)
        with standing_still(scene.url):
            refused = await words_of(session.hear(YES))
            await words_of(session.hear(YES))
            left = await words_of(session.hear("Please call me back about a haircut tomorrow."))
        await session.close()
        return call, refused, left

    call, refused, left = asyncio.run(converse())

    assert "technical problem" in refused
    assert left
    assert list_appointments(scene.aira, business=scene.salon.business.id) == []
    assert [message.call_id for message in call_messages(scene.aira, scene.salon.business.id)] == [call.id]
    assert ("tool", "book_appointment: refused: database_unreachable") in turns(scene, call)


def test_a_booking_is_made_once_the_database_is_back(scene: Scene) -> None:
    """The caller asks again and hears that they are booked, once."""

    async def converse() -> str:
        _, session = await begun(scene, BOOK, NAME)
        with standing_still(scene.url):
            await words_of(session.hear(YES))
        for said in (BOOK, YES, YES):
            if "You're booked" in (heard := await words_of(session.hear(said))):
                break
        await session.close()
        return heard

    assert "You're booked" in asyncio.run(converse())
    assert len(list_appointments(scene.aira, business=scene.salon.business.id)) == 1


def test_a_call_that_ends_meanwhile_is_written_down_later(scene: Scene) -> None:
    """What is left of its journal waits in the folder of what waits, survives this process, and is written once."""

    async def converse() -> tuple[Call, str]:
        call, session = await begun(scene)
        with standing_still(scene.url):
            answer = await words_of(session.hear("How much is a colour treatment?"))
            await words_of(session.hear("Goodbye."))
            await session.close()
            await finished(session.backlog, there.later)
        return call, answer

    async def settle() -> None:
        deal_with_what_waits(there)
        while there.later.waiting():
            await asyncio.sleep(0.02)

    there = Switchboard(scene.aira, secret="s3cret")
    call, answer = asyncio.run(converse())
    assert len(Later(scene.aira.settings.aira_home / "later").waiting()) == 1
    asyncio.run(settle())

    heard = [("caller", "How much is a colour treatment?"), ("tool", "search_knowledge: 1 passages"), ("bot", answer)]
    assert turns(scene, call)[1:4] == heard
    assert len(turns(scene, call)) == 6
    ended = find_call(scene.aira, SID)
    assert (ended.status, ended.outcome, ended.next_step) == ("completed", "answered", "hang_up")


@pytest.mark.voice
def test_a_call_that_cannot_begin_is_asked_for_a_message(scene: Scene) -> None:
    """The webhook was answered, then the database hung: the stream is given back to the carrier, which asks again."""

    async def open_stream(url: str, token: str) -> int:
        start = {"event": "start", "start": {"streamSid": "MZ1", "callSid": SID, "customParameters": {"token": token}}}
        async with connect(f"{url.replace('http', 'ws')}/voice/stream") as stream:
            await stream.send(json.dumps(start))
            await asyncio.wait_for(stream.wait_closed(), 30)
            return stream.close_code or 0

    call = open_call(scene.aira, SID, from_number=CALLER, to_number=NUMBER)
    token = issue_stream_token(scene.aira, call.id)
    with running(VoiceServer(Switchboard(scene.aira, speech=no_time_speech), host="127.0.0.1", port=0)) as url:
        with standing_still(scene.url):
            code = asyncio.run(open_stream(url, token))
        assert code == TRY_AGAIN_LATER
        assert find_call(scene.aira, SID).connects == 0
