"""How well the built-in mind understands people who book appointments, next to `dateparser` on the same turns.

    python benchmarks/understanding.py --data train.jsonl [--json] [--half even|odd] [--show]

Each dialogue's user and system turns are replayed through `understand`. A booking is right where the date and the time that the
replay holds when the booking is made are both those of the `BookAppointment` call. A time that the system only reads back does not
count as understood; one that it proposes is taken over by a yes. Rules were written on the dialogues with an even number; of the
others nine had been read before the data was divided.

`affirm_right` counts what lets pass what was stated, be it a yes or a question that moves on; `affirm_said_right` only what the mind
would book on. A third of the data's affirmations is a question in the place of the yes ("where are they?" to "is that right?"), and
some of those hold no word of consent: `affirm_alone_said_right` leaves out the affirmations that ask something.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aira.voice.receptionist.consent import Answer
from aira.voice.receptionist.state import Asked, Wish
from aira.voice.receptionist.understand import Hearing, Reading, understand
from aira.voice.receptionist.when import When, read_when
from aira.voice.receptionist.words import normalise

NOW = datetime(2019, 3, 1, 9, tzinfo=ZoneInfo("America/Los_Angeles"))
Slots = tuple[date | None, time | None]
Reader = Callable[[str, Asked], Slots]


MORE = re.compile(
    r"\b(?:any ?thing|any ?more|something|what|any ?one|nothing) (?:else|more|further)\b|\bthat be all\b"
    r"|\bhelp you with(?: any ?thing)? ?\?|\b(?:assist|help) (?:you )?further\b"
    r"|\bany ?(?:more|other|further) (?:\w+ )?(?:help|assistance|questions?|tasks?|thing)\b"
)
FAILED = re.compile(
    r"\b(?:sorry|unfortunately|unable|could not|can not|was not able|were not able|not available|unavailable|unsuccessful|failed)\b"
    r"|\b(?:no (?:availability|openings?|slots?)|booked up|not be (?:booked|made|achieved)|do(?:es)? not have)\b"
)
DONE = re.compile(r"\b(?:is|are|has|have|been|was|now|successfully) (?:\w+ ){0,2}(?:booked|confirmed|scheduled|reserved|made|set)\b")
CONFIRM = re.compile(
    r"\b(?:confirm\w*|correct|is that right|is (?:it|that|this) (?:right|okay|fine)|okay (?:with|for) you|right \?|setting|booking)\b"
    r"|\b(?:you (?:want|would like|wish)|(?:shall|should) i book)\b"
)
WANTS_BOOKING = re.compile(
    r"\b(?:do|would|shall|should|can|could|may|are|want|like|will|think)\b.*"
    r"\b(?:book\w*|schedul\w*|make|reserve|set up|appointments?|appt|visit)\b"
)
ASKS_TIME = re.compile(r"\b(?:what|which)(?: \w+){0,3} time\b|\btime (?:do|would|works|is best)\b|\bat what\b|\bwhen\b")
ASKS_DAY = re.compile(
    r"\b(?:what|which)(?: \w+){0,3} (?:day|date)\b|\b(?:day|date) (?:do|would|works|is best|and time)\b|\bon (?:what|which)\b|\bwhen\b"
)


def asked_by(said: str, *, states_time: bool) -> Asked:
    """The question in a turn of the data's system, which the mind itself would know; `states_time` tells that it names a day or time."""
    text = normalise(said)
    if MORE.search(text):
        return Asked.MORE
    if states_time:
        return Asked.SLOT if FAILED.search(text) and not CONFIRM.search(text) else Asked.BOOKING
    if ASKS_DAY.search(text):
        return Asked.WHEN if ASKS_TIME.search(text) else Asked.DAY
    if ASKS_TIME.search(text):
        return Asked.TIME
    if FAILED.search(text) or DONE.search(text):
        return Asked.MORE
    if WANTS_BOOKING.search(text):
        return Asked.WANTS_BOOKING
    return Asked.BOOKING if CONFIRM.search(text) else Asked.NOTHING


@dataclass
class Score:
    """Right answers and attempts by name, and what went wrong."""

    right: Counter[str] = field(default_factory=Counter)
    all: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)

    def add(self, name: str, right: bool, note: str = "") -> None:
        self.all[name] += 1
        self.right[name] += right
        if not right:
            self.misses.append(f"{name}: {note}")

    def share(self, *names: str) -> float:
        return round(sum(self.right[name] for name in names) / max(1, sum(self.all[name] for name in names)), 4)


def replay(dialogue: dict[str, Any], score: Score) -> None:
    """One dialogue through the understanding component."""
    wish, proposal, asked, spoke_of_time, system = Wish(), Wish(), Asked.NOTHING, False, ""
    for turn in dialogue["turns"]:
        if turn["speaker"] == "user":
            reading = understand(turn["utterance"], Hearing(NOW, asked, wish))
            grade_utterance(turn, system, reading, asked, score)
            if reading.answer in (Answer.YES, Answer.IMPLIED_YES):
                wish = replace(wish, day=proposal.day or wish.day, at=proposal.at or wish.at)
            wish = taken_in(wish, reading.when)
            spoke_of_time = reading.when.says_something
            continue
        if turn.get("call", {}).get("method") == "BookAppointment":
            grade_booking(turn["call"]["parameters"], (wish.day, wish.at), score, "")
        system = turn["utterance"]
        stated = read_when(normalise(turn["utterance"]), NOW)
        asked = asked_by(turn["utterance"], states_time=stated.day is not None or stated.clock is not None)
        proposal = Wish() if spoke_of_time else Wish(day=stated.day, at=stated.clock)


def taken_in(wish: Wish, when: When) -> Wish:
    """The wish with what an utterance says about day and time."""
    if when.shift is not None and wish.at and wish.day:
        moment = datetime.combine(wish.day, wish.at) + timedelta(days=when.shift.days, minutes=when.shift.minutes)
        wish = replace(wish, day=moment.date(), at=moment.time())
    return replace(wish, day=when.day or wish.day, at=when.clock or wish.at)


def grade_utterance(turn: dict[str, Any], system: str, reading: Reading, asked: Asked, score: Score) -> None:
    said, acts = turn["utterance"], set(turn["acts"])
    for name, key, got in (("date", "appointment_date", reading.when.day), ("time", "appointment_time", reading.when.clock)):
        want = turn.get("inform", {}).get(key)
        if want is not None:
            score.add(f"utterance_{name}", shown(got) == want, f"{said!r} is {shown(got)}, not {want}")
        elif got is not None:
            score.add(f"no_{name}", False, f"{said!r} is {shown(got)}, not nothing")
        else:
            score.add(f"no_{name}", True)
    note = f"{said!r} after {asked} {system!r} is {reading.answer}, closing {reading.closing}"
    if acts & {"AFFIRM", "AFFIRM_INTENT"}:
        score.add("affirm", reading.answer in (Answer.YES, Answer.IMPLIED_YES), note)
        score.add("affirm_said", reading.answer is Answer.YES, note)
        if "REQUEST" not in acts:
            score.add("affirm_alone_said", reading.answer is Answer.YES, note)
    if acts & {"NEGATE", "NEGATE_INTENT"}:
        score.add("negate", reading.answer in (Answer.NO, Answer.CORRECTION), note)
    if acts & {"THANK_YOU", "GOODBYE"}:
        score.add("closing", reading.closing, note)
    if asked in (Asked.BOOKING, Asked.SLOT) and not acts & {"AFFIRM", "AFFIRM_INTENT", "SELECT", "THANK_YOU", "GOODBYE"}:
        score.add("no_false_yes", reading.answer is not Answer.YES, note)


def grade_booking(wanted: dict[str, str], got: Slots, score: Score, prefix: str) -> None:
    day, at = shown(got[0]) == wanted["appointment_date"], shown(got[1]) == wanted["appointment_time"]
    note = f"{shown(got[0])} {shown(got[1])}, not {wanted['appointment_date']} {wanted['appointment_time']}"
    score.add(f"{prefix}date", day, note)
    score.add(f"{prefix}time", at, note)
    score.add(f"{prefix}booking", day and at, note)


def shown(value: date | time | None) -> str:
    return "nothing" if value is None else value.isoformat("minutes") if isinstance(value, time) else value.isoformat()


def yardstick(dialogues: list[dict[str, Any]]) -> dict[str, float]:
    """The same bookings where `dateparser` reads each user turn; it is told which day it is and to prefer the future.

    A date or time counts as found where the text it matched holds one, and its yes and no are those of the built-in mind.
    """
    from dateparser.search import search_dates

    settings = {"RELATIVE_BASE": NOW.replace(tzinfo=None), "PREFER_DATES_FROM": "future"}
    score = Score()
    for dialogue in dialogues:
        day, at = None, None
        for turn in dialogue["turns"]:
            if turn["speaker"] == "user":
                for text, found in search_dates(turn["utterance"], languages=["en"], settings=settings) or []:
                    timed = (found.hour, found.minute) != (NOW.hour, NOW.minute)
                    day = found.date() if not timed or found.date() != NOW.date() or "today" in text.lower() else day
                    at = found.time().replace(second=0, microsecond=0) if timed else at
            elif turn.get("call", {}).get("method") == "BookAppointment":
                grade_booking(turn["call"]["parameters"], (day, at), score, "")
    return {"bookings_right": score.share("booking"), "dates_right": score.share("date"), "times_right": score.share("time")}


def dialogues_in(path: Path, half: str) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        dialogue = json.loads(line)
        parity = ("even", "odd")[int(dialogue["id"].rsplit("_", 1)[-1]) % 2]
        if half in ("all", parity):
            yield dialogue


def report(dialogues: list[dict[str, Any]], *, compare: bool) -> tuple[dict[str, Any], Score]:
    score = Score()
    for dialogue in dialogues:
        replay(dialogue, score)
    figures: dict[str, Any] = {
        "dialogues": len(dialogues),
        "bookings": score.all["booking"],
        "bookings_right": score.share("booking"),
        "dates_right": score.share("date"),
        "times_right": score.share("time"),
        "yes_no_right": score.share("affirm", "negate", "closing"),
        "affirm_right": score.share("affirm"),
        "affirm_said_right": score.share("affirm_said"),
        "affirm_alone_said_right": score.share("affirm_alone_said"),
        "negate_right": score.share("negate"),
        "closing_right": score.share("closing"),
        "no_false_yes": score.share("no_false_yes"),
        "utterance_dates_right": score.share("utterance_date"),
        "utterance_times_right": score.share("utterance_time"),
        "no_false_date": score.share("no_date"),
        "no_false_time": score.share("no_time"),
    }
    if compare:
        figures["yardstick"] = {"dateparser": yardstick(dialogues)}
    return figures, score


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a file of dialogues, one JSON object a line")
    parser.add_argument("--half", choices=["all", "even", "odd"], default="all", help="only dialogues with an even or odd number")
    parser.add_argument("--show", action="store_true", help="print what was misunderstood")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-yardstick", action="store_true", help="leave dateparser out")
    options = parser.parse_args()
    figures, score = report(list(dialogues_in(options.data, options.half)), compare=not options.no_yardstick)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        if name != "yardstick":
            print(f"{name:24} {value if isinstance(value, int) else f'{value:8.2%}'}")
    for name, value in figures.get("yardstick", {}).get("dateparser", {}).items():
        print(f"{'dateparser ' + name:24} {value:8.2%}   ratio {figures[name] / max(value, 0.0001):.1f}")
    if options.show:
        print(*score.misses, sep="\n")


if __name__ == "__main__":
    main()
