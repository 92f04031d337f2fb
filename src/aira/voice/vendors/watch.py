"""What a call's hearing, thinking and speaking know of each other: how long the caller has waited in vain, and where it is noted.

Each stage waits for its own vendors; the caller waits for the sum. So the time that failing vendors cost in one turn is counted over
all stages, and when it is spent, what runs in this process answers. Slow vendors that do answer cost none of it.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aira.core.call_costs import Unit
from aira.voice.vendors.circuit import Gate

MOST_LOST_SECONDS = 3.0
"""What vendors that fail may cost the caller in one turn."""
FEWEST_SECONDS = 0.4
"""What a vendor gets at least; with less left it is passed over for what runs in this process."""

_LATE = "too_slow"


def _nowhere(*_: object) -> None:
    """What is used, and who fails, is noted nowhere."""


async def _nobody() -> None:
    """Nobody needs to know that no vendor is left."""


@dataclass
class Watch:
    """One call's. `note_usage` is told unit, quantity and engine, `note_failure` a vendor's gate and a reason; neither may wait.

    `give_up` is awaited before the stream of a caller is ended for whom nobody is left.
    """

    note_usage: Callable[[Unit, float, str], object] = _nowhere
    note_failure: Callable[[Gate, str], object] = _nowhere
    give_up: Callable[[], Awaitable[object]] = _nobody
    clock: Callable[[], float] = time.monotonic
    _lost: float = 0.0
    _since: float = float("-inf")

    def anew(self) -> None:
        """Somebody is heard: what was lost before is over."""
        self._lost, self._since = 0.0, self.clock()

    @property
    def spent(self) -> bool:
        """Whether the caller has waited in vain so long that no vendor should be asked in whose place this process can answer."""
        return MOST_LOST_SECONDS - self._lost < FEWEST_SECONDS

    def asks(self, gate: Gate, deadline: float | None) -> "Attempt":
        """A vendor is being asked, which would have `deadline` seconds if nothing had been lost; None needs no watching."""
        seconds = None if deadline is None else min(deadline, max(MOST_LOST_SECONDS - self._lost, FEWEST_SECONDS))
        return Attempt(self, gate, deadline, seconds, self.clock())

    def lose(self, since: float) -> None:
        """What was waited for since then has failed."""
        self._lost += self.clock() - max(since, self._since)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One vendor asked once; `seconds` is what it has."""

    watch: Watch
    gate: Gate
    deadline: float | None
    seconds: float | None
    began: float

    def succeeded(self) -> None:
        """It did what it was asked."""
        self.gate.succeeded()

    def failed(self, reason: str) -> None:
        """It did not. Nobody is blamed for being slow who had less time than is theirs."""
        self.watch.lose(self.began)
        if self.seconds == self.deadline or not reason.endswith(_LATE):
            self.gate.failed(reason)
            self.watch.note_failure(self.gate, reason)
