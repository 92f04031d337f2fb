"""A media stream from its first message to its end: the token is redeemed, a session opened, the call held."""

import asyncio
import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fastapi import WebSocket, WebSocketDisconnect

from aira.core import aio
from aira.core.app import Aira
from aira.errors import AiraError
from aira.model import Call
from aira.voice.session import Session, open_session
from aira.voice.switchboard import Switchboard
from aira.voice.tape import Tape

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

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
        call = await aio.redeem_stream_token(switchboard.aira, start.token, call_sid=start.call_sid)
    except AiraError:
        await _close(websocket, _POLICY_VIOLATION)
        return
    await _hold(websocket, switchboard, call, start)


async def _close(websocket: WebSocket, code: int) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has closed itself
        await websocket.close(code)


async def _hold(websocket: WebSocket, switchboard: Switchboard, call: Call, start: StreamStart) -> None:
    from aira.voice.pipeline import run_call

    aira = switchboard.aira
    tape = Tape() if aira.settings.aira_record_calls else None
    session = await open_session(aira, call, model=switchboard.model, measured=switchboard.meters.delay.observe)
    preparing = asyncio.create_task(_load_documents(aira, call))
    hearing, speaking = _speech(switchboard)
    complete = await run_call(websocket, session, stream_sid=start.stream_sid, hearing=hearing, speaking=speaking, tape=tape)
    await preparing
    if getattr(speaking, "gave_up", False):
        await session.give_up()
    if complete:
        await session.close()
    else:
        switchboard.meters.failures.labels("conversation").inc()
    if tape is not None:
        await _keep(switchboard, session, tape)


def _speech(switchboard: Switchboard) -> "tuple[STTService, TTSService]":
    if switchboard.speech is not None:
        return switchboard.speech()
    from aira.voice.speech import hearing, speaking

    return hearing(switchboard.aira.settings), speaking(switchboard.aira.settings)


async def _load_documents(aira: Aira, call: Call) -> None:
    """Have the documents at hand before the first question, while the greeting is spoken."""
    try:
        if call.business_id is not None:
            await aio.load_knowledge(aira, business=call.business_id)
    except AiraError as error:
        logger.warning("The documents could not be loaded: %s", error.reason)


async def _keep(switchboard: Switchboard, session: Session, tape: Tape) -> None:
    aira, call = switchboard.aira, session.call
    key = f"{call.business_id}/recordings/{call.id}.wav"
    await asyncio.to_thread(partial(aira.files.put, key, tape.wav(), content_type="audio/wav"))
    await aio.set_recording(aira, call.id, key)


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
