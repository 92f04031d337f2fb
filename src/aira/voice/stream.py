"""A media stream from its first message to its end: the token is redeemed, the call held."""

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from fastapi import WebSocket, WebSocketDisconnect

from aira.core import aio
from aira.core.db import in_time
from aira.errors import DatabaseError, Refused
from aira.model import Call
from aira.voice.held_call import OPENING_SECONDS, hold_call
from aira.voice.switchboard import Switchboard

HANDSHAKE_SECONDS = 10.0
"""How long a carrier may take to name the stream it has opened."""

_POLICY_VIOLATION = 1008
_SERVICE_RESTART = 1012
_TRY_AGAIN_LATER = 1013

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamStart:
    """What the carrier says when a stream begins."""

    stream_sid: str
    call_sid: str
    token: str


async def hold_stream(websocket: WebSocket, switchboard: Switchboard) -> None:
    """Hold a call over a media stream; a stream without a good token is closed."""
    await websocket.accept()
    await hold_open_stream(websocket, switchboard)


async def hold_open_stream(websocket: WebSocket, switchboard: Switchboard) -> None:
    """Hold a call over a media stream that somebody has accepted already."""
    start = await _named(websocket, switchboard)
    if start is None:
        await _close(websocket, _POLICY_VIOLATION)
    elif not switchboard.room:
        await _close(websocket, _TRY_AGAIN_LATER)
    else:
        with switchboard.busy(partial(_close, websocket, _SERVICE_RESTART)):
            await _take(websocket, switchboard, start)


async def _named(websocket: WebSocket, switchboard: Switchboard) -> StreamStart | None:
    """What the stream says it is; None where it does not say so in time or as the protocol has it."""
    naming = asyncio.ensure_future(_start_of(websocket))
    with switchboard.doorstep.holds(naming):
        await asyncio.wait({naming}, timeout=HANDSHAKE_SECONDS)
    if not naming.done():
        naming.cancel()
    try:
        return await naming
    except (asyncio.CancelledError, ValueError, WebSocketDisconnect):
        return None


async def _take(websocket: WebSocket, switchboard: Switchboard, start: StreamStart) -> None:
    try:
        redeeming = aio.redeem_stream_token(switchboard.aira, start.token, call_sid=start.call_sid)
        call = await in_time(redeeming, OPENING_SECONDS)
        await _hold(websocket, switchboard, call, start)
    except DatabaseError as error:
        logger.warning("A call cannot begin: %s", error.message)
        await _close(websocket, _TRY_AGAIN_LATER)
    except Refused:
        await _close(websocket, _POLICY_VIOLATION)


async def _close(websocket: WebSocket, code: int) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has closed itself
        await websocket.close(code)


async def _hold(websocket: WebSocket, switchboard: Switchboard, call: Call, start: StreamStart) -> None:
    from aira.voice.pipeline import run_call

    await hold_call(switchboard, call, partial(run_call, websocket, stream_sid=start.stream_sid))


async def _start_of(websocket: WebSocket) -> StreamStart:
    """The stream's start message. Raises ValueError for anything else than the protocol says."""
    for _ in range(3):
        message = json.loads(await websocket.receive_text())
        if not isinstance(message, dict):
            break
        if message.get("event") == "start":
            return _stream_start(message.get("start"))
    raise ValueError("the stream does not begin")


def _stream_start(body: object) -> StreamStart:
    names = body if isinstance(body, dict) else {}
    parameters = names.get("customParameters")
    values = (names.get("streamSid"), names.get("callSid"), parameters.get("token") if isinstance(parameters, dict) else None)
    stream_sid, call_sid, token = (value if isinstance(value, str) else "" for value in values)
    if not (stream_sid and call_sid and token):
        raise ValueError("the stream names no call")
    return StreamStart(stream_sid, call_sid, token)
