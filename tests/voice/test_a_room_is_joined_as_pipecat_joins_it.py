"""The bot's end of a Daily room, as far as it goes without a room: Pipecat's transport and Daily's own client are real."""

import asyncio

import pytest
from pipecat.frames.frames import OutputTransportMessageFrame

from aira.core.app import Aira
from aira.core.calls import find_call, issue_stream_token, open_call, redeem_stream_token
from aira.voice.pipeline.room import RoomTransport, run_room_call
from aira.voice.session import open_session
from no_time_speech import no_time_speech
from salon import CALLER, NUMBER, Salon
from voice_scene import SID

pytestmark = pytest.mark.voice
NOWHERE = "https://nobody.daily.invalid/room"


def test_a_room_that_cannot_be_joined_is_a_lost_call(aira: Aira, salon: Salon) -> None:
    """The bot says nothing, is never ready, and the call is not taken for one that has ended."""
    call = open_call(aira, SID, from_number=CALLER, to_number=NUMBER)
    call = redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=SID)
    ready: list[bool] = []

    async def join() -> bool:
        session = await open_session(aira, call)
        hearing, speaking = no_time_speech()
        held = run_room_call(NOWHERE, "token", session, hearing=hearing, speaking=speaking, ready=lambda: ready.append(True))
        return await asyncio.wait_for(held, 120)

    assert not asyncio.run(join())
    assert ready == []
    assert find_call(aira, SID).ended_at is None


def test_a_mark_has_been_reached_when_its_turn_to_be_sent_comes() -> None:
    """Nothing of it is sent to the room."""
    reached: list[str] = []

    async def played(name: str) -> None:
        reached.append(name)

    async def send() -> None:
        output = RoomTransport(NOWHERE, "token", played=played).output()
        await output.send_message(OutputTransportMessageFrame({"event": "mark", "mark": {"name": "s1"}}))

    asyncio.run(send())
    assert reached == ["s1"]
