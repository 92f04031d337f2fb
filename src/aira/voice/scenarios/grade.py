"""Grading: the final state of the database against what was expected, and rules that every conversation keeps."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from aira.model import Appointment, CallEvent
from aira.voice.receptionist.names import is_same_name
from aira.voice.receptionist.when import read_when
from aira.voice.receptionist.words import normalise
from aira.voice.scenarios.play import Played
from aira.voice.scenarios.scenario import Entry, moment

WRITES = {"book_appointment", "reschedule_appointment"}
MOST_WORDS = 75
"""Words that a caller can follow in one turn."""


def failures(played: Played, *, heard: bool = False) -> list[str]:
    """What went wrong, a sentence each; empty where the scenario passed.

    `heard` tells that the words went through speech-to-text, so that a name only has to sound the same.
    """
    return [*_calendar(played, heard=heard), *_state(played), *_words(played), *_rules(played)]


def _calendar(played: Played, *, heard: bool) -> Iterator[str]:
    expected, scenario = played.scenario.expect, played.scenario
    wanted = Counter(_wanted(entry, scenario.starts) for entry in expected.appointments)
    known = [str(entry[2]) for entry in wanted]
    got = Counter(_got(one, played, known if heard else ()) for one in played.appointments)
    yield from (f"there is no appointment {entry}" for entry in wanted - got)
    yield from (f"there is an appointment {entry} that nobody wanted" for entry in got - wanted)


def _state(played: Played) -> Iterator[str]:
    expected = played.scenario.expect
    for pattern in expected.messages:
        if not any(re.search(pattern, f"{one.text} / {one.caller_name} / {one.phone}", re.IGNORECASE) for one in played.messages):
            yield f"no message was left that matches {pattern!r}"
    if len(played.messages) != len(expected.messages):
        yield f"{len(played.messages)} messages were left instead of {len(expected.messages)}"
    if expected.outcome is not None and played.outcome != expected.outcome:
        yield f"the outcome is {played.outcome} instead of {expected.outcome}"
    if expected.ended is not None and played.ended is not expected.ended:
        yield "the bot did not end the call" if expected.ended else "the bot ended the call"


def _wanted(entry: Entry, now: datetime) -> tuple[object, ...]:
    return (f"{moment(entry.at, now):%Y-%m-%d %H:%M}", entry.service, (entry.name or "Somebody Else").lower(), entry.status)


def _got(one: Appointment, played: Played, alike: Sequence[str]) -> tuple[object, ...]:
    start = one.start_time.astimezone(played.scenario.zone)
    name = (one.customer_name or "").lower()
    name = next((other for other in alike if is_same_name(name, other)), name)
    return (f"{start:%Y-%m-%d %H:%M}", one.service, name, one.status)


def _words(played: Played) -> Iterator[str]:
    turns = _bot(played)
    for pattern in played.scenario.expect.says:
        if not any(re.search(pattern, turn, re.IGNORECASE) for turn in turns):
            yield f"the bot never said {pattern!r}"
    for pattern in played.scenario.expect.never_says:
        if any(re.search(pattern, turn, re.IGNORECASE) for turn in turns):
            yield f"the bot said {pattern!r}"


def _rules(played: Played) -> Iterator[str]:
    """Rules of every conversation: a machine says that it is one, asks one question at a time, and reads back what it books."""
    turns = _bot(played)
    if turns and not re.search(r"\b(?:assistant|automated|ai|virtual|machine)\b", turns[0], re.IGNORECASE):
        yield "the greeting does not say that a machine speaks"
    for turn in turns:
        if turn.count("?") > 1:
            yield f"two questions at once: {turn!r}"
        if len(turn.split()) > MOST_WORDS:
            yield f"a turn nobody can follow: {turn!r}"
        if not turn.strip():
            yield "a turn without words"
    for event in played.events:
        if event.role == "tool" and event.tool in WRITES:
            yield from _read_back(played, event)


def _read_back(played: Played, write: CallEvent) -> Iterator[str]:
    """Before a write, the bot's last words named day, time and, of a booking, the name."""
    before = [event for event in played.events if event.seq < write.seq and event.role in ("bot", "caller")]
    if not before or before[-1].role != "caller":
        yield f"{write.tool} did not follow the caller's words"
        return
    bot = next((event.text for event in reversed(before) if event.role == "bot"), "")
    request = write.detail.get("request")
    if not isinstance(request, dict):
        return
    start = datetime.fromisoformat(str(request["start"])).astimezone(played.scenario.zone)
    when = read_when(normalise(bot), played.scenario.starts, moving=write.tool == "reschedule_appointment")
    named = str(request.get("name") or "").lower()
    if when.day != start.date() or when.at != start.time().replace(second=0):
        yield f"{write.tool} for {start:%Y-%m-%d %H:%M} followed {bot!r}"
    elif write.tool == "book_appointment" and named not in bot.lower():
        yield f"the name was not read back: {bot!r}"


def _bot(played: Played) -> list[str]:
    return [event.text for event in played.events if event.role == "bot"]
