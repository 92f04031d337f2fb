"""Bots in processes of their own, started before they are needed, one for each call.

The contract is lines of JSON. A process says `{"event": "warm"}` once it has loaded everything; it is then told on its standard
input, in one line, which room to join and which call that is; and it says `ready` when the room can be dialled into, `ended` when the
conversation is over, or `failed` with a `reason`. A process that stops without a word has failed. Its input closing means: leave.
"""

import asyncio
import json
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aira.errors import VendorError

LEAVE_SECONDS = 5.0
"""How long a bot that is told to leave may take."""
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_EVENTS = {"warm", "ready", "ended", "failed"}

logger = logging.getLogger(__name__)


class BotProcess:
    """One process, for one call."""

    def __init__(self, process: Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("a bot's process is talked to by pipes")
        self._process = process
        self._ear = process.stdin
        self._mouth = process.stdout
        self.taken = asyncio.Event()
        """It belongs to a call."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its number at the operating system."""
        return self._process.pid

    async def tell(self, task: Mapping[str, str]) -> None:
        """Say which room and call it is for. Raises VendorError where nobody listens."""
        try:
            self._ear.write(json.dumps(dict(task)).encode() + b"\n")
            await self._ear.drain()
        except OSError:
            raise VendorError("The bot's process is gone.", code="bot_lost") from None

    async def until(self, event: str) -> None:
        """Wait for the event. Raises VendorError where the bot fails or ends instead."""
        while (said := await self._event()) != event:
            if said in {"failed", "ended"}:
                raise VendorError(f"The bot has {said} before it was {event}.", code="bot_failed")

    async def close(self) -> None:
        """Have it leave; a process that does not is killed."""
        self._ear.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), LEAVE_SECONDS)
        if self.alive:
            self.kill()
            await self._process.wait()

    async def gone(self) -> None:
        """Wait until it has stopped."""
        await self._process.wait()

    def kill(self) -> None:
        """Stop it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _event(self) -> str:
        while True:
            try:
                line = await self._mouth.readline()
            except ValueError:  # a line longer than any of ours
                continue
            if not line:
                return "failed"
            with suppress(ValueError, LookupError, TypeError):
                said = json.loads(line)["event"]
                if said in _EVENTS:
                    return str(said)


class BotPool:
    """Keeps `warm` processes of `command` waiting; one that is taken or dies is replaced. `environment` is theirs, None for ours."""

    def __init__(self, command: Sequence[str], *, warm: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self._command = tuple(command)
        self._environment = environment
        self._warm = warm
        self._got_warm = asyncio.Event()
        self._idle: asyncio.Queue[BotProcess] = asyncio.Queue()
        self._keepers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to keep processes."""
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._warm)]

    async def warmed(self) -> None:
        """Wait until a first process has got warm."""
        await self._got_warm.wait()

    async def take(self) -> BotProcess:
        """A warm process, as soon as there is one; it is the caller's to close."""
        while True:
            bot = await self._idle.get()
            if bot.alive:
                bot.taken.set()
                return bot

    async def close(self) -> None:
        """Stop the processes that wait."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._hold_one()
                pause = _FIRST_PAUSE_SECONDS
            except (OSError, VendorError) as error:
                logger.warning("A bot's process did not get warm (%s); the next is started in %.1f s.", type(error).__name__, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _hold_one(self) -> None:
        """Start a process and return when it has been taken or has died."""
        bot = BotProcess(await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE, env=self._environment))
        try:
            await bot.until("warm")
            self._idle.put_nowait(bot)
            self._got_warm.set()
            ends = [asyncio.ensure_future(bot.taken.wait()), asyncio.ensure_future(bot.gone())]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
        finally:
            if not bot.taken.is_set():
                bot.kill()
                await bot.gone()
