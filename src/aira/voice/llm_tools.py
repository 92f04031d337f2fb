"""The receptionist's tools as a language model sees them: JSON schemas, arguments read into requests, results in words."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from aira.voice.receptionist.protocol import (
    Appointments,
    Book,
    Booked,
    BookedAppointment,
    Cancel,
    Done,
    EndCall,
    FindAppointments,
    FindSlots,
    Passages,
    Refusal,
    Reschedule,
    Result,
    SearchKnowledge,
    Slots,
    TakeMessage,
    ToolRequest,
    Transfer,
)

OUTCOMES = ("booked", "rescheduled", "cancelled", "message", "answered", "no_need", "silent", "abusive")

MOST_SLOTS = 200

_TEXT = {"type": "string"}
_DAY = {"type": "string", "description": "Date of the business, such as 2026-12-01."}
_MOVING = {"type": "string", "description": "The appointment_id of an appointment to be moved; its own time counts as free."}
_CLOCK = {"type": "string", "description": "Wall-clock time of the business, such as 14:30."}
_START = {"type": "string", "description": "Date and wall-clock time of the business, such as 2026-12-01T14:30."}


def _tool(name: str, description: str, needed: Mapping[str, object], optional: Mapping[str, object] | None = None) -> dict[str, object]:
    properties = {**needed, **(optional or {})}
    parameters = {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


SCHEMAS = [
    _tool("search_knowledge", "Search the business's documents: prices, policies, anything not in your instructions.", {"query": _TEXT}),
    _tool(
        "find_slots",
        "Times that can be booked.",
        {"from_date": _DAY},
        {"to_date": _DAY, "from_time": _CLOCK, "to_time": _CLOCK, "service": _TEXT, "moving": _MOVING},
    ),
    _tool(
        "book_appointment",
        "Book, only after you have read back service, day, time and name and the caller has said yes.",
        {"start": _START, "name": _TEXT},
        {"service": _TEXT, "phone": _TEXT, "notes": _TEXT},
    ),
    _tool("find_appointments", "The caller's own coming appointments; needs their name or the day.", {}, {"name": _TEXT, "day": _DAY}),
    _tool("reschedule_appointment", "Move an appointment found or booked before.", {"appointment_id": _TEXT, "start": _START}),
    _tool("cancel_appointment", "Cancel an appointment found or booked before.", {"appointment_id": _TEXT}),
    _tool("take_message", "Leave a message for the business.", {"text": _TEXT}, {"name": _TEXT, "phone": _TEXT}),
    _tool("transfer_call", "Put the caller through to a person.", {"reason": _TEXT}),
    _tool("end_call", "Hang up, after you have said goodbye.", {"outcome": {"type": "string", "enum": list(OUTCOMES)}}),
]


def request_of(name: str, arguments: Mapping[str, object], *, now: datetime) -> ToolRequest | Transfer | EndCall:
    """The request that a call of a tool stands for. `now` is in the business's zone. Raises ValueError for what makes no request."""
    given = {key: str(value) for key, value in arguments.items() if value not in (None, "")}
    build: dict[str, Callable[[], ToolRequest | Transfer | EndCall]] = {
        "search_knowledge": lambda: SearchKnowledge(given["query"]),
        "find_slots": lambda: _find_slots(given, now),
        "book_appointment": lambda: Book(
            service=given.get("service"),
            start=_moment(given["start"], now),
            name=given["name"],
            phone=given.get("phone"),
            notes=given.get("notes"),
        ),
        "find_appointments": lambda: FindAppointments(
            name=given.get("name"), day=date.fromisoformat(given["day"]) if "day" in given else None
        ),
        "reschedule_appointment": lambda: Reschedule(given["appointment_id"], _moment(given["start"], now)),
        "cancel_appointment": lambda: Cancel(given["appointment_id"]),
        "take_message": lambda: TakeMessage(given["text"], name=given.get("name"), phone=given.get("phone")),
        "transfer_call": lambda: Transfer(given.get("reason", "")),
        "end_call": lambda: EndCall(given.get("outcome", "no_need") if given.get("outcome") in OUTCOMES else "no_need"),
    }
    try:
        return build[name]()
    except KeyError as missing:
        raise ValueError(f"There is no tool or argument {missing}.") from None


def in_words(result: Result) -> str:
    """A result as the model reads it."""
    match result:
        case Passages():
            if not result.answerable:
                return "The documents do not answer this. Say so and offer to take a message."
            return "\n\n".join(f"[{passage.heading or 'Document'}]\n{passage.text}" for passage in result.passages)
        case Slots():
            return "\n".join(("Free starts:", *_days(result.starts))) if result.starts else "Nothing is free."
        case Booked():
            return f"Done: {_appointment(result.appointment)}"
        case Appointments():
            return "\n".join(_appointment(one) for one in result.appointments) or "None found under this number with that name or day."
        case Done():
            return "Done."
        case Refusal():
            return f"Refused: {result.code}. Nothing was changed."


def _find_slots(given: Mapping[str, str], now: datetime) -> FindSlots:
    first = date.fromisoformat(given["from_date"])
    last = date.fromisoformat(given.get("to_date", given["from_date"]))
    return FindSlots(
        service=given.get("service"),
        earliest=max(now, datetime.combine(first, time(), tzinfo=now.tzinfo)),
        latest=datetime.combine(last + timedelta(days=1), time(), tzinfo=now.tzinfo),
        daily_from=time.fromisoformat(given["from_time"]) if "from_time" in given else None,
        daily_to=time.fromisoformat(given["to_time"]) if "to_time" in given else None,
        limit=MOST_SLOTS,
        excluding=given.get("moving"),
    )


def _days(starts: Sequence[datetime]) -> Iterator[str]:
    """A line a day, starts at equal distances as spans: `Tuesday 2026-12-01: 09:00-11:45 every 15 minutes, 14:00`."""
    for day, of_day in groupby(starts[:MOST_SLOTS], key=lambda start: start.date()):
        yield f"{day:%A %Y-%m-%d}: {', '.join(_spans(list(of_day)))}"


def _spans(starts: list[datetime]) -> Iterator[str]:
    while starts:
        step = starts[1] - starts[0] if len(starts) > 1 else timedelta()
        length = 1
        while length < len(starts) and starts[length] - starts[length - 1] == step:
            length += 1
        if length > 2:
            yield f"{starts[0]:%H:%M}-{starts[length - 1]:%H:%M} every {step.seconds // 60} minutes"
        else:
            yield f"{starts[0]:%H:%M}"
            length = 1
        starts = starts[length:]


def _moment(text: str, now: datetime) -> datetime:
    moment = datetime.fromisoformat(text)
    zone = now.tzinfo if now.tzinfo is not None else ZoneInfo("UTC")
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _when(moment: datetime) -> str:
    return f"{moment:%A %Y-%m-%dT%H:%M}"


def _appointment(one: BookedAppointment) -> str:
    return f"{one.service or 'appointment'} on {_when(one.start)} for {one.name or 'the caller'} (appointment_id {one.id})"
