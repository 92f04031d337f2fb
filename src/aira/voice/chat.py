"""A typed conversation with the bot: the session of a telephone call without the telephone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.businesses import find_business
from aira.core.calls import call_events, find_call, open_chat
from aira.model import Appointment, Call, CallEvent, Turn
from aira.voice.backlog import Backlog
from aira.voice.latencies import Latencies
from aira.voice.notes import watch_into
from aira.voice.session import Session, open_session

Show = Callable[[str, str], None]
"""Is given each turn as it happens: role and text."""


@dataclass(frozen=True, slots=True)
class ChatReport:
    """What `aira chat` prints; delays are from the end of a turn to the bot's first sentence.

    `changed` tells in a sentence each what the call has booked, moved, cancelled or left as a message.
    """

    call_sid: str
    outcome: str | None
    transcript: list[Turn]
    appointments: list[Appointment]
    changed: list[str]
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
        changed=list(_changes(events, made, ZoneInfo(find_business(aira, call.business_id).time_zone))),
        latency_ms=Latencies.of(delays),
    )


def _changes(events: Sequence[CallEvent], known: Sequence[Appointment], zone: ZoneInfo) -> Iterator[str]:
    """What the tools have done, a sentence each; times on the business's clock."""
    for event in events:
        request, result = (event.detail.get(part) for part in ("request", "result"))
        if (
            event.role != "tool"
            or not isinstance(request, dict)
            or not isinstance(result, dict)
            or result["kind"] not in ("Booked", "Done")
        ):
            continue
        if event.tool == "take_message":
            yield f"Message left: {request['text']}"
            continue
        appointment_id = result["appointment"]["id"] if result["kind"] == "Booked" else request["appointment_id"]
        one = next((one for one in known if str(one.id) == appointment_id), None)
        start = one.start_time if one else None
        if result["kind"] == "Booked":
            start = datetime.fromisoformat(result["appointment"]["start"])
        if start is not None:
            what = f"{(one and one.service) or 'appointment'}, {start.astimezone(zone):%Y-%m-%d %H:%M}"
            yield f"{_DONE[event.tool or '']}: {what}{f', {one.customer_name}' if one and one.customer_name else ''}"


_DONE = {"book_appointment": "Booked", "reschedule_appointment": "Moved", "cancel_appointment": "Cancelled"}


async def _converse(aira: Aira, call: Call, says: Iterable[str], show: Show) -> list[float]:
    model = None
    if aira.settings.aira_mind == "llm":
        from aira.voice.vendors.models import language_models

        model = language_models(aira.settings)
    backlog = Backlog(aira, call)
    session = await open_session(aira, call, model=model, watch=watch_into(backlog), backlog=backlog)
    shown = _Shown(aira, session, show)
    delays: list[float] = []
    try:
        await shown.speak(session.start())
        lines = iter(says)
        while not session.ended and (said := next(lines, None)) is not None:
            if said:
                delays.append(await shown.speak(session.hear(said)))
    finally:
        await session.close()
        await backlog.written()
        if model is not None:
            await model.aclose()
    return delays


class _Shown:
    """Shows the bot's sentences as they come, and before each what was journalled since it last looked."""

    def __init__(self, aira: Aira, session: Session, show: Show) -> None:
        self._aira = aira
        self._session = session
        self._show = show
        self._seen = 0

    async def speak(self, sentences: AsyncIterator[str]) -> float:
        """Let the bot say its sentences; returns the milliseconds until the first of them."""
        asked_at = time.perf_counter()
        first = None
        async for sentence in sentences:
            first = first or time.perf_counter()
            await self._catch_up()
            self._show("bot", sentence)
        await self._catch_up()
        return round(((first or time.perf_counter()) - asked_at) * 1000, 1)

    async def _catch_up(self) -> None:
        for event in await asyncio.to_thread(call_events, self._aira, self._session.call.id):
            if event.seq > self._seen and event.role not in ("note", "bot"):
                self._show(event.role, event.text)
            self._seen = max(self._seen, event.seq)


def _nobody(role: str, text: str) -> None:
    del role, text
