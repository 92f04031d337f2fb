"""Ears and a voice that take no time, so that what is tested or measured is everything else.

The ears know the simulated caller's recorded clips by the rise and fall of their loudness; the voice says each sentence as a tone.
"""

from collections.abc import AsyncGenerator
from functools import cache

import numpy as np
from pipecat.frames.frames import Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601

from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE, Samples, decode_mulaw, encode_mulaw
from aira.voice.frames import NothingHeard
from aira.voice.simulator.caller_voice import spoken

CLIPS = ("I'd like to book a haircut tomorrow afternoon at half past two.", "My name is Sarah Johnson.", "Yes, please.")
"""Those that are spoken in one breath."""
SENTENCE_SECONDS = 0.4
_SURE = 0.85

Envelope = np.ndarray[tuple[int], np.dtype[np.float64]]


class NoTimeHearing(SegmentedSTTService):
    """Hears at once which clip was played, or in everything the same `words`."""

    def __init__(self, words: str | None = None) -> None:
        super().__init__(ttfs_p99_latency=0.0, settings=STTSettings(model="none", language=None))
        self._words = words

    @property
    def wants_wav_segments(self) -> bool:
        """Bare samples."""
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield the words, or that a sound is no clip."""
        words = self._words or clip_of(np.frombuffer(audio, np.int16))
        yield TranscriptionFrame(words, self._user_id, time_now_iso8601()) if words else NothingHeard()


class NoTimeSpeaking(TTSService):
    """Says every sentence as a tone, at once."""

    def __init__(self, seconds: float = SENTENCE_SECONDS) -> None:
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=TTSSettings(model="none", voice="none", language=None))
        self._tone = tone(seconds).tobytes()

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield the tone as one frame."""
        yield TTSAudioRawFrame(self._tone, TELEPHONE_RATE, 1, context_id=context_id)


def no_time_speech() -> tuple[STTService, TTSService]:
    """The services of one call."""
    return NoTimeHearing(), NoTimeSpeaking()


def tone(seconds: float) -> Samples:
    """A tone as loud as speech."""
    wave = np.sin(np.arange(int(TELEPHONE_RATE * seconds)) * 2 * np.pi * 400 / TELEPHONE_RATE)
    return (wave * 12000).astype(np.int16)


def clip_of(samples: Samples) -> str | None:
    """The words of the clip that these samples are likest to, None where they are like none."""
    heard = _envelope(samples)
    likeness = {words: _likeness(heard, envelope) for words, envelope in _clips().items()}
    best = max(likeness, key=likeness.__getitem__)
    return best if likeness[best] > _SURE else None


@cache
def _clips() -> dict[str, Envelope]:
    return {words: _envelope(decode_mulaw(encode_mulaw(spoken(words)))) for words in CLIPS}


def _envelope(samples: Samples) -> Envelope:
    whole = samples[: len(samples) // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES).astype(np.float64)
    return np.sqrt((whole**2).mean(axis=1))


def _likeness(heard: Envelope, clip: Envelope) -> float:
    longest = float(np.correlate(np.pad(heard, len(clip)), clip, mode="valid").max())
    return longest / max(float(np.linalg.norm(heard) * np.linalg.norm(clip)), 1.0)
