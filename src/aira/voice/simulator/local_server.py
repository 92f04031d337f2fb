"""A voice server of one's own for as long as a call lasts, in a process of its own so that audio keeps its pace."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import httpx

from aira.errors import SetupError
from aira.settings import Settings, child_environment

READY_SECONDS = 60.0
"""How long a server may take to warm up."""


@contextmanager
def local_voice_server(settings: Settings, *, port: int | None = None) -> Iterator[str]:
    """Run `aira serve-voice` on this machine, by default at the port of VOICE_AGENT_SERVICE_URL; yields its URL once it is ready.

    Raises SetupError where it does not start.
    """
    host, own_port = "127.0.0.1", port or httpx.URL(settings.voice_agent_service_url).port or 8765
    url = f"http://{host}:{own_port}"
    command = [sys.executable, "-m", "aira", "serve-voice", "--host", host, "--port", str(own_port), "--public-url", url, "--no-worker"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=child_environment(settings), stdout=subprocess.DEVNULL, stderr=said) as server,  # noqa: S603
    ):
        try:
            _wait_until_ready(server, url, said)
            yield url
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def is_ready(url: str) -> bool:
    """Whether a voice server answers there and takes calls."""
    try:
        return httpx.get(f"{url}/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _wait_until_ready(server: "subprocess.Popen[bytes]", url: str, said: IO[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise SetupError(f"The voice server did not start: {lines[0] if lines else 'it said nothing'}")
        if is_ready(url):
            return
        time.sleep(0.1)
    raise SetupError("The voice server is not ready after a minute.", hint="Run `aira serve-voice` to see why.")
