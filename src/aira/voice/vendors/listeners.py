"""Who can tell the words of a stretch of speech: Pipecat's service of a vendor, or the engine of this process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from pipecat.frames.frames import DataFrame, ErrorFrame, InputAudioRawFrame, TranscriptionFrame, VADUserStoppedSpeakingFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.stt_service import SegmentedSTTService, STTService

from aira.errors import MissingExtra
from aira.voice.audio import Samples, resample, wav_bytes
from aira.voice.engines import EAR_RATE, shared_ear
from aira.voice.vendors.bench import Bench, Benches, failure
from aira.voice.vendors.circuit import Gate

STOP_SECONDS = 0.2
"""How long after the end of speech voice detection is sure of it."""
LAST_WORDS_SECONDS = 0.3
"""How long a vendor that has sent words is waited for to say that these were all."""
PADDING_SECONDS = 0.5
"""Silence after a stretch: engines drop the last word of one that ends with it."""


@dataclass
class StretchEnd(DataFrame):
    """The vendor has heard a stretch to its end."""


class Listener(Protocol):
    """Tells the words of one stretch of speech after the other. Sound is 16-bit samples at the pipeline's rate."""

    gate: Gate
    deadline: float | None
    """Seconds it may take for a stretch, None where it needs no watching."""
    engine: str
    """Who it is in the books of a call."""
    given: float
    """Seconds of sound it has been given; whoever notes them sets it back."""

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """Get ready for the first words; returns at once."""

    async def feed(self, audio: bytes) -> None:
        """The caller's sound as it comes, for those that listen along. Never raises."""

    async def transcribe(self, audio: bytes) -> str:
        """The words of a stretch that has ended; empty where there are none. Raises VendorError."""

    async def close(self) -> None:
        """Let go of everything; the next stretch begins anew."""


class LocalListener:
    """The engine that runs in this process."""

    engine = "local"

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.deadline: float | None = None
        self.given = 0.0
        self._rate = EAR_RATE

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """It is loaded when the server warms up."""
        self._rate = setup.audio_in_sample_rate

    async def feed(self, audio: bytes) -> None:
        """It listens to whole stretches only."""

    async def transcribe(self, audio: bytes) -> str:
        """The words of a stretch."""
        self.given += len(audio) / 2 / self._rate
        return await asyncio.to_thread(self._heard, _padded(audio, self._rate))

    def _heard(self, samples: Samples) -> str:
        return shared_ear().transcribe(resample(samples, self._rate, EAR_RATE))

    async def close(self) -> None:
        """The process keeps it."""


class PostingListener:
    """Pipecat's service of a vendor that takes a whole stretch in one request."""

    def __init__(self, gate: Gate, make: Callable[[], SegmentedSTTService], *, engine: str, deadline: float) -> None:
        self.gate = gate
        self.engine = engine
        self.deadline: float | None = deadline
        self.given = 0.0
        self._make = make
        self._service: SegmentedSTTService | None = None
        self._rate = EAR_RATE

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """Set the service up."""
        self._rate = setup.audio_in_sample_rate
        if self._service is None:
            self._service = self._make()
            await self._service.setup(setup)

    async def feed(self, audio: bytes) -> None:
        """It listens to whole stretches only."""

    async def transcribe(self, audio: bytes) -> str:
        """The words of a stretch."""
        words = []
        samples = _padded(audio, self._rate)
        async for frame in cast(SegmentedSTTService, self._service).run_stt(wav_bytes(samples, rate=self._rate)):
            if isinstance(frame, ErrorFrame):
                raise failure("error")
            if isinstance(frame, TranscriptionFrame):
                words.append(frame.text)
        self.given += len(samples) / self._rate
        return " ".join(words)

    async def close(self) -> None:
        """Close the connection."""
        if self._service is not None:
            service, self._service = self._service, None
            await service.cleanup()


class StreamingListener:
    """Pipecat's service of a vendor that listens along and says when it has heard the end of a stretch.

    Where it was not connected from the stretch's beginning, it is connected anew and the whole stretch is played to it.
    """

    def __init__(self, gate: Gate, make: Callable[[], STTService], *, engine: str, deadline: float) -> None:
        self.gate = gate
        self.engine = engine
        self.deadline: float | None = deadline
        self.given = 0.0
        self._benches = Benches(make)
        self._setup: FrameProcessorSetup | None = None
        self._fed = 0

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """Begin to connect."""
        self._setup = setup
        self._benches.begin(setup)

    async def feed(self, audio: bytes) -> None:
        """Let the vendor listen along, where it is connected."""
        if (bench := self._benches.ready) is not None:
            await self._play(bench, audio)

    async def transcribe(self, audio: bytes) -> str:
        """The words of a stretch."""
        if self._fed < len(audio):
            await self.close()
            self._benches.begin(cast(FrameProcessorSetup, self._setup))
        bench = await self._benches.get()
        if self._fed < len(audio):
            await self._play(bench, audio)
        self._fed -= len(audio)
        await bench.put(VADUserStoppedSpeakingFrame(stop_secs=STOP_SECONDS))
        return " ".join([words async for words in self._until_end(bench)])

    async def close(self) -> None:
        """Throw the service away."""
        self._fed = 0
        await self._benches.throw_away()

    async def _until_end(self, bench: Bench) -> AsyncGenerator[str, None]:
        """The words until the vendor says that these were all, which it may leave out when it has sent some."""
        patience = None
        while True:
            try:
                async with asyncio.timeout(patience):
                    frame = await bench.take()
            except TimeoutError:
                return
            if isinstance(frame, StretchEnd):
                return
            if isinstance(frame, TranscriptionFrame):
                patience = LAST_WORDS_SECONDS
                yield frame.text

    async def _play(self, bench: Bench, audio: bytes) -> None:
        rate = cast(FrameProcessorSetup, self._setup).audio_in_sample_rate
        self._fed += len(audio)
        self.given += len(audio) / 2 / rate
        await bench.put(InputAudioRawFrame(audio, rate, 1))


def deepgram_service(*, api_key: str, base_url: str | None) -> STTService:
    """Deepgram's streaming service, which tells where a stretch ends. Raises SetupError where its package is missing."""
    try:
        from pipecat.services.deepgram.stt import DeepgramSTTService
    except ImportError:
        raise MissingExtra("deepgram", purpose="AIRA_STT=deepgram") from None

    class Deepgram(DeepgramSTTService):
        async def _on_message(self, message: object) -> None:
            await super()._on_message(message)
            if getattr(message, "from_finalize", False):
                await self.push_frame(StretchEnd())

    # Ends are found here, by voice detection; a second opinion would cut stretches in pieces.
    settings = DeepgramSTTService.Settings(endpointing=False, interim_results=False)
    return Deepgram(api_key=api_key, base_url=base_url or "", settings=settings)


def _padded(audio: bytes, rate: int) -> Samples:
    return np.concatenate([np.frombuffer(audio, np.int16), np.zeros(int(rate * PADDING_SECONDS), np.int16)])
