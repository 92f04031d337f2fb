"""Who can say a sentence: Pipecat's service of a vendor, or the voice of this process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import numpy as np
from pipecat.frames.frames import InterruptionFrame, TTSAudioRawFrame, TTSSpeakFrame, TTSStoppedFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.tts_service import TTSService

from aira.voice.audio import Samples
from aira.voice.engines import VOICE_RATE, shared_voice
from aira.voice.vendors.bench import Benches
from aira.voice.vendors.circuit import Gate


class Speaker(Protocol):
    """Says one sentence at a time."""

    gate: Gate
    deadline: float | None
    """Seconds it may take to begin a sentence and to go on with one, None where it needs no watching."""
    engine: str
    """Who it is in the books of a call."""

    def speak(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """A text's sound in pieces, each with its sample rate. Closed early where the caller cuts in. Raises VendorError."""

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """Get ready for the first sentence; returns at once."""

    async def close(self) -> None:
        """Let go of everything; the next sentence begins anew."""


class VendorSpeaker:
    """Pipecat's service of a vendor, connected before the first sentence and anew after a failure."""

    def __init__(self, gate: Gate, make: Callable[[], TTSService], *, engine: str, deadline: float) -> None:
        self.gate = gate
        self.engine = engine
        self.deadline: float | None = deadline
        self._benches = Benches(make)
        self._interrupted = 0

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """Begin to connect."""
        self._benches.begin(setup)

    async def speak(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """A text's sound in pieces."""
        bench = await self._benches.get()
        await bench.put(TTSSpeakFrame(text, append_to_context=False))
        finished = False
        odd = b""
        try:
            while not finished:
                frame = await bench.take()
                if isinstance(frame, InterruptionFrame):
                    self._interrupted -= 1
                elif self._interrupted:
                    continue  # of a sentence that was cut off
                elif isinstance(frame, TTSAudioRawFrame):
                    octets = odd + frame.audio
                    odd = octets[len(octets) // 2 * 2 :]
                    yield np.frombuffer(octets[: len(octets) // 2 * 2], np.int16), frame.sample_rate
                finished = isinstance(frame, TTSStoppedFrame)
        finally:
            if not finished:
                self._interrupted += 1
                await bench.put(InterruptionFrame())

    async def close(self) -> None:
        """Throw the service away."""
        self._interrupted = 0
        await self._benches.throw_away()


class LocalSpeaker:
    """The voice that runs in this process."""

    engine = "local"

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.deadline: float | None = None

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        """It is loaded when the server warms up."""

    async def speak(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """A text's sound, sentence by sentence."""
        pieces = (await asyncio.to_thread(shared_voice)).speak(text)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece, VOICE_RATE

    async def close(self) -> None:
        """The process keeps it."""
