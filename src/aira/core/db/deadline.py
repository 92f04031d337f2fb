"""How long a caller's wish may take: what the database has not done by then is not done at all."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from aira.errors import DatabaseError

R = TypeVar("R")

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """A transaction begun in the block, or in a thread that it starts, is rolled back where it would end later than that."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


async def in_time(work: Awaitable[R], seconds: float) -> R:
    """What the work returns. Raises DatabaseError where it takes longer; the database then keeps nothing of it."""
    with deadline(seconds):
        try:
            return await asyncio.wait_for(work, seconds)
        except TimeoutError:
            raise DatabaseError("The database took too long.") from None


def seconds_left(most: float) -> float:
    """The seconds until the deadline, `most` where that is later or there is none."""
    until = _until.get()
    return most if until is None else min(most, max(until - time.monotonic(), 0.0))


def refuse_what_is_late() -> None:
    """Raises DatabaseError after the deadline."""
    until = _until.get()
    if until is not None and time.monotonic() > until:
        raise DatabaseError("The database took too long.")
