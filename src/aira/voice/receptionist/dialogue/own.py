"""The caller's own appointments: told, moved or cancelled, once the calling number and one more fact prove whose they are."""

from collections.abc import Sequence
from datetime import date

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue.timing import find_time
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.dialogue.wishes import place_named, with_when
from aira.voice.receptionist.protocol import (
    BookedAppointment,
    Cancel,
    FindAppointments,
    Refusal,
    Reschedule,
)
from aira.voice.receptionist.state import Asked, Task, Wish
from aira.voice.receptionist.understand import Reading
from aira.voice.receptionist.when import When


def begin(turn: Turn, task: Task, reading: Reading) -> Decision:
    """The caller wants to move or cancel an appointment, or know when it is."""
    when = reading.when
    source = when.from_day or (when.day if task is not Task.MOVE else None)
    target = _known(turn, source, reading)
    turn = turn.having(task=task, target=target, wish=Wish(name=turn.state.wish.name, phone=turn.state.wish.phone))
    if task is Task.MOVE:
        turn = with_when(turn, when)
    if target is not None and task is not Task.LOOK_UP:
        return proceed(turn)
    if turn.facts.caller_number is None:
        return turn.having(task=Task.NONE).say(phrases.NO_NUMBER).ask(*_help(turn))
    name = reading.name or turn.state.wish.name
    if name is None and source is None:
        return turn.ask(Asked.PROOF, phrases.PROOF)
    return turn.use(FindAppointments(name=name, day=source))


def _known(turn: Turn, day: date | None, reading: Reading) -> BookedAppointment | None:
    """The appointment meant, of those made or told in this call; they need no further proof."""
    known = {one.id: one for one in (*turn.state.found, *turn.state.booked)}
    listed = [one for one in known.values() if day is None or turn.local(one.start).date() == day]
    named = _named(turn.having(found=tuple(listed)), reading)
    if named is not None:
        return named
    fresh = [one for one in listed if one in turn.state.booked]
    return fresh[-1] if fresh else listed[0] if len(listed) == 1 else None


def proved(turn: Turn, name: str | None, when: When) -> Decision:
    """A second fact was given; a day with a time may turn out to be the new one of a move."""
    if turn.state.task is Task.MOVE and name is None and when.clock is not None:
        turn = with_when(turn, when)
    return turn.wishing(name=name).use(FindAppointments(name=name, day=when.day))


def found(turn: Turn, request: FindAppointments, appointments: Sequence[BookedAppointment]) -> Decision | Turn:
    """The calendar has answered whose appointments there are."""
    if not appointments and request.name is None:
        return turn.say(phrases.NONE_THAT_DAY).ask(Asked.PROOF, phrases.PROOF)
    if turn.state.asked is Asked.PROOF and request.name is None and turn.state.wish.day == request.day:
        turn = turn.wishing(day=None, until=None, at=None, start=None)  # it was the day of the appointment after all
    if not appointments:
        return turn.having(task=Task.NONE).say(phrases.NOT_FOUND).ask(*_help(turn))
    if turn.state.task is Task.LOOK_UP:
        turn = turn.having(task=Task.NONE, found=tuple(appointments)).achieving("answered")
        return turn.say(phrases.your_appointments(appointments[:3], turn.today))
    if len(appointments) == 1:
        return proceed(turn.having(target=appointments[0], found=()))
    turn = turn.having(found=tuple(appointments)).say(phrases.your_appointments(appointments[:3], turn.today))
    return turn.ask(Asked.WHICH, phrases.WHICH_ONE)


def proceed(turn: Turn) -> Decision:
    """The next step for the appointment in hand."""
    state, target = turn.state, turn.state.target
    if target is None:
        return turn.ask(Asked.WHICH, phrases.WHICH_ONE) if state.found else turn.ask(Asked.PROOF, phrases.PROOF)
    target = BookedAppointment(target.id, turn.local(target.start), target.service, target.name, target.minutes)
    turn = turn.having(target=target)
    if state.task is Task.CANCEL:
        return turn.ask(Asked.CANCELLING, phrases.shall_i_cancel(target, turn.today))
    wish = state.wish
    turn = turn.wishing(service=target.service, name=target.name, day=wish.day or (target.start.date() if wish.at else None))
    if wish.start is None:
        return find_time(turn)
    return turn.ask(Asked.MOVING, phrases.move_back(target, wish.start, turn.today))


def which(turn: Turn, reading: Reading) -> BookedAppointment | None:
    """The one of the appointments found that the caller means."""
    listed, when = turn.state.found, reading.when
    if when.day is not None or when.at is not None:
        fitting = [one for one in listed if _fits(turn, one, when)]
        return fitting[0] if len(fitting) == 1 else None
    return _named(turn, reading)


def _named(turn: Turn, reading: Reading) -> BookedAppointment | None:
    """The one named by its place in the list, or by its service."""
    listed = turn.state.found
    place = place_named(reading.text)
    if place is not None and len(listed) > 1:
        return listed[min(place, len(listed) - 1)]
    named = [one for one in listed if reading.services and one.service in reading.services[0].names]
    return named[0] if len(named) == 1 else None


def _fits(turn: Turn, one: BookedAppointment, when: When) -> bool:
    start = turn.local(one.start)
    timed = when.at is None or (start.hour % 12, start.minute) == (when.at.hour % 12, when.at.minute)
    return timed and (when.day is None or start.date() == when.day)


def change(turn: Turn) -> Decision:
    """The move or cancellation was confirmed."""
    state = turn.state
    if state.target is None:
        return proceed(turn)
    if state.task is Task.CANCEL:
        return turn.use(Cancel(state.target.id))
    return proceed(turn) if state.wish.start is None else turn.use(Reschedule(state.target.id, state.wish.start))


def changed(turn: Turn, appointment: BookedAppointment) -> Turn:
    """The appointment was moved."""
    kept = tuple(one for one in turn.state.booked if one.id != appointment.id)
    turn = turn.having(booked=(*kept, appointment), task=Task.NONE, target=None, wish=Wish(name=turn.state.wish.name))
    return turn.achieving("rescheduled").say(phrases.moved(appointment, turn.today))


def cancelled(turn: Turn) -> Turn:
    """The appointment was cancelled."""
    target = turn.state.target
    kept = tuple(one for one in turn.state.booked if target is None or one.id != target.id)
    said = phrases.cancelled(target, turn.today) if target else phrases.ALL_RIGHT
    return turn.having(booked=kept, task=Task.NONE, target=None, wish=Wish(name=turn.state.wish.name)).achieving("cancelled").say(said)


def refused(turn: Turn, result: Refusal) -> Decision | Turn:
    """The calendar said no to a move or a cancellation."""
    turn = turn.say(phrases.refusal(result.code))
    if turn.state.task is Task.MOVE and result.code in phrases.OTHER_TIME_HELPS:
        return turn.wishing(start=None, at=None, day=None, until=None).ask(Asked.WHEN, phrases.OTHER_TIME)
    return turn.having(task=Task.NONE, target=None).ask(*_help(turn))


def _help(turn: Turn) -> tuple[Asked, str]:
    """The way out when the calendar cannot help: a person, or a message."""
    if turn.facts.transfer_available:
        return Asked.HELP_BY_PERSON, phrases.PERSON_OR_MESSAGE
    return Asked.HELP_BY_MESSAGE, phrases.SHALL_I_TAKE_A_MESSAGE
