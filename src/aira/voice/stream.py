"""A media stream from its first message to its end: the token is redeemed, a session opened, the call held."""

import asyncio
import json
import logging
from dataclasses import dataclass
from functools import partial

from fastapi import WebSocket, WebSocketDisconnect

from aira.core import aio
from aira.core.app import Aira
from aira.errors import AiraError
from aira.model import Call
from aira.voice.session import Session, open_session
from aira.voice.switchboard import Switchboard
from aira.voice.tape import Tape

HANDSHAKE_SECONDS = 10.0
"""How long a carrier may take to name the stream it has opened."""

_POLICY_VIOLATION = 1008
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
    try:
        start = await asyncio.wait_for(_start_of(websocket), HANDSHAKE_SECONDS)
        if not switchboard.accepts:
            await websocket.close(_TRY_AGAIN_LATER)
            return
        call = await aio.redeem_stream_token(switchboard.aira, start.token, call_sid=start.call_sid)
    except (TimeoutError, ValueError, AiraError):
        await websocket.close(_POLICY_VIOLATION)
        return
    except WebSocketDisconnect:
        return
    with switchboard.busy():
        await _hold(websocket, switchboard, call, start)


async def _hold(websocket: WebSocket, switchboard: Switchboard, call: Call, start: StreamStart) -> None:
    from aira.voice.pipeline import run_call
    from aira.voice.speech import hearing, speaking

    aira = switchboard.aira
    tape = Tape() if aira.settings.aira_record_calls else None
    session = await open_session(aira, call, model=switchboard.model, measured=switchboard.meters.delay.observe)
    preparing = asyncio.create_task(_load_documents(aira, call))
    complete = await run_call(
        websocket, session, stream_sid=start.stream_sid, hearing=hearing(aira.settings), speaking=speaking(aira.settings), tape=tape
    )
    await preparing
    if complete:
        await session.close()
    else:
        switchboard.meters.failures.labels("conversation").inc()
    if tape is not None:
        await _keep(switchboard, session, tape)


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
