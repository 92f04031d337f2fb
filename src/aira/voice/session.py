"""One call's conversation, without audio: events in, sentences out, tools run, every turn written to the journal.

The server speaks the sentences, `aira chat` prints them; both get the same conversation.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from aira.core import aio
from aira.core.app import Aira
from aira.core.db import in_time
from aira.errors import DatabaseError, NotFound, VendorError
from aira.model import BusinessFacts, Call
from aira.voice.backlog import Backlog
from aira.voice.briefing import brief
from aira.voice.journal import achieved, in_words, plain
from aira.voice.minds import READING, BuiltinMind, GuardedMind, Mind, restored
from aira.voice.receptionist import calls_back
from aira.voice.receptionist.protocol import (
    EndCall,
    Event,
    Facts,
    Heard,
    Result,
    Resumed,
    Say,
    Silence,
    Started,
    ToolRequest,
    ToolResult,
    Transfer,
)
from aira.voice.tools import DEADLINE_SECONDS, Tools, tool_name

if TYPE_CHECKING:
    from aira.voice.vendors.models import Models
    from aira.voice.vendors.watch import Watch

RECORDED = "This call is recorded."
MOST_FAREWELLS = 4
"""How often the bot takes leave: after the last time it hangs up whatever is said."""

_RANK = ["no_need", "silent", "answered", "message", "cancelled", "rescheduled", "booked"]


class Session:
    """A conversation between one caller and the bot of one business.

    Business, caller's number and CallSid come from the call and are bound to the tools; no mind can name others.
    """

    def __init__(
        self,
        aira: Aira,
        call: Call,
        known: BusinessFacts,
        *,
        mind: Mind,
        tools: Tools,
        backlog: Backlog,
        measured: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self.call = call
        self.ended = False
        """Nothing more will be said."""
        self.outcome = "no_need"
        """The most the call has achieved so far."""
        self.backlog = backlog
        """What of the call waits for the database."""
        self._aira = aira
        self._known = known
        self._mind = mind
        self._tools = tools
        self._told_delay = measured
        self._silences = 0
        self._farewells = 0
        self._last_bot_turn: str | None = None
        self._next_step: str | None = None
        self._owed: list[asyncio.Task[ToolResult]] = []
        """Writes whose result the mind has not been told yet: an interruption does not stop what was begun."""

    async def start(self) -> AsyncGenerator[str, None]:
        """The bot's first sentences, or where another bot was lost, how it goes on. A call that is recorded begins by saying so."""
        first = self.call.connects <= 1
        if not first and await self._inherit():
            async with aclosing(self._answers(None)) as sentences:
                async for sentence in sentences:
                    yield sentence
            return
        if first and self._aira.settings.aira_record_calls:
            await self.backlog.note("bot", RECORDED)
            yield RECORDED
        async with aclosing(self._answers(Started() if first else Resumed())) as sentences:
            async for sentence in sentences:
                yield sentence

    @property
    def may_go_on(self) -> bool:
        """Whether the bot has taken leave, but would answer a caller who has something more to say."""
        return self._next_step == "hang_up" and self.outcome != "abusive" and self._farewells < MOST_FAREWELLS

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        """What the bot says to the caller's words; after its farewell nothing, unless the caller has something more to say."""
        await self.backlog.note("caller", text)
        if self.ended and not await self._called_back(text):
            return
        self._silences = 0
        async with aclosing(self._answers(Heard(text))) as sentences:
            async for sentence in sentences:
                yield sentence

    def silence(self) -> AsyncGenerator[str, None]:
        """What the bot says when the caller has said nothing for a while."""
        self._silences += 1
        return self._answers(Silence(self._silences))

    async def interrupted(self, unheard: list[str]) -> None:
        """Note that the caller cut in before these sentences were heard."""
        await self.backlog.note("note", "The caller cut in.", tool="barge_in", detail={"unheard": unheard})

    async def measured(self, latency_ms: dict[str, float]) -> None:
        """Keep the parts of the delay of the bot's last turn, in milliseconds."""
        if self._last_bot_turn is not None:
            self._told_delay(latency_ms["total"] / 1000)
            self.backlog.add("latency", key=self._last_bot_turn, latency_ms=latency_ms)

    async def close(self) -> None:
        """The line is free: end the call, unless it goes on with a person. What was begun is finished first."""
        if self._owed:
            await asyncio.wait(self._owed)
        await self._take_late()
        if self._next_step != "transfer":
            await self.backlog.close(self.outcome)

    async def give_up(self) -> None:
        """Nobody is left who could hear the caller or speak to them: a person takes the call, or the voicemail does."""
        if not self.ended:
            await self._end("transfer", self.outcome)

    async def _answers(self, event: Event | None) -> AsyncGenerator[str, None]:
        """The sentences that follow an event, after those that an interrupted write still owes the caller."""
        await self._take_late()
        while self._owed:
            result = await asyncio.shield(self._owed[0])
            self._owed.pop(0)
            async with aclosing(self._answer(result)) as sentences:
                async for sentence in sentences:
                    yield sentence
        if event is not None:
            async with aclosing(self._answer(event)) as sentences:
                async for sentence in sentences:
                    yield sentence

    async def _answer(self, event: Event) -> AsyncGenerator[str, None]:
        """The sentences that follow an event; closed early where the caller cuts in. The journal then has what was begun."""
        following: Event | None = event
        while following is not None and not self.ended:
            said: list[str] = []
            last: EndCall | Transfer | ToolRequest | None = None
            try:
                async with aclosing(self._mind.respond(following, self._facts())) as actions:
                    async for action in actions:
                        if isinstance(action, Say):
                            said.append(action.text)
                            yield action.text
                        else:
                            last = action
            finally:
                if said:
                    await asyncio.shield(self._spoken(" ".join(said)))
            following = await self._carry_out(last)

    async def _spoken(self, text: str) -> None:
        self._last_bot_turn = await self.backlog.note("bot", text, mind_state=self._mind.memory())

    def _facts(self) -> Facts:
        return brief(self._known, caller_number=self.call.from_number, now=self._aira.clock.now())

    async def _carry_out(self, action: EndCall | Transfer | ToolRequest | None) -> Event | None:
        if action is None:
            return None
        if isinstance(action, EndCall):
            await self._end("hang_up", action.outcome)
        elif isinstance(action, Transfer):
            await self._end("transfer", "transferred", reason=action.reason)
        elif isinstance(action, READING):
            return await self._use(action)
        else:
            return await self._write(action)
        return None

    async def _write(self, request: ToolRequest) -> ToolResult:
        """Use a tool that changes something: it is finished and journalled whoever cuts in, and its result told in the next turn."""
        task = asyncio.create_task(self._use(request))
        self._owed.append(task)
        result = await asyncio.shield(task)
        self._owed.remove(task)
        return result

    async def _inherit(self) -> bool:
        """Take over what a lost bot achieved and, where it may not have told of it, booked; whether there is any to tell of now."""
        try:
            events = await in_time(aio.call_events(self._aira, self.call.id), DEADLINE_SECONDS)
            self._tools.recall(events)
            untold = await in_time(self._tools.untold_bookings(), DEADLINE_SECONDS)
        except DatabaseError:
            self.backlog.behind = True
            return False
        for event in events:
            if event.tool is not None:
                self._reach(achieved(event.tool, event.detail))
        for one, journalled in untold:
            if not journalled:
                await self._keep(one.request, one.result)
        if isinstance(self._mind, BuiltinMind):
            self._owed = [asyncio.create_task(_ready(one)) for one, _ in untold]
        return bool(self._owed)

    async def _use(self, request: ToolRequest) -> ToolResult:
        result = await self._tools.run(request)
        await self._keep(request, result)
        return ToolResult(request, result)

    async def _keep(self, request: ToolRequest, result: Result) -> None:
        detail: dict[str, object] = {"request": plain(request), "result": plain(result)}
        self._reach(achieved(tool_name(request), detail))
        said = in_words(request, result)
        await self.backlog.note("tool", said, tool=tool_name(request), detail=detail, mind_state=self._mind.memory())

    async def _take_late(self) -> None:
        """What was done after all, when the caller had been told that it was not: told in the next turn."""
        for done in self._tools.done_late():
            await self._keep(done.request, done.result)
            self._owed.append(asyncio.create_task(_ready(done)))

    def _reach(self, outcome: str) -> None:
        if _RANK.index(outcome) > _RANK.index(self.outcome):
            self.outcome = outcome

    async def _called_back(self, text: str) -> bool:
        """Take the farewell back where these words ask for it."""
        if not (self.may_go_on and calls_back(text, self._facts(), after_silence=self._silences > 0)):
            return False
        self.ended = False
        self.outcome = "no_need" if self.outcome == "silent" else self.outcome
        self._next_step = None
        await self.backlog.tell("next_step", next_step=None, outcome=self.outcome, patience=DEADLINE_SECONDS)
        return True

    async def _end(self, next_step: str, outcome: str, *, reason: str | None = None) -> None:
        self.ended = True
        self.outcome = outcome
        self._next_step = next_step
        self._farewells += 1
        await self.backlog.tell("next_step", next_step=next_step, outcome=outcome, reason=reason, patience=DEADLINE_SECONDS)


async def open_session(
    aira: Aira,
    call: Call,
    *,
    model: "Models | None" = None,
    measured: Callable[[float], object] = lambda seconds: None,
    watch: "Watch | None" = None,
    backlog: Backlog | None = None,
) -> Session:
    """The conversation of a call that a bot has taken, with the mind that AIRA_MIND names; one that was lost goes on.

    `model` are the language models, `measured` is told each answer's delay in seconds, `watch` is kept on who thinks, hears and speaks,
    `backlog` takes what is to be written. Raises NotFound where the call belongs to no business.
    """
    if call.business_id is None:
        raise NotFound("The call belongs to no business.")
    backlog = backlog or Backlog(aira, call)
    known = await aio.business_facts(aira, call.business_id)
    memory = await aio.mind_state(aira, call.id) if call.connects > 1 else None
    tools = Tools(aira, call, known, backlog)
    mind: Mind = BuiltinMind(restored(memory))
    if model is not None and (memory is None or memory.get("mind") == "llm"):
        from aira.voice.llm import LlmMind

        async def note_takeover(error: VendorError) -> None:
            await backlog.note("note", "The built-in receptionist takes over.", tool="mind", detail={"reason": error.reason})

        mind = GuardedMind(LlmMind(model, memory=memory, watch=watch), tools.run, failed=note_takeover)
    return Session(aira, call, known, mind=mind, tools=tools, backlog=backlog, measured=measured)


async def _ready(result: ToolResult) -> ToolResult:
    return result
