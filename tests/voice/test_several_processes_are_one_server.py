"""Several processes at one port look like one server: they answer for each other, and one that dies is replaced."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from aira.core.app import Aira
from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.processes import Processes, listen
from aira.voice.signatures import webhook_secret
from salon import NUMBER, Salon
from wire_caller import WireCaller

pytestmark = pytest.mark.voice

PATIENCE = 90
NO_TIME = (sys.executable, str(Path(__file__).parents[1] / "voice_process.py"))


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[Processes, str]]:
    """Two processes that are ready, and where."""
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        changes = {"voice_agent_service_url": url, "aira_processes": 2, "aira_max_lag_ms": 10_000}
        settings = settings.model_copy(update=changes)
        settings.model_fields_set.update(changes)
        processes = Processes(settings, listening, command=NO_TIME)
        thread = threading.Thread(target=processes.run)
        thread.start()
        try:
            eventually(lambda: processes.ready() == 2)
            yield processes, url
        finally:
            processes.drain()
            processes.drain()
            thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def two(aira: Aira, salon: Salon, database_url: str) -> Iterator[tuple[Processes, str]]:
    """Two processes on the test's database."""
    settings = aira.settings.model_copy(update={"database_url": SecretStr(database_url)})
    settings.model_fields_set.add("database_url")
    with serving(settings) as server:
        yield server


def test_figures_are_those_of_all_processes(two: tuple[Processes, str], aira: Aira) -> None:
    """Whichever process is asked, it counts the calls of the other as well."""
    processes, url = two

    async def play() -> set[str]:
        over = asyncio.Event()

        async def says() -> str | None:
            await over.wait()
            return None

        caller = WireCaller(url, secret=webhook_secret(aira.settings), to_number=NUMBER, says=says)
        call = asyncio.create_task(caller.place())
        await asyncio.wait_for(caller.on_line.wait(), PATIENCE)
        seen = {line for _ in range(12) for line in await asyncio.to_thread(active_calls, url)}
        over.set()
        await asyncio.wait_for(call, PATIENCE)
        return seen

    assert asyncio.run(play()) == {"aira_active_calls 1.0"}
    eventually(lambda: not processes.holding())


def active_calls(url: str) -> list[str]:
    """The line of the running calls, asked over a new connection."""
    return [line for line in httpx.get(f"{url}/metrics").text.splitlines() if line.startswith("aira_active_calls ")]


def test_one_that_dies_is_replaced_while_the_other_answers(two: tuple[Processes, str]) -> None:
    """Nobody who asks in between is refused."""
    processes, url = two
    before = processes.pids

    os.kill(before[0], signal.SIGKILL)
    answers = [httpx.get(f"{url}/ready", timeout=PATIENCE).text for _ in range(20)]
    eventually(lambda: processes.ready() == 2)

    assert set(answers) == {"ready\n"}
    assert processes.pids[1] == before[1]
    assert processes.pids[0] != before[0]


def test_processes_that_never_get_ready_are_given_up(tmp_path: Path) -> None:
    """Rather than started again for ever."""
    with listen("127.0.0.1", 0) as listening:
        processes = Processes(
            Settings(aira_home=tmp_path, aira_processes=1), listening, command=(sys.executable, "-c", "raise SystemExit(3)")
        )
        with pytest.raises(SetupError, match="do not start"):
            processes.run()


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """Before anything is started."""
    with listen("127.0.0.1", 0) as listening, pytest.raises(SetupError, match="cannot be listened on"):
        listen("127.0.0.1", listening.getsockname()[1])
