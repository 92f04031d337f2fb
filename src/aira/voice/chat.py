"""A typed conversation with the bot: the session of a telephone call without the telephone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.calls import call_events, find_call, open_chat
from aira.model import Appointment, Call, Turn
from aira.voice.latencies import Latencies
from aira.voice.session import Session, open_session

Show = Callable[[str, str], None]
"""Is given each turn as it happens: role and text."""


@dataclass(frozen=True, slots=True)
class ChatReport:
    """What `aira chat` prints; delays are from the end of a turn to the bot's first sentence."""

    call_sid: str
    outcome: str | None
    transcript: list[Turn]
    appointments: list[Appointment]
    latency_ms: Latencies


def hold_chat(
    aira: Aira, *, business: UUID | str, says: Iterable[str], from_number: str | None = None, show: Show | None = None
) -> ChatReport:
    """Say the turns to the bot of a business, one after the other, until they or the conversation end.

    Bookings are real. Raises NotFound, and SetupError where AIRA_MIND names a model that is not set up.
    """
    call = open_chat(aira, business=business, from_number=from_number)
    delays = asyncio.run(_converse(aira, call, says, show or _nobody))
    events = call_events(aira, call.id)
    made = list_appointments(aira, business=call.business_id)
    return ChatReport(
        call_sid=call.call_sid,
        outcome=find_call(aira, call.call_sid).outcome,
        transcript=[Turn(event.role, event.text, event.at) for event in events if event.role != "note"],
        appointments=[one for one in made if one.external_id == call.call_sid],
        latency_ms=Latencies.of(delays),
    )


async def _converse(aira: Aira, call: Call, says: Iterable[str], show: Show) -> list[float]:
    model = None
    if aira.settings.aira_mind == "llm":
        from aira.voice.llm import llm_client

        model = llm_client(aira.settings)
    session = await open_session(aira, call, model=model)
    shown = _Shown(aira, session, show)
    delays: list[float] = []
    try:
        await shown.speak(session.start())
        for said in says:
            if session.ended:
                break
            if said:
                delays.append(await shown.speak(session.hear(said)))
    finally:
        await session.close()
        if model is not None:
            await model.aclose()
    return delays


class _Shown:
    """Shows what was journalled since it last looked."""

    def __init__(self, aira: Aira, session: Session, show: Show) -> None:
        self._aira = aira
        self._session = session
        self._show = show
        self._seen = 0

    async def speak(self, sentences: AsyncIterator[str]) -> float:
        """Let the bot say its sentences; returns the milliseconds until the first of them."""
        asked_at = time.perf_counter()
        first = None
        async for _ in sentences:
            first = first or time.perf_counter()
        for event in await asyncio.to_thread(call_events, self._aira, self._session.call.id):
            if event.seq > self._seen and event.role != "note":
                self._show(event.role, event.text)
            self._seen = max(self._seen, event.seq)
        return round(((first or time.perf_counter()) - asked_at) * 1000, 1)


def _nobody(role: str, text: str) -> None:
    del role, text
