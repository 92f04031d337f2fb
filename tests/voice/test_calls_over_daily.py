"""A caller is put through to a room once a bot is in it, exactly once, and else finds voicemail; no room and no process is left."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar
from xml.etree.ElementTree import fromstring

import pytest
from pydantic import SecretStr

import daily_bot
from aira.errors import CredentialsRefused, OutcomeUnknown, VendorError
from aira.settings import Settings
from aira.voice import twiml
from aira.voice.daily.dialin import DialIn, DialIns
from aira.voice.daily.process import BotPool
from aira.voice.daily.rest import DailyRest
from daily_server import KEY, DailyServer, daily_server
from doubles import FrozenClock

SID = "CA00000000000000000000000000000001"
VOICEMAIL = twiml.voicemail("Sorry.", action_url="https://voice.test/voicemail")
PATIENT = 60.0

Answer = TypeVar("Answer")
Scene = Callable[[DialIns], Awaitable[None]]


@pytest.fixture
def daily() -> Iterator[DailyServer]:
    """Daily on this machine."""
    with daily_server() as server:
        yield server


class Twilio:
    """Takes the documents of running calls."""

    def __init__(self, *, lost: bool = False) -> None:
        self.documents: list[tuple[str, str]] = []
        self.lost = lost

    async def update(self, call_sid: str, document: str) -> None:
        self.documents.append((call_sid, document))
        if self.lost:
            raise OutcomeUnknown("The answer was lost.")


def rest_of(daily: DailyServer, *, key: str = KEY) -> DailyRest:
    """A client that waits for nothing before it repeats."""
    settings = Settings(daily_api_key=SecretStr(key), daily_api_url=daily.url)
    return DailyRest(settings, FrozenClock(), pause=lambda seconds: asyncio.sleep(0))


def ask(daily: DailyServer, question: Callable[[DailyRest], Awaitable[Answer]], *, key: str = KEY) -> Answer:
    """What a client gets from Daily."""

    async def run() -> Answer:
        rest = rest_of(daily, key=key)
        try:
            return await question(rest)
        finally:
            await rest.aclose()

    return asyncio.run(run())


def call() -> DialIn:
    """Somebody has rung."""
    return DialIn(SID, "token", VOICEMAIL, lambda uri: twiml.dial_room(uri, after_url="https://voice.test/after"))


def play(daily: DailyServer, twilio: Twilio, behaviour: str, scene: Scene, *, deadline: float = PATIENT) -> None:
    """Run a scene with a pool of one bot that behaves so."""

    async def run() -> None:
        pool = BotPool([sys.executable, str(Path(daily_bot.__file__)), behaviour])
        rest = rest_of(daily)
        dial_ins = DialIns(rest, pool, twilio.update, owner="here", deadline=deadline)
        pool.start()
        try:
            await scene(dial_ins)
        finally:
            await dial_ins.close()
            await pool.close()
            await rest.aclose()

    asyncio.run(run())


async def whole_call(dial_ins: DialIns) -> None:
    """From the ring until nothing is left."""
    dial_ins.begin(call())
    await dial_ins.settled(SID)


class TestCaller:
    def test_is_put_through_once_the_bot_is_in_the_room(self, daily: DailyServer) -> None:
        """The carrier is told once, and the room is private, for one caller, and gone afterwards."""
        twilio = Twilio()
        play(daily, twilio, "brief", whole_call)

        ((sid, document),) = twilio.documents
        (token,) = daily.tokens
        assert sid == SID
        assert f"<Sip>sip:{token['room_name']}@sip.daily.test</Sip>" in document
        assert 'action="https://voice.test/after"' in document
        assert token["room_name"].startswith("aira-here-")
        assert not daily.rooms

    def test_is_put_through_once_however_often_the_webhook_comes(self, daily: DailyServer) -> None:
        """A repeat while the room is made makes no other."""
        twilio = Twilio()

        async def twice(dial_ins: DialIns) -> None:
            assert dial_ins.begin(call())
            assert not dial_ins.begin(call())
            await dial_ins.settled(SID)

        play(daily, twilio, "brief", twice)

        assert len(twilio.documents) == 1
        assert daily.requests.count(("POST", "/rooms")) == 1

    @pytest.mark.parametrize("behaviour", ["dies", "refuses"])
    def test_finds_voicemail_where_the_bot_fails(self, daily: DailyServer, behaviour: str) -> None:
        """And the room is deleted."""
        twilio = Twilio()
        play(daily, twilio, behaviour, whole_call)

        assert twilio.documents == [(SID, VOICEMAIL)]
        assert len(daily.tokens) == 1
        assert not daily.rooms

    @pytest.mark.parametrize("behaviour", ["dumb", "cold"])
    def test_finds_voicemail_where_no_bot_is_ready_in_time(self, daily: DailyServer, behaviour: str) -> None:
        """By the deadline, whatever the bot waits for."""
        twilio = Twilio()
        play(daily, twilio, behaviour, whole_call, deadline=1.0)

        assert twilio.documents == [(SID, VOICEMAIL)]
        assert not daily.rooms

    @pytest.mark.parametrize("statuses", [(401,), (500,), (429, 429, 429, 429)])
    def test_finds_voicemail_where_daily_makes_no_room(self, daily: DailyServer, statuses: tuple[int, ...]) -> None:
        """Whatever its reason."""
        twilio = Twilio()
        daily.fail("POST", "/rooms", *statuses)
        play(daily, twilio, "brief", whole_call)

        assert twilio.documents == [(SID, VOICEMAIL)]

    def test_finds_voicemail_where_daily_hangs(self, daily: DailyServer) -> None:
        """A room that is made after the deadline is deleted too, as its name was known."""
        twilio = Twilio()
        daily.hanging.clear()

        async def late(dial_ins: DialIns) -> None:
            dial_ins.begin(call())
            while not twilio.documents:
                await asyncio.sleep(0.01)
            daily.hanging.set()
            await dial_ins.settled(SID)

        play(daily, twilio, "brief", late, deadline=0.5)

        assert twilio.documents == [(SID, VOICEMAIL)]
        assert any(method == "DELETE" for method, _ in daily.requests)

    def test_is_told_of_once_where_the_carriers_answer_is_lost(self, daily: DailyServer) -> None:
        """The update may have been carried out; the hold document ends in voicemail where it was not."""
        twilio = Twilio(lost=True)
        play(daily, twilio, "talks", whole_call)

        assert len(twilio.documents) == 1
        assert not daily.rooms

    def test_who_hangs_up_leaves_no_room(self, daily: DailyServer) -> None:
        """The bot leaves with them."""
        twilio = Twilio()

        async def hang_up(dial_ins: DialIns) -> None:
            dial_ins.begin(call())
            while not twilio.documents:
                await asyncio.sleep(0.01)
            assert daily.rooms
            dial_ins.hung_up(SID)
            await dial_ins.settled(SID)

        play(daily, twilio, "talks", hang_up)

        assert len(twilio.documents) == 1
        assert not daily.rooms


class TestRooms:
    def test_are_made_after_too_many_requests(self, daily: DailyServer) -> None:
        """429 means that nothing was done."""
        daily.fail("POST", "/rooms", 429, 429)
        room = ask(daily, lambda rest: rest.create_room("aira-here-1", seconds=60))

        config = daily.rooms["aira-here-1"]["config"]
        assert room.sip_uri == "sip:aira-here-1@sip.daily.test"
        assert daily.rooms["aira-here-1"]["privacy"] == "private"
        assert config["exp"] == int(FrozenClock().now().timestamp()) + 60
        assert config["sip"]["sip_mode"] == "dial-in"

    def test_are_deleted_after_a_passing_failure(self, daily: DailyServer) -> None:
        """Deleting twice does no harm; one that is gone is no error."""

        async def run(rest: DailyRest) -> None:
            await rest.create_room("aira-here-1", seconds=60)
            daily.fail("DELETE", "/rooms", 500, 503)
            await rest.delete_room("aira-here-1")
            await rest.delete_room("aira-here-1")

        ask(daily, run)
        assert not daily.rooms

    def test_are_not_made_twice_after_a_failure(self, daily: DailyServer) -> None:
        """A 500 may have made it."""
        daily.fail("POST", "/rooms", 500)
        with pytest.raises(VendorError):
            ask(daily, lambda rest: rest.create_room("aira-here-1", seconds=60))
        assert daily.requests == [("POST", "/rooms")]

    def test_need_the_right_key(self, daily: DailyServer) -> None:
        """Said as what it is."""
        with pytest.raises(CredentialsRefused):
            ask(daily, lambda rest: rest.create_room("aira-here-1", seconds=60), key="another")

    def test_that_a_crash_left_are_swept_by_their_owner(self, daily: DailyServer) -> None:
        """Page after page, and nobody else's."""
        ours = [f"aira-here-{number}" for number in range(150)]
        daily.rooms = {name: {"id": f"id-{name}", "name": name} for name in [*ours, "aira-there-1", "party"]}
        swept: list[int] = []

        async def sweep(dial_ins: DialIns) -> None:
            swept.append(await dial_ins.sweep())

        play(daily, Twilio(), "talks", sweep)

        assert swept == [150]
        assert set(daily.rooms) == {"aira-there-1", "party"}


def test_a_waiting_bot_that_dies_is_replaced() -> None:
    """Whoever takes one gets a living one."""

    async def run() -> None:
        pool = BotPool([sys.executable, str(Path(daily_bot.__file__)), "faints"])
        pool.start()
        while not Path("second").exists():
            await asyncio.sleep(0.01)
        bot = await pool.take()
        assert bot.alive
        await bot.close()
        assert not bot.alive
        await pool.close()

    asyncio.run(run())


def test_a_bot_that_is_taken_is_replaced() -> None:
    """The next call finds one of its own."""

    async def run() -> None:
        pool = BotPool([sys.executable, str(Path(daily_bot.__file__)), "talks"])
        pool.start()
        first, second = await pool.take(), await pool.take()
        assert first.pid != second.pid
        await asyncio.gather(first.close(), second.close())
        await pool.close()

    asyncio.run(run())


def test_the_document_that_holds_a_caller_ends_in_voicemail() -> None:
    """Nobody waits for ever, even where their call is never put through."""
    held = fromstring(twiml.hold("Sorry.", action_url="https://voice.test/voicemail", seconds=7))

    pauses = [int(verb.get("length", "0")) for verb in held.iter("Pause")]
    assert sum(pauses) >= 7
    assert [verb.tag for verb in held][-5:] == ["Pause", "Say", "Record", "Say", "Hangup"]
