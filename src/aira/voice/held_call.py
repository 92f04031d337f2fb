"""A call that a bot has taken, whatever carries its audio: a session opened, the documents at hand, speech found, the end noted."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol

from starlette.datastructures import ImmutableMultiDict

from aira.core import aio
from aira.core.app import Aira
from aira.core.db import in_time
from aira.errors import AiraError
from aira.model import Call
from aira.voice.backlog import LAST_LINES_SECONDS, Backlog
from aira.voice.later import CALL_REST, Later
from aira.voice.notes import watch_into
from aira.voice.session import Session, open_session
from aira.voice.switchboard import Switchboard
from aira.voice.talk import Talk
from aira.voice.tape import Tape
from aira.voice.vendors.watch import Watch

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

OPENING_SECONDS = 2.0
"""How long a conversation may take to begin, until the caller is asked for a message instead."""

logger = logging.getLogger(__name__)


class Carry(Protocol):
    """Carries a conversation's audio until it has ended; `pipeline.run_call` is one over a media stream, given the stream."""

    async def __call__(self, talk: Talk, *, hearing: "STTService", speaking: "TTSService", tape: Tape | None) -> bool:
        """True where the conversation came to its end, False where it broke off."""


async def hold_call(switchboard: Switchboard, call: Call, carry: Carry) -> None:
    """Hold the conversation of a call. Raises NotFound where it belongs to no business, DatabaseError where it cannot begin."""
    aira = switchboard.aira
    tape = Tape() if aira.settings.aira_record_calls else None
    backlog = Backlog(aira, call)
    watch = watch_into(backlog)
    measured = switchboard.meters.delay.observe
    opening = open_session(aira, call, model=switchboard.model, measured=measured, watch=watch, backlog=backlog)
    session = await in_time(opening, OPENING_SECONDS)
    watch.give_up = partial(_give_up, session)
    preparing = asyncio.create_task(_load_documents(aira, call))
    hearing, speaking = _speech(switchboard, watch)
    complete = await carry(session, hearing=hearing, speaking=speaking, tape=tape)
    preparing.cancel()
    if complete:
        await session.close()
    else:
        switchboard.meters.failures.labels("conversation").inc()
    if tape is not None:
        await _keep(aira, session, tape)
    await finished(backlog, switchboard.later)


async def finished(backlog: Backlog, later: Later) -> None:
    """The call is over: what of it the database has not taken by now waits where it outlives this process."""
    if not await backlog.written(LAST_LINES_SECONDS) and later.keep(CALL_REST, ImmutableMultiDict(backlog.rest())):
        backlog.stop()


async def _give_up(session: Session) -> None:
    """Note it before the stream ends: the carrier asks how the call goes on as soon as it does."""
    try:
        await session.give_up()
    except AiraError as error:
        logger.warning("A call is given up, and its journal does not say so: %s", error.reason)


def _speech(switchboard: Switchboard, watch: Watch) -> "tuple[STTService, TTSService]":
    if switchboard.speech is not None:
        return switchboard.speech()
    from aira.voice.speech import hearing, speaking

    settings = switchboard.aira.settings
    return hearing(settings, watch=watch), speaking(settings, watch=watch)


async def _load_documents(aira: Aira, call: Call) -> None:
    """Have the documents at hand before the first question, while the greeting is spoken."""
    try:
        if call.business_id is not None:
            await aio.load_knowledge(aira, business=call.business_id)
    except AiraError as error:
        logger.warning("The documents could not be loaded: %s", error.reason)


async def _keep(aira: Aira, session: Session, tape: Tape) -> None:
    call = session.call
    key = f"{call.business_id}/recordings/{call.id}.wav"
    await asyncio.to_thread(partial(aira.files.put, key, tape.wav(), content_type="audio/wav"))
    await session.backlog.tell("recording", key=key)
