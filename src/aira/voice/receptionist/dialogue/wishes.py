"""How what was said changes the wish for an appointment."""

from datetime import date, datetime, time, timedelta

from aira.voice.receptionist.calendar_days import Assumed, weekday_in_week
from aira.voice.receptionist.consent import Answer
from aira.voice.receptionist.dialogue.turn import Turn
from aira.voice.receptionist.phrase_table import phrase_table
from aira.voice.receptionist.state import Asked
from aira.voice.receptionist.understand import Reading
from aira.voice.receptionist.when import When
from aira.voice.receptionist.words import spoken_letters

_TABLE = phrase_table("time")


def take_in(turn: Turn, reading: Reading) -> Turn:
    """The turn with everything a reading says about the appointment that is wished for."""
    turn = _with_services(turn, reading)
    if reading.when.says_something:
        turn = with_when(turn, reading.when)
    if says_same_time(reading) and turn.state.wish.at is None and turn.state.target is not None:
        turn = turn.wishing(at=turn.local(turn.state.target.start).time())
    if reading.name is not None and turn.state.asked is not Asked.PROOF:
        turn = turn.wishing(name=reading.name)
    if reading.phone is not None:
        turn = turn.wishing(phone=reading.phone)
    return turn


def says_same_time(reading: Reading) -> bool:
    """Whether the time of day is to stay: "Monday, same time"."""
    return "same time" in reading.text and reading.when.clock is None


def _with_services(turn: Turn, reading: Reading) -> Turn:
    if not reading.services:
        return turn
    clear = [choice.names[0] for choice in reading.services if len(choice.names) == 1]
    unclear = next((choice.names for choice in reading.services if len(choice.names) > 1), ())
    if not clear:
        return turn.having(choices=unclear)
    first, *others = clear
    words = spoken_letters(reading.text).split()
    if any(choice.names[0] == first and words[max(0, choice.place - 1)] == "2" for choice in reading.services):
        others = [first, *others]
    changed = first != turn.state.wish.service
    return turn.wishing(service=first, start=None if changed else turn.state.wish.start).having(
        choices=(), waiting=tuple(others) or turn.state.waiting
    )


def with_when(turn: Turn, when: When) -> Turn:
    """The turn with the day and time that were said; what was not said stays."""
    if when.shift is not None:
        turn = _shifted(turn, when)
    if when.soonest and when.clock is None:
        turn = turn.wishing(soonest=True, at=None, start=None, until=None, day=when.day)
    if when.refused_days:
        turn = turn.wishing(not_on=when.refused_days)
    if when.day is not None:
        turn = _with_day(turn, when)
    if when.clock is not None:
        turn = _with_clock(turn, when)
    return turn.wishing(unheard=when.unheard)


def _with_day(turn: Turn, when: When) -> Turn:
    if Assumed.MISMATCH in when.assumed or (Assumed.MISHEARD in when.assumed and when.clock is None):
        return turn.wishing(maybe_day=when.day, start=None)
    day = _in_week_spoken_of(turn, when.day) if when.loose_day and when.day is not None else when.day
    return turn.wishing(day=day, until=when.until, maybe_day=None, start=None)


def _in_week_spoken_of(turn: Turn, day: date) -> date:
    """That weekday in the week of the wish or of the offers, where it is not past."""
    base = turn.state.wish.day or _spoken_of(turn)
    found = day if base is None else weekday_in_week(base, day.weekday(), 0)
    return found if found >= turn.today else day


def _with_clock(turn: Turn, when: When) -> Turn:
    if when.at is None:
        not_after = _moved(when.not_after, -1) if when.exclusive and when.not_after else when.not_after
        return turn.wishing(at=None, not_before=when.not_before, not_after=not_after, maybe_at=None, start=None)
    if Assumed.MISHEARD in when.assumed:
        return turn.wishing(maybe_at=when.at, start=None)
    day = turn.state.wish.day or _spoken_of(turn)
    return turn.wishing(
        at=when.at,
        also_at=when.other_times,
        half_open=Assumed.HALF_OF_DAY in when.assumed,
        not_before=None,
        not_after=None,
        soonest=False,
        maybe_at=None,
        start=None,
        day=day,
    )


def _spoken_of(turn: Turn) -> date | None:
    """The day that is spoken of: that of the offers, else that of the appointment to move."""
    days = {moment.date() for moment in turn.state.offered}
    if len(days) == 1:
        return next(iter(days))
    return turn.state.target.start.date() if turn.state.target else None


def _shifted(turn: Turn, when: When) -> Turn:
    """A move relative to the time spoken of: the one settled, offered or wished for, or that of the appointment to move."""
    shift, base = when.shift, _base(turn, when)
    if base is None or shift is None:
        return turn
    if shift.drift:
        edge = base.time()
        bounds = (
            {"not_before": _moved(edge, 1), "not_after": None} if shift.drift > 0 else {"not_before": None, "not_after": _moved(edge, -1)}
        )
        return turn.wishing(day=base.date(), at=None, until=None, start=None, soonest=False, **bounds)
    moved = base + timedelta(days=shift.days, minutes=shift.minutes)
    timed = turn.state.wish.at is not None or turn.state.wish.start is not None or turn.state.target is not None or shift.minutes
    return turn.wishing(day=moved.date(), at=moved.time() if timed else None, half_open=False, until=None, start=None, soonest=False)


def _base(turn: Turn, when: When) -> datetime | None:
    state = turn.state
    wish = state.wish
    drift = when.shift.drift if when.shift else 0
    if wish.start is not None:
        return wish.start
    if state.offered:
        return state.offered[-1] if drift >= 0 else state.offered[0]
    if wish.day is not None:
        return datetime.combine(wish.day, wish.at or time(9), tzinfo=turn.zone)
    return turn.local(state.target.start) if state.target else None


def _moved(edge: time, minutes: int) -> time:
    """The time of day so many minutes away, within the day."""
    total = min(max(edge.hour * 60 + edge.minute + minutes, 0), 24 * 60 - 1)
    return time(total // 60, total % 60)


def chosen(turn: Turn, reading: Reading) -> datetime | None:
    """Which of the offered times was chosen; None where none was, or it is not clear which."""
    offered, when = turn.state.offered, reading.when
    if not offered:
        return None
    place = place_named(reading.text)
    if place is not None:
        return offered[min(place, len(offered) - 1)]
    if when.at is not None or (when.day is not None and when.clock is None):
        matching = [moment for moment in offered if _fits(turn.local(moment), when)]
        return matching[0] if len(matching) == 1 else None
    if when.day is None and (when.not_before or when.not_after):
        matching = [
            moment for moment in offered if (when.not_before or time(0)) <= turn.local(moment).time() <= (when.not_after or time(23, 59))
        ]
        return matching[0] if len(matching) == 1 else None
    if _TABLE["either"].search(reading.text) or (reading.answer is Answer.YES and len(offered) == 1):
        return offered[0]
    return None


def has_no_preference(text: str) -> bool:
    """Whether a plain text leaves day and time to us: "not sure", "whenever", "you tell me"."""
    return _TABLE["no_preference"].search(text) is not None


def place_named(text: str) -> int | None:
    """Which place in the offer was named: "the second one"."""
    return next((place for place, name in enumerate(("first", "second")) if _TABLE[name].search(text)), None)


def _fits(moment: datetime, when: When) -> bool:
    if when.day is not None and moment.date() != when.day:
        return False
    if when.at is None:
        return True
    if Assumed.HALF_OF_DAY in when.assumed:
        return (moment.hour % 12, moment.minute) == (when.at.hour % 12, when.at.minute)
    return moment.time() == when.at
