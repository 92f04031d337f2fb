"""What is written of a call while it lasts, in the order in which it happened: nobody on the line waits for a database that hangs.

A healthy database has a line before the caller hears what follows it, so that a bot that takes over finds all of it. One that does not
answer in time is waited for once; from then on lines wait here until it does, and those that are left when the call ends in a folder.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from aira.core import aio
from aira.core.app import Aira
from aira.errors import AiraError, DatabaseError
from aira.model import Call

PATIENCE_SECONDS = 0.5
"""How long a line is waited for, until the database counts as hanging."""
LAST_LINES_SECONDS = 2.0
"""How long the end of a call waits for the lines that are left."""
PAUSE_SECONDS = 1.0
"""Between two tries at a database that is away."""
MOST_LINES = 2000
"""Lines that may wait in a call; a call of an hour has fewer."""

logger = logging.getLogger(__name__)

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """Something to be written: its kind, and values that JSON can hold."""

    kind: str
    values: dict[str, Any]
    written: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Backlog:
    """One call's."""

    def __init__(self, aira: Aira, call: Call) -> None:
        self.behind = False
        """The database does not answer: better not wait for it."""
        self._aira = aira
        self._call = call
        self._lines: deque[Line] = deque()
        self._writing: asyncio.Task[None] | None = None

    def add(self, kind: str, **values: object) -> Line:
        """Have a line written after those before it."""
        line = Line(kind, values)
        if len(self._lines) >= MOST_LINES:
            line.written.set_exception(DatabaseError("Too much waits for the database."))
            line.written.exception()
            return line
        if values.get("mind_state") is not None:
            for earlier in list(self._lines)[1:]:  # the first may be on its way
                earlier.values.pop("mind_state", None)
        self._lines.append(line)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return line

    async def tell(self, kind: str, *, patience: float = PATIENCE_SECONDS, **values: object) -> None:
        """Have a line written and wait for it, but not long. Raises the AiraError of one that cannot be written at all."""
        await self._wait_for(self.add(kind, **values), patience)

    async def note(self, role: str, text: str, **values: object) -> str:
        """Add a turn, tool call or note to the journal; the key by which it is known there."""
        event = {**self._event(role, text), **values}
        await self._wait_for(self.add("event", **event), PATIENCE_SECONDS)
        return str(event["key"])

    def add_note(self, text: str, **values: object) -> None:
        """Add a note that nobody waits for."""
        self.add("event", **self._event("note", text), **values)

    async def close(self, outcome: str) -> None:
        """End the call, and wait for all that is to be written; nobody is on the line any more."""
        await self._wait_for(self.add("close", call_sid=self._call.call_sid, outcome=outcome, at=self._now()), LAST_LINES_SECONDS)
        await self.written(LAST_LINES_SECONDS)

    async def written(self, seconds: float | None = None) -> bool:
        """Wait until every line is written, so many seconds at most; whether they are."""
        if self._writing is not None:
            await asyncio.wait({self._writing}, timeout=seconds)
        return not self._lines

    def rest(self) -> dict[str, str]:
        """The lines that wait, to be kept elsewhere. The first may still be written by its thread: a use is not counted twice."""
        lines = [(line.kind, line.values) for index, line in enumerate(self._lines) if index or line.kind != "usage"]
        return {"call": str(self._call.id), "lines": json.dumps(lines)}

    def stop(self) -> None:
        """Write no more: the rest is kept elsewhere."""
        if self._writing is not None:
            self._writing.cancel()

    async def _wait_for(self, line: Line, patience: float) -> None:
        if not self.behind:
            await asyncio.wait({line.written}, timeout=patience)
            self.behind = not line.written.done()
        if line.written.done():
            line.written.result()

    def _event(self, role: str, text: str) -> dict[str, str]:
        return {"role": role, "text": text, "key": str(uuid4()), "at": self._now()}

    def _now(self) -> str:
        return self._aira.clock.now().isoformat()

    async def _write_all(self) -> None:
        while self._lines:
            line = self._lines[0]
            writing = asyncio.ensure_future(_WRITERS[line.kind](self._aira, self._call.id, line.values))
            await asyncio.wait({writing})
            error = writing.exception()
            if isinstance(error, AiraError) and error.retryable:
                self.behind = True
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            self._lines.popleft()
            if error is None:
                line.written.set_result(None)
            else:
                line.written.set_exception(error)
                logger.warning("A line of a call could not be written: %s", type(line.written.exception()).__name__)
        self.behind = False


async def write_rest(aira: Aira, rest: Mapping[str, str]) -> None:
    """Write the lines that a call has left behind; events that were written are not written again."""
    for kind, values in json.loads(rest["lines"]):
        try:
            await _WRITERS[kind](aira, UUID(rest["call"]), values)
        except AiraError as error:
            if error.retryable:
                raise
            logger.warning("A line of a call could not be written: %s", error.reason)


async def _event(aira: Aira, call: UUID, values: Values) -> None:
    more = {name: values.get(name) for name in ("tool", "detail", "mind_state")}
    at = datetime.fromisoformat(values["at"])
    await aio.record_event(aira, call, values["role"], values["text"], key=UUID(values["key"]), at=at, **more)


async def _latency(aira: Aira, call: UUID, values: Values) -> None:
    await aio.record_latency(aira, call, UUID(values["key"]), values["latency_ms"])


async def _usage(aira: Aira, call: UUID, values: Values) -> None:
    await aio.record_usage(aira, call, values["unit"], values["quantity"], engine=values["engine"])


async def _next_step(aira: Aira, call: UUID, values: Values) -> None:
    await aio.set_next_step(aira, call, values["next_step"], outcome=values["outcome"], reason=values.get("reason"))


async def _message(aira: Aira, call: UUID, values: Values) -> None:
    await aio.take_message(aira, call, values["text"], name=values["name"], phone=values["phone"])


async def _recording(aira: Aira, call: UUID, values: Values) -> None:
    await aio.set_recording(aira, call, values["key"])


async def _close(aira: Aira, call: UUID, values: Values) -> None:
    del call
    await aio.close_call(aira, values["call_sid"], outcome=values["outcome"], at=datetime.fromisoformat(values["at"]))


_WRITERS: dict[str, Callable[[Aira, UUID, Values], Awaitable[None]]] = {
    "event": _event,
    "latency": _latency,
    "usage": _usage,
    "next_step": _next_step,
    "message": _message,
    "recording": _recording,
    "close": _close,
}
