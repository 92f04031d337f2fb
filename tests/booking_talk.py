"""A telephone call at the moment before its booking: everything is read back, and the caller is about to say yes. It can be broken off.

Run as a program it says yes in a process that waits to be killed: `python booking_talk.py URL CALL_SID`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from aira.core.app import Aira, wire
from aira.core.appointments import cancel_appointment, list_appointments
from aira.core.calls import call_events, issue_stream_token, mind_state, open_call, open_chat, record_event, redeem_stream_token
from aira.core.db import Database
from aira.model import Appointment, Call
from aira.settings import Settings
from aira.voice.session import Session, open_session
from doubles import FrozenClock
from salon import CALLER, NUMBER, Salon

BOOKED = "You're booked"
YES = "Yes, please."


def read_back(aira: Aira, salon: Salon) -> dict[str, Any]:
    """What the bot remembers when it has read the appointment back."""

    async def talk() -> None:
        session = await open_session(aira, chat)
        async for _ in session.start():
            pass
        for said in ("I'd like to book a haircut tomorrow afternoon at half past two.", "My name is Sarah Johnson."):
            async for _ in session.hear(said):
                pass

    chat = open_chat(aira, business=salon.business.id, from_number=CALLER)
    asyncio.run(talk())
    memory = mind_state(aira, chat.id)
    assert memory is not None
    return memory


def ring(aira: Aira, sid: str, memory: dict[str, Any]) -> None:
    """A call whose bot was lost after it had read the appointment back."""
    call = open_call(aira, sid, from_number=CALLER, to_number=NUMBER)
    redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=sid)
    record_event(aira, call.id, "bot", "Shall I book it?", mind_state=memory)


def taken(aira: Aira, sid: str) -> Call:
    """The next bot takes the call."""
    call = open_call(aira, sid, from_number=CALLER, to_number=NUMBER)
    return redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=sid)


async def hear_all(sentences: AsyncIterator[str], heard: list[str]) -> None:
    """Let the bot speak; what it says is heard sentence by sentence."""
    async for sentence in sentences:
        heard.append(sentence)


async def until_booked(session: Session, heard: list[str]) -> None:
    """A caller who has not heard that it is booked says yes again."""
    for _ in range(4):
        if any(BOOKED in sentence for sentence in heard):
            return
        await hear_all(session.hear(YES), heard)


def booked_in(aira: Aira, sid: str) -> list[Appointment]:
    """The appointments of a call."""
    return list_appointments(aira, status="confirmed", external_id=sid)


def journalled(aira: Aira, sid: str) -> set[object]:
    """The ids of the appointments that the journal of a call says were booked."""
    call = open_call(aira, sid, from_number=CALLER, to_number=NUMBER)
    results: list[Any] = [event.detail["result"] for event in call_events(aira, call.id) if event.tool == "book_appointment"]
    return {result["appointment"]["id"] for result in results if result["kind"] == "Booked"}


def free(aira: Aira, sid: str) -> None:
    """Give the time back for the next call."""
    for one in booked_in(aira, sid):
        cancel_appointment(aira, one.id)


async def _say_yes(aira: Aira, sid: str) -> None:
    session = await open_session(aira, await asyncio.to_thread(taken, aira, sid))
    await hear_all(session.start(), [])
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await hear_all(session.hear(YES), [])
    await asyncio.sleep(60)


if __name__ == "__main__":
    database = Database(sys.argv[1])
    asyncio.run(_say_yes(replace(wire(Settings(), database), clock=FrozenClock()), sys.argv[2]))
