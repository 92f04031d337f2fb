"""What came of a call, in a few sentences, written from its journal once it is over: no model, the same journal gives the same words."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aira.core.app import Aira
from aira.core.calls import call_events, find_call
from aira.core.db import execute
from aira.model import Call, CallEvent

MOST_QUESTIONS = 20
LONGEST_QUESTION = 300
"""Characters of a question that are kept."""

_KEEP_SQL = "update calls set summary = %(summary)s, unanswered = %(unanswered)s where id = %(call)s"

_BY_ROUTE = {
    "unknown_number": "The number dialled is not one of ours.",
    "unassigned": "The number dialled belongs to no business.",
    "inactive": "The business takes no calls.",
    "caller_limit": "Refused: too many calls from this number.",
    "business_limit": "All lines were busy.",
    "closed_voicemail": "The business was closed.",
    "closed_greeting": "The business was closed.",
}
_BY_OUTCOME = {
    "voicemail": "Left a voice message.",
    "silent": "The caller said nothing.",
    "abusive": "The caller was abusive.",
}


def sum_up_call(aira: Aira, call: UUID) -> Call:
    """Write summary and unanswered questions of a call that is over. Raises NotFound."""
    found = find_call(aira, str(call))
    events = call_events(aira, call)
    values = {"call": call, "summary": summary_of(found, events), "unanswered": unanswered_questions(events)}
    with aira.database.transaction() as connection:
        execute(connection, _KEEP_SQL, values)
    return find_call(aira, str(call))


def summary_of(call: Call, events: Sequence[CallEvent]) -> str:
    """The sentences: what was done, what was asked, how it ended."""
    sentences = [_BY_ROUTE[call.route]] if call.route in _BY_ROUTE else []
    sentences += [sentence for event in events if (sentence := _deed(event))]
    if asked := len(_questions(events)):
        open_ones = len(unanswered_questions(events))
        sentences.append(f"Asked {_count(asked, 'question')}" + (f", {open_ones} without an answer." if open_ones else "."))
    if call.next_step == "transfer":
        taken = call.outcome == "transferred"
        sentences.append("Was put through to a person." if taken else "Asked for a person, but nobody took the call.")
    if call.outcome in _BY_OUTCOME:
        sentences.append(_BY_OUTCOME[call.outcome])
    if call.connects > 1:
        sentences.append(f"The line was lost {_count(call.connects - 1, 'time')} and the call went on.")
    if call.status == "missed" and not sentences:
        sentences.append("Hung up before anybody answered.")
    return " ".join(sentences) or "Nothing came of it."


def unanswered_questions(events: Sequence[CallEvent]) -> list[str]:
    """What the caller asked and no document answers, in the caller's words, each once."""
    asked = [words for event, words in _questions(events) if not _part(event, "result").get("answerable")]
    return list(dict.fromkeys(words[:LONGEST_QUESTION] for words in asked))[:MOST_QUESTIONS]


def _questions(events: Iterable[CallEvent]) -> list[tuple[CallEvent, str]]:
    """Searches, each with the caller's words that led to it."""
    found, words = [], ""
    for event in events:
        if event.role == "caller":
            words = event.text
        elif event.tool == "search_knowledge" and event.role == "tool":
            found.append((event, words or str(_part(event, "request").get("query", ""))))
    return found


def _deed(event: CallEvent) -> str | None:
    """What a tool did, None where it only read or was refused."""
    request, result = _part(event, "request"), _part(event, "result")
    if event.role != "tool" or result.get("kind") not in {"Booked", "Done"}:
        return None
    if event.tool == "take_message":
        return f"Left a message: \u201c{str(request.get('text', ''))[:LONGEST_QUESTION]}\u201d"
    if event.tool == "cancel_appointment":
        return "Cancelled an appointment."
    appointment = result.get("appointment")
    if not isinstance(appointment, dict):
        return None
    start = datetime.fromisoformat(str(appointment["start"]))
    verb = "Booked" if event.tool == "book_appointment" else "Moved"
    whose = f" for {appointment['name']}" if appointment.get("name") else ""
    return f"{verb} {appointment.get('service') or 'an appointment'}{whose}: {start:%A} {start.day} {start:%B %Y, %H:%M}."


def _part(event: CallEvent, name: str) -> dict[str, Any]:
    part = event.detail.get(name)
    return part if isinstance(part, dict) else {}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
