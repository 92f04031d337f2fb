"""How late the event loop is: a process whose loop lags speaks in bits and answers late, so it should take no further call."""

from collections import deque

TICK_SECONDS = 0.1
"""How often the loop is looked at."""
_TICKS = 100


class Lag:
    """The delays of the last ten seconds' ticks."""

    def __init__(self) -> None:
        self._delays: deque[float] = deque(maxlen=_TICKS)
        self._last: float | None = None

    def tick(self, now: float) -> None:
        """The loop has come round; `now` is its own clock, in seconds."""
        if self._last is not None:
            self._delays.append(max(0.0, now - self._last - TICK_SECONDS))
        self._last = now

    @property
    def p99_ms(self) -> float:
        """Milliseconds that 99 of 100 ticks were late at most."""
        if not self._delays:
            return 0.0
        return sorted(self._delays)[int(0.99 * (len(self._delays) - 1))] * 1000
