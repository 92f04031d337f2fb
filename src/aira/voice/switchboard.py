"""What one voice server holds: the handle, the carrier's secret, the calls that are on, and whether another may come."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from aira.core.app import Aira
from aira.voice.later import Later
from aira.voice.signatures import webhook_secret

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)


class Meters:
    """The figures that /metrics shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("aira_calls", "Calls by how their webhook was answered.", ["route"], registry=self.registry)
        self.active = Gauge("aira_active_calls", "Calls that a bot is talking in.", registry=self.registry)
        self.ready = Gauge("aira_ready", "1 where another call would be taken.", registry=self.registry)
        self.webhooks = Histogram(
            "aira_webhook_seconds",
            "Time to answer a webhook.",
            ["path"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5),
        )
        self.delay = Histogram(
            "aira_voice_to_voice_seconds",
            "From the end of the caller's speech to the bot's first sound.",
            registry=self.registry,
            buckets=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0),
        )
        self.failures = Counter("aira_failures", "Failures by where they happened.", ["where"], registry=self.registry)


@dataclass
class Switchboard:
    """Keeps count of the running calls."""

    aira: Aira
    secret: str = ""
    warm: bool = False
    draining: bool = False
    active: int = 0
    meters: Meters = field(default_factory=Meters)
    model: "httpx.AsyncClient | None" = None
    """Connection to the language model, None where the built-in mind answers."""
    later: Later = field(init=False)
    """Webhooks that wait for the database to come back."""
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.secret = self.secret or webhook_secret(self.aira.settings)
        self.later = Later(self.aira.settings.aira_home / "later")
        self._idle.set()

    @property
    def accepts(self) -> bool:
        """Whether another call would be taken."""
        return self.warm and not self.draining and self.active < self.aira.settings.aira_max_calls

    @property
    def state(self) -> str:
        """starting, draining, full or ready."""
        if not self.warm:
            return "starting"
        if self.draining:
            return "draining"
        return "ready" if self.accepts else "full"

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A call that is on for as long as the block runs."""
        self.active += 1
        self.meters.active.set(self.active)
        self._idle.clear()
        try:
            yield
        finally:
            self.active -= 1
            self.meters.active.set(self.active)
            if not self.active:
                self._idle.set()

    async def drained(self) -> None:
        """Take no more calls, and return when the running ones have ended."""
        self.draining = True
        await self._idle.wait()
