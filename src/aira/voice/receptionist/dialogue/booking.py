"""Booking: from the wish to the read-back, and what follows a yes."""

import re
from datetime import timedelta

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue.timing import find_time
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import Book, BookedAppointment
from aira.voice.receptionist.state import Asked, Task, Wish


def proceed(turn: Turn) -> Decision:
    """Ask for the next thing that is missing; read back when nothing is."""
    wish, facts = turn.state.wish, turn.facts
    if wish.service is None and len(facts.services) == 1:
        turn = turn.wishing(service=facts.services[0].name)
        wish = turn.state.wish
    if wish.service is None and facts.services:
        choices = turn.state.choices
        return turn.ask(Asked.SERVICE, phrases.which_of(choices) if choices else phrases.which_service(facts.services))
    if wish.start is None:
        return find_time(turn)
    if wish.name is None:
        return turn.ask(Asked.NAME, phrases.NAME)
    if wish.phone is None and facts.caller_number is None:
        return turn.ask(Asked.PHONE, phrases.PHONE)
    return turn.ask(Asked.BOOKING, phrases.read_back(wish.service, wish.start, wish.name, wish.phone, turn.today))


def book(turn: Turn) -> Decision:
    """The read-back was confirmed."""
    wish = turn.state.wish
    if wish.start is None or wish.name is None:
        return proceed(turn)
    return turn.use(Book(service=wish.service, start=wish.start, name=wish.name, phone=wish.phone, notes=wish.notes))


def booked(turn: Turn, request: Book, appointment: BookedAppointment) -> Decision | Turn:
    """It is booked: the turn itself where there is nothing left to do."""
    turn = turn.having(booked=(*turn.state.booked, appointment)).achieving("booked").say(phrases.booked(appointment, turn.today))
    if not turn.state.waiting:
        return turn.having(task=Task.NONE, wish=Wish(name=request.name, phone=request.phone), target=None)
    following, *others = turn.state.waiting
    end = turn.local(appointment.start) + timedelta(minutes=appointment.minutes or 0)
    wish = Wish(service=following, day=end.date(), at=end.time(), name=request.name, phone=request.phone)
    return proceed(turn.having(wish=wish, waiting=tuple(others)).say(phrases.next_service(following)))


def refused(turn: Turn, code: str) -> Decision | Turn:
    """The calendar said no: another time may do, else a message."""
    if code == "unusable_phone":
        return turn.wishing(phone=None).ask(Asked.PHONE, phrases.PHONE_AGAIN)
    turn = turn.say(phrases.refusal(code))
    if code == "conflict":
        return find_time(turn.wishing(start=None))
    if code in phrases.OTHER_TIME_HELPS:
        return turn.wishing(start=None, at=None, day=None, until=None).ask(Asked.WHEN, phrases.OTHER_TIME)
    return turn.having(task=Task.NONE).ask(Asked.HELP_BY_MESSAGE, phrases.SHALL_I_TAKE_A_MESSAGE)


_PARTS = (
    (re.compile(r"\b(?:day|date)\b"), {"day": None, "start": None, "until": None}),
    (re.compile(r"\b(?:time|hour)\b"), {"at": None, "start": None}),
    (re.compile(r"\b(?:service|treatment)\b"), {"service": None}),
    (re.compile(r"\bname\b|\bspel(?:l|t)\w*|\bwith (?:an? )?[a-z]\b(?! (?:day|time))"), {"name": None}),
    (re.compile(r"\b(?:number|phone)\b"), {"phone": None}),
)


def without_wrong_part(turn: Turn, text: str) -> Turn | None:
    """The turn without the part of the wish that the caller calls wrong; None where none is named."""
    for pattern, cleared in _PARTS:
        if pattern.search(text):
            return turn.wishing(**cleared)
    return None
