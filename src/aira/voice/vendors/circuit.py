"""Circuit breakers: a vendor that keeps failing is not asked for a while, by no call of this process, and then by one alone to see."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

State = Literal["closed", "half_open", "open"]
STATES: tuple[State, ...] = ("closed", "half_open", "open")

logger = logging.getLogger(__name__)


@dataclass
class Circuit:
    """One vendor's breaker. A pure state machine: every method is told the time, in seconds of any steady clock.

    `most_failures` in a row open it; `rest_seconds` later it lets one request through, and again after as long where that one's outcome
    was never told. A success closes it.
    """

    most_failures: int = 3
    rest_seconds: float = 30.0
    failures: int = 0
    """Failures in a row."""
    _opened_at: float | None = None
    _probed_at: float | None = None

    def state(self, now: float) -> State:
        """closed: ask; open: do not; half_open: one request is being let through, or would be."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._probed_at is not None or now - self._opened_at >= self.rest_seconds else "open"

    def allows(self, now: float) -> bool:
        """Whether the vendor may be asked now; a yes in the half-open state is the one probe."""
        if self._opened_at is None:
            return True
        waiting_since = self._opened_at if self._probed_at is None else self._probed_at
        if now - waiting_since < self.rest_seconds:
            return False
        self._probed_at = now
        return True

    def succeeded(self) -> None:
        """The vendor did what it was asked."""
        self.failures = 0
        self._opened_at = self._probed_at = None

    def failed(self, now: float) -> None:
        """The vendor did not."""
        self.failures += 1
        if self._probed_at is not None or self.failures >= self.most_failures:
            self._opened_at, self._probed_at = now, None


@dataclass
class Gate:
    """A vendor's breaker with the clock it runs on, and the count of what went wrong by reason."""

    kind: str
    """stt, tts or llm."""
    vendor: str
    clock: Callable[[], float]
    circuit: Circuit = field(default_factory=Circuit)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def state(self) -> State:
        """The breaker's state now."""
        return self.circuit.state(self.clock())

    def allows(self) -> bool:
        """Whether the vendor may be asked now."""
        return self.circuit.allows(self.clock())

    def succeeded(self) -> None:
        """Note that the vendor did what it was asked."""
        if self.state != "closed":
            logger.warning("%s of %s works again.", self.kind, self.vendor)
        self.circuit.succeeded()

    def failed(self, reason: str) -> None:
        """Note that it did not, and why in a word."""
        before = self.state
        self.reasons[reason] += 1
        self.circuit.failed(self.clock())
        logger.warning("%s of %s failed: %s.", self.kind, self.vendor, reason)
        if self.state == "open" != before:
            logger.error("%s of %s is not asked for %.0f s.", self.kind, self.vendor, self.circuit.rest_seconds)


class Circuits:
    """The breakers of a process, made as vendors are named."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._gates: dict[tuple[str, str], Gate] = {}

    def of(self, kind: str, vendor: str) -> Gate:
        """The breaker of one vendor for one kind of work."""
        return self._gates.setdefault((kind, vendor), Gate(kind, vendor, self._clock))

    def __iter__(self) -> Iterator[Gate]:
        return iter(list(self._gates.values()))


@cache
def shared_circuits() -> Circuits:
    """The process's breakers: what one call finds out spares the others the wait."""
    return Circuits()
