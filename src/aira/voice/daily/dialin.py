"""A call from its webhook to its room: held by the carrier's own voice while room and bot are made, then put through, exactly once.

The caller is never without an answer: the document that holds them ends in voicemail by itself, whatever becomes of the rest.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from aira.errors import AiraError
from aira.voice.daily.process import BotPool, BotProcess
from aira.voice.daily.rest import DailyRest

ROOM_SECONDS: Final = 2 * 3600.0
"""How long a call may last at most; then Daily itself ends the room."""
PREFIX: Final = "aira-"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DialIn:
    """A call that is to be put through to a bot in a room."""

    call_sid: str
    token: str
    """Opens the call to the bot, once."""
    voicemail: str
    """The TwiML for a caller whom no bot can take."""
    dial: Callable[[str], str]
    """The TwiML that puts the caller through to a SIP address."""


class DialIns:
    """The calls of one server that are on their way to a room or in one.

    `update(call_sid, twiml)` gives the carrier a new document for a running call. `owner` names this server in the names of its rooms,
    so that those which a crash has left behind are found again. A bot has `deadline` seconds to be ready.
    """

    def __init__(
        self, rest: DailyRest, pool: BotPool, update: Callable[[str, str], Awaitable[None]], *, owner: str, deadline: float
    ) -> None:
        self._rest = rest
        self._pool = pool
        self._update = update
        self._prefix = f"{PREFIX}{owner}-"
        self._deadline = deadline
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._over: set[str] = set()
        """Calls whose bot is done while its room is still being cleared up."""

    def begin(self, call: DialIn) -> bool:
        """Put the call through in the background; False where that is under way already."""
        if call.call_sid in self._calls and call.call_sid not in self._over:
            return False
        self._over.discard(call.call_sid)
        task = self._calls[call.call_sid] = asyncio.create_task(self._hold(call))
        task.add_done_callback(partial(self._done, call.call_sid))
        return True

    def hung_up(self, call_sid: str) -> None:
        """The carrier says that the call is over: its room and its bot are not needed any more."""
        if (task := self._calls.get(call_sid)) is not None:
            task.cancel()

    async def sweep(self) -> int:
        """Delete the rooms that an earlier life of this server has left behind; returns how many."""
        names = await self._rest.room_names(self._prefix)
        for name in names:
            await self._rest.delete_room(name)
        return len(names)

    async def settled(self, call_sid: str) -> None:
        """Wait until nothing of the call is left."""
        if (task := self._calls.get(call_sid)) is not None:
            await asyncio.wait({task})

    async def close(self) -> None:
        """End every call that is on, and delete its room."""
        tasks = list(self._calls.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hold(self, call: DialIn) -> None:
        # The name is ours and known beforehand: a room whose making was not answered can be deleted too.
        name = f"{self._prefix}{secrets.token_hex(8)}"
        async with AsyncExitStack() as rest:
            rest.push_async_callback(self._delete, name)
            try:
                async with asyncio.timeout(self._deadline):
                    sip_uri, bot = await self._prepare(call, name, rest)
            except (TimeoutError, AiraError) as error:
                logger.warning("No bot got ready for a call: %s", type(error).__name__)
                await self._tell_carrier(call, call.voicemail)
                return
            if await self._tell_carrier(call, call.dial(sip_uri)):
                await _until_over(bot)
                self._over.add(call.call_sid)

    async def _prepare(self, call: DialIn, name: str, stack: AsyncExitStack) -> tuple[str, BotProcess]:
        room = await self._rest.create_room(name, seconds=ROOM_SECONDS)
        token = await self._rest.meeting_token(name, seconds=ROOM_SECONDS)
        bot = await self._pool.take()
        stack.push_async_callback(bot.close)
        await bot.tell({"room_url": room.url, "room_token": token, "call_sid": call.call_sid, "call_token": call.token})
        await bot.until("ready")
        return room.sip_uri, bot

    async def _tell_carrier(self, call: DialIn, document: str) -> bool:
        """Never twice: an answer that was lost may have been carried out, and what holds the caller ends in voicemail anyway."""
        try:
            await self._update(call.call_sid, document)
        except AiraError as error:
            logger.warning("The carrier did not take a new document for a call: %s", type(error).__name__)
            return False
        return True

    async def _delete(self, name: str) -> None:
        try:
            await self._rest.delete_room(name)
        except AiraError as error:
            logger.warning("A room was not deleted and ends by itself: %s", type(error).__name__)

    def _done(self, call_sid: str, task: asyncio.Task[None]) -> None:
        if self._calls.get(call_sid) is task:  # and not the next bot of the same call
            del self._calls[call_sid]
            self._over.discard(call_sid)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A call broke off on its way to a bot: %s", type(error).__name__)


async def _until_over(bot: BotProcess) -> None:
    try:
        await bot.until("ended")
    except AiraError:
        logger.warning("A bot was lost during a call.")  # the room's end ends the carrier's leg, which then asks how to go on
