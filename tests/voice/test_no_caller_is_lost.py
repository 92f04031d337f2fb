"""Processes die, are told to stop, are full or are many: whoever is on the line goes on, with this bot, another, or a voicemail."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from aira.adapters.system_clock import SystemClock
from aira.core.app import Aira
from aira.core.calls import find_call, transcript
from aira.settings import child_environment
from aira.voice.signatures import webhook_secret
from salon import NUMBER, Salon
from wire_caller import WireCaller

pytestmark = pytest.mark.voice

HERE = Path(__file__).parents[1]
PATIENCE = 90
"""Seconds after which a server that should have done something counts as hung."""

Start = Callable[..., "Replica"]


@dataclass
class Replica:
    """A voice server in a process of its own, with ears and a voice that take no time."""

    url: str
    popen: "subprocess.Popen[bytes]"

    def state(self) -> str:
        """What /ready says; gone where nobody listens."""
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).text.strip()
        except httpx.HTTPError:
            return "gone"

    async def becomes(self, state: str) -> None:
        """Wait for a state."""
        deadline = time.monotonic() + PATIENCE
        while await asyncio.to_thread(self.state) != state:
            assert time.monotonic() < deadline, f"not {state}"
            await asyncio.sleep(0.05)


@pytest.fixture
def start(aira: Aira, salon: Salon, database_url: str) -> Iterator[Start]:
    """Starts servers on the test's database; settings by name."""
    with ExitStack() as servers:

        def start(**settings: object) -> Replica:
            replica = servers.enter_context(_replica(aira, database_url, settings))
            asyncio.run(replica.becomes("ready"))
            return replica

        yield start


@contextmanager
def _replica(aira: Aira, database_url: str, changes: dict[str, object]) -> Iterator[Replica]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    # A busy machine is no finding here: the loop may be late.
    ours = {"database_url": SecretStr(database_url), "voice_agent_service_url": url, "aira_max_lag_ms": 10_000, **changes}
    settings = aira.settings.model_copy(update=ours)
    settings.model_fields_set.update(ours)
    command = [sys.executable, str(HERE / "voice_process.py"), "alone", str(port)]
    with subprocess.Popen(command, env=child_environment(settings), stderr=subprocess.DEVNULL) as popen:
        yield Replica(url, popen)
        popen.kill()


@dataclass
class Talker:
    """A caller who says something again and again until told to stop, and then hangs up."""

    goes_on: asyncio.Event
    asked: int = 0

    async def says(self) -> str | None:
        """The next words."""
        if self.asked and self.goes_on.is_set():
            return None
        self.asked += 1
        return "My name is Sarah Johnson."


def caller(aira: Aira, replica: Replica, says: Callable[[], object], **more: str) -> WireCaller:
    """A caller who rings this server."""
    return WireCaller(replica.url, secret=webhook_secret(aira.settings), to_number=NUMBER, says=says, **more)


@asynccontextmanager
async def callers(aira: Aira, replica: Replica, count: int, goodbye: asyncio.Event) -> AsyncIterator[list[WireCaller]]:
    """So many callers on the line, all of whom have heard the bot; waits for the end of their calls."""
    ringing = [caller(aira, replica, Talker(goodbye).says, from_number=f"+1202555{index:04}") for index in range(100, 100 + count)]
    calls = [asyncio.create_task(one.place()) for one in ringing]
    for one in ringing:
        await asyncio.wait_for(one.on_line.wait(), PATIENCE)
    yield ringing
    await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)


async def hang_up() -> None:
    """What a caller says who has heard enough."""
    return


def test_eight_calls_outlive_the_order_to_stop(start: Start, aira: Aira) -> None:
    """After SIGTERM nobody is cut off, whoever rings now is asked for a message, and the server ends after the last call, not before."""
    replica = start()

    async def play() -> list[WireCaller]:
        goodbye = asyncio.Event()
        async with callers(aira, replica, 8, goodbye) as ringing:
            replica.popen.send_signal(signal.SIGTERM)
            await replica.becomes("draining")
            late = caller(aira, replica, hang_up)
            await late.place()
            assert late.verbs == ["Say", "Say", "Record", "Say", "Hangup"]
            assert replica.popen.poll() is None
            goodbye.set()
        return ringing

    for one in asyncio.run(play()):
        assert (one.verbs, one.recovered_ms) == (["Connect"], [])
    assert replica.popen.wait(PATIENCE) == 0


def test_the_ninth_caller_is_asked_for_a_message(start: Start, aira: Aira) -> None:
    """Rather than making eight others hard to understand."""
    replica = start()

    async def play() -> tuple[list[WireCaller], WireCaller]:
        goodbye = asyncio.Event()
        async with callers(aira, replica, 8, goodbye) as ringing:
            ninth = caller(aira, replica, hang_up)
            await ninth.place()
            assert replica.state() == "full"
            goodbye.set()
        return ringing, ninth

    ringing, ninth = asyncio.run(play())
    assert "Record" in ninth.verbs
    assert "Connect" not in ninth.verbs
    assert [one.verbs for one in ringing] == [["Connect"]] * 8


def test_any_server_takes_any_stream(start: Start, aira: Aira) -> None:
    """The webhook is answered by one server, the stream comes to the other: tokens and journal are in the database."""
    one = start()
    other = start(voice_agent_service_url=one.url)

    async def play() -> WireCaller:
        goodbye = asyncio.Event()
        goodbye.set()
        ringing = caller(aira, one, Talker(goodbye).says, stream_at=other.url)
        await asyncio.wait_for(ringing.place(), PATIENCE)
        return ringing

    ringing = asyncio.run(play())
    assert ringing.verbs == ["Connect"]
    call = find_call(aira, ringing.call_sid)
    assert call.status == "completed"
    assert [turn.role for turn in transcript(aira, call.id)][:2] == ["bot", "caller"]


def test_a_call_that_does_not_end_in_time_goes_on_elsewhere(start: Start, aira: Aira) -> None:
    """A server that is told to stop gives calls a while; then their lines are cut, and the next server picks up the thread."""
    leaving = start(aira_drain_timeout=1)
    staying = start(voice_agent_service_url=leaving.url)

    async def play() -> WireCaller:
        goodbye = asyncio.Event()
        ringing = caller(aira, leaving, Talker(goodbye).says)
        call = asyncio.create_task(ringing.place())
        await asyncio.wait_for(ringing.on_line.wait(), PATIENCE)
        ringing.asks_at = ringing.stream_at = staying.url
        leaving.popen.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(leaving.popen.wait, PATIENCE) == 0
        goodbye.set()
        await asyncio.wait_for(call, PATIENCE)
        return ringing

    ringing = asyncio.run(play())
    assert ringing.verbs == ["Connect", "Connect"]
    assert len(ringing.recovered_ms) == 1
    assert find_call(replace(aira, clock=SystemClock()), ringing.call_sid).connects == 2


def test_a_killed_process_loses_nobody(aira: Aira, database_url: str) -> None:
    """Six times at random moments: each caller gets on with a bot or leaves a message, and what they booked is booked once."""
    script = HERE.parent / "benchmarks" / "call_recovery.py"
    command = [sys.executable, str(script), "--kills", "6", "--database-url", database_url, "--json"]

    result = subprocess.run(command, capture_output=True, timeout=280, check=True)

    report = json.loads(result.stdout)
    assert report["kills"] == 6
    assert report["recoveries"] >= 6
    assert set(report["outcomes"]) <= {"booked", "voicemail", "not booked"}
