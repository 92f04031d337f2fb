"""The day and time an utterance asks for, with a note of everything that was not said but supplied."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from aira.voice.receptionist.calendar_days import Assumed
from aira.voice.receptionist.dates import DayMention, find_days
from aira.voice.receptionist.offsets import Shift, find_offset, find_shift
from aira.voice.receptionist.phrase_table import phrase_table
from aira.voice.receptionist.time_rules import UNHEARD
from aira.voice.receptionist.times import Bound, PartMention, TimeMention, find_parts, find_times

Mention = TypeVar("Mention", DayMention, TimeMention)


@dataclass(frozen=True, slots=True)
class When:
    """What an utterance says about day and time; whatever it does not say is None, empty or False."""

    day: date | None = None
    until: date | None = None
    """The last day where a span of days is meant, such as next week."""
    loose_day: bool = False
    """`day` is a weekday without a week; in talk of another week it means that week's."""
    other_days: tuple[date, ...] = ()
    at: time | None = None
    other_times: tuple[time, ...] = ()
    not_before: time | None = None
    not_after: time | None = None
    exclusive: bool = False
    """`not_after` itself is too late: "before ten", "in the morning"."""
    soonest: bool = False
    shift: Shift | None = None
    """Relative to what is spoken of: an hour later, the day after."""
    unheard: bool = False
    """A time was named beside the day, but what was heard is none."""
    from_day: date | None = None
    """The day an appointment is moved away from."""
    from_time: time | None = None
    refused_days: tuple[date, ...] = ()
    refused_times: tuple[time, ...] = ()
    assumed: frozenset[Assumed] = field(default_factory=frozenset)

    @property
    def clock(self) -> time | None:
        """The one time of day that was named, be it exact or a bound."""
        return self.at or self.not_before or self.not_after

    @property
    def says_something(self) -> bool:
        """Whether the utterance asks for any day or time."""
        return self.day is not None or self.clock is not None or self.soonest or self.shift is not None


def read_when(text: str, now: datetime, *, asks_day: bool = False, asks_time: bool = False, moving: bool = False) -> When:
    """What a plain text says about day and time, seen from `now`.

    `asks_day` and `asks_time` tell that the bot has just asked for it, so that a bare number is one. `moving` tells that an
    appointment is moved, so that "from Monday to Friday" is no span but the old day and the new one.
    """
    offset = find_offset(text)
    if offset is not None:
        then = now + offset
        return When(day=then.date(), at=then.time().replace(second=0, microsecond=0))
    shift, text = find_shift(text)
    mentions = find_days(text, now.date(), number_is_day=asks_day and not asks_time)
    blanked = text
    for mention in mentions:
        blanked = blanked[: mention.start] + "_" * (mention.end - mention.start) + blanked[mention.end :]
    parts = find_parts(text)
    times = find_times(blanked, parts, number_is_time=asks_time)
    if moving:
        times = [_unbound(mention, blanked) for mention in times]
    days = _sorted_out(mentions, text, moving=moving)
    clocks = _sorted_out(times, text, moving=moving)
    found = _combined(days, clocks, _free_parts(parts, times, text), shift, soonest=_TABLE["soonest"].search(text) is not None)
    return replace(found, unheard=found.day is not None and found.clock is None and UNHEARD.search(blanked) is not None)


def instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which a clock on the wall shows this: one, none where clocks are put forward over it, two where put back."""
    first = datetime.combine(day, at, tzinfo=zone)
    second = first.replace(fold=1)
    real = [
        moment for moment in (first, second) if moment.astimezone(_UTC).astimezone(zone).replace(tzinfo=None) == first.replace(tzinfo=None)
    ]
    return tuple(real) if len(real) == 2 and real[0].utcoffset() != real[1].utcoffset() else tuple(real[:1])


_UTC = ZoneInfo("UTC")
_TABLE = phrase_table("time")
_NOTHING: frozenset[Assumed] = frozenset()


@dataclass(frozen=True, slots=True)
class _Sorted(Generic[Mention]):
    """Mentions by the part they play in the utterance."""

    meant: list[Mention] = field(default_factory=list)
    left: list[Mention] = field(default_factory=list)
    refused: list[Mention] = field(default_factory=list)


def _sorted_out(mentions: Sequence[Mention], text: str, *, moving: bool) -> _Sorted[Mention]:
    """What is refused ("not Monday") or taken back ("Monday, no, Tuesday") does not count; of a move, the first is the old one."""
    out: _Sorted[Mention] = _Sorted()
    for mention in mentions:
        if _is_refused(mention, text):
            out.refused.append(mention)
            continue
        if out.meant:
            between = text[out.meant[-1].end : mention.start]
            if moving and (_TABLE["leaves_for"].search(between) or _TABLE["corrects"].search(between)):
                out.left.extend(out.meant)
                out.meant.clear()
            elif _TABLE["corrects"].search(between) or re.search(r"[.?]", between):
                out.meant.clear()
        out.meant.append(mention)
    if moving and len(out.meant) == 1 and not out.left and _is_left(out.meant[0], text):
        out.left.append(out.meant.pop())
    return out


def _is_refused(mention: Mention, text: str) -> bool:
    clause = re.split(r"[.,?]| but | and ", text[: mention.start])[-1]
    return _TABLE["refused_before"].search(clause) is not None or _TABLE["refused_after"].search(text[mention.end :]) is not None


def _is_left(mention: Mention, text: str) -> bool:
    """Whether the only day or time named in a wish to move is the old one: "move my Monday appointment"."""
    return _TABLE["old_time"].search(text[: mention.start]) is not None


def _unbound(mention: TimeMention, text: str) -> TimeMention:
    """In a move, "from two to four" names the old time and the new one."""
    if (mention.bound is Bound.UNTIL and re.search(r"\bto $", text[: mention.start])) or re.search(r"\bfrom $", text[: mention.start]):
        return replace(mention, bound=Bound.AT)
    return mention


def _free_parts(parts: Sequence[PartMention], times: Sequence[TimeMention], text: str) -> list[PartMention]:
    """Parts of the day that stand for themselves, not beside a time, and are not refused."""
    if times:
        return []
    kept = []
    for part in parts:
        clause = re.split(r"[.,?]| but ", text[: part.start])[-1]
        if not _TABLE["refused_before"].search(clause.removesuffix("the ").removesuffix("in ")):
            kept.append(part)
    return kept


def _combined(
    days: _Sorted[DayMention], times: _Sorted[TimeMention], parts: Sequence[PartMention], shift: Shift | None, *, soonest: bool
) -> When:
    exact = [mention for mention in times.meant if mention.bound is Bound.AT]
    not_before = next((mention.at for mention in times.meant if mention.bound is Bound.FROM), None)
    last = next((mention for mention in times.meant if mention.bound in (Bound.UNTIL, Bound.BEFORE)), None)
    not_after, exclusive = (last.at, last.bound is Bound.BEFORE) if last else (None, False)
    if parts and not times.meant:
        not_before, not_after, exclusive = parts[-1].not_before, parts[-1].not_after, True
    first = days.meant[0].days if days.meant else None
    return When(
        day=first.first if first else None,
        until=first.last if first else None,
        loose_day=first.loose if first else False,
        other_days=tuple(mention.days.first for mention in days.meant[1:]),
        at=exact[0].at if exact else None,
        other_times=tuple(mention.at for mention in exact[1:]),
        not_before=not_before,
        not_after=not_after,
        exclusive=exclusive,
        soonest=soonest,
        shift=shift,
        from_day=days.left[0].days.first if days.left else None,
        from_time=times.left[0].at if times.left else None,
        refused_days=tuple(mention.days.first for mention in days.refused),
        refused_times=tuple(mention.at for mention in times.refused),
        assumed=(first.assumed if first else _NOTHING).union(*(clock.assumed for clock in times.meant[:1])),
    )
