"""One call's conversation, without audio: events in, sentences out, tools run, every turn written to the journal.

The server speaks the sentences, `aira chat` prints them; both get the same conversation.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from aira.core import aio
from aira.core.app import Aira
from aira.errors import NotFound, VendorError
from aira.model import BusinessFacts, Call
from aira.voice.briefing import brief
from aira.voice.minds import BuiltinMind, GuardedMind, Mind, restored
from aira.voice.receptionist.protocol import (
    Appointments,
    Book,
    Booked,
    Cancel,
    Done,
    EndCall,
    Event,
    Facts,
    Heard,
    Passages,
    Refusal,
    Reschedule,
    Result,
    Resumed,
    Say,
    SearchKnowledge,
    Silence,
    Slots,
    Started,
    TakeMessage,
    ToolRequest,
    ToolResult,
    Transfer,
)
from aira.voice.tools import Tools, tool_name

if TYPE_CHECKING:
    import httpx

RECORDED = "This call is recorded."

_ACHIEVED = {Book: "booked", Reschedule: "rescheduled", Cancel: "cancelled", TakeMessage: "message", SearchKnowledge: "answered"}
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
        measured: Callable[[float], object] = lambda seconds: None,
    ) -> None:
        self.call = call
        self.ended = False
        """Nothing more will be said."""
        self.outcome = "no_need"
        """The most the call has achieved so far."""
        self._aira = aira
        self._known = known
        self._mind = mind
        self._tools = tools
        self._told_delay = measured
        self._silences = 0
        self._last_bot_turn: int | None = None
        self._next_step: str | None = None

    async def start(self) -> AsyncGenerator[str, None]:
        """The bot's first sentences, or where another bot was lost, how it goes on. A call that is recorded begins by saying so."""
        first = self.call.connects <= 1
        if first and self._aira.settings.aira_record_calls:
            await self._note("bot", RECORDED)
            yield RECORDED
        async with aclosing(self._turn(Started() if first else Resumed())) as sentences:
            async for sentence in sentences:
                yield sentence

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        """What the bot says to the caller's words."""
        self._silences = 0
        await self._note("caller", text)
        async with aclosing(self._turn(Heard(text))) as sentences:
            async for sentence in sentences:
                yield sentence

    def silence(self) -> AsyncGenerator[str, None]:
        """What the bot says when the caller has said nothing for a while."""
        self._silences += 1
        return self._turn(Silence(self._silences))

    async def interrupted(self, unheard: list[str]) -> None:
        """Note that the caller cut in before these sentences were heard."""
        await self._note("note", "The caller cut in.", tool="barge_in", detail={"unheard": unheard})

    async def measured(self, latency_ms: dict[str, float]) -> None:
        """Keep the parts of the delay of the bot's last turn, in milliseconds."""
        if self._last_bot_turn is not None:
            self._told_delay(latency_ms["total"] / 1000)
            await aio.record_latency(self._aira, self.call.id, self._last_bot_turn, latency_ms)

    async def close(self) -> None:
        """The line is free: end the call, unless it goes on with a person."""
        if self._next_step != "transfer":
            await aio.close_call(self._aira, self.call.call_sid, outcome=self.outcome)

    async def _turn(self, event: Event) -> AsyncGenerator[str, None]:
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
                    self._last_bot_turn = await self._note("bot", " ".join(said), remember=True)
            following = await self._carry_out(last)

    def _facts(self) -> Facts:
        return brief(self._known, caller_number=self.call.from_number, now=self._aira.clock.now())

    async def _carry_out(self, action: EndCall | Transfer | ToolRequest | None) -> Event | None:
        if action is None:
            return None
        if isinstance(action, EndCall):
            await self._end("hang_up", action.outcome)
        elif isinstance(action, Transfer):
            await self._end("transfer", "transferred")
        else:
            return ToolResult(action, await self._use(action))
        return None

    async def _use(self, request: ToolRequest) -> Result:
        result = await self._tools.run(request)
        self._achieve(request, result)
        detail: dict[str, object] = {"request": _plain(request), "result": _plain(result)}
        await self._note("tool", _in_words(request, result), tool=tool_name(request), detail=detail, remember=True)
        return result

    def _achieve(self, request: ToolRequest, result: Result) -> None:
        if isinstance(result, Refusal) or (isinstance(result, Passages) and not result.answerable):
            return
        achieved = _ACHIEVED.get(type(request), "no_need")
        if _RANK.index(achieved) > _RANK.index(self.outcome):
            self.outcome = achieved

    async def _end(self, next_step: str, outcome: str) -> None:
        self.ended = True
        self.outcome = outcome
        self._next_step = next_step
        await aio.set_next_step(self._aira, self.call.id, next_step, outcome=outcome)

    async def _note(
        self, role: str, text: str, *, tool: str | None = None, detail: dict[str, object] | None = None, remember: bool = False
    ) -> int:
        memory = self._mind.memory() if remember else None
        return await aio.record_event(self._aira, self.call.id, role, text, tool=tool, detail=detail, mind_state=memory)


async def open_session(
    aira: Aira, call: Call, *, model: "httpx.AsyncClient | None" = None, measured: Callable[[float], object] = lambda seconds: None
) -> Session:
    """The conversation of a call that a bot has taken, with the mind that AIRA_MIND names; one that was lost goes on.

    `model` is the connection to the language model, `measured` is told each answer's delay in seconds. Raises NotFound where the
    call belongs to no business.
    """
    if call.business_id is None:
        raise NotFound("The call belongs to no business.")
    known = await aio.business_facts(aira, call.business_id)
    memory = await aio.mind_state(aira, call.id) if call.connects > 1 else None
    tools = Tools(aira, call, known)
    mind: Mind = BuiltinMind(restored(memory))
    if model is not None and (memory is None or memory.get("mind") == "llm"):
        from aira.voice.llm import LlmMind

        settings = aira.settings
        mind = GuardedMind(
            LlmMind(model, model=settings.aira_llm_model, deadline=settings.aira_llm_deadline, memory=memory),
            tools.run,
            failed=partial(_note_takeover, aira, call),
        )
    return Session(aira, call, known, mind=mind, tools=tools, measured=measured)


async def _note_takeover(aira: Aira, call: Call, error: VendorError) -> None:
    await aio.record_event(aira, call.id, "note", "The built-in receptionist takes over.", tool="mind", detail={"reason": error.reason})


def _in_words(request: ToolRequest, result: Result) -> str:
    match result:
        case Refusal():
            outcome = f"refused: {result.code}"
        case Passages():
            outcome = f"{len(result.passages)} passages" if result.answerable else "no answer in the documents"
        case Slots():
            outcome = f"{len(result.starts)} free times"
        case Booked():
            outcome = f"{result.appointment.start:%Y-%m-%d %H:%M}"
        case Appointments():
            outcome = f"{len(result.appointments)} appointments"
        case Done():
            outcome = "done"
    return f"{tool_name(request)}: {outcome}"


def _plain(value: object) -> dict[str, object]:
    return {"kind": type(value).__name__, **{name: _json(item) for name, item in asdict(value).items()}} if is_dataclass(value) else {}  # type: ignore[arg-type]


def _json(value: object) -> object:
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
