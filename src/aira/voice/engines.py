"""The speech engines that run in this process: Moonshine listens, Hibari speaks. Their models lie inside their packages.

An engine is loaded once a process and shared by all its calls: loading takes half a second and 150 MB, a sentence takes
20 to 150 ms. Both are called from threads; a lock keeps one call at a time inside each.
"""

import threading
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Protocol, cast

import numpy as np

from aira.errors import MissingExtra
from aira.voice.audio import Samples, loudness

EAR_RATE = 16000
"""Samples a second that the listening engine takes."""
VOICE_RATE = 24000
"""Samples a second that the speaking engine makes."""

_WINDOW = VOICE_RATE // 100
_LEAD = VOICE_RATE // 50
_TAIL = VOICE_RATE * 15 // 100
_QUIET = 100.0


class Ear(Protocol):
    """Turns speech into text."""

    def transcribe(self, samples: Samples) -> str:
        """The words in samples at `EAR_RATE`; empty where there are none."""


class Voice(Protocol):
    """Turns text into speech."""

    def speak(self, text: str, *, speed: float = 1.0) -> Iterator[Samples]:
        """The sound of a text at `VOICE_RATE`, sentence by sentence, each as soon as it is made."""


class MoonshineEar:
    """Moonshine tiny-en on one CPU core; about 8 % of the time the speech took."""

    def __init__(self) -> None:
        try:
            from moonshine_voice import ModelArch, Transcriber, get_model_path
        except ImportError:
            raise MissingExtra("voice", purpose="Listening to speech") from None
        self._transcriber = Transcriber(str(get_model_path("tiny-en")), ModelArch.TINY)
        self._lock = threading.Lock()

    def transcribe(self, samples: Samples) -> str:
        """The words in samples at `EAR_RATE`; empty where there are none."""
        if loudness(samples) < _QUIET / 2:
            return ""  # out of silence it makes a word
        floats = (samples.astype(np.float32) / 32768.0).tolist()
        with self._lock:
            transcript = self._transcriber.transcribe_without_streaming(floats, EAR_RATE)
        return " ".join(line.text.strip() for line in transcript.lines).strip().lstrip("?!.,- ")  # of a breath it makes a mark


class HibariVoice:
    """Hibari's voice "heart" on one CPU core; about 1 % of the time the speech takes."""

    def __init__(self) -> None:
        try:
            from hibari import Hibari
        except ImportError:
            raise MissingExtra("voice", purpose="Speaking") from None
        self._hibari = Hibari()
        self._lock = threading.Lock()

    def speak(self, text: str, *, speed: float = 1.0) -> Iterator[Samples]:
        """The sound of a text at `VOICE_RATE`, sentence by sentence, each as soon as it is made."""
        for sentence in self._hibari.split_sentences(text):
            with self._lock:
                sound = self._hibari(sentence, speed=speed, seed=0)
            yield trimmed(cast(Samples, (np.clip(sound, -1.0, 1.0) * 32767.0).astype(np.int16)))


def trimmed(samples: Samples) -> Samples:
    """Speech at `VOICE_RATE` without the silence around it: the engine puts 0.3 s before and 0.5 s after each sentence."""
    loud = [start for start in range(0, len(samples), _WINDOW) if loudness(samples[start : start + _WINDOW]) > _QUIET]
    if not loud:
        return samples
    return samples[max(0, loud[0] - _LEAD) : loud[-1] + _WINDOW + _TAIL]


def ear_is_here() -> bool:
    """Whether the listening engine is installed."""
    return find_spec("moonshine_voice") is not None


def voice_is_here() -> bool:
    """Whether the speaking engine is installed."""
    return find_spec("hibari") is not None


@cache
def shared_ear() -> Ear:
    """The process's one listening engine."""
    return MoonshineEar()


@cache
def shared_voice() -> Voice:
    """The process's one speaking engine."""
    return HibariVoice()
