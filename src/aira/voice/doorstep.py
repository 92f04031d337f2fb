"""Streams that have been opened and have not said which call they belong to.

Whoever opens streams and stays silent must neither fill the memory nor keep callers out: only so many wait, and a new one takes the
place of the one that has waited longest. A carrier names the call in its first messages.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MOST_WAITING = 64
"""How many streams may wait at once."""


class Doorstep:
    """The streams that wait."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: dict[asyncio.Future[Any], None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def holds(self, naming: "asyncio.Future[Any]") -> Iterator[None]:
        """Let a stream wait for as long as the block runs; the one that has waited longest may be sent away for it."""
        if len(self._waiting) >= self._most:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.cancel()
        self._waiting[naming] = None
        try:
            yield
        finally:
            self._waiting.pop(naming, None)
