"""Pipecat's services for hearing and speaking: the local engines, or a vendor's by setting."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
from pipecat.frames.frames import Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601

from aira.settings import Settings
from aira.voice.audio import Samples, resample
from aira.voice.engines import EAR_RATE, VOICE_RATE, Ear, Voice, shared_ear, shared_voice
from aira.voice.frames import NothingHeard
from aira.voice.vendors.circuit import Circuits, shared_circuits
from aira.voice.vendors.watch import Watch

EAR_P99_SECONDS = 0.4
"""How long after the end of speech the local engine's text is there at the latest, 99 times of 100."""


class LocalHearing(SegmentedSTTService):
    """Transcribes each stretch of speech that the voice detection cuts out, with an engine of this process."""

    def __init__(self, ear: Ear, watch: Watch | None = None) -> None:
        super().__init__(ttfs_p99_latency=EAR_P99_SECONDS, settings=STTSettings(model="moonshine-tiny-en", language=None))
        self._ear = ear
        self._watch = watch or Watch()

    @property
    def wants_wav_segments(self) -> bool:
        """The engine reads bare samples."""
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield the segment's words as one frame, or that there are none."""
        text = await asyncio.to_thread(self._transcribe, np.frombuffer(audio, dtype=np.int16))
        self._watch.note_usage("stt_seconds", len(audio) / 2 / self.sample_rate, "local")
        yield TranscriptionFrame(text, self._user_id, time_now_iso8601()) if text else NothingHeard()

    def _transcribe(self, samples: Samples) -> str:
        return self._ear.transcribe(resample(samples, self.sample_rate, EAR_RATE))


class LocalSpeaking(TTSService):
    """Speaks with an engine of this process, sentence by sentence."""

    def __init__(self, voice: Voice, watch: Watch | None = None) -> None:
        settings = TTSSettings(model="hibari", voice="heart", language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings)
        self._voice = voice
        self._watch = watch or Watch()

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield the text's sound as frames at the pipeline's rate."""
        pieces = self._voice.speak(text)
        self._watch.note_usage("tts_characters", len(text), "local")
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            sound = resample(piece, VOICE_RATE, self.sample_rate)
            yield TTSAudioRawFrame(sound.tobytes(), self.sample_rate, 1, context_id=context_id)


def hearing(settings: Settings, circuits: Circuits | None = None, watch: Watch | None = None) -> STTService:
    """The listening service of one call: the engine that AIRA_STT names, and behind a vendor those that take over from it.

    Raises SetupError where a vendor's key is missing, MissingExtra where its package is.
    """
    vendors = [name for name in dict.fromkeys([settings.aira_stt, settings.aira_stt_fallback]) if name and name != "local"]
    if not vendors:
        return LocalHearing(shared_ear(), watch)
    from aira.voice.vendors.by_setting import listeners
    from aira.voice.vendors.hearing import Hearing

    return Hearing(listeners(settings, vendors, circuits or shared_circuits()), watch)


def speaking(settings: Settings, circuits: Circuits | None = None, watch: Watch | None = None) -> TTSService:
    """The speaking service of one call: the engine that AIRA_TTS names, and behind a vendor those that take over from it.

    Raises SetupError where a vendor's key or voice is missing.
    """
    if settings.aira_tts == "local":
        return LocalSpeaking(shared_voice(), watch)
    from aira.voice.vendors.by_setting import speakers
    from aira.voice.vendors.clips import Clips
    from aira.voice.vendors.speaking import Speaking

    return Speaking(speakers(settings, circuits or shared_circuits()), Clips(settings.aira_home / "clips"), watch)
