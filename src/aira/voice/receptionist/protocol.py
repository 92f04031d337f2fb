"""What the built-in mind and its driver say to each other: facts and events in, actions out.

The driver calls `decide(state, event, facts)` and carries the actions out in order. A `Say` is spoken; a request of a tool
is run and its outcome fed back as a `ToolResult`; `Transfer` and `EndCall` end the conversation after what was said before them.
One decision holds at most one tool request, `Transfer` or `EndCall`, and it stands last.

All times are aware datetimes; those of `Facts.now` and of everything the mind asks for are in the business's zone, those in
results may be in any zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from aira.model import OpeningSpan


@dataclass(frozen=True, slots=True)
class ServiceFact:
    """A service that callers can book."""

    name: str
    minutes: int
    also: tuple[str, ...] = ()
    """Other names callers use for it."""
    price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date with other hours than usual, one record a span; closed all day where `opens` is None."""

    on_date: date
    opens: time | None = None
    closes: time | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true about the business and this call while one event is decided."""

    business: str
    time_zone: str
    """IANA name, such as America/New_York."""
    now: datetime
    """The present, aware and in `time_zone`."""
    services: tuple[ServiceFact, ...] = ()
    hours: tuple[OpeningSpan, ...] = ()
    special_days: tuple[SpecialDay, ...] = ()
    """Closures and other hours from today on."""
    address: str | None = None
    greeting: str | None = None
    """The business's own first sentence instead of the stock one."""
    transfer_available: bool = False
    """A person can be put through to now."""
    caller_number: str | None = None
    """E.164 number the call comes from, None where withheld."""
    ai_disclosure: bool = True
    """The greeting says that an automated assistant speaks."""
    min_notice_minutes: int = 0
    max_advance_days: int = 365


@dataclass(frozen=True, slots=True)
class Started:
    """The call was answered; nothing has been said."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The call goes on after the bot was lost or the mind was changed; the state is the last one kept."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller said something; `text` is what speech-to-text or the keyboard made of it."""

    text: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller has said nothing since the bot last spoke; `count` is how many times in a row, from 1."""

    count: int


@dataclass(frozen=True, slots=True)
class SearchKnowledge:
    """Search the business's documents. Answered by `Passages`."""

    query: str


@dataclass(frozen=True, slots=True)
class FindSlots:
    """Free start times in [earliest, latest), ascending. Answered by `Slots`.

    `daily_from` and `daily_to` keep only starts whose wall-clock time is in [daily_from, daily_to) on each day.
    `excluding` is an appointment whose own time counts as free, because it is to be moved.
    """

    service: str | None
    earliest: datetime
    latest: datetime
    daily_from: time | None = None
    daily_to: time | None = None
    limit: int = 48
    excluding: str | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """Book an appointment. Answered by `Booked` or `Refusal`."""

    service: str | None
    start: datetime
    name: str
    phone: str | None
    """E.164 or the digits the caller gave; None means the number that calls."""
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class FindAppointments:
    """The caller's own coming appointments: booked under the calling number, and `name` or `day` matches as well.

    Answered by `Appointments`. The second fact is checked with `is_same_customer`, by the tool, so that no mind can leave it out.
    """

    name: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Move an appointment found before. Answered by `Booked` or `Refusal`."""

    appointment_id: str
    start: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an appointment found before. Answered by `Done` or `Refusal`."""

    appointment_id: str


@dataclass(frozen=True, slots=True)
class TakeMessage:
    """Leave a message for the business. Answered by `Done` or `Refusal`."""

    text: str
    name: str | None = None
    phone: str | None = None
    """None means the number that calls."""


ToolRequest = SearchKnowledge | FindSlots | Book | FindAppointments | Reschedule | Cancel | TakeMessage


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a document; tables have one row a line, cells divided by ` | `."""

    text: str
    heading: str | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Passages:
    """What the documents say, best first; `answerable` is False where nothing in them is about the question."""

    answerable: bool
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Slots:
    """Free start times, ascending."""

    starts: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class BookedAppointment:
    """An appointment as the calendar has it."""

    id: str
    start: datetime
    service: str | None = None
    name: str | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """The appointment was booked or moved."""

    appointment: BookedAppointment


@dataclass(frozen=True, slots=True)
class Appointments:
    """The caller's coming appointments, soonest first; empty where none is theirs."""

    appointments: tuple[BookedAppointment, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The tool did what it was asked."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The tool did not do it; `code` is the `reason` of the AiraError."""

    code: str


Result = Passages | Slots | Booked | Appointments | Done | Refusal


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool has answered."""

    request: ToolRequest
    result: Result


Event = Started | Resumed | Heard | Silence | ToolResult


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this to the caller."""

    text: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Put the caller through to a person of the business."""

    reason: str


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up after what was said. `outcome` is the most the call achieved, the value of `calls.outcome`.

    booked, rescheduled, cancelled, message, answered, no_need (wrong number, nothing wanted), silent or abusive.
    """

    outcome: str


Action = Say | Transfer | EndCall | ToolRequest
