"""A media stream is held only with a good token, once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aira.core.app import Aira
from aira.core.calls import find_call, issue_stream_token, open_call
from aira.voice.server import VoiceServer
from aira.voice.switchboard import Switchboard
from salon import CALLER, NUMBER, Salon
from voice_scene import SID, running

pytestmark = pytest.mark.voice

PATIENCE = 30
"""Seconds after which a server that should have done something counts as hung."""


@dataclass
class Listening:
    """A server that is ready for calls, and where."""

    server: VoiceServer
    url: str


@pytest.fixture
def server(aira: Aira, salon: Salon) -> Iterator[Listening]:
    """A server that is ready for calls."""
    server = VoiceServer(Switchboard(aira), host="127.0.0.1", port=0)
    with running(server) as url:
        yield Listening(server, url)


def token(aira: Aira, sid: str = SID) -> str:
    """The token of a call that rings."""
    return issue_stream_token(aira, open_call(aira, sid, from_number=CALLER, to_number=NUMBER).id)


def start(token: str, sid: str = SID) -> dict[str, object]:
    """The first message of a stream."""
    return {"event": "start", "start": {"streamSid": "MZ1", "callSid": sid, "customParameters": {"token": token}}}


@asynccontextmanager
async def stream(server: Listening, *messages: object) -> AsyncIterator[ClientConnection]:
    """A stream that begins with these messages."""
    async with connect(f"{server.url.replace('http', 'ws')}/voice/stream") as socket:
        for message in messages:
            await socket.send(message if isinstance(message, str) else json.dumps(message))
        yield socket


async def closed(socket: ClientConnection) -> int:
    """Read until the server closes the stream; returns with which code."""
    try:
        while True:
            await asyncio.wait_for(socket.recv(), PATIENCE)
    except ConnectionClosed as end:
        return end.rcvd.code if end.rcvd else 0


async def first_sound(socket: ClientConnection) -> None:
    """Wait until the bot says something."""
    while json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["event"] != "media":
        pass


def test_without_a_good_token_the_stream_is_closed(server: Listening, aira: Aira) -> None:
    """Unknown, of another call, no token at all, no start, no JSON: nothing is said and nothing is taken."""
    right = token(aira)
    openings = [
        start("wrong"),
        start(right, "CA2"),
        {"event": "start", "start": {"streamSid": "MZ1"}},
        {"event": "media"},
        "[]",
        "{",
        start(""),
    ]

    async def try_them() -> list[int]:
        codes = []
        for opening in openings:
            async with stream(server, {"event": "connected"}, opening) as socket:
                await socket.send("{}")
                codes.append(await closed(socket))
        return codes

    assert asyncio.run(try_them()) == [1008] * len(openings)
    assert (find_call(aira, SID).status, server.server.switchboard.active) == ("ringing", 0)


def test_a_token_opens_one_stream(server: Listening, aira: Aira) -> None:
    """Whoever comes second is turned away; the first goes on."""
    right = start(token(aira))

    async def ring_twice() -> int:
        async with stream(server, right) as first:
            await first_sound(first)
            async with stream(server, right) as second:
                code = await closed(second)
            await first_sound(first)
        return code

    assert asyncio.run(ring_twice()) == 1008


def test_a_caller_who_hangs_up_ends_the_call(server: Listening, aira: Aira) -> None:
    """The books are closed without waiting for the carrier's word."""

    async def hang_up() -> None:
        async with stream(server, start(token(aira))) as socket:
            await first_sound(socket)
            await socket.send(json.dumps({"event": "stop", "stop": {"callSid": SID}}))

    asyncio.run(hang_up())
    asyncio.run(asyncio.wait_for(_until_idle(server), PATIENCE))

    assert find_call(aira, SID).status == "completed"


def test_a_line_that_breaks_leaves_the_call_open(server: Listening, aira: Aira) -> None:
    """A stream that ends without the carrier's word is no caller who hung up: the call can go on with another bot."""

    async def break_off() -> None:
        async with stream(server, start(token(aira))) as socket:
            await first_sound(socket)
            socket.transport.abort()

    asyncio.run(break_off())
    asyncio.run(asyncio.wait_for(_until_idle(server), PATIENCE))

    assert (find_call(aira, SID).status, find_call(aira, SID).next_step) == ("in_progress", None)


async def _until_idle(server: Listening) -> None:
    while server.server.switchboard.active:
        await asyncio.sleep(0.02)
