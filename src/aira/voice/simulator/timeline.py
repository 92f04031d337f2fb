"""Both sides of a whole call on one clock, across media streams and the carrier's own voice: what was heard, and how long nothing was."""

import numpy as np
from numpy.typing import NDArray

from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE, Samples, wav_bytes

LOUD = 300
"""A window of 20 ms whose peak is above this is heard."""


class Timeline:
    """What caller and called side sent, placed at the seconds since the call began."""

    def __init__(self) -> None:
        self._caller: list[tuple[int, Samples]] = []
        self._heard: list[tuple[int, Samples]] = []
        self._voices: list[tuple[float, float]] = []

    def add_caller(self, at: float, samples: Samples) -> None:
        """The caller's sound that began then."""
        self._caller.append((round(at * TELEPHONE_RATE), samples))

    def add_heard(self, at: float, samples: Samples) -> None:
        """Sound that the caller heard from then on."""
        self._heard.append((round(at * TELEPHONE_RATE), samples))

    def add_voice(self, start: float, end: float) -> None:
        """A time in which the caller heard something whose sound is not made: the carrier's voice, a tone, another person."""
        self._voices.append((start, end))

    def wav(self) -> bytes | None:
        """The call as a stereo WAV, caller left; None where there is no sound."""
        if not (self._caller or self._heard):
            return None
        return wav_bytes(_side(self._caller), _side(self._heard), rate=TELEPHONE_RATE)

    def longest_silence(self, until: float | None = None) -> float:
        """Seconds of the longest stretch in which nobody was heard, from the call's beginning to the last sound, or to `until`."""
        sounds = sorted([*_spans(_side(self._caller)), *_spans(_side(self._heard)), *self._voices])
        longest, last = 0.0, 0.0
        for start, end in sounds:
            longest, last = max(longest, start - last), max(last, end)
        return max(longest, until - last) if until is not None else longest


def longest_silence(caller: Samples, bot: Samples) -> float:
    """Seconds of the longest stretch in which neither side is heard, from the bot's first word to its last."""
    length = min(len(caller), len(bot))
    loud = np.flatnonzero(_loud(caller[:length]) | _loud(bot[:length]))
    if len(loud) < 2:
        return 0.0
    return float((np.diff(loud).max() - 1) * PACKET_SAMPLES / TELEPHONE_RATE)


def _side(pieces: list[tuple[int, Samples]]) -> Samples:
    side = np.zeros(max((start + len(samples) for start, samples in pieces), default=0), np.int16)
    for start, samples in pieces:
        side[start : start + len(samples)] = samples
    return side


def _loud(side: Samples) -> NDArray[np.bool_]:
    windows = np.abs(side[: len(side) // PACKET_SAMPLES * PACKET_SAMPLES].astype(np.int32)).reshape(-1, PACKET_SAMPLES)
    loud: NDArray[np.bool_] = windows.max(axis=1) > LOUD if len(windows) else np.zeros(0, np.bool_)
    return loud


def _spans(side: Samples) -> list[tuple[float, float]]:
    """Start and end of each stretch of loud windows, in seconds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], _loud(side), [False]]).astype(np.int8))).reshape(-1, 2)
    return [(float(start) * PACKET_SAMPLES / TELEPHONE_RATE, float(end) * PACKET_SAMPLES / TELEPHONE_RATE) for start, end in edges]
