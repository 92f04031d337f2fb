"""What callers want, read by the phrase table `english/intents.txt` over the plain form of `words.normalise`.

`find_intents` gives every intent an utterance shows, the one that matters most first: the order of `Intent` is the order of weight.
Yes, no and correction depend on what was asked and are read in `consent`.
"""

from enum import StrEnum

from aira.voice.receptionist.phrase_table import phrase_table


class Intent(StrEnum):
    """What an utterance is meant to do, the weightiest first."""

    ABUSE = "abuse"
    WRONG_NUMBER = "wrong_number"
    PERSON = "person"
    MESSAGE = "message"
    CANCEL = "cancel"
    MOVE = "move"
    MINE = "mine"
    CORRECTION = "correction"
    PRICE = "price"
    HOURS = "hours"
    ADDRESS = "address"
    BOOK = "book"
    SERVICES = "services"
    SMALL_TALK = "small_talk"
    REPEAT = "repeat"
    WAIT = "wait"
    QUESTION = "question"
    GOODBYE = "goodbye"
    NO = "no"
    YES = "yes"
    THANKS = "thanks"
    GREETING = "greeting"
    SILENCE = "silence"


_TABLE = phrase_table("intents")
_OF_CONTEXT = frozenset({Intent.CORRECTION, Intent.QUESTION, Intent.YES, Intent.NO, Intent.SILENCE})
"""Intents that a phrase alone does not show."""
_SAYS_NOTHING_ELSE = frozenset({Intent.THANKS, Intent.GREETING})


def find_intents(text: str) -> tuple[Intent, ...]:
    """The intents a plain text shows by itself, weightiest first."""
    if _TABLE["empty"].match(text):
        return (Intent.SILENCE,)
    found = {intent for intent in Intent if intent not in _OF_CONTEXT and _TABLE[intent].search(text)}
    if not found - _SAYS_NOTHING_ELSE and is_question(text):
        found.add(Intent.QUESTION)
    return tuple(intent for intent in Intent if intent in found)


def is_follow_up(text: str) -> bool:
    """Whether a plain text asks the last question again of something else: "and on Sunday?"."""
    return _TABLE["follow_up"].search(text) is not None


def can_not_come(text: str) -> bool:
    """Whether a plain text says that somebody can not keep what was arranged."""
    return _TABLE["can_not_come"].search(text) is not None


def is_sure_of_wrong_number(text: str) -> bool:
    """Whether a plain text says that the number is wrong rather than asking whose it is."""
    return _TABLE["surely_wrong_number"].search(text) is not None


def is_question(text: str) -> bool:
    """Whether a plain text asks something."""
    return _TABLE["asking"].search(text) is not None
