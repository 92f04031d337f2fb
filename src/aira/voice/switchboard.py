"""What one process of a voice server holds: the handle, the carrier's secret, the calls that are on, and whether another may come."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from aira.core.app import Aira
from aira.voice.board import Board
from aira.voice.doorstep import Doorstep
from aira.voice.lag import Lag
from aira.voice.later import Later
from aira.voice.signatures import webhook_secret
from aira.voice.vendors.circuit import STATES, shared_circuits

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

    from aira.voice.daily.front import Rooms
    from aira.voice.vendors.models import Models

logger = logging.getLogger(__name__)

LAST_WEBHOOK_SECONDS = 0.5
"""How long a server that has no calls left waits for what the carrier asks when a stream is over, and for streams under way."""


class Meters:
    """The figures that /metrics shows."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("aira_calls", "Calls by how their webhook was answered.", ["route"], registry=self.registry)
        self.active = Gauge("aira_active_calls", "Calls that a bot is talking in.", registry=self.registry, multiprocess_mode="livesum")
        self.ready = Gauge("aira_ready", "1 where another call would be taken.", registry=self.registry, multiprocess_mode="livemax")
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
        self.circuits = Gauge(
            "aira_vendor_circuit",
            "0 where a vendor is asked, 1 where it is tried again, 2 where it is left alone.",
            ["kind", "vendor"],
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.failures = Counter("aira_failures", "Failures by where they happened.", ["where"], registry=self.registry)

    def gathered(self, *, alone: bool) -> CollectorRegistry:
        """The figures to show: of this process where it is `alone`, else of all that share a folder of figures."""
        if alone:
            return self.registry
        gathered = CollectorRegistry()
        MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
        return gathered


@dataclass
class Switchboard:
    """Keeps count of the running calls."""

    aira: Aira
    secret: str = ""
    warm: bool = False
    draining: bool = False
    active: int = 0
    meters: Meters = field(default_factory=Meters)
    model: "Models | None" = None
    """The language models, None where the built-in mind answers."""
    later: Later = field(init=False)
    """Webhooks that wait for the database to come back."""
    board: Board | None = None
    """What the other processes of this server say, None where there are none."""
    speech: "Callable[[], tuple[STTService, TTSService]] | None" = None
    """Makes the listening and the speaking service of a call; None for those that the settings name."""
    rooms: "Rooms | None" = None
    """Takes calls into Daily rooms; None where they come over media streams."""
    lag: Lag = field(default_factory=Lag)
    doorstep: Doorstep = field(default_factory=Doorstep)
    _cuts: set[Callable[[], Awaitable[None]]] = field(default_factory=set)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.secret = self.secret or webhook_secret(self.aira.settings)
        self.later = Later(self.aira.settings.aira_home / "later")
        self._idle.set()

    @property
    def room(self) -> bool:
        """Whether this process could hold another call well."""
        settings = self.aira.settings
        if not self.warm or self.active >= settings.aira_max_calls:
            return False
        return not self.active or self.lag.p99_ms <= settings.aira_max_lag_ms  # a lone call is better late than refused

    @property
    def takes(self) -> bool:
        """Whether this process would take another call."""
        return self.room and not self.draining

    @property
    def accepts(self) -> bool:
        """Whether another call would be taken, here or by a process beside this one."""
        if self.draining:
            return False
        return self.takes or (self.board is not None and any(other.takes for other in self.board.others()))

    @property
    def state(self) -> str:
        """starting, draining, full or ready."""
        if self.draining:
            return "draining"
        if self.accepts:
            return "ready"
        return "full" if self.warm else "starting"

    @contextmanager
    def busy(self, cut: Callable[[], Awaitable[None]]) -> Iterator[None]:
        """A call that is on for as long as the block runs; `cut` breaks its line."""
        self._cuts.add(cut)
        self._count(+1)
        try:
            yield
        finally:
            self._cuts.discard(cut)
            self._count(-1)

    def measure(self) -> None:
        """Put into the figures how it stands now."""
        self.meters.ready.set(self.accepts)
        for gate in shared_circuits():
            self.meters.circuits.labels(gate.kind, gate.vendor).set(STATES.index(gate.state))

    def post(self) -> None:
        """Tell the processes beside this one, and whoever asks them for the figures, how it stands."""
        self.measure()
        if self.board is not None:
            self.board.post(takes=self.takes, active=self.active)

    async def drained(self) -> None:
        """Take no more calls, and return when the running ones have ended. A stream that was promised a bot still gets one."""
        self.draining = True
        self.post()
        while True:
            await self._idle.wait()
            await asyncio.sleep(LAST_WEBHOOK_SECONDS)
            if not self.active:
                return

    async def cut_off(self) -> None:
        """Break the lines of the calls that are on; the carrier asks how they go on."""
        await asyncio.gather(*(cut() for cut in self._cuts), return_exceptions=True)

    def _count(self, change: int) -> None:
        self.active += change
        self.meters.active.set(self.active)
        if self.active:
            self._idle.clear()
        else:
            self._idle.set()
        self.post()
