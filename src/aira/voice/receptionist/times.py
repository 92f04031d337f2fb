"""Times of day as people say them, found in the plain form of `words.normalise`.

A time without am or pm takes its half of the day from a part of the day said near it ("four in the evening"), else one to six is
taken as afternoon, twelve as noon, seven to eleven as morning, and marked as assumed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum

from aira.voice.receptionist.calendar_days import Assumed
from aira.voice.receptionist.time_rules import (
    BARE_ANSWER,
    BEFORE_HEAD,
    FROM_HEAD,
    FROM_TAIL,
    MISHEARD,
    MISHEARD_HOURS,
    PARTS,
    RULES,
    UNTIL_HEAD,
    UNTIL_TAIL,
    TimeRule,
)


class Bound(StrEnum):
    """How a time limits the wish."""

    AT = "at"
    FROM = "from"
    UNTIL = "until"
    BEFORE = "before"
    """Until, but not at the time itself."""


@dataclass(frozen=True, slots=True)
class TimeMention:
    """A time of day and where in the text it was said."""

    start: int
    end: int
    at: time
    bound: Bound = Bound.AT
    assumed: frozenset[Assumed] = frozenset()


@dataclass(frozen=True, slots=True)
class PartMention:
    """A part of the day, its usual span, and where in the text it was said."""

    start: int
    end: int
    name: str
    not_before: time | None
    not_after: time | None


def find_parts(text: str) -> list[PartMention]:
    """The parts of the day said in a plain text, in their order."""
    found: list[PartMention] = []
    for pattern, name, not_before, not_after in PARTS:
        for match in pattern.finditer(text):
            if all(match.end() <= other.start or match.start() >= other.end for other in found):
                found.append(PartMention(match.start(), match.end(), name, not_before, not_after))
    return sorted(found, key=lambda part: part.start)


def find_times(text: str, parts: Sequence[PartMention], *, number_is_time: bool = False) -> list[TimeMention]:
    """The times said in a plain text whose dates are blanked out with `_`, in their order.

    `number_is_time` reads a bare number as an hour, as in the answer to a question for the time.
    """
    found: list[TimeMention] = []
    for rule in (*RULES, BARE_ANSWER) if number_is_time else RULES:
        for match in rule.pattern.finditer(text):
            mention = _read(match, rule, text, parts)
            if mention is not None:
                found.append(mention)
                text = text[: mention.start] + "=" * (mention.end - mention.start) + text[mention.end :]
    found.extend(_misheard(text, parts))
    return _with_ranges(sorted(found, key=lambda mention: mention.start), text)


def clock(hour: int, minute: int, part: str | None, *, exact: bool = False) -> tuple[time | None, frozenset[Assumed]]:
    """The time of day for an hour as said, minutes to add (negative for `to`), and am, pm or a part of the day.

    None where no clock shows such a time. `exact` is a 24-hour writing such as 08:30.
    """
    if hour > 24 or minute >= 60:
        return None, frozenset()
    if hour > 12 or hour == 0 or exact:
        return _wrapped(hour, minute), frozenset()
    if part is not None:
        return _wrapped(_hour_in_part(hour, part, before=minute < 0), minute), frozenset()
    return _wrapped(hour % 12 + 12 if hour < 7 else hour, minute), frozenset({Assumed.HALF_OF_DAY})


def _hour_in_part(hour: int, part: str, *, before: bool) -> int:
    """The hour of 24 for an hour of 12: "twelve in the afternoon" is noon, "nine in the afternoon" can only be meant as morning.

    `before` tells that minutes are taken off: "a quarter to twelve in the morning" is before noon.
    """
    later = hour % 12 + 12
    match part:
        case "am":
            return hour % 12
        case "morning":
            return hour if before else hour % 12
        case "afternoon" | "noon":
            return hour if 9 <= hour < 12 else later
        case "night":
            return hour % 12 if hour < 4 or hour == 12 else later
        case _:
            return later


def _wrapped(hour: int, minute: int) -> time:
    total = (hour * 60 + minute) % (24 * 60)
    return time(total // 60, total % 60)


def _read(match: re.Match[str], rule: TimeRule, text: str, parts: Sequence[PartMention]) -> TimeMention | None:
    said = match.groupdict()
    if said.get("name"):
        at = time(0) if said["name"] == "midnight" else time(12)
        return _bounded(TimeMention(match.start(), match.end(), at), text)
    hour = 12 if said["hour"] == "noon" else int(said["hour"])
    minute = rule.minutes * int(said["count"]) if said.get("count") else rule.minutes + int(said.get("minute") or 0)
    start = match.start("count") if said.get("count") else match.start() if rule.minutes else match.start("hour")
    part = said.get("half") or _part_near(start, match.end(), parts, text)
    found, assumed = clock(hour, minute, part, exact=said["hour"].startswith("0") and bool(said.get("minute")))
    return None if found is None else _bounded(TimeMention(start, match.end(), found, assumed=assumed), text)


def _part_near(start: int, end: int, parts: Sequence[PartMention], text: str) -> str | None:
    """The part of the day said closest to a time, in the same sentence."""
    near = [
        (min(abs(part.start - end), abs(start - part.end)), part.name)
        for part in parts
        if not re.search(r"[.?]", text[min(end, part.end) : max(start, part.start)])
    ]
    return min(near)[1] if near else None


def _bounded(mention: TimeMention, text: str) -> TimeMention:
    before, after = text[: mention.start], text[mention.end :]
    if FROM_TAIL.search(after) or FROM_HEAD.search(before):
        return replace(mention, bound=Bound.FROM)
    if UNTIL_TAIL.search(after) or UNTIL_HEAD.search(before):
        return replace(mention, bound=Bound.UNTIL)
    if BEFORE_HEAD.search(before):
        return replace(mention, bound=Bound.BEFORE)
    return mention


def _misheard(text: str, parts: Sequence[PartMention]) -> Iterator[TimeMention]:
    for match in MISHEARD.finditer(text):
        word = match["word"] or match["word2"]
        minute = int(match["minute"] or match["minute2"] or 0)
        part = match["half"] or match["half2"] or _part_near(match.start(), match.end(), parts, text)
        at, assumed = clock(MISHEARD_HOURS[word], minute, part)
        if at is not None:
            yield TimeMention(match.start(), match.end(), at, assumed=assumed | {Assumed.MISHEARD})


def _with_ranges(found: Sequence[TimeMention], text: str) -> list[TimeMention]:
    """The second of two times that are joined by "to", or follow "between", ends the span that the first one begins."""
    out: list[TimeMention] = []
    for mention in found:
        joint = text[out[-1].end : mention.start].strip() if out else ""
        spans = joint in ("to", "till", "until") or (joint == "and" and out[-1].bound is Bound.FROM)
        if spans and mention.bound is not Bound.FROM:
            out[-1] = replace(out[-1], at=_before(out[-1], mention.at), bound=Bound.FROM, assumed=mention.assumed)
            out.append(replace(mention, bound=Bound.UNTIL))
        else:
            out.append(mention)
    return out


def _before(first: TimeMention, last: time) -> time:
    """The half of the day for the begin of a span that makes it the shortest: "ten to two" is 10:00, "two to four pm" 14:00."""
    if Assumed.HALF_OF_DAY not in first.assumed:
        return first.at
    halves = (first.at, time((first.at.hour + 12) % 24, first.at.minute))
    return max((half for half in halves if half < last), default=first.at)
