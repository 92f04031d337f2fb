"""Malformed messages, too long ones, streams that say nothing: the server stays up, and other callers do not notice."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aira.core.app import Aira
from aira.core.calls import find_call, issue_stream_token, open_call, transcript
from aira.voice.doorstep import MOST_WAITING
from aira.voice.server import LARGEST_MESSAGE, VoiceServer
from aira.voice.signatures import webhook_secret
from aira.voice.switchboard import Switchboard
from no_time_speech import no_time_speech
from salon import CALLER, NUMBER, Salon
from voice_scene import SID, running
from wire_caller import WireCaller

pytestmark = pytest.mark.voice

PATIENCE = 60
MALFORMED = [
    "",
    "{",
    "[]",
    "null",
    "7",
    "{}",
    '{"event": null}',
    '{"event": "media"}',
    '{"event": "media", "media": null}',
    '{"event": "media", "media": {"payload": 7}}',
    '{"event": "media", "media": {"payload": "%%%"}}',
    '{"event": "media", "media": {"payload": "é"}}',
    '{"event": "media", "media": {"payload": ""}}',
    '{"event": "mark"}',
    '{"event": "mark", "mark": []}',
    '{"event": "dtmf", "dtmf": {"digit": "x"}}',
    '{"event": "dtmf", "dtmf": {"digit": ["0"]}}',
    '{"event": "start", "start": {"streamSid": "MZ2"}}',
    '{"event": "unheard of"}',
    "[" * 20_000,
    b"\x00\xff\xfe",
    b"",
]


@dataclass
class Listening:
    """A server whose ears and voice take no time."""

    aira: Aira
    switchboard: Switchboard
    url: str

    def token(self, sid: str = SID) -> str:
        """The token of a call that rings."""
        return issue_stream_token(self.aira, open_call(self.aira, sid, from_number=CALLER, to_number=NUMBER).id)

    def caller(self, *words: str) -> WireCaller:
        """A caller who says this and hangs up."""
        left = list(words)

        async def says() -> str | None:
            return left.pop(0) if left else None

        return WireCaller(self.url, secret=webhook_secret(self.aira.settings), to_number=NUMBER, says=says)


@pytest.fixture
def server(aira: Aira, salon: Salon) -> Iterator[Listening]:
    """A server that is ready for calls."""
    server = VoiceServer(Switchboard(aira, speech=no_time_speech), host="127.0.0.1", port=0)
    with running(server) as url:
        server.switchboard.aira = replace(aira, settings=aira.settings.model_copy(update={"voice_agent_service_url": url}))
        yield Listening(server.switchboard.aira, server.switchboard, url)


async def first_sound(stream: ClientConnection) -> None:
    """Wait until the bot says something."""
    while json.loads(await asyncio.wait_for(stream.recv(), PATIENCE))["event"] != "media":
        pass


def stream(server: Listening) -> connect:
    """A media stream of nobody's yet."""
    return connect(f"{server.url.replace('http', 'ws')}/voice/stream", open_timeout=PATIENCE)


def test_malformed_messages_are_passed_over(server: Listening) -> None:
    """The call goes on behind them."""
    start = {"event": "start", "start": {"streamSid": "MZ1", "callSid": SID, "customParameters": {"token": server.token()}}}

    async def call() -> None:
        async with stream(server) as socket:
            await socket.send(json.dumps(start))
            await first_sound(socket)
            for message in MALFORMED:
                await socket.send(message)
            await socket.send('{"event": "dtmf", "dtmf": {"digit": "7"}}')
            await socket.send('{"event": "dtmf", "dtmf": {"digit": "#"}}')
            await first_sound(socket)
            while server.switchboard.active and len(transcript(server.aira, find_call(server.aira, SID).id)) < 3:
                await asyncio.sleep(0.02)
            await socket.send('{"event": "stop"}')

    asyncio.run(call())

    assert [turn.text for turn in transcript(server.aira, find_call(server.aira, SID).id) if turn.role == "caller"] == ["7"]


def test_a_message_that_is_too_long_ends_its_stream_alone(server: Listening) -> None:
    """Another caller is answered all the same."""

    async def play() -> WireCaller:
        async with stream(server) as socket:
            await socket.send("x" * (LARGEST_MESSAGE + 1))
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), PATIENCE)
        caller = server.caller("My name is Sarah Johnson.")
        await asyncio.wait_for(caller.place(), PATIENCE)
        return caller

    caller = asyncio.run(play())
    assert caller.verbs == ["Connect"]
    assert find_call(server.aira, caller.call_sid).status == "completed"


def test_streams_that_say_nothing_keep_nobody_out(server: Listening) -> None:
    """Only so many wait, those that came first are sent away first, and a caller who rings meanwhile is answered."""

    async def play() -> WireCaller:
        sockets = [await stream(server).__aenter__() for _ in range(3 * MOST_WAITING)]
        assert len(server.switchboard.doorstep) <= MOST_WAITING
        caller = server.caller("My name is Sarah Johnson.")
        await asyncio.wait_for(caller.place(), PATIENCE)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/health")).status_code == 200
        for socket in sockets:
            await socket.close()
        return caller

    assert asyncio.run(play()).verbs == ["Connect"]


def test_a_key_puts_the_caller_through_to_a_person(server: Listening, salon: Salon) -> None:
    """A zero, as on every switchboard."""
    caller = server.caller("keys 0", "keys 0")

    asyncio.run(asyncio.wait_for(caller.place(), PATIENCE))

    assert caller.verbs[:1] == ["Connect"]
    assert "Dial" in caller.verbs
