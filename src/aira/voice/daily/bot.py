"""A bot's process: warm before it is needed, then in one room for one call; `process` has the contract.

The server that started it may die in mid-call. The bot's input closes then, it leaves and deletes its room, which ends the carrier's
leg, and the carrier asks how the call goes on.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from aira.core import aio
from aira.core.app import open_aira
from aira.errors import AiraError
from aira.settings import load_settings
from aira.voice.daily.rest import DailyRest
from aira.voice.held_call import hold_call
from aira.voice.log import log_to_stderr, quiet_vendors
from aira.voice.switchboard import Switchboard
from aira.voice.talk import Talk
from aira.voice.tape import Tape
from aira.voice.vendors.models import language_models
from aira.voice.warm_up import warm_up

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

    Speech = Callable[[], tuple[STTService, TTSService]]

_LAST_SECONDS = 2.0

logger = logging.getLogger(__name__)


class HoldRoom(Protocol):
    """Holds a conversation in a room; `pipeline.room.run_room_call` is one."""

    async def __call__(
        self,
        url: str,
        token: str,
        talk: Talk,
        *,
        ready: Callable[[], object],
        hearing: "STTService",
        speaking: "TTSService",
        tape: Tape | None,
    ) -> bool:
        """Say `ready` when the room can be dialled into; True where the conversation came to its end."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the process is told, once: its room and its call."""

    room_url: str
    room_token: str
    call_sid: str
    call_token: str


def main(hold: HoldRoom | None = None, *, speech: "Speech | None" = None) -> int:
    """Take one call, as told on standard input; returns the exit code. `hold` and `speech` stand in for Daily and the speech engines."""
    quiet_vendors()
    words = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no part of the contract

    def say(event: str, **more: str) -> None:
        with suppress(BrokenPipeError):  # whoever listened is gone, and the input says so too
            os.write(words, json.dumps({"event": event, **more}).encode() + b"\n")

    settings = load_settings()
    log_to_stderr(settings.aira_log)
    try:
        with open_aira(settings) as aira:
            asyncio.run(_serve(Switchboard(aira, speech=speech), say, hold))
    except AiraError as error:
        logger.error("A bot failed: %s", error.message)  # noqa: TRY400  # a refusal has no traceback
        say("failed", reason=error.reason)
        return error.exit_code
    return 0


async def _serve(switchboard: Switchboard, say: Callable[..., None], hold: HoldRoom | None) -> None:
    if switchboard.aira.settings.aira_mind == "llm":
        switchboard.model = language_models(switchboard.aira.settings)
    await warm_up(switchboard.aira, switchboard.speech)
    hold = hold or _in_daily_rooms()
    say("warm")
    ear = await _standard_input()
    if line := await ear.readline():
        await _take(switchboard, Task(**json.loads(line)), ear, say, hold)
    if switchboard.model is not None:
        await switchboard.model.aclose()


def _in_daily_rooms() -> HoldRoom:
    from aira.voice.pipeline.room import run_room_call

    hold: HoldRoom = run_room_call
    return hold


async def _take(switchboard: Switchboard, task: Task, ear: asyncio.StreamReader, say: Callable[..., None], hold: HoldRoom) -> None:
    """Hold the call until it has ended or the input closes; the room is gone afterwards."""
    talking = asyncio.create_task(_talk(switchboard, task, say, hold))
    leaving = asyncio.create_task(ear.read())
    try:
        await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not talking.done():  # where the caller has hung up, the room says so too, and what was achieved is noted
            await asyncio.wait({talking}, timeout=_LAST_SECONDS)
        if talking.done():
            talking.result()
            say("ended")
    finally:
        for one in (talking, leaving):
            one.cancel()
        await asyncio.gather(talking, leaving, return_exceptions=True)
        await _delete_room(switchboard, task.room_url.rpartition("/")[2])


async def _talk(switchboard: Switchboard, task: Task, say: Callable[..., None], hold: HoldRoom) -> None:
    call = await aio.redeem_stream_token(switchboard.aira, task.call_token, call_sid=task.call_sid)
    await hold_call(switchboard, call, partial(hold, task.room_url, task.room_token, ready=partial(say, "ready")))


async def _delete_room(switchboard: Switchboard, name: str) -> None:
    rest = DailyRest(switchboard.aira.settings, switchboard.aira.clock)
    try:
        await rest.delete_room(name)
    except AiraError as error:
        logger.warning("A room was not deleted and ends by itself: %s", error.reason)
    finally:
        await rest.aclose()


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


if __name__ == "__main__":
    sys.exit(main())
