"""What an utterance means, read against what was asked: intents, answer, day and time, services, name and number at once."""

from dataclasses import dataclass, field
from datetime import datetime

from aira.voice.receptionist.calendar_days import Assumed
from aira.voice.receptionist.consent import Answer, Cues, is_correction, is_praise, read_answer
from aira.voice.receptionist.intents import Intent, find_intents, is_question
from aira.voice.receptionist.names import read_name
from aira.voice.receptionist.phones import read_phone
from aira.voice.receptionist.protocol import ServiceFact
from aira.voice.receptionist.services import ServiceChoice, find_services
from aira.voice.receptionist.state import Asked, Wish
from aira.voice.receptionist.when import When, read_when
from aira.voice.receptionist.words import normalise


@dataclass(frozen=True, slots=True)
class Hearing:
    """What an utterance is heard against."""

    now: datetime
    asked: Asked = Asked.NOTHING
    wish: Wish = field(default_factory=Wish)
    services: tuple[ServiceFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What an utterance means."""

    text: str
    """The plain form of `words.normalise`."""
    intents: tuple[Intent, ...]
    """The weightiest first; never empty for a text that says anything recognisable."""
    answer: Answer | None
    closing: bool
    """The caller thanks or takes leave."""
    when: When
    services: tuple[ServiceChoice, ...] = ()
    name: str | None = None
    phone: str | None = None

    @property
    def main(self) -> Intent | None:
        """The weightiest intent."""
        return self.intents[0] if self.intents else None

    def shows(self, *intents: Intent) -> bool:
        """Whether any of these intents was shown."""
        return any(intent in self.intents for intent in intents)


def understand(said: str, hearing: Hearing) -> Reading:
    """What was said, read against what was asked."""
    text = normalise(said)
    asked = hearing.asked
    services = find_services(text, hearing.services)
    intents = find_intents(text)
    moving = Intent.MOVE in intents and asked not in _APPOINTING
    when = read_when(text, hearing.now, asks_day=asked in (Asked.DAY, Asked.WHEN), asks_time=asked in _ASKS_TIME, moving=moving)
    if Intent.THANKS in intents or Intent.GOODBYE in intents:
        when = _without_greeting(when, hearing.now)
    name = read_name(said, asked=asked in _ASKS_NAME)
    phone = read_phone(text)
    closing = any(intent in intents for intent in (Intent.THANKS, Intent.GOODBYE))
    cues = Cues(
        asked,
        new_value=_is_new(when, hearing.wish) or bool(services and services[0].names != (hearing.wish.service,)),
        asks_back=is_question(text) or any(intent in intents for intent in _QUESTIONS),
        thanks=Intent.THANKS in intents,
        closing=closing,
        wants_booking=Intent.BOOK in intents,
        requests=any(intent in intents for intent in _REQUESTS),
    )
    answer = read_answer(text, cues)
    closing = closing or (asked is Asked.MORE and answer is Answer.NO) or (asked is Asked.NOTHING and is_praise(text))
    intents = _with_wish(_with_answer(intents, answer, text), asked, service=bool(services), timed=when.says_something)
    return Reading(text, intents, answer, closing, when, services, name, phone)


_APPOINTING = frozenset({Asked.BOOKING, Asked.SLOT, Asked.DAY, Asked.TIME, Asked.HALF_OF_DAY, Asked.MOVING})
_ASKS_TIME = frozenset({Asked.TIME, Asked.SLOT, Asked.HALF_OF_DAY, Asked.WHEN})
_QUESTIONS = (Intent.PRICE, Intent.HOURS, Intent.ADDRESS, Intent.SERVICES, Intent.QUESTION)
_REQUESTS = (Intent.CANCEL, Intent.MOVE, Intent.MINE, Intent.MESSAGE, Intent.PERSON)
_OPEN = frozenset({Asked.NOTHING, Asked.NEED, Asked.MORE, Asked.WANTS_BOOKING, Asked.SERVICE, Asked.HELP_BY_PERSON, Asked.HELP_BY_MESSAGE})
_BESIDE_A_WISH = frozenset(
    {Intent.YES, Intent.NO, Intent.GREETING, Intent.THANKS, Intent.SILENCE, Intent.QUESTION, Intent.CORRECTION, Intent.WAIT}
)
_ASKS_NAME = frozenset({Asked.NAME, Asked.PROOF, Asked.MESSAGE_NAME})


def _without_greeting(when: When, now: datetime) -> When:
    """`That's all for today` asks for no day."""
    return When() if when.day == now.date() and when.clock is None else when


def _is_new(when: When, wish: Wish) -> bool:
    """Whether another day or time is named than the one that is wished for already."""
    day = when.day is not None and when.day != wish.day
    return day or _is_other_time(when, wish) or when.shift is not None


def _is_other_time(when: When, wish: Wish) -> bool:
    """Whether another time of day is named; `at eight` is no other time than eight in the evening."""
    if when.clock is None or wish.at is None:
        return when.clock is not None
    if Assumed.HALF_OF_DAY in when.assumed:
        return (when.clock.hour % 12, when.clock.minute) != (wish.at.hour % 12, wish.at.minute)
    return when.clock != wish.at


def _with_wish(intents: tuple[Intent, ...], asked: Asked, *, service: bool, timed: bool) -> tuple[Intent, ...]:
    """A service or time named for no other purpose is a wish to book; a question that names a service stays one."""
    wished = timed or (service and Intent.QUESTION not in intents)
    if wished and asked in _OPEN and not set(intents) - _BESIDE_A_WISH:
        return tuple(intent for intent in Intent if intent in {*intents, Intent.BOOK} - {Intent.QUESTION, Intent.SILENCE})
    return intents


def _with_answer(intents: tuple[Intent, ...], answer: Answer | None, text: str) -> tuple[Intent, ...]:
    """The intents with yes, no and correction among them, in order of weight."""
    found = set(intents)
    if answer is Answer.YES:
        found.add(Intent.YES)
    if answer is Answer.NO:
        found.add(Intent.NO)
    if answer is Answer.CORRECTION or is_correction(text):
        found.add(Intent.CORRECTION)
    if len(found) > 1:
        found.discard(Intent.SILENCE)
    return tuple(intent for intent in Intent if intent in found)
