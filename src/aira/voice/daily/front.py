"""The voice server's side of calls over Daily rooms: what the webhooks ask of it, the bots it keeps warm, the rooms it clears up."""

import asyncio
import hashlib
import importlib.util
import logging
import socket
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from aira.adapters.twilio_calls import TwilioCalls
from aira.core import aio
from aira.core.aio import in_thread
from aira.errors import AiraError, MissingExtra
from aira.model import Call
from aira.settings import child_environment
from aira.voice import carrier_phrases as phrases, twiml
from aira.voice.daily.dialin import DialIn, DialIns
from aira.voice.daily.process import BotPool
from aira.voice.daily.rest import DailyRest
from aira.voice.paths import AFTER, VOICEMAIL
from aira.voice.signatures import public_url

if TYPE_CHECKING:
    from aira.voice.switchboard import Switchboard

DEADLINE_SECONDS: Final = 15.0
"""How long room and bot may take together before the caller is asked for a message."""
IN_ROOM: Final = "room"
"""Parameter of `AFTER` where a leg to a room has ended, and not one to a person."""

_BOT: Final = (sys.executable, "-m", "aira.voice.daily.bot")
_HOLD_MARGIN_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Rooms:
    """Takes calls into rooms; `bot` is the command of a bot's process."""

    def __init__(self, switchboard: "Switchboard", *, bot: Sequence[str] | None = None, deadline: float = DEADLINE_SECONDS) -> None:
        if bot is None and importlib.util.find_spec("daily") is None:
            raise MissingExtra("daily", purpose="Calls over Daily rooms")
        self._switchboard = switchboard
        self._deadline = deadline
        settings = switchboard.aira.settings
        self._rest = DailyRest(settings, switchboard.aira.clock)
        self._pool = BotPool(bot or _BOT, warm=settings.aira_daily_warm, environment=child_environment(settings))
        self._carrier = TwilioCalls(settings)
        update = in_thread(self._carrier.update)
        self._dial_ins = DialIns(self._rest, self._pool, update, owner=_owner(switchboard), deadline=deadline)
        self._counts: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start bots, wait for the first to be warm, and delete the rooms that a crash has left.

        Raises CredentialsRefused, and SetupError where Twilio's keys are not set.
        """
        await asyncio.to_thread(self._carrier.check)
        self._pool.start()
        try:
            swept = await self._dial_ins.sweep()
        except AiraError as error:
            if not error.retryable:
                raise
            logger.warning("Daily could not be asked for old rooms: %s", error.reason)
        else:
            if swept:
                logger.warning("%d rooms of an earlier life were deleted.", swept)
        await self._pool.warmed()

    async def take(self, call: Call) -> str:
        """The TwiML that holds the caller while room and bot are made; the rest happens in the background."""
        settings = self._switchboard.aira.settings
        voicemail = twiml.voicemail(phrases.TROUBLE, phrases.LEAVE_MESSAGE, action_url=public_url(settings, VOICEMAIL))
        after = public_url(settings, AFTER, f"{IN_ROOM}=1")
        token = await aio.issue_stream_token(self._switchboard.aira, call.id)
        begun = self._dial_ins.begin(DialIn(call.call_sid, token, voicemail, lambda uri: twiml.dial_room(uri, after_url=after)))
        if begun:
            counting = asyncio.create_task(self._count(call.call_sid))
            self._counts.add(counting)
            counting.add_done_callback(self._counts.discard)
        seconds = self._deadline + _HOLD_MARGIN_SECONDS
        return twiml.hold(phrases.TROUBLE, phrases.LEAVE_MESSAGE, action_url=public_url(settings, VOICEMAIL), seconds=seconds)

    def hung_up(self, call_sid: str) -> None:
        """The caller is gone."""
        self._dial_ins.hung_up(call_sid)

    async def close(self) -> None:
        """End what is on, and the bots that wait."""
        await self._dial_ins.close()
        await self._pool.close()
        await self._rest.aclose()

    async def _count(self, call_sid: str) -> None:
        async def cut() -> None:
            self._dial_ins.hung_up(call_sid)
            await self._dial_ins.settled(call_sid)

        with self._switchboard.busy(cut):
            await self._dial_ins.settled(call_sid)


def _owner(switchboard: "Switchboard") -> str:
    """The same for this server's next life, and nobody else's: made of address, machine and place among its processes."""
    place = switchboard.board.place if switchboard.board is not None else 0
    name = f"{switchboard.aira.settings.voice_agent_service_url} {socket.gethostname()} {place}"
    return hashlib.sha256(name.encode()).hexdigest()[:12]
