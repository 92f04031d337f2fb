"""Pipecat's services that post one request a sentence or stretch, each with a connection of its own that ends with it."""

from typing import Any

import aiohttp
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.deepgram.tts import DeepgramHttpTTSService
from pipecat.services.elevenlabs.tts import ElevenLabsHttpTTSService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TTSService

OPENAI_RATE = 24000
"""Samples a second of OpenAI's voices, whatever is asked for."""


class _OwnSession(TTSService):
    """Pipecat wants a session of these classes' owner; here a service owns its own."""

    _session: aiohttp.ClientSession | None

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Open the session, which needs the event loop."""
        await super().setup(setup)
        self._session = aiohttp.ClientSession()

    async def cleanup(self) -> None:
        """Close it."""
        await super().cleanup()
        if self._session is not None:
            await self._session.close()


class OwnSessionElevenLabs(_OwnSession, ElevenLabsHttpTTSService):
    """ElevenLabs's streaming endpoint."""

    def __init__(self, *, api_key: str, base_url: str | None, voice: str) -> None:
        settings = ElevenLabsHttpTTSService.Settings(voice=voice)
        address = base_url or "https://api.elevenlabs.io"
        super().__init__(api_key=api_key, aiohttp_session=None, base_url=address, settings=settings)


class OwnSessionDeepgram(_OwnSession, DeepgramHttpTTSService):
    """Deepgram's Aura."""

    def __init__(self, *, api_key: str, base_url: str | None, voice: str | None) -> None:
        settings = DeepgramHttpTTSService.Settings(voice=voice) if voice else None
        super().__init__(api_key=api_key, aiohttp_session=None, base_url=base_url or "https://api.deepgram.com", settings=settings)


class OpenAIVoice(OpenAITTSService):
    """OpenAI's speech endpoint, asked once: instead of asking again, the next voice is asked."""

    _client: Any

    def __init__(self, *, api_key: str, base_url: str | None, voice: str | None) -> None:
        settings = OpenAITTSService.Settings(voice=voice) if voice else None
        super().__init__(api_key=api_key, base_url=base_url, sample_rate=OPENAI_RATE, settings=settings)
        self._client = self._client.with_options(max_retries=0)

    async def cleanup(self) -> None:
        """Close the connection."""
        await super().cleanup()
        await self._client.close()


class OpenAIEar(OpenAISTTService):
    """OpenAI's transcription endpoint, asked once; it says also that there were no words."""

    _client: Any

    def __init__(self, *, api_key: str, base_url: str | None) -> None:
        super().__init__(api_key=api_key, base_url=base_url, push_empty_transcripts=True)
        self._client = self._client.with_options(max_retries=0)

    async def cleanup(self) -> None:
        """Close the connection."""
        await super().cleanup()
        await self._client.close()
