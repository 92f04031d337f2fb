"""The tools a mind may use. Business, caller's number and CallSid are the session's, whatever a mind asks for."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from aira.core import aio
from aira.core.app import Aira
from aira.core.db import deadline, in_time
from aira.core.knowledge import search_loaded
from aira.core.phones import number_kind, parse_phone_number
from aira.errors import AiraError, DatabaseError, InvalidInput, NotFound, Refused
from aira.model import Appointment, AppointmentSource, BusinessFacts, Call, CallEvent, SearchResult
from aira.voice.backlog import Backlog
from aira.voice.receptionist import is_same_customer
from aira.voice.receptionist.protocol import (
    Appointments,
    Book,
    Booked,
    BookedAppointment,
    Cancel,
    Done,
    FindAppointments,
    FindSlots,
    Passage,
    Passages,
    Refusal,
    Reschedule,
    Result,
    SearchKnowledge,
    Slots,
    TakeMessage,
    ToolRequest,
    ToolResult,
)

_NAMES: dict[type[ToolRequest], str] = {
    SearchKnowledge: "search_knowledge",
    FindSlots: "find_slots",
    Book: "book_appointment",
    FindAppointments: "find_appointments",
    Reschedule: "reschedule_appointment",
    Cancel: "cancel_appointment",
    TakeMessage: "take_message",
}
_CHANGING = (Book, Reschedule, Cancel)
_PASSAGES = 3

DEADLINE_SECONDS = 2.0
"""How long a tool may wait for the database: with it, a caller is answered before four seconds of silence have passed."""
BEHIND_SECONDS = 1.0
"""The same while the database is known to hang."""
SEARCH_SECONDS = 1.0
"""How long a search looks whether the documents have changed."""

MOST_BOOKINGS = 6
"""Appointments that one call may book."""
MOST_TOOLS = 200
"""Tools that one call may use: far more than any conversation needs, so that a mind that goes in circles ends."""


def tool_name(request: ToolRequest) -> str:
    """What the journal and language models call the tool of a request."""
    return _NAMES[type(request)]


class Tools:
    """The tools of one call."""

    def __init__(self, aira: Aira, call: Call, known: BusinessFacts, backlog: Backlog | None = None) -> None:
        self._aira = aira
        self._call = call
        self._backlog = backlog or Backlog(aira, call)
        self._late: dict[asyncio.Task[Result], ToolRequest] = {}
        self._business = known.business
        self._zone = ZoneInfo(known.business.time_zone)
        self._country = number_kind(known.numbers[0])[0] if known.numbers else None
        """The country, by the business's own number, of a number that is given without country code."""
        self._own: set[UUID] = set()
        """Appointments this caller has booked or proved to be theirs."""
        self._used = 0
        self._heard_of: set[UUID] = set()
        """Appointments after which the caller spoke again; whether words were heard that a bot said last, nobody knows."""

    def recall(self, events: Iterable[CallEvent]) -> None:
        """Take over from the bot that was lost: the appointments that its tools gave the caller are the caller's still."""
        for event in events:
            result = event.detail.get("result") if event.role == "tool" else None
            if isinstance(result, dict):
                self._used += 1
                given = [result.get("appointment"), *(result.get("appointments") or ())]
                self._own |= {UUID(one["id"]) for one in given if isinstance(one, dict)}
            elif event.role == "caller":
                self._heard_of |= self._own

    async def untold_bookings(self) -> list[tuple[ToolResult, bool]]:
        """Bookings of this call that the caller may not have been told of, and whether the journal has them; they are the caller's."""
        made = [(one, one.id in self._own) for one in await self._made() if one.id not in self._heard_of and one.status == "confirmed"]
        return [(ToolResult(self._request_of(one), Booked(self._told(one))), journalled) for one, journalled in made]

    async def run(self, request: ToolRequest) -> Result:
        """Do what a mind asks; a refusal is a result too. The work is done in threads, which an interruption does not cancel.

        What the database has not done in time is refused, and rolled back when it comes to it.
        """
        self._used += 1
        seconds = BEHIND_SECONDS if self._backlog.behind else DEADLINE_SECONDS
        working = asyncio.create_task(self._result(request, seconds))
        await asyncio.wait({working}, timeout=seconds)
        if working.done():
            return working.result()
        self._backlog.behind = True
        if isinstance(request, _CHANGING):
            self._late[working] = request
        return Refusal(DatabaseError.code)

    def done_late(self) -> list[ToolResult]:
        """What was refused because the database took too long, and was too far on to be taken back; each is named once."""
        ended = [task for task in self._late if task.done()]
        results = [ToolResult(self._late.pop(task), task.result()) for task in ended]
        return [one for one in results if not isinstance(one.result, Refusal)]

    async def _result(self, request: ToolRequest, seconds: float) -> Result:
        try:
            if self._used > MOST_TOOLS:
                raise Refused("This call has used its tools up.", code="too_many_tools")
            with deadline(seconds):
                return await self._run(request)
        except AiraError as error:
            return Refusal(error.reason)

    async def _run(self, request: ToolRequest) -> Result:
        match request:
            case SearchKnowledge():
                return await self._search(request)
            case FindSlots():
                return await self._slots(request)
            case Book():
                return await self._book(request)
            case FindAppointments():
                return await self._appointments(request)
            case Reschedule():
                moved = await aio.reschedule_appointment(self._aira, self._owned(request.appointment_id), start=request.start)
                return Booked(self._told(moved))
            case Cancel():
                await aio.cancel_appointment(self._aira, self._owned(request.appointment_id), reason="Cancelled by the caller.")
                return Done()
            case TakeMessage():
                # A message that waits for the database is taken all the same: nothing in the database could refuse it.
                await self._backlog.tell("message", text=request.text, name=request.name, phone=self._number(request.phone))
                return Done()

    async def _search(self, request: SearchKnowledge) -> Passages:
        found = await self._found(request.query)
        return Passages(found.answerable, tuple(Passage(hit.text, heading=hit.heading, file_name=hit.file_name) for hit in found.hits))

    async def _found(self, query: str) -> SearchResult:
        """Out of the documents as they are, or as they were when the database could last be asked."""
        if not self._backlog.behind:
            search = aio.search_knowledge(self._aira, query, business=self._business.id, limit=_PASSAGES)
            try:
                return await in_time(search, SEARCH_SECONDS)
            except DatabaseError:
                self._backlog.behind = True
        return await asyncio.to_thread(search_loaded, self._aira, query, business=self._business.id, limit=_PASSAGES)

    async def _slots(self, request: FindSlots) -> Slots:
        found = await aio.find_slots(
            self._aira,
            business=self._business.id,
            service=request.service,
            start=request.earliest,
            end=request.latest,
            daily_from=request.daily_from,
            daily_to=request.daily_to,
            excluding=self._owned(request.excluding) if request.excluding else None,
            limit=request.limit,
        )
        return Slots(tuple(slot.start_time.astimezone(self._zone) for slot in found))

    async def _book(self, request: Book) -> Booked:
        if await self._booked_enough(request):
            raise Refused("This call has booked enough.", code="too_many_bookings")
        booked = await aio.book_appointment(
            self._aira,
            business=self._business.id,
            start=request.start,
            service=request.service,
            customer_name=request.name,
            customer_phone=self._number(request.phone),
            notes=request.notes,
            source=AppointmentSource.VOICE_AGENT,
            external_id=self._call.call_sid,
        )
        return Booked(self._told(booked))

    async def _booked_enough(self, request: Book) -> bool:
        made = await self._made()
        return len(made) >= MOST_BOOKINGS and all(one.start_time != request.start for one in made)

    async def _made(self) -> list[Appointment]:
        """What was booked in this call."""
        source = AppointmentSource.VOICE_AGENT
        return await aio.list_appointments(self._aira, business=self._business.id, source=source, external_id=self._call.call_sid)

    async def _appointments(self, request: FindAppointments) -> Appointments:
        if self._call.from_number is None:
            return Appointments()
        coming = await aio.list_appointments(
            self._aira,
            business=self._business.id,
            start=self._aira.clock.now(),
            status="confirmed",
            customer_phone=self._call.from_number,
        )
        return Appointments(tuple(self._told(one) for one in coming if self._is_proved(one, request)))

    def _is_proved(self, one: Appointment, request: FindAppointments) -> bool:
        """The calling number can be forged, so a second fact has to match: the name, or the day."""
        if one.id in self._own:
            return True
        if request.name and one.customer_name and is_same_customer(request.name, one.customer_name):
            return True
        return request.day is not None and one.start_time.astimezone(self._zone).date() == request.day

    def _number(self, said: str | None) -> str | None:
        """The number a caller gave, in E.164, or the one that calls."""
        if said is None:
            return self._call.from_number
        try:
            return parse_phone_number(said, region=self._country)
        except InvalidInput:
            raise Refused("That is not a telephone number.", code="unusable_phone") from None

    def _owned(self, appointment_id: str) -> UUID:
        try:
            appointment = UUID(appointment_id)
        except ValueError:
            raise NotFound("There is no such appointment.") from None
        if appointment not in self._own:
            raise NotFound("There is no such appointment.")
        return appointment

    def _request_of(self, one: Appointment) -> Book:
        start = one.start_time.astimezone(self._zone)
        return Book(service=one.service, start=start, name=one.customer_name or "", phone=one.customer_phone, notes=one.notes)

    def _told(self, one: Appointment) -> BookedAppointment:
        self._own.add(one.id)
        length: timedelta = one.end_time - one.start_time
        start: datetime = one.start_time.astimezone(self._zone)
        return BookedAppointment(
            id=str(one.id), start=start, service=one.service, name=one.customer_name, minutes=round(length.total_seconds() / 60)
        )
