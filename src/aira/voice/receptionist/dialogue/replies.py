"""Answers to what was just asked: one function a question, None where the words do not answer it."""

import re
from collections.abc import Callable

from aira.voice.receptionist import phrases
from aira.voice.receptionist.consent import Answer, takes_leave
from aira.voice.receptionist.dialogue import agenda, booking, own, people, timing
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.dialogue.wishes import chosen, has_no_preference, place_named, take_in
from aira.voice.receptionist.intents import Intent
from aira.voice.receptionist.names import corrected_by_spelling, read_name
from aira.voice.receptionist.phones import means_calling_number
from aira.voice.receptionist.protocol import ServiceFact
from aira.voice.receptionist.services import choose_service
from aira.voice.receptionist.state import Asked, Task
from aira.voice.receptionist.understand import Reading

SHORT_FAREWELL = 8
"""Words up to which leave-taking is no message."""
MOST_LISTED = 5
"""Services that are offered by name."""

_MESSAGE = re.compile(r"\b(?:message|note|voicemail|second|latter)\b")
_PERSON = re.compile(r"\b(?:person|someone|somebody|through|transfer|human|speak|talk|first|former)\b")

Reply = Callable[[Turn, Reading, str], Decision | None]


def to_anything_else(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Yes and no to "anything else?" and "how can I help?"."""
    if reading.answer is Answer.NO and not reading.when.says_something:
        return turn.end(phrases.goodbye(turn.facts))
    if reading.intents in ((Intent.YES,), (Intent.YES, Intent.THANKS)) and not reading.services and not reading.when.says_something:
        return turn.ask(Asked.NEED, phrases.WHAT_ELSE)
    return None


def to_wants_booking(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Yes and no to "would you like to book?"."""
    if reading.answer is Answer.YES:
        return agenda.proceed(take_in(turn.having(task=Task.BOOK), reading))
    return turn.ask(Asked.MORE, phrases.ANYTHING_ELSE) if reading.answer is Answer.NO else None


def to_service(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Which service."""
    if reading.services:
        return agenda.proceed(take_in(turn, reading))
    chosen_of_few = choose_service(reading.text, choices_of(turn)) if turn.state.choices else None
    if chosen_of_few is not None:
        return agenda.proceed(turn.wishing(service=chosen_of_few).having(choices=()))
    listed = turn.state.choices or tuple(service.name for service in turn.facts.services)
    place = place_named(reading.text)
    if place is not None and len(listed) <= MOST_LISTED:
        return agenda.proceed(turn.wishing(service=listed[min(place, len(listed) - 1)]).having(choices=()))
    return agenda.proceed(take_in(turn, reading)) if reading.when.says_something else None


def choices_of(turn: Turn) -> tuple[ServiceFact, ...]:
    """The services among which the caller is to choose, all of them where no choice was narrowed."""
    choices = turn.state.choices if turn.state.asked is Asked.SERVICE else ()
    return tuple(service for service in turn.facts.services if not choices or service.name in choices)


def to_when(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Which day or time; yes and no to a day or time that was asked back."""
    wish = turn.state.wish
    if reading.when.says_something:
        return agenda.proceed(take_in(turn, reading))
    if reading.answer is Answer.YES and (wish.maybe_day or wish.maybe_at):
        turn = turn.wishing(day=wish.maybe_day or wish.day, at=wish.maybe_at or wish.at, maybe_day=None, maybe_at=None)
        return agenda.proceed(turn)
    if reading.answer is Answer.NO and (wish.maybe_day or wish.maybe_at):
        question = (Asked.DAY, phrases.WHICH_DAY) if wish.maybe_day else (Asked.TIME, phrases.WHAT_TIME)
        return turn.wishing(maybe_day=None, maybe_at=None).ask(*question)
    if wish.maybe_day is None and wish.maybe_at is None and has_no_preference(reading.text):
        return agenda.proceed(turn.wishing(soonest=True))
    return None


def to_half_of_day(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """Morning or evening."""
    at, when = turn.state.wish.at, reading.when
    if at is None or when.day is not None:
        return to_when(turn, reading, text)
    halves = (at, at.replace(hour=(at.hour + 12) % 24))
    fitting = [half for half in halves if (when.not_before or half) <= half <= (when.not_after or half)]
    if when.at in halves and not turn.state.wish.start:
        fitting = [when.at] if when.at else fitting
    elif " am" in f" {reading.text}" or " pm" in f" {reading.text}":
        fitting = [half for half in halves if (half.hour >= 12) == (" pm" in f" {reading.text}")]
    if len(fitting) == 1:
        return agenda.proceed(turn.wishing(at=fitting[0], half_open=False))
    return to_when(turn, reading, text)


def to_offer(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Which of the offered times, another one, or none."""
    choice = chosen(turn, reading)
    if choice is not None and reading.answer is not Answer.NO:
        return agenda.proceed(timing.settled(take_in_rest(turn, reading), choice))
    if reading.when.says_something:
        return agenda.proceed(take_in(turn, reading).having(offered=()))
    if reading.shows(Intent.GOODBYE):
        return None
    if reading.answer in (Answer.NO, Answer.CORRECTION):
        return turn.wishing(at=None, start=None, soonest=False, not_before=None, not_after=None).ask(Asked.WHEN, phrases.OTHER_TIME)
    if reading.answer is Answer.YES and turn.state.offered:
        return turn.ask(Asked.SLOT, phrases.offer(turn.state.offered, turn.today))
    return None


def take_in_rest(turn: Turn, reading: Reading) -> Turn:
    """The turn with name and number said beside a choice."""
    return turn.wishing(name=reading.name or turn.state.wish.name, phone=reading.phone or turn.state.wish.phone)


def to_name(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """The name for the appointment or the message."""
    name = reading.name
    heard = turn.state.wish.maybe_name
    if name is not None and heard is not None and " " not in name:
        name = corrected_by_spelling(heard, name)
    if name is None and turn.state.unclear and 1 <= len(text.split()) <= 3 and not reading.when.says_something and reading.answer is None:
        name = " ".join(word.strip(".,!?").capitalize() for word in text.split())
    return agenda.proceed(turn.wishing(name=name, maybe_name=None)) if name else None


def to_phone(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """The number to call back."""
    if reading.phone:
        return agenda.proceed(turn.wishing(phone=reading.phone))
    if turn.facts.caller_number and means_calling_number(reading.text):
        return agenda.proceed(turn.wishing(phone=turn.facts.caller_number))
    return turn.ask(turn.state.asked, phrases.PHONE_AGAIN) if any(char.isdigit() for char in reading.text) else None


def to_read_back(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """Yes, no or a change to what was read back."""
    answer = reading.answer
    changes = reading.when.says_something or reading.services or reading.name or reading.phone
    if answer is Answer.YES:
        question = text if reading.shows(Intent.QUESTION, Intent.ADDRESS, Intent.HOURS, Intent.PRICE) else None
        return booking.book(turn.having(question=question))
    if reading.name and reading.name == turn.state.wish.name and not (reading.when.says_something or reading.services):
        return turn.wishing(name=None, maybe_name=reading.name).ask(Asked.NAME, phrases.NAME_SPELLED)
    if answer in (Answer.CORRECTION, Answer.NO) and changes:
        return agenda.proceed(take_in(turn, reading))
    if answer in (Answer.CORRECTION, Answer.NO):
        without = booking.without_wrong_part(turn, reading.text)
        return agenda.proceed(without) if without else turn.ask(Asked.WHAT_CHANGE, phrases.WHAT_CHANGE)
    if not changes and (fuller := _fuller_name(turn, text)):
        return agenda.proceed(turn.wishing(name=fuller))
    return agenda.proceed(take_in(turn, reading)) if changes else None


def _fuller_name(turn: Turn, text: str) -> str | None:
    """The name said again with more to it: "Tommy Lee Carter" after Tommy was read back."""
    known, name = turn.state.wish.name or "", read_name(text, asked=True) or ""
    words = name.lower().split()
    return name if len(words) > len(known.split()) and known.lower().split()[:1] == words[:1] else None


def to_what_change(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """What is wrong with what was read back."""
    if reading.when.says_something or reading.services or reading.name or reading.phone:
        return agenda.proceed(take_in(turn, reading))
    without = booking.without_wrong_part(turn, reading.text)
    if without is not None:
        return agenda.proceed(without)
    if reading.answer is Answer.NO:
        return agenda.proceed(turn)
    return None


def to_change(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Yes, no or another time to a move or a cancellation that was read back."""
    if reading.answer is Answer.YES:
        return own.change(turn)
    if turn.state.task is Task.MOVE and reading.when.says_something:
        return agenda.proceed(take_in(turn, reading))
    if reading.answer in (Answer.NO, Answer.CORRECTION):
        if turn.state.task is Task.MOVE:
            return turn.wishing(start=None, at=None, day=None).ask(Asked.WHEN, phrases.OTHER_TIME)
        return agenda.proceed(turn.having(task=Task.NONE, target=None).say(phrases.KEPT))
    return None


def to_proof(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """The name, or the day, that proves whose appointment it is."""
    name = reading.name or (read_name(text, asked=True) if not reading.when.says_something else None)
    return own.proved(turn, name, reading.when) if name or reading.when.day else None


def to_which(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Which of several appointments."""
    target = own.which(turn, reading)
    return agenda.proceed(turn.having(target=target, found=())) if target else None


def _asks_for_something_else(reading: Reading) -> bool:
    """Whether the offer of help is passed over for a new wish."""
    return reading.shows(Intent.MOVE, Intent.CANCEL, Intent.MINE) or (
        reading.shows(Intent.BOOK) and (reading.when.says_something or bool(reading.services))
    )


def to_person_or_message(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """A person, a message, or neither."""
    if _asks_for_something_else(reading):
        return None
    if reading.shows(Intent.MESSAGE) or _MESSAGE.search(reading.text):
        return people.proceed(turn)
    if _PERSON.search(reading.text) and reading.answer is not Answer.NO:
        return people.put_through(turn)
    if reading.answer is Answer.NO:
        return turn.having(message=None).ask(Asked.NEED, phrases.WHAT_ELSE)
    return people.put_through(turn) if reading.answer is Answer.YES else None


def to_message_offer(turn: Turn, reading: Reading, _: str) -> Decision | None:
    """Yes or no to leaving a message."""
    if _asks_for_something_else(reading):
        return None
    if reading.answer is Answer.YES or reading.shows(Intent.MESSAGE) or (_MESSAGE.search(reading.text) and reading.answer is not Answer.NO):
        return people.proceed(turn.wishing(name=reading.name or turn.state.wish.name))
    if reading.answer is Answer.NO:
        turn = turn.having(message=None, task=Task.NONE)
        # "No, thanks" declines the message; only a goodbye ends the call.
        if takes_leave(reading.text):
            return turn.end(phrases.goodbye(turn.facts))
        return turn.say(phrases.ALL_RIGHT).ask(Asked.MORE, phrases.ANYTHING_ELSE)
    return None


def to_message(turn: Turn, reading: Reading, text: str) -> Decision | None:
    """The message itself, word for word."""
    if reading.answer is Answer.NO and len(reading.text.split()) <= 4:
        return agenda.proceed(turn.having(task=Task.NONE).say(phrases.ALL_RIGHT))
    if takes_leave(reading.text) and len(reading.text.split()) <= SHORT_FAREWELL:
        return turn.having(task=Task.NONE).end(phrases.goodbye(turn.facts))
    wanted = turn.state.wish.notes
    message = f"{wanted.rstrip('.')}. {text.strip()}" if wanted else text.strip()
    return people.proceed(turn.having(message=message).wishing(name=reading.name or turn.state.wish.name, notes=None))


REPLIES: dict[Asked, Reply] = {
    Asked.MORE: to_anything_else,
    Asked.NEED: to_anything_else,
    Asked.WANTS_BOOKING: to_wants_booking,
    Asked.SERVICE: to_service,
    Asked.DAY: to_when,
    Asked.TIME: to_when,
    Asked.WHEN: to_when,
    Asked.HALF_OF_DAY: to_half_of_day,
    Asked.SLOT: to_offer,
    Asked.NAME: to_name,
    Asked.PHONE: to_phone,
    Asked.BOOKING: to_read_back,
    Asked.WHAT_CHANGE: to_what_change,
    Asked.MOVING: to_change,
    Asked.CANCELLING: to_change,
    Asked.PROOF: to_proof,
    Asked.WHICH: to_which,
    Asked.HELP_BY_PERSON: to_person_or_message,
    Asked.HELP_BY_MESSAGE: to_message_offer,
    Asked.MESSAGE: to_message,
    Asked.MESSAGE_NAME: to_name,
    Asked.MESSAGE_PHONE: to_phone,
}
