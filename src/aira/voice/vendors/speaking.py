"""The speaking stage of a pipeline: one voice after the other is asked for a sentence until one has said it whole.

A voice has failed that refuses, does not begin in time, stops in the middle, or sends what is no speech. The sentence is said again
from its beginning by the next, so the caller may hear its first words twice but always hears its last.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np
import soxr
from pipecat.frames.frames import (
    DataFrame,
    EndWorkerFrame,
    Frame,
    StartFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from aira.errors import AiraError
from aira.voice.audio import TELEPHONE_RATE, Samples, resample
from aira.voice.vendors.bench import failure
from aira.voice.vendors.clips import APOLOGY, Clips
from aira.voice.vendors.plausible import broke_off, is_noise, is_silent
from aira.voice.vendors.speakers import Speaker

FIRST_SECONDS = 0.1
"""How much of a sentence must be there, and sound like speech, before any of it is passed on."""
LAST_SILENCE_SECONDS = 0.6
"""Silence after the apology, because a stream that closes takes what was sent ahead with it."""


@dataclass
class NobodyHears(DataFrame):
    """No engine is left that could hear the caller: apologise and end the stream."""

    interruptible: bool = field(default=False, init=False)


class Speaking(TTSService):
    """Says sentences by the first of its speakers that can."""

    def __init__(self, speakers: Sequence[Callable[[], Speaker]], clips: Clips) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(push_start_frame=True, push_stop_frames=True, max_consecutive_zero_audio_contexts=0, settings=settings)
        self._makers = speakers
        self._speakers = [make() for make in speakers]
        self._clips = clips
        self._opening = True
        self._keeping: list[asyncio.Task[None]] = []
        self.gave_up = False
        """No vendor was left; the caller has been told and the stream is being ended."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Get ready at the start; end the stream where nobody can hear or speak any more."""
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self._opening = False
        if isinstance(frame, NobodyHears):
            await self._end(TTSSpeakFrame(APOLOGY, append_to_context=False))
            return
        await super().process_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self._speakers[0].prepare(self.processor_setup)
            self._keep(self._keep_apology())

    async def cleanup(self) -> None:
        """Close what the speakers hold."""
        await super().cleanup()
        for task in self._keeping:
            await self.cancel_task(task)
        await asyncio.gather(*(speaker.close() for speaker in self._speakers))

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Yield a sentence's sound at the pipeline's rate."""
        async with aclosing(self._said(text)) as sounds:
            async for samples in sounds:
                yield TTSAudioRawFrame(samples.tobytes(), self.sample_rate, 1, context_id=context_id)

    async def _said(self, text: str) -> AsyncGenerator[Samples, None]:
        for speaker in self._speakers:
            if not speaker.gate.allows():
                continue
            said: list[Samples] = []
            try:
                async with aclosing(self._said_by(speaker, text)) as sounds:
                    async for samples in sounds:
                        said.append(samples)
                        yield samples
            except AiraError as error:
                speaker.gate.failed(error.reason)
                await speaker.close()
                continue
            speaker.gate.succeeded()
            if self._opening:
                self._keep(self._keep_clip(text, np.concatenate(said)))
            return
        kept = await asyncio.to_thread(self._clips.find, text)
        if kept is not None:
            yield resample(kept, TELEPHONE_RATE, self.sample_rate)
            return
        async for samples in self._give_up(text):
            yield samples

    async def _said_by(self, speaker: Speaker, text: str) -> AsyncGenerator[Samples, None]:
        """One speaker's sentence, passed on once it sounds like speech."""
        await speaker.prepare(self.processor_setup)
        streams: dict[int, soxr.ResampleStream] = {}
        held, passed = np.zeros(0, np.int16), 0
        async with aclosing(_watched(speaker, text)) as pieces:
            async for piece, rate in pieces:
                stream = streams.setdefault(rate, soxr.ResampleStream(rate, self.sample_rate, 1, dtype="int16"))
                held = np.concatenate([held, stream.resample_chunk(piece)])
                if is_noise(held):
                    raise failure("garbage")
                if len(held) >= FIRST_SECONDS * self.sample_rate and (passed or not is_silent(held)):
                    yield held
                    held, passed = held[:0], passed + len(held)
        for stream in streams.values():
            held = np.concatenate([held, stream.resample_chunk(np.zeros(0, np.int16), last=True)])
        if broke_off(text, (passed + len(held)) / self.sample_rate):
            raise failure("broken_off")
        if not passed and is_silent(held):
            raise failure("silent")
        yield held

    async def _give_up(self, text: str) -> AsyncGenerator[Samples, None]:
        apology = await asyncio.to_thread(self._clips.find, APOLOGY)
        if apology is not None and text != APOLOGY:
            yield resample(apology, TELEPHONE_RATE, self.sample_rate)
        yield np.zeros(int(self.sample_rate * LAST_SILENCE_SECONDS), np.int16)
        if not self.gave_up:
            self._keep(self._end(None))

    async def _end(self, last_words: TTSSpeakFrame | None) -> None:
        if self.gave_up:
            return
        self.gave_up = True
        if last_words is not None:
            await super().process_frame(last_words, FrameDirection.DOWNSTREAM)
        await super().process_frame(EndWorkerFrame(reason="no vendor is left"), FrameDirection.DOWNSTREAM)

    async def _keep_apology(self) -> None:
        """Have the apology made while vendors answer, once for all calls, by a speaker that no sentence waits for."""
        if await asyncio.to_thread(self._clips.find, APOLOGY) is not None:
            return
        speaker = self._makers[0]()
        try:
            pieces = [samples async for samples in self._said_by(speaker, APOLOGY)]
            await self._keep_clip(APOLOGY, np.concatenate(pieces))
        except AiraError:
            pass  # the next call tries again
        finally:
            await speaker.close()

    async def _keep_clip(self, text: str, samples: Samples) -> None:
        await asyncio.to_thread(self._clips.keep, text, resample(samples, self.sample_rate, TELEPHONE_RATE))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        self._keeping.append(self.create_task(work))


async def _watched(speaker: Speaker, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
    """A speaker's pieces, each within its deadline. Raises VendorError where one is late."""
    async with aclosing(speaker.speak(text)) as pieces:
        while True:
            try:
                async with asyncio.timeout(speaker.deadline):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise failure("too_slow") from None
            yield piece
