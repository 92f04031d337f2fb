"""The functions of aira.core as coroutines, for async callers: each runs in a thread.

A thread is not cancelled with the task that awaits it, so that a booking commits or rolls back whole even when a caller
interrupts.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def in_thread(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """The same function with the same arguments, awaited instead of waited for."""

    @functools.wraps(function)
    async def awaited(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(function, *args, **kwargs)

    return awaited
