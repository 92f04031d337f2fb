"""From a wish to a free time: asks for what is missing, looks for slots, offers the nearest ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from aira.voice.receptionist import opening, phrases
from aira.voice.receptionist.calendar_days import ONE_DAY
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import FindSlots
from aira.voice.receptionist.state import Asked, Task
from aira.voice.receptionist.when import instants

WIDER = timedelta(days=14)
VAGUE = timedelta(days=8)
MOST_SLOTS = 200
APART = timedelta(minutes=90)
"""Two offers on one day lie so far apart where they can."""


def find_time(turn: Turn) -> Decision:
    """The next step towards a free time for the wish."""
    wish = turn.state.wish
    if wish.maybe_day is not None:
        return turn.ask(Asked.DAY, phrases.did_you_mean_day(wish.maybe_day, turn.today))
    if wish.maybe_at is not None:
        return turn.ask(Asked.TIME, phrases.did_you_say_time(wish.maybe_at))
    if wish.unheard:
        return turn.wishing(unheard=False, at=None).ask(Asked.TIME, phrases.WHAT_TIME_AGAIN)
    if wish.day is not None:
        return _on_day(turn, wish.day)
    if wish.at is not None:
        return turn.ask(Asked.DAY, phrases.WHICH_DAY)
    if wish.soonest or wish.not_before or wish.not_after:
        return _search(turn, turn.today, turn.today + VAGUE)
    return turn.ask(Asked.WHEN, phrases.NEW_TIME if turn.state.task is Task.MOVE else phrases.WHEN)


def _on_day(turn: Turn, day: date) -> Decision:
    wish, facts = turn.state.wish, turn.facts
    if day < turn.today:
        return turn.wishing(day=None, at=None).say(phrases.TIME_PASSED).ask(Asked.WHEN, phrases.WHEN)
    if day > turn.today + timedelta(days=facts.max_advance_days):
        return turn.wishing(day=None, until=None).say(phrases.too_far(facts.max_advance_days)).ask(Asked.DAY, phrases.WHICH_DAY)
    if wish.until is not None:
        return _search(turn, day, wish.until + ONE_DAY)
    if facts.hours and not opening.spans_on(facts, day):
        return _search(turn.say(opening.on_day(facts, day)), day + ONE_DAY, day + VAGUE)
    if wish.at is not None:
        return _at(turn, day, wish.at)
    return _search(turn, day, day + ONE_DAY)


def _at(turn: Turn, day: date, at: time) -> Decision:
    """A day and a time are named: settle the half of the day, mind the clocks, then look at the whole day."""
    if turn.state.wish.half_open:
        likely = opening.likely_time(turn.facts, day, at)
        if likely is None:
            return turn.ask(Asked.HALF_OF_DAY, phrases.which_half(at))
        turn, at = turn.wishing(at=likely, half_open=False), likely
    moments = instants(day, at, turn.zone)
    if not moments:
        return turn.wishing(at=None).say(phrases.CLOCKS_SKIP).ask(Asked.TIME, phrases.WHAT_TIME)
    if len(moments) > 1:
        return turn.having(offered=moments).ask(Asked.SLOT, phrases.CLOCKS_TWICE)
    if moments[0] <= turn.facts.now:
        return _search(turn.wishing(at=None).say(phrases.TIME_PASSED), day, day + ONE_DAY)
    return _search(turn, day, day + ONE_DAY, windowed=False)


def _search(turn: Turn, first: date, end: date, *, windowed: bool = True) -> Decision:
    """Look for free times from the first day to the day before `end`."""
    wish, state = turn.state.wish, turn.state
    midnight = datetime.combine(first, time(0), tzinfo=turn.zone)
    return turn.use(
        FindSlots(
            service=wish.service,
            earliest=max(midnight, turn.facts.now),
            latest=datetime.combine(end, time(0), tzinfo=turn.zone),
            daily_from=wish.not_before if windowed else None,
            daily_to=_just_after(wish.not_after) if windowed else None,
            limit=MOST_SLOTS,
            excluding=state.target.id if state.task is Task.MOVE and state.target else None,
        )
    )


def _just_after(at: time | None) -> time | None:
    """The end of a window in which a start at `at` itself still counts."""
    return None if at is None or at >= time(23, 59) else (datetime.combine(date.min, at) + timedelta(minutes=1)).time()


def slots_found(turn: Turn, request: FindSlots, starts: Sequence[datetime]) -> Decision | Turn:
    """What to do with the free times: the turn itself where the wish is settled, else an offer or a wider search."""
    moments = [turn.local(start) for start in starts]
    wish = turn.state.wish
    moments = [moment for moment in moments if moment.date() == wish.day or moment.date() not in wish.not_on]
    if not moments:
        return _nothing_free(turn, request)
    if wish.day is None or wish.at is None or wish.until is not None or request.earliest.date() > wish.day:
        return _offered(turn, _spread(moments, wish.at))
    for at in (wish.at, *wish.also_at):
        exact = next((moment for moment in moments if moment.date() == wish.day and moment.time() == at), None)
        if exact is not None:
            return settled(turn, exact)
    wished = instants(wish.day, wish.at, turn.zone)[0]
    return _offered(_explained(turn, wished), nearest(moments, wished))


def settled(turn: Turn, start: datetime) -> Turn:
    """The wish with this free time."""
    local = turn.local(start)
    return turn.wishing(start=local, day=local.date(), at=local.time(), until=None, half_open=False, also_at=()).having(offered=())


def nearest(moments: Sequence[datetime], wished: datetime) -> list[datetime]:
    """Two free times around the wish: it itself, or the last before and the first after it, else the two nearest."""
    exact = [moment for moment in moments if moment == wished]
    if exact:
        return [*exact, *[moment for moment in moments if moment > wished][:1]]
    before = [moment for moment in moments if moment < wished][-1:]
    after = [moment for moment in moments if moment > wished][:1]
    return [*before, *after] if before and after else sorted(sorted(moments, key=lambda moment: abs(moment - wished))[:2])


def _spread(moments: Sequence[datetime], at: time | None) -> list[datetime]:
    """Two free times of those found: nearest to the time of day wished for, else the first and one well after it."""
    if at is not None:
        day = moments[0].date()
        return nearest([moment for moment in moments if moment.date() == day], datetime.combine(day, at, tzinfo=moments[0].tzinfo))
    later = next((moment for moment in moments if moment - moments[0] >= APART), None) or (moments[-1] if len(moments) > 1 else None)
    return [moments[0]] if later is None else [moments[0], later]


def _offered(turn: Turn, moments: Sequence[datetime]) -> Decision:
    return turn.having(offered=tuple(moments)).ask(Asked.SLOT, phrases.offer(moments, turn.today))


def _explained(turn: Turn, wished: datetime) -> Turn:
    """Why the time wished for is not among the free ones."""
    if turn.facts.hours and not opening.is_open(turn.facts, wished.date(), wished.time()):
        return turn.say(phrases.outside_hours(opening.said(opening.spans_on(turn.facts, wished.date()))))
    return turn.say(phrases.taken(wished, turn.today))


def _nothing_free(turn: Turn, request: FindSlots) -> Decision:
    """Try without the part of the day, then two weeks on, then give up and offer a message."""
    if request.daily_from is not None or request.daily_to is not None:
        return turn.wishing(not_before=None, not_after=None).use(replace(request, daily_from=None, daily_to=None))
    if request.latest - request.earliest < WIDER - ONE_DAY:
        day = turn.local(request.earliest).date()
        one_day = request.latest - request.earliest <= timedelta(hours=25)
        return (turn.say(phrases.full(day, turn.today)) if one_day else turn).use(
            replace(request, earliest=request.latest, latest=request.latest + WIDER)
        )
    return turn.having(task=Task.NONE, message=None).say(phrases.NOTHING_FREE).ask(Asked.HELP_BY_MESSAGE, phrases.SHALL_I_TAKE_A_MESSAGE)
