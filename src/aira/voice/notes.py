"""What a call's vendors used and how they failed, written into its books beside the conversation: no caller waits for the database."""

import asyncio
import logging
from collections.abc import Awaitable

from aira.core import aio
from aira.core.app import Aira
from aira.core.call_costs import Unit
from aira.errors import AiraError
from aira.model import Call
from aira.voice.vendors.circuit import Gate
from aira.voice.vendors.watch import Watch

MOST_ENGINE_LETTERS = 100

logger = logging.getLogger(__name__)


class Notes:
    """One call's; `watch` is what the stages are given."""

    def __init__(self, aira: Aira, call: Call) -> None:
        self.watch = Watch(self._used, self._failed)
        self._aira = aira
        self._call = call
        self._writing: set[asyncio.Task[None]] = set()

    async def written(self) -> None:
        """Wait until everything stands in the database."""
        while self._writing:
            await asyncio.wait(self._writing)

    def _used(self, unit: Unit, quantity: float, engine: str) -> None:
        self._write(aio.record_usage(self._aira, self._call.id, unit, quantity, engine=engine[:MOST_ENGINE_LETTERS]))

    def _failed(self, gate: Gate, reason: str) -> None:
        detail: dict[str, object] = {"kind": gate.kind, "vendor": gate.vendor, "reason": reason, "circuit": gate.state}
        text = f"{gate.kind} of {gate.vendor} failed: {reason}."
        self._write(aio.record_event(self._aira, self._call.id, "note", text, tool="vendor", detail=detail))

    def _write(self, work: Awaitable[object]) -> None:
        task = asyncio.create_task(_written(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


async def _written(work: Awaitable[object]) -> None:
    try:
        await work
    except AiraError as error:
        logger.warning("A call's usage could not be noted: %s", error.reason)
