"""Who decides what the bot says: the built-in receptionist, or a language model with the receptionist as its safety net.

A mind is asked with an event and answers with actions: sentences, at most one tool request, which stands last, or the end of the
conversation. It never acts itself, and never learns which business, caller or call it works for beyond the facts.
"""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from aira.errors import VendorError
from aira.voice.receptionist import decide
from aira.voice.receptionist.protocol import (
    Action,
    Event,
    Facts,
    FindAppointments,
    FindSlots,
    Heard,
    Refusal,
    Result,
    Say,
    SearchKnowledge,
    ToolRequest,
    ToolResult,
)
from aira.voice.receptionist.state import State

Memory = dict[str, object]
RunTool = Callable[[ToolRequest], Awaitable[Result]]

READING = (SearchKnowledge, FindSlots, FindAppointments)
"""Tool requests that change nothing."""


class Mind(Protocol):
    """Decides what is said and done."""

    def respond(self, event: Event, facts: Facts) -> AsyncGenerator[Action, None]:
        """The actions that an event asks for, in order; a tool's result comes back as the next event."""

    def memory(self) -> Memory:
        """What the mind must be given to go on with this call later, as JSON values."""


class BuiltinMind:
    """The receptionist that needs no model."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()

    async def respond(self, event: Event, facts: Facts) -> AsyncGenerator[Action, None]:
        """The receptionist's decision."""
        self.state, actions = decide(self.state, event, facts)
        for action in actions:
            yield action

    def memory(self) -> Memory:
        """The receptionist's state."""
        return {"mind": "builtin", "state": json.loads(self.state.to_json())}


class GuardedMind:
    """A mind that may fail, and the built-in one that takes over in the middle of the conversation when it does.

    The built-in mind has listened to nothing until then. It is told what the caller said so far and runs the tools that only read;
    of tools that write it is given the result they had, so that nothing is done twice.
    """

    def __init__(self, mind: Mind, run_tool: RunTool, *, failed: Callable[[VendorError], Awaitable[object]]) -> None:
        self._mind: Mind = mind
        self._guard: BuiltinMind | None = None
        self._run_tool = run_tool
        self._failed = failed
        self._past: list[Event] = []

    async def respond(self, event: Event, facts: Facts) -> AsyncGenerator[Action, None]:
        """The mind's actions; after its failure the built-in mind's."""
        if self._guard is None:
            past = list(self._past)
            self._past.append(event)
            try:
                async with aclosing(self._mind.respond(event, facts)) as actions:
                    async for action in actions:
                        yield action
            except VendorError as error:
                await self._failed(error)
                self._guard = await self._caught_up(past, facts)
            else:
                return
        async with aclosing(self._guard.respond(event, facts)) as actions:
            async for action in actions:
                yield action

    def memory(self) -> Memory:
        """The memory of whoever talks."""
        return (self._guard or self._mind).memory()

    async def _caught_up(self, past: list[Event], facts: Facts) -> BuiltinMind:
        guard = BuiltinMind()
        done = [event for event in past if isinstance(event, ToolResult) and not isinstance(event.request, READING)]
        for event in [event for event in past if isinstance(event, Heard)]:
            following: Event | None = event
            while following is not None:
                request = [action async for action in guard.respond(following, facts) if not isinstance(action, Say)][-1:]
                following = await self._recalled(request[0], done) if request and isinstance(request[0], ToolRequest) else None
        return guard

    async def _recalled(self, request: ToolRequest, done: list[ToolResult]) -> ToolResult:
        if isinstance(request, READING):
            return ToolResult(request, await self._run_tool(request))
        for index, past in enumerate(done):
            if type(past.request) is type(request):
                return done.pop(index)
        return ToolResult(request, Refusal("not_now"))


def restored(memory: Memory | None) -> State | None:
    """The built-in mind's state in a memory, None where another mind left it."""
    if memory is None or memory.get("mind") != "builtin":
        return None
    return State.from_json(json.dumps(memory["state"]))
