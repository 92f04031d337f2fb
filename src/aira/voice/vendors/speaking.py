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
from aira.voice.vendors.watch import Watch

FIRST_SECONDS = 0.1
"""How much of a sentence must be there, and sound like speech, before any of it is passed on."""
UNENDED_SECONDS = 60.0
"""How long a sentence may be in coming. Its end is told; Pipecat would otherwise take it to be over after three seconds without a sound,
let what stands behind it pass, and report an error.
"""
LAST_SILENCE_SECONDS = 0.6
"""Silence after the apology, because a stream that closes takes what was sent ahead with it."""


@dataclass
class NobodyHears(DataFrame):
    """No engine is left that could hear the caller: apologise and end the stream."""

    interruptible: bool = field(default=False, init=False)


class Speaking(TTSService):
    """Says sentences by the first of its speakers that can."""

    def __init__(self, speakers: Sequence[Callable[[], Speaker]], clips: Clips, watch: Watch | None = None) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            stop_frame_timeout_s=UNENDED_SECONDS,
            max_consecutive_zero_audio_contexts=0,
            settings=settings,
        )
        self._makers = speakers
        self._speakers = [make() for make in speakers]
        self._voice_here = any(speaker.deadline is None for speaker in self._speakers)
        self._clips = clips
        self._watch = watch or Watch()
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
        async with aclosing(self._sound_of(text)) as sounds:
            async for samples in sounds:
                self._watch.anew()
                yield TTSAudioRawFrame(samples.tobytes(), self.sample_rate, 1, context_id=context_id)
        if text == APOLOGY:
            yield TTSAudioRawFrame(self._last_silence().tobytes(), self.sample_rate, 1, context_id=context_id)

    async def _sound_of(self, text: str) -> AsyncGenerator[Samples, None]:
        """A sentence by the first voice that says it whole, else out of the clips. The apology waits for no vendor where it is kept."""
        if text != APOLOGY or await self._kept(APOLOGY) is None:
            for speaker in filter(self._may_speak, self._speakers):
                said: list[Samples] = []
                attempt = self._watch.asks(speaker.gate, speaker.deadline)
                try:
                    async with aclosing(self._said_by(speaker, text, attempt.seconds)) as sounds:
                        async for samples in sounds:
                            said.append(samples)
                            yield samples
                except AiraError as error:
                    attempt.failed(error.reason)
                    await speaker.close()
                else:
                    attempt.succeeded()
                    if self._opening:
                        self._keep(self._keep_clip(text, np.concatenate(said)))
                    return
                finally:
                    if said:
                        self._watch.note_usage("tts_characters", len(text), speaker.engine)
        async for samples in self._without_voice(text):
            yield samples

    def _may_speak(self, speaker: Speaker) -> bool:
        passed_over = self._watch.spent and self._voice_here and speaker.deadline is not None
        return not passed_over and speaker.gate.allows()

    async def _said_by(self, speaker: Speaker, text: str, seconds: float | None) -> AsyncGenerator[Samples, None]:
        """One speaker's sentence, passed on once it sounds like speech; `seconds` is what it may take to begin."""
        await speaker.prepare(self.processor_setup)
        streams: dict[int, soxr.ResampleStream] = {}
        held, passed = np.zeros(0, np.int16), 0
        async with aclosing(_watched(speaker, text, seconds)) as pieces:
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

    async def _without_voice(self, text: str) -> AsyncGenerator[Samples, None]:
        """The kept sound of a sentence, or of the apology in its place, after which the stream ends."""
        if (kept := await self._kept(text)) is not None:
            yield kept
        elif not self.gave_up:
            if (apology := await self._kept(APOLOGY)) is not None:
                yield apology
            yield self._last_silence()
            self._keep(self._end(None))

    async def _kept(self, text: str) -> Samples | None:
        samples = await asyncio.to_thread(self._clips.find, text)
        return None if samples is None else resample(samples, TELEPHONE_RATE, self.sample_rate)

    def _last_silence(self) -> Samples:
        return np.zeros(int(self.sample_rate * LAST_SILENCE_SECONDS), np.int16)

    async def _end(self, last_words: TTSSpeakFrame | None) -> None:
        if self.gave_up:
            return
        self.gave_up = True
        await self._watch.give_up()
        if last_words is not None:
            await super().process_frame(last_words, FrameDirection.DOWNSTREAM)
        await super().process_frame(EndWorkerFrame(reason="no vendor is left"), FrameDirection.DOWNSTREAM)

    async def _keep_apology(self) -> None:
        """Have the apology made while vendors answer, once for all calls, by a speaker that no sentence waits for."""
        if await asyncio.to_thread(self._clips.find, APOLOGY) is not None:
            return
        speaker = self._makers[0]()
        try:
            pieces = [samples async for samples in self._said_by(speaker, APOLOGY, speaker.deadline)]
            await self._keep_clip(APOLOGY, np.concatenate(pieces))
        except AiraError:
            pass  # the next call tries again
        finally:
            await speaker.close()

    async def _keep_clip(self, text: str, samples: Samples) -> None:
        await asyncio.to_thread(self._clips.keep, text, resample(samples, self.sample_rate, TELEPHONE_RATE))

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        self._keeping.append(self.create_task(work))


async def _watched(speaker: Speaker, text: str, seconds: float | None) -> AsyncGenerator[tuple[Samples, int], None]:
    """A speaker's pieces: the first within `seconds`, each further one within its deadline. Raises VendorError where one is late."""
    async with aclosing(speaker.speak(text)) as pieces:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise failure("too_slow") from None
            yield piece
            seconds = speaker.deadline
