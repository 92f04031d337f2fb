"""A front desk for tests of the built-in mind: a caller's lines go in, the receptionist's come out, its tools work on a small calendar."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Self
from zoneinfo import ZoneInfo

from aira.model import OpeningSpan
from aira.voice.receptionist import decide, is_same_customer
from aira.voice.receptionist.dialogue.turn import Decision
from aira.voice.receptionist.opening import spans_on
from aira.voice.receptionist.protocol import (
    Appointments,
    Book,
    Booked,
    BookedAppointment,
    Cancel,
    Done,
    EndCall,
    Event,
    Facts,
    FindAppointments,
    FindSlots,
    Heard,
    Passage,
    Passages,
    Refusal,
    Reschedule,
    Result,
    Say,
    SearchKnowledge,
    ServiceFact,
    Silence,
    Slots,
    SpecialDay,
    Started,
    TakeMessage,
    ToolRequest,
    ToolResult,
    Transfer,
)
from aira.voice.receptionist.state import State

ZONE = ZoneInfo("America/New_York")
MONDAY_MORNING = datetime(2026, 11, 23, 10, tzinfo=ZONE)
SALON = Facts(
    business="Shear Delight",
    time_zone="America/New_York",
    now=MONDAY_MORNING,
    services=(
        ServiceFact("Haircut", 30, ("trim", "cut"), Decimal(25), "USD"),
        ServiceFact("Colour treatment", 90, ("colour", "highlights"), Decimal(85), "USD"),
        ServiceFact("Beard trim", 15, (), Decimal("12.50"), "USD"),
    ),
    hours=(*(OpeningSpan(day, time(9), time(17)) for day in range(1, 6)), OpeningSpan(6, time(10), time(14))),
    special_days=(SpecialDay(date(2026, 11, 26), reason="Thanksgiving"),),
    address="12 Oak Street",
    transfer_available=True,
    caller_number="+14155550123",
)
HOUSE_RULES = Passage(
    "Free parking is available behind the shop.\n\nPlease give us 24 hours notice when you cancel. Dogs are welcome on a leash.",
    "House rules",
)


def at(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    """A moment of autumn 2026 on the salon's clock."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@dataclass
class FrontDesk:
    """One call. The calendar has a start every quarter of an hour; one appointment fits into it."""

    facts: Facts = SALON
    taken: set[datetime] = field(default_factory=set)
    appointments: list[BookedAppointment] = field(default_factory=list)
    passages: tuple[Passage, ...] = (HOUSE_RULES,)
    refusing: str | None = None
    """A code with which the next booking, move or cancellation is refused."""
    state: State = field(default_factory=State)
    said: list[str] = field(default_factory=list)
    """What the receptionist said, a turn each."""
    used: list[ToolRequest] = field(default_factory=list)
    ended: EndCall | Transfer | None = None
    messages: list[TakeMessage] = field(default_factory=list)

    @classmethod
    def called(cls, **changes: object) -> Self:
        """A call that has just been answered, the facts changed so."""
        desk = cls(facts=replace(SALON, **changes))  # type: ignore[arg-type]
        return desk.goes_on(Started())

    @property
    def last(self) -> str:
        """The receptionist's last turn."""
        return self.said[-1]

    def hears(self, *lines: str) -> Self:
        """The caller says these lines, one after another."""
        for line in lines:
            assert self.ended is None, f"the call ended before {line!r}: {self.last}"
            self.goes_on(Heard(line))
        return self

    def hears_nothing(self, times: int = 1) -> Self:
        """The caller is silent so many times in a row."""
        for count in range(1, times + 1):
            self.goes_on(Silence(count))
        return self

    def goes_on(self, event: Event) -> Self:
        """Carry out what is decided on an event, and on the results of tools after it."""
        words: list[str] = []
        following: Event | None = event
        while following is not None:
            following = self._carry_out(decide(self.state, following, self.facts), words)
        self.said.append(" ".join(words))
        return self

    def _carry_out(self, decision: Decision, words: list[str]) -> Event | None:
        state, actions = decision
        self.state = State.from_json(state.to_json())
        for action in actions:
            if isinstance(action, Say):
                words.append(action.text)
            elif isinstance(action, EndCall | Transfer):
                self.ended = action
            else:
                self.used.append(action)
                return ToolResult(action, self.run(action))
        return None

    def run(self, request: ToolRequest) -> Result:
        """Do what the receptionist asks of its tools."""
        match request:
            case FindSlots():
                return Slots(tuple(self._free(request)))
            case SearchKnowledge():
                known = any(word in request.query.lower() for word in ("park", "dog", "cancel", "notice"))
                return Passages(known, self.passages if known else ())
            case FindAppointments():
                return Appointments(tuple(one for one in self.appointments if self._is_proved(one, request)))
            case TakeMessage():
                self.messages.append(request)
                return Done()
            case Book() | Reschedule() | Cancel():
                return self._write(request)

    def _write(self, request: Book | Reschedule | Cancel) -> Result:
        if self.refusing is not None:
            code, self.refusing = self.refusing, None
            return Refusal(code)
        if isinstance(request, Cancel):
            self.appointments = [one for one in self.appointments if one.id != request.appointment_id]
            return Done()
        if isinstance(request, Reschedule):
            old = next(one for one in self.appointments if one.id == request.appointment_id)
            self.appointments.remove(old)
            new = replace(old, start=request.start)
        else:
            minutes = next((one.minutes for one in self.facts.services if one.name == request.service), 30)
            new = BookedAppointment(f"a{len(self.appointments) + 1}", request.start, request.service, request.name, minutes)
        self.appointments.append(new)
        return Booked(new)

    def _free(self, request: FindSlots) -> list[datetime]:
        minutes = next((one.minutes for one in self.facts.services if one.name == request.service), 30)
        found = []
        day = request.earliest.astimezone(ZONE).date()
        while day <= request.latest.astimezone(ZONE).date() and len(found) < request.limit:
            for opens, closes in spans_on(self.facts, day):
                start = datetime.combine(day, opens, tzinfo=ZONE)
                while start + timedelta(minutes=minutes) <= datetime.combine(day, closes, tzinfo=ZONE):
                    if self._fits(start, minutes, request):
                        found.append(start)
                    start += timedelta(minutes=15)
            day += timedelta(days=1)
        return found[: request.limit]

    def _fits(self, start: datetime, minutes: int, request: FindSlots) -> bool:
        end = start + timedelta(minutes=minutes)
        window = (request.daily_from or time(0)) <= start.time() and (request.daily_to is None or start.time() < request.daily_to)
        busy = any(
            one.start < end and start < one.start + timedelta(minutes=one.minutes or 30)
            for one in self.appointments
            if one.id != request.excluding
        )
        return request.earliest <= start < request.latest and window and not busy and start not in self.taken

    def _is_proved(self, one: BookedAppointment, request: FindAppointments) -> bool:
        named = request.name is not None and one.name is not None and is_same_customer(request.name, one.name)
        return named or (request.day is not None and one.start.date() == request.day)
