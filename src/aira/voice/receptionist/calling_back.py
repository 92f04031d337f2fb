"""Whether words over the bot's farewell, or right after it, end the call or go on with it.

Who says goodbye, thanks or yes has heard enough; who asks, wants or remembers something is answered. Where it is not clear, a few
words more than people take leave with count as something to say.
"""

from aira.voice.receptionist.intents import Intent
from aira.voice.receptionist.phrase_table import phrase_table, words_in
from aira.voice.receptionist.protocol import Facts
from aira.voice.receptionist.state import Asked
from aira.voice.receptionist.understand import Hearing, Reading, understand

FEWEST_WORDS = 3
"""Words that nobody takes leave with, from which a sentence says something by them."""

_TABLE = phrase_table("calling_back")
_OF_LEAVING = words_in("calling_back", "of leaving")
_WISHES = (
    Intent.PERSON,
    Intent.MESSAGE,
    Intent.CANCEL,
    Intent.MOVE,
    Intent.MINE,
    Intent.CORRECTION,
    Intent.PRICE,
    Intent.HOURS,
    Intent.ADDRESS,
    Intent.SERVICES,
    Intent.WAIT,
)
"""Intents that are something to say, however politely the words end."""
_CONTENT = frozenset({Intent.THANKS, Intent.GOODBYE, Intent.YES, Intent.NO})


def calls_back(said: str, facts: Facts, *, after_silence: bool = False) -> bool:
    """Whether a caller who says this after a goodbye wants to go on.

    `after_silence` tells that the bot took leave because it heard nothing: then any words but a goodbye do.
    """
    reading = understand(said, Hearing(facts.now, Asked.MORE, services=facts.services))
    if _says("turns_back", reading):
        return True
    if after_silence:
        return not reading.shows(Intent.GOODBYE) and bool(_words(reading))
    if reading.shows(Intent.ABUSE, Intent.WRONG_NUMBER) or _says("takes_leave", reading):
        return False
    return reading.shows(*_WISHES) or _wants_more(reading)


def wish_in(said: str) -> str:
    """The words without those that only call the bot back, empty where nothing is left.

    "Wait, one more thing: do you do beards?" asks for beards.
    """
    wish = _TABLE["lead_in"].sub("", said)
    return wish if any(char.isalnum() for char in wish) else ""


def _wants_more(reading: Reading) -> bool:
    """Whether it asks for something, or says more than people take leave with."""
    own = [word for word in _words(reading) if word not in _OF_LEAVING]
    asks = reading.shows(Intent.QUESTION, Intent.REPEAT) and bool(own)
    wishes = reading.shows(Intent.BOOK) and not reading.shows(*_CONTENT)
    return asks or wishes or (bool(reading.services) and not reading.closing) or len(own) >= FEWEST_WORDS


def _says(section: str, reading: Reading) -> bool:
    return _TABLE[section].search(reading.text) is not None


def _words(reading: Reading) -> list[str]:
    return [word for word in reading.text.split() if word.isalpha()]
