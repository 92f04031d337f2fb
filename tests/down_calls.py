"""Calls to the real `aira serve-voice`, in a process of its own, over the simulated carrier's webhooks, while every vendor is down.

`Case.engines` is whether the server's machine has speech engines of its own, `Case.known` whether the vendors worked in an earlier call.
"""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from aira.core.app import Aira
from aira.settings import Settings, child_environment
from aira.voice.signatures import webhook_secret
from aira.voice.simulator import CallRecord, PhoneCall
from aira.voice.simulator.report import caller_turns, our_exchange
from aira.voice.vendors.clips import APOLOGY, Clips
from salon import CALLER, NUMBER
from vendor_servers import Vendors, vendor_server

QUESTION = "How much is a colour treatment?"
GOODBYE = "That's all, thank you. Goodbye."
PATIENCE = 90
"""Seconds after which a server that should have done something counts as hung."""

_ENGINELESS = Path(__file__).with_name("engineless.py")
_HASTE = 20
"""How many times faster than in life the carrier's own voice speaks and its telephones ring."""
_LISTENS = 6.0


@dataclass(frozen=True, slots=True)
class Case:
    """One call while every vendor fails by `fault`."""

    fault: str
    engines: bool = False
    known: bool = True


def rung_while_down(aira: Aira, case: Case, *, says: tuple[str, ...] = (QUESTION, GOODBYE)) -> CallRecord:
    """The call as the caller has it. The handle's database and folder are the server's."""
    with ExitStack() as servers:
        vendors = servers.enter_context(_vendors())
        url = servers.enter_context(_serving(aira, vendors.url, engines=case.engines))
        if case.known:
            _rung(aira, url, hangs_up_after=_LISTENS)
            _wait_until(lambda: case.engines or Clips(aira.settings.aira_home / "clips").find(APOLOGY) is not None)
        vendors.fail(case.fault)
        return _rung(aira, url, says=says)


class _Switch:
    """A server of all vendors that works until it is told how to fail."""

    def __init__(self, vendors: Vendors, running: ExitStack) -> None:
        self.url = vendors.url
        self._vendors = vendors
        self._running = running

    def fail(self, fault: str) -> None:
        """Fail from now on."""
        self._vendors.fault = fault
        if fault == "refuse":
            self._running.close()


@contextmanager
def _vendors() -> Iterator[_Switch]:
    with ExitStack() as running:
        yield _Switch(running.enter_context(vendor_server()), running)


@contextmanager
def _serving(aira: Aira, vendors: str, *, engines: bool) -> Iterator[str]:
    """`aira serve-voice`, ready for calls, with vendors at that address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, *(["-m", "aira"] if engines else [str(_ENGINELESS)])]
    arguments = ["serve-voice", "--port", str(port), "--no-worker"]
    with subprocess.Popen([*command, *arguments], env=child_environment(_settings(aira, url, vendors)), stderr=subprocess.DEVNULL) as popen:
        try:
            _wait_until(lambda: _state(url) == "ready")
            yield url
        finally:
            popen.terminate()


def _settings(aira: Aira, url: str, vendors: str) -> Settings:
    names = ("openai", "google", "deepgram", "cartesia", "elevenlabs")
    chosen = {
        "database_url": SecretStr(aira.database.url),
        "voice_agent_service_url": url,
        "aira_max_lag_ms": 10_000,  # a busy machine is no finding here
        "aira_mind": "llm",
        "aira_llm": "google",
        "aira_llm_fallback": "openai",
        "aira_stt": "deepgram",
        "aira_stt_fallback": "openai",
        "aira_tts": "cartesia",
        "aira_voice": "a-voice",
        "aira_tts_fallback": "elevenlabs",
        "aira_voice_fallback": "b-voice",
        **{f"{name}_api_key": SecretStr("k") for name in names},
        **{f"{name}_base_url": vendors for name in names},
    }
    settings = aira.settings.model_copy(update=chosen)
    settings.model_fields_set.update(chosen)
    return settings


def _rung(aira: Aira, url: str, *, says: tuple[str, ...] = (), hangs_up_after: float | None = None) -> CallRecord:
    with our_exchange(aira) as exchange:
        call = PhoneCall(
            url,
            secret=webhook_secret(aira.settings),
            to_number=NUMBER,
            from_number=CALLER,
            utterances=caller_turns(says),
            exchange=exchange,
            hangs_up_after=hangs_up_after,
            haste=_HASTE,
        )
        return asyncio.run(call.place())


def _state(url: str) -> str:
    try:
        return httpx.get(f"{url}/ready", timeout=5).text.strip()
    except httpx.HTTPError:
        return "gone"


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
