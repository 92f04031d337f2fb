"""The simulated caller's voice: recorded clips where there is one of the words, else the bot's engine, pitched down.

The second is an honest makeshift: it sounds like another person and is understood as well, but it is no other speaker.
"""

import json
from functools import cache
from importlib.resources import files

import numpy as np

from aira.voice.audio import TELEPHONE_RATE, Samples, read_wav, resample
from aira.voice.engines import VOICE_RATE, shared_voice

PITCH = 0.84
"""Share of the bot's pitch that the makeshift voice has."""


def spoken(text: str) -> Samples:
    """The words as the caller says them, at the telephone's rate."""
    clip = _clips().get(_plain(text))
    return clip if clip is not None else makeshift_voice(text)


def makeshift_voice(text: str) -> Samples:
    """The words by the bot's engine at `PITCH` of its pitch, at the telephone's rate."""
    sound = np.concatenate([np.zeros(0, np.int16), *shared_voice().speak(text, speed=1 / PITCH)])
    return resample(sound, round(VOICE_RATE * PITCH), TELEPHONE_RATE)


@cache
def _clips() -> dict[str, Samples]:
    folder = files("aira.voice.simulator") / "clips"
    words: dict[str, str] = json.loads((folder / "words.json").read_text("utf-8"))
    return {_plain(text): read_wav((folder / f"{name}.wav").read_bytes(), rate=TELEPHONE_RATE) for name, text in words.items()}


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum() or character == " ").strip()
