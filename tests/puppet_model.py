"""A language model played by the built-in receptionist: reads only what a request holds, answers in streamed text and calls of tools.

It stands in for a model that does as it is told, so that the way to a model and back (prompt, schemas, arguments, results in words)
can be held to the scenarios without an account. It keeps nothing between requests: each time it works through the whole conversation.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from aira.model import OpeningSpan
from aira.voice.receptionist import decide
from aira.voice.receptionist.protocol import (
    Action,
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
    Slots,
    SpecialDay,
    Started,
    TakeMessage,
    ToolRequest,
    ToolResult,
    Transfer,
)
from aira.voice.receptionist.state import State
from chat_server import Reply

KNOWN = "+10000000000"
"""Stands for the number that the model is only told to be known."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SERVICE = re.compile(
    r"(?P<name>[^(]+) \((?P<minutes>\d+) minutes(?:, (?P<price>[\d.]+) (?P<currency>[A-Z]{3}))?\)(?:, also called (?P<also>.+))?"
)
_SPECIAL = re.compile(r"(?P<day>\S+) (?:closed|(?P<opens>[\d:]+)-(?P<closes>[\d:]+))(?: for (?P<reason>.+))?")
_APPOINTMENT = re.compile(r"(?P<service>.+) on \w+ (?P<start>\S+) for (?P<name>.+) \(appointment_id (?P<id>\S+)\)")
_SPAN = re.compile(r"(?P<first>\d\d:\d\d)(?:-(?P<last>\d\d:\d\d) every (?P<step>\d+) minutes)?")


def reply_to(request: dict[str, Any]) -> Reply:
    """The model's answer to a chat-completions request."""
    system, *dialogue = request["messages"]
    facts = facts_in(system["content"])
    state, actions = decide(State(), Started(), facts)
    asked: Action | None = None
    for message in dialogue:
        event = _event(message, asked, facts)
        if event is not None:
            state, actions = decide(state, event, facts)
            asked = actions[-1] if actions else None
    words = " ".join(action.text for action in actions if isinstance(action, Say))
    call = asked if asked is not None and not isinstance(asked, Say) else None
    return Reply(tuple(_pieces(words)), () if call is None else (tool_call(call),))


def _event(message: dict[str, Any], asked: Action | None, facts: Facts) -> Event | None:
    if message["role"] == "user":
        return Heard(message["content"])
    if message["role"] == "tool" and asked is not None and not isinstance(asked, Say | EndCall | Transfer):
        return ToolResult(asked, result_in(asked, message["content"], facts))
    return None


def _pieces(words: str) -> Iterator[str]:
    """The text in the pieces in which it is streamed."""
    yield from (words[start : start + 9] for start in range(0, len(words), 9))


def facts_in(instructions: str) -> Facts:
    """The facts of the business that the instructions hold."""
    now = _told(instructions, r"Now: \w+, (\S+ \S+), time zone")
    zone = _told(instructions, r"time zone (\S+)\.$")
    known = {
        "services": tuple(_services(_told(instructions, r"^Services: (.*)\.$"))),
        "hours": tuple(_hours(_told(instructions, r"^Opening hours: (.*)\.$"))),
        "special_days": tuple(_special_days(_told(instructions, r"^Other hours: (.*)\.$"))),
    }
    return Facts(
        business=_told(instructions, r"receptionist of (.*) and talk"),
        time_zone=zone,
        now=datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone)),
        address=_told(instructions, r"^Address: (.*)\.$") or None,
        transfer_available="A person can take the call" in instructions,
        caller_number=KNOWN if "The caller's number is known" in instructions else None,
        max_advance_days=int(_told(instructions, r"^Bookings: .* to (\d+) days ahead")),
        **known,  # type: ignore[arg-type]
    )


def _told(instructions: str, pattern: str) -> str:
    found = re.search(pattern, instructions, re.MULTILINE)
    return found[1] if found else ""


def _services(told: str) -> Iterator[ServiceFact]:
    for match in filter(None, map(_SERVICE.fullmatch, told.split("; "))):
        price = Decimal(match["price"]) if match["price"] else None
        also = tuple(match["also"].split(", ")) if match["also"] else ()
        yield ServiceFact(match["name"], int(match["minutes"]), also, price, match["currency"])


def _hours(told: str) -> Iterator[OpeningSpan]:
    for name, opens, closes in re.findall(r"(\w+) (\d\d:\d\d)-(\d\d:\d\d)", told):
        yield OpeningSpan(_DAYS.index(name) + 1, time.fromisoformat(opens), time.fromisoformat(closes))


def _special_days(told: str) -> Iterator[SpecialDay]:
    for match in filter(None, map(_SPECIAL.fullmatch, told.split("; "))):
        opens, closes = (time.fromisoformat(match[part]) if match[part] else None for part in ("opens", "closes"))
        yield SpecialDay(date.fromisoformat(match["day"]), opens, closes, match["reason"])


def tool_call(action: ToolRequest | EndCall | Transfer) -> tuple[str, dict[str, object]]:
    """Name and arguments of the call of a tool."""
    match action:
        case SearchKnowledge():
            return "search_knowledge", {"query": action.query}
        case FindSlots():
            return "find_slots", _slots_wanted(action)
        case Book():
            phone = None if action.phone == KNOWN else action.phone
            told = {"service": action.service, "name": action.name, "phone": phone, "notes": action.notes}
            return "book_appointment", {"start": _wall(action.start), **_given(told)}
        case FindAppointments():
            return "find_appointments", _given({"name": action.name, "day": action.day and action.day.isoformat()})
        case Reschedule():
            return "reschedule_appointment", {"appointment_id": action.appointment_id, "start": _wall(action.start)}
        case Cancel():
            return "cancel_appointment", {"appointment_id": action.appointment_id}
        case TakeMessage():
            phone = None if action.phone == KNOWN else action.phone
            return "take_message", {"text": action.text, **_given({"name": action.name, "phone": phone})}
        case Transfer():
            return "transfer_call", {"reason": action.reason}
        case EndCall():
            return "end_call", {"outcome": action.outcome}


def _slots_wanted(request: FindSlots) -> dict[str, object]:
    last = (request.latest - timedelta(days=1)).date()
    bounds = {
        "from_time": request.daily_from and f"{request.daily_from:%H:%M}",
        "to_time": request.daily_to and f"{request.daily_to:%H:%M}",
    }
    told = {"to_date": last.isoformat(), **bounds, "service": request.service, "moving": request.excluding}
    return {"from_date": request.earliest.date().isoformat(), **_given(told)}


def _wall(start: datetime) -> str:
    """Wall-clock time; with its offset where the clock shows it twice."""
    twice = start.utcoffset() != start.replace(fold=1 - start.fold).utcoffset()
    return start.isoformat() if twice else f"{start:%Y-%m-%dT%H:%M}"


def _given(arguments: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def result_in(request: ToolRequest, told: str, facts: Facts) -> Result:
    """A tool's result as the words of the session tell it."""
    if refused := re.match(r"Refused: (\w+)\.", told):
        return Refusal(refused[1])
    if told.startswith("Not done"):
        return Refusal("not_done")
    match request:
        case SearchKnowledge():
            passages = re.findall(r"^\[(.+)\]\n((?:(?!^\[).*\n?)*)", told, re.MULTILINE)
            return Passages(bool(passages), tuple(Passage(text.strip(), heading) for heading, text in passages))
        case FindSlots():
            return Slots(tuple(_starts(told, ZoneInfo(facts.time_zone))))
        case Book() | Reschedule():
            return Booked(next(_appointments(told.removeprefix("Done: "), facts)))
        case FindAppointments():
            return Appointments(tuple(_appointments(told, facts)))
        case Cancel() | TakeMessage():
            return Done()


def _starts(told: str, zone: ZoneInfo) -> Iterator[datetime]:
    for day, spans in re.findall(r"^\w+ (\d{4}-\d\d-\d\d): (.*)$", told, re.MULTILINE):
        for match in _SPAN.finditer(spans):
            start = datetime.fromisoformat(f"{day} {match['first']}")
            last = datetime.fromisoformat(f"{day} {match['last'] or match['first']}")
            while start <= last:
                yield start.replace(tzinfo=zone)
                start += timedelta(minutes=int(match["step"] or 1))


def _appointments(told: str, facts: Facts) -> Iterator[BookedAppointment]:
    lengths: Sequence[ServiceFact] = facts.services
    for match in filter(None, map(_APPOINTMENT.fullmatch, told.splitlines())):
        start = datetime.fromisoformat(match["start"]).replace(tzinfo=ZoneInfo(facts.time_zone))
        service = None if match["service"] == "appointment" else match["service"]
        minutes = next((one.minutes for one in lengths if one.name == service), 30)
        yield BookedAppointment(match["id"], start, service, match["name"], minutes)
