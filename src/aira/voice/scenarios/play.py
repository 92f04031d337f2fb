"""Playing a scenario: the world is made in the database, the session of a real call held with it, and what came of it collected."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING

from aira.core.aio import in_thread
from aira.core.app import Aira
from aira.core.appointments import book_appointment, cancel_appointment, list_appointments
from aira.core.businesses import add_business
from aira.core.calls import call_events, call_messages, open_chat
from aira.core.closures import add_closure
from aira.core.documents import ingest_document
from aira.core.numbers import search_numbers
from aira.core.purchases import buy_number
from aira.core.services import add_resource, add_service
from aira.model import Appointment, Business, CallEvent, CallMessage
from aira.voice.scenarios.caller import SILENCE, Caller
from aira.voice.scenarios.scenario import Entry, Scenario, World, moment
from aira.voice.session import Session, open_session

if TYPE_CHECKING:
    from datetime import date

    from aira.voice.vendors.models import Models

MOST_TURNS = 40


@dataclass
class StandingClock:
    """A clock that shows the moment a scenario plays at."""

    at: datetime

    def now(self) -> datetime:
        """That moment, in UTC."""
        return self.at


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one playing of a scenario."""

    scenario: Scenario
    seed: int
    events: Sequence[CallEvent]
    appointments: Sequence[Appointment]
    """Those the calendar held before the call or that were made in it, as they stand now."""
    messages: Sequence[CallMessage]
    outcome: str
    ended: bool


@dataclass
class Stage:
    """The database that scenarios play in; businesses are made once for a world and used again."""

    aira: Aira
    model: "Models | None" = None
    _businesses: dict[World, Business] = field(default_factory=dict)
    _opened: int = 0
    _opening: Lock = field(default_factory=Lock)
    """Two calls at once must not choose the same number."""

    async def play(self, scenario: Scenario, *, seed: int) -> Played:
        """Hold the conversation once and clear the calendar behind it."""
        aira = replace(self.aira, clock=StandingClock(scenario.starts.astimezone(UTC)))
        business = await in_thread(self._business)(aira, scenario.world)
        before = await in_thread(self.fill)(aira, business, scenario)
        call = await in_thread(open_chat)(aira, business=business.id, from_number=scenario.caller)
        session = await open_session(aira, call, model=self.model)
        await _converse(session, Caller(scenario, seed=seed))
        await session.close()
        after = await in_thread(list_appointments)(aira, business=business.id)
        ours = [one for one in after if one.id in before or one.external_id == call.call_sid]
        messages = [one for one in await in_thread(call_messages)(aira, business.id) if one.call_id == call.id]
        events = await in_thread(call_events)(aira, call.id)
        await in_thread(self._clear)(aira, ours)
        return Played(scenario, seed, events, ours, messages, session.outcome, session.ended)

    def _business(self, aira: Aira, world: World) -> Business:
        known = self._businesses.get(world)
        if known is None:
            known = self._businesses[world] = self.open_business(world, aira)
        return known

    def open_business(self, world: World, aira: Aira | None = None) -> Business:
        """A new business of this world, with a number that leads to it."""
        aira = aira or self.aira
        with self._opening:
            self._opened += 1
            number = search_numbers(aira, limit=1)[0].phone_number
            name = world.name if self._opened == 1 else f"{world.name} {self._opened}"
            business = add_business(
                aira,
                name,
                time_zone=world.time_zone,
                hours=world.hours,
                greeting=world.greeting,
                transfer_number=world.transfer_number,
                address=world.address,
            )
            buy_number(aira, number, business=business.id)
        _furnish(aira, business, world)
        return business

    def fill(self, aira: Aira, business: Business, scenario: Scenario) -> set[object]:
        """Put the scenario's appointments into the calendar; returns their ids."""
        return {_book(aira, business, entry, scenario).id for entry in scenario.calendar}

    def _clear(self, aira: Aira, appointments: Sequence[Appointment]) -> None:
        for appointment in appointments:
            if appointment.status == "confirmed":
                cancel_appointment(aira, appointment.id, reason="The scenario is over.")


async def _converse(session: Session, caller: Caller) -> None:
    said = " ".join([sentence async for sentence in session.start()])
    for _ in range(MOST_TURNS):
        reply = caller.reply(said) if session.may_go_on or not session.ended else None
        if reply is None or (session.ended and reply == SILENCE):
            return
        sentences = session.silence() if reply == SILENCE else session.hear(reply)
        said = " ".join([sentence async for sentence in sentences])


def _book(aira: Aira, business: Business, entry: Entry, scenario: Scenario) -> Appointment:
    return book_appointment(
        aira,
        business=business.id,
        start=moment(entry.at, scenario.starts),
        service=entry.service,
        customer_name=entry.name or "Somebody Else",
        customer_phone=entry.phone,
    )


def _furnish(aira: Aira, business: Business, world: World) -> None:
    """Services, chairs, closures and documents."""
    for offer in world.services:
        price = Decimal(offer.price) if offer.price else None
        add_service(aira, offer.name, business=business.id, minutes=offer.minutes, price=price, also=list(offer.also))
    for number in range(1, world.chairs + 1):
        add_resource(aira, f"Chair {number}", business=business.id)
    for day, reason in world.closures:
        add_closure(aira, _day(day), business=business.id, reason=reason)
    _add_documents(aira, business, world)


def _add_documents(aira: Aira, business: Business, world: World) -> None:
    with TemporaryDirectory() as folder:
        for name, text in world.documents:
            path = Path(folder) / name
            path.write_text(text, encoding="utf-8")
            ingest_document(aira, path, business=business.id)


def _day(text: str) -> "date":
    return datetime.fromisoformat(text).date()
