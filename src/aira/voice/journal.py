"""How tool calls stand in the journal: one line for people, and the values for programs."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal

from aira.voice.receptionist.protocol import Appointments, Booked, Done, Passages, Refusal, Result, Slots, ToolRequest
from aira.voice.tools import tool_name

_ACHIEVED = {
    "book_appointment": "booked",
    "reschedule_appointment": "rescheduled",
    "cancel_appointment": "cancelled",
    "take_message": "message",
    "search_knowledge": "answered",
}


def achieved(tool: str, detail: Mapping[str, object]) -> str:
    """What a tool call, as the journal has it, achieved for the caller: a call's outcome."""
    result = detail.get("result")
    if not isinstance(result, dict) or result.get("kind") == "Refusal" or result.get("answerable") is False:
        return "no_need"
    return _ACHIEVED.get(tool, "no_need")


def in_words(request: ToolRequest, result: Result) -> str:
    """The line of a transcript."""
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


def plain(value: object) -> dict[str, object]:
    """A request or result as JSON values; `kind` names it."""
    return {"kind": type(value).__name__, **{name: _json(item) for name, item in asdict(value).items()}} if is_dataclass(value) else {}  # type: ignore[arg-type]


def _json(value: object) -> object:
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
