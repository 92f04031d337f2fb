"""Pipecat's services for hearing and speaking: the local engines, or a vendor's by setting."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
from pipecat.frames.frames import Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.services.tts_service import TTSService
from pipecat.utils.time import time_now_iso8601
from pydantic import SecretStr

from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.audio import Samples, resample
from aira.voice.engines import EAR_RATE, VOICE_RATE, Ear, Voice, shared_ear, shared_voice

EAR_P99_SECONDS = 0.4
"""How long after the end of speech the local engine's text is there at the latest, 99 times of 100."""


class LocalHearing(SegmentedSTTService):
    """Transcribes each stretch of speech that the voice detection cuts out, with an engine of this process."""

    def __init__(self, ear: Ear) -> None:
        super().__init__(ttfs_p99_latency=EAR_P99_SECONDS, settings=STTSettings(model="moonshine-tiny-en", language=None))
        self._ear = ear

    @property
    def wants_wav_segments(self) -> bool:
        """The engine reads bare samples."""
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield the segment's words as one frame; nothing where there are none."""
        text = await asyncio.to_thread(self._transcribe, np.frombuffer(audio, dtype=np.int16))
        if text:
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601())

    def _transcribe(self, samples: Samples) -> str:
        return self._ear.transcribe(resample(samples, self.sample_rate, EAR_RATE))


class LocalSpeaking(TTSService):
    """Speaks with an engine of this process, sentence by sentence."""

    def __init__(self, voice: Voice) -> None:
        settings = TTSSettings(model="hibari", voice="heart", language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, settings=settings)
        self._voice = voice

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield the text's sound as frames at the pipeline's rate."""
        pieces = self._voice.speak(text)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            sound = resample(piece, VOICE_RATE, self.sample_rate)
            yield TTSAudioRawFrame(sound.tobytes(), self.sample_rate, 1, context_id=context_id)


def hearing(settings: Settings) -> STTService:
    """The listening service that AIRA_STT names, for one call. Raises SetupError where its key or package is missing."""
    if settings.aira_stt == "deepgram":
        try:
            from pipecat.services.deepgram.stt import DeepgramSTTService
        except ImportError:
            raise SetupError("AIRA_STT=deepgram needs Deepgram's package.", hint="Run `pip install 'pipecat-ai[deepgram]'`.") from None
        return DeepgramSTTService(api_key=_key(settings.deepgram_api_key, "DEEPGRAM_API_KEY"))
    if settings.aira_stt == "openai":
        from pipecat.services.openai.stt import OpenAISTTService

        return OpenAISTTService(api_key=_key(settings.openai_api_key, "OPENAI_API_KEY"), base_url=settings.openai_base_url)
    return LocalHearing(shared_ear())


def speaking(settings: Settings) -> TTSService:
    """The speaking service that AIRA_TTS names, for one call. Raises SetupError where its key is missing."""
    if settings.aira_tts == "cartesia":
        from pipecat.services.cartesia.tts import CartesiaTTSService

        key = _key(settings.cartesia_api_key, "CARTESIA_API_KEY")
        return CartesiaTTSService(api_key=key, settings=CartesiaTTSService.Settings(**_voice(settings)))
    if settings.aira_tts == "deepgram":
        from pipecat.services.deepgram.tts import DeepgramTTSService

        key = _key(settings.deepgram_api_key, "DEEPGRAM_API_KEY")
        return DeepgramTTSService(api_key=key, settings=DeepgramTTSService.Settings(**_voice(settings)))
    if settings.aira_tts == "openai":
        from pipecat.services.openai.tts import OpenAITTSService

        key = _key(settings.openai_api_key, "OPENAI_API_KEY")
        return OpenAITTSService(api_key=key, base_url=settings.openai_base_url, settings=OpenAITTSService.Settings(**_voice(settings)))
    return LocalSpeaking(shared_voice())


def _voice(settings: Settings) -> dict[str, str]:
    return {"voice": settings.aira_voice} if settings.aira_voice else {}


def _key(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise SetupError(
            f"The speech vendor needs {name}.", hint=f"Set {name}, or use the local engines with AIRA_STT=local and AIRA_TTS=local."
        )
    return secret.get_secret_value()
