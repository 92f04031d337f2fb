"""A server that is told to stop takes no new calls, lets those that are on come to their end, and stops then."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect

from aira.adapters.system_clock import SystemClock
from aira.core.app import Aira
from aira.core.calls import issue_stream_token, open_call
from aira.settings import child_environment
from salon import CALLER, NUMBER, Salon
from voice_scene import SID

pytestmark = pytest.mark.voice


@dataclass
class Process:
    """A voice server as an operator starts it."""

    url: str
    popen: "subprocess.Popen[bytes]"

    def state(self) -> str:
        """What /ready says; gone where nobody listens."""
        try:
            return httpx.get(f"{self.url}/ready", timeout=5).text.strip()
        except httpx.HTTPError:
            return "gone"

    def becomes(self, state: str) -> bool:
        """Wait for a state, for at most a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.popen.poll() is None:
            if self.state() == state:
                return True
            time.sleep(0.05)
        return False


@pytest.fixture
def process(aira: Aira, salon: Salon, database_url: str) -> Iterator[Process]:
    """`aira serve-voice`, ready for calls."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = aira.settings.model_copy(update={"database_url": SecretStr(database_url)})
    settings.model_fields_set.add("database_url")
    command = [sys.executable, "-m", "aira", "serve-voice", "--port", str(port), "--no-worker"]
    with subprocess.Popen(command, env=child_environment(settings), stderr=subprocess.DEVNULL) as popen:
        process = Process(f"http://127.0.0.1:{port}", popen)
        assert process.becomes("ready")
        yield process
        popen.kill()


def test_a_call_that_is_on_goes_on(process: Process, aira: Aira) -> None:
    """After SIGTERM the caller is still asked things; after the caller has hung up the server is gone, with exit code 0."""
    now = replace(aira, clock=SystemClock())
    token = issue_stream_token(now, open_call(now, SID, from_number=CALLER, to_number=NUMBER).id)

    async def call() -> None:
        async with connect(f"{process.url.replace('http', 'ws')}/voice/stream") as stream:
            start = {"streamSid": "MZ1", "callSid": SID, "customParameters": {"token": token}}
            await stream.send(json.dumps({"event": "start", "start": start}))
            await sound(stream)
            process.popen.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.becomes, "draining")
            await sound(stream)

    asyncio.run(call())

    assert process.popen.wait(60) == 0


async def sound(stream: ClientConnection) -> None:
    """Wait for audio of the bot's."""
    while json.loads(await asyncio.wait_for(stream.recv(), 60))["event"] != "media":
        pass
