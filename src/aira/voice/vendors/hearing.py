"""The hearing stage of a pipeline: the stretch of speech that voice detection cuts out is kept, and played to one engine after the other
until one has understood it.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.utils.time import time_now_iso8601

from aira.errors import AiraError
from aira.voice.frames import NothingHeard
from aira.voice.vendors.bench import failure
from aira.voice.vendors.listeners import Listener
from aira.voice.vendors.plausible import is_transcript
from aira.voice.vendors.speaking import NobodyHears
from aira.voice.vendors.watch import Watch

P99_SECONDS = 0.4
"""How long after the end of speech its words are there at the latest, 99 times of 100, where no vendor fails."""


class Hearing(SegmentedSTTService):
    """Tells the words of each stretch by the first of its listeners that can."""

    def __init__(self, listeners: Sequence[Listener], watch: Watch | None = None) -> None:
        settings = STTSettings(model=None, language=None)
        super().__init__(trailing_silence_secs=0, ttfs_p99_latency=P99_SECONDS, settings=settings)
        self._listeners = listeners
        self._watch = watch or Watch()
        self._engine_here = any(listener.deadline is None for listener in listeners)

    @property
    def wants_wav_segments(self) -> bool:
        """Listeners take bare samples."""
        return False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Get the first listener ready at the start."""
        if isinstance(frame, (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame)):
            self._watch.anew()
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self._listeners[0].prepare(self.processor_setup)

    async def process_audio_frame(self, frame: InputAudioRawFrame, direction: FrameDirection) -> None:
        """Keep the sound, and let the first listener listen along."""
        await super().process_audio_frame(frame, direction)
        await self._listeners[0].feed(frame.audio)

    async def cleanup(self) -> None:
        """Close what the listeners hold."""
        await super().cleanup()
        await asyncio.gather(*(listener.close() for listener in self._listeners))
        self._note_usage()

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Yield the stretch's words as one frame, or that there are none, or nobody to hear them."""
        text = await self._understood(audio)
        if text is None:
            yield NobodyHears()
        else:
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601()) if text else NothingHeard()

    async def _understood(self, audio: bytes) -> str | None:
        """The words of a stretch, None where no listener is left."""
        for listener in self._listeners:
            passed_over = self._watch.spent and self._engine_here and listener.deadline is not None
            if passed_over or not listener.gate.allows():
                continue
            attempt = self._watch.asks(listener.gate, listener.deadline)
            try:
                text = await self._asked(listener, audio, seconds=attempt.seconds)
            except AiraError as error:
                attempt.failed(error.reason)
                await listener.close()
            else:
                attempt.succeeded()
                return text
            finally:
                self._note_usage()
        return None

    def _note_usage(self) -> None:
        for listener in self._listeners:
            seconds, listener.given = listener.given, 0.0
            if seconds:
                self._watch.note_usage("stt_seconds", seconds, listener.engine)

    async def _asked(self, listener: Listener, audio: bytes, *, seconds: float | None) -> str:
        await listener.prepare(self.processor_setup)
        try:
            async with asyncio.timeout(seconds):
                text = " ".join((await listener.transcribe(audio)).split())
        except TimeoutError:
            raise failure("too_slow") from None
        if not is_transcript(text, len(audio) / 2 / self.sample_rate):
            raise failure("garbage")
        return text
