"""What cannot be speech, and what cannot be a transcript: vendors also fail by answering rubbish with status 200."""

import numpy as np

from aira.voice.audio import Samples, loudness

SHORTEST_SECONDS_A_LETTER = 0.025
"""Nobody speaks faster: sound that is shorter for its text broke off."""
MOST_LETTERS_A_SECOND = 45
"""Nobody is understood faster: a longer transcript was made up."""

_TOO_LOUD = 12_000.0
_TOO_QUIET = 20.0
_TEXT_SHARE = 0.95
_PRINTABLE = np.zeros(256, bool)
_PRINTABLE[[9, 10, 13, *range(32, 127)]] = True


def is_noise(samples: Samples) -> bool:
    """Whether samples are no speech but other bytes read as sound: text, or something compressed, both far too loud."""
    octets = np.frombuffer(samples.tobytes(), np.uint8)
    return loudness(samples) > _TOO_LOUD or bool(len(octets) and _PRINTABLE[octets].mean() > _TEXT_SHARE)


def broke_off(text: str, seconds: float) -> bool:
    """Whether so little sound cannot be the whole text."""
    letters = sum(character.isalnum() for character in text)
    return seconds < letters * SHORTEST_SECONDS_A_LETTER


def is_silent(samples: Samples) -> bool:
    """Whether there is nothing to be heard in them."""
    return loudness(samples) < _TOO_QUIET


def is_transcript(text: str, seconds: float) -> bool:
    """Whether a text can be what was said in so many seconds; an empty one can."""
    if not text:
        return True
    readable = sum(character.isprintable() and character != "\ufffd" for character in text)
    return readable == len(text) and not text.startswith("<") and len(text) <= 10 + MOST_LETTERS_A_SECOND * seconds
