"""Yes, no and corrections: read against what was asked, together with whatever else the utterance says."""

from dataclasses import dataclass
from enum import StrEnum

from aira.voice.receptionist.phrase_table import phrase_table
from aira.voice.receptionist.state import Asked


class Answer(StrEnum):
    """What an utterance answers to a question for a decision."""

    YES = "yes"
    NO = "no"
    CORRECTION = "correction"
    """No, and what is right instead."""
    IMPLIED_YES = "implied_yes"
    """Nothing against it was said, but no yes either."""


_TABLE = phrase_table("consent")
_DECISIONS = frozenset({Asked.BOOKING, Asked.MOVING, Asked.CANCELLING, Asked.SLOT})
_STATED = frozenset({Asked.BOOKING, Asked.MOVING, Asked.CANCELLING})
_OFFERS = frozenset({Asked.WANTS_BOOKING, Asked.MORE, Asked.HELP_BY_MESSAGE, Asked.HELP_BY_PERSON})


def _says(meaning: str, text: str) -> bool:
    return _TABLE[meaning].search(text) is not None


@dataclass(frozen=True, slots=True)
class Cues:
    """What else is known of an utterance whose answer is read."""

    asked: Asked
    new_value: bool = False
    """It names a day, time, name or service other than those spoken of."""
    asks_back: bool = False
    """It is a question."""
    thanks: bool = False
    closing: bool = False
    wants_booking: bool = False
    requests: bool = False
    """It asks for something to be done."""


def read_answer(text: str, cues: Cues) -> Answer | None:
    """How a plain text answers what was asked; None where it does not."""
    return _no(text, cues) or _parting(text, cues) or _yes(text, cues) or _unspoken(text, cues)


def _no(text: str, cues: Cues) -> Answer | None:
    """No, or something else than what was stated."""
    if _says("no_first", text) or _says("no", text):
        return Answer.CORRECTION if cues.new_value and cues.asked is not Asked.MORE else Answer.NO
    if cues.asked in _STATED and (cues.new_value or _says("turns", text)):
        return Answer.CORRECTION
    if cues.asked in _DECISIONS and _says("doubts", text):
        return Answer.NO
    if cues.asked is Asked.SLOT and not cues.new_value and _says("other", text):
        return Answer.NO
    return Answer.NO if cues.asked in _OFFERS and _says("puts_off", text) else None


def _parting(text: str, cues: Cues) -> Answer | None:
    """No by taking leave: "that's all, thanks" to "anything else?", "thanks, bye" to an offer."""
    if cues.asked is Asked.MORE and not cues.asks_back and not cues.requests:
        content = cues.closing or cues.thanks or _says("yes_first", text)
        if _says("enough", text) or (content and not _says("plain_yes", text)):
            return Answer.NO
    if cues.closing and cues.asked in _DECISIONS and _says("leaves", text) and not _says("clear_yes", text):
        return Answer.NO if cues.asked is Asked.SLOT else Answer.IMPLIED_YES
    return None


def _yes(text: str, cues: Cues) -> Answer | None:
    if _says("yes_first", text) or _says("yes", text):
        return Answer.YES
    return Answer.YES if cues.asked is Asked.WANTS_BOOKING and (cues.new_value or cues.wants_booking) else None


def _unspoken(text: str, cues: Cues) -> Answer | None:
    """What follows from moving on: another value corrects, a question or thanks lets pass what was stated."""
    if cues.asked in _DECISIONS and (cues.new_value or _says("changes", text) or _says("asks_action", text)):
        return Answer.CORRECTION
    if cues.asked in _DECISIONS and cues.wants_booking and not cues.asks_back:
        return Answer.YES
    if cues.asked not in _STATED:
        return None
    return Answer.IMPLIED_YES if cues.asks_back or cues.thanks else None


def is_correction(text: str) -> bool:
    """Whether a plain text takes something back whatever was asked: "no, I said Tuesday", "scratch that"."""
    return _says("corrects", text)


def is_praise(text: str) -> bool:
    """Whether a plain text is nothing but approval, which is thanks where nothing was asked: "great", "that's perfect"."""
    return _says("praise", text)


def takes_leave(text: str) -> bool:
    """Whether a plain text says in so many words that the caller is done: "that's all", "bye"."""
    return _says("leaves", text)
