"""What the built-in mind remembers of a call: a value that goes into the journal as JSON and comes back equal."""

import json
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from aira.voice.receptionist.protocol import BookedAppointment


class Task(StrEnum):
    """What the caller wants done and is not done yet."""

    NONE = "none"
    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    LOOK_UP = "look_up"
    MESSAGE = "message"


class Asked(StrEnum):
    """The question the bot asked last; what the caller says next is read as its answer first."""

    NOTHING = "nothing"
    NEED = "need"
    """How can I help?"""
    MORE = "more"
    """Anything else?"""
    WANTS_BOOKING = "wants_booking"
    """Would you like to book?"""
    SERVICE = "service"
    DAY = "day"
    TIME = "time"
    WHEN = "when"
    """Which day and time?"""
    HALF_OF_DAY = "half_of_day"
    """In the morning or in the evening?"""
    SLOT = "slot"
    """Which of the offered times?"""
    NAME = "name"
    PHONE = "phone"
    BOOKING = "booking"
    """Shall I book it so? The read-back."""
    WHAT_CHANGE = "what_change"
    """What is wrong with what was read back?"""
    PROOF = "proof"
    """Under which name is your appointment?"""
    WHICH = "which"
    """Which of your appointments?"""
    MOVING = "moving"
    CANCELLING = "cancelling"
    HELP_BY_PERSON = "help_by_person"
    """Shall I put you through, or take a message?"""
    HELP_BY_MESSAGE = "help_by_message"
    MESSAGE = "message"
    MESSAGE_NAME = "message_name"
    MESSAGE_PHONE = "message_phone"
    STILL_THERE = "still_there"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known so far of the appointment the caller wants."""

    service: str | None = None
    day: date | None = None
    until: date | None = None
    """Last day where a span of days is wanted, such as next week."""
    at: time | None = None
    not_before: time | None = None
    not_after: time | None = None
    also_at: tuple[time, ...] = ()
    """Other times that would do."""
    unheard: bool = False
    """A time was said, but not one that could be understood."""
    half_open: bool = False
    """`at` was said without am or pm."""
    not_on: tuple[date, ...] = ()
    """Days that will not do."""
    soonest: bool = False
    maybe_day: date | None = None
    """A day that may be misheard and is asked back."""
    maybe_at: time | None = None
    start: datetime | None = None
    """The free time that was found for the wish."""
    name: str | None = None
    maybe_name: str | None = None
    """A name that was heard twice and refused twice; its spelling is asked for."""
    phone: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A call between two events. `State()` is a call that has not started."""

    task: Task = Task.NONE
    asked: Asked = Asked.NOTHING
    wish: Wish = Wish()
    waiting: tuple[str, ...] = ()
    """Services to book after the present one."""
    choices: tuple[str, ...] = ()
    """Services one of which is meant."""
    offered: tuple[datetime, ...] = ()
    target: BookedAppointment | None = None
    """The appointment that is moved or cancelled."""
    found: tuple[BookedAppointment, ...] = ()
    booked: tuple[BookedAppointment, ...] = ()
    message: str | None = None
    question: str | None = None
    """A question to answer when what was asked first is done."""
    topic: str | None = None
    """The intent of the question that was answered last, for "and on Sunday?"."""
    unclear: int = 0
    """Turns in a row that were not understood."""
    probing: bool = False
    """Words that were not understood are being looked for in the documents."""
    insults: int = 0
    said: str = ""
    """The bot's last words, for 'say that again'."""
    outcome: str = "no_need"
    ended: bool = False
    fell_silent: bool = False
    """It has ended because nothing was heard any more."""

    def to_json(self) -> str:
        """The state as one JSON object."""
        return json.dumps(_plain(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The state that `to_json` wrote; fields it does not know are left out, missing ones get their defaults."""
        state: Self = _rebuilt(cls, json.loads(text))
        return state


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _rebuilt(kind: Any, value: Any) -> Any:
    """The value that `_plain` made of one of this type; typed loosely, as types are data here."""
    if value is None:
        return None
    if isinstance(kind, UnionType):
        return _rebuilt(next(part for part in get_args(kind) if part is not type(None)), value)
    if get_origin(kind) is tuple:
        return tuple(_rebuilt(get_args(kind)[0], item) for item in value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _rebuilt(hints[name], item) for name, item in value.items() if name in hints})  # type: ignore[operator]
    if issubclass(kind, date | time):
        return kind.fromisoformat(value)
    return kind(value)
