"""The hearing or the speaking stage of a pipeline by itself, with two vendors on this machine: frames in, frames out."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.workers.runner import WorkerRunner

from aira.settings import Settings
from aira.voice.audio import TELEPHONE_RATE, Samples
from aira.voice.speech import hearing, speaking
from aira.voice.vendors.by_setting import listeners, speakers
from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.clips import Clips
from aira.voice.vendors.hearing import Hearing
from aira.voice.vendors.speaking import NobodyHears, Speaking
from aira.voice.vendors.watch import Watch
from vendor_servers import SECONDS_A_LETTER, Vendors, deserted_address

SENTENCE = "A colour treatment costs ninety dollars."
DEADLINE = 2.5
"""Seconds that each vendor gets: a busy machine is no failure."""
KEYS = {f"{vendor}_api_key": "k" for vendor in ("openai", "cartesia", "elevenlabs", "deepgram")}
VOICES = ("openai", "cartesia", "elevenlabs", "deepgram")
EARS = ("openai", "deepgram")


def vendors_named(first: Vendors, second: Vendors, chosen: str, home: Path, **more: Any) -> Settings:
    """Settings by which `chosen` is asked first, at the first server, and another at the second."""
    other = "deepgram" if chosen == "openai" else "openai"
    address = deserted_address() if first.fault == "refuse" else first.url
    return Settings(
        _env_file=None,
        aira_home=home,
        aira_voice_fallback="alloy" if other == "openai" else "aura-2-helena-en",
        aira_voice="alloy" if chosen == "openai" else "a-voice",
        **{f"{chosen}_base_url": address, f"{other}_base_url": second.url},
        **{"aira_tts": chosen, "aira_tts_fallback": other, "aira_tts_deadline": DEADLINE, "aira_stt_deadline": 1.3, **KEYS, **more},
    )


@dataclass
class Heard(FrameProcessor):
    """What comes out of a stage."""

    frames: list[Frame] = field(default_factory=list)
    waiting_for: tuple[type[Frame], ...] = ()
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        if isinstance(frame, self.waiting_for):
            self.arrived.set()
        await self.push_frame(frame, direction)

    def sound(self) -> Samples:
        """The sound so far."""
        pieces = [np.frombuffer(frame.audio, np.int16) for frame in self.frames if isinstance(frame, TTSAudioRawFrame)]
        return np.concatenate([np.zeros(0, np.int16), *pieces])

    def words(self) -> list[str]:
        """The words so far."""
        return [frame.text for frame in self.frames if isinstance(frame, TranscriptionFrame)]


Step = Frame | float | type[Frame] | tuple[type[Frame], ...] | Callable[[], bool]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    async with asyncio.timeout(10):
        while not holds():  # a file that appears
            await asyncio.sleep(0.02)


async def run_stage(stage: FrameProcessor, frames: Sequence[Step]) -> Heard:
    """Put frames into a stage; a number waits so many seconds, a type, or one of several, until such a frame comes out, a function
    until it is true.
    """
    heard, above = Heard(), Heard()
    params = PipelineParams(audio_in_sample_rate=TELEPHONE_RATE, audio_out_sample_rate=8000)
    worker = PipelineWorker(Pipeline([above, stage, heard]), params=params, enable_rtvi=False, cancel_on_idle_timeout=False)

    async def play() -> None:
        for frame in frames:
            if isinstance(frame, float):
                await asyncio.sleep(frame)
            elif isinstance(frame, (type, tuple)):
                heard.waiting_for = frame if isinstance(frame, tuple) else (frame,)
                if not any(isinstance(one, heard.waiting_for) for one in heard.frames):
                    await asyncio.wait_for(heard.arrived.wait(), 10)
                heard.arrived.clear()
            elif isinstance(frame, Frame):
                await worker.queue_frame(frame)
            else:
                await until(frame)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.wait_for(asyncio.gather(runner.run(), play()), 30)
    # A connection may take its time to close, which a server has and a loop that ends here has not.
    if closing := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(closing, timeout=3)
    assert not [frame for frame in above.frames if isinstance(frame, ErrorFrame)], "an error leaked into the pipeline"
    return heard


def pitch_of(samples: Samples) -> float:
    """The strongest frequency."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / 8000)[spectrum.argmax()])


def two_voices(settings: Settings) -> Speaking:
    """The speaking stage as where the engine of this process is not installed."""
    return Speaking(speakers(settings, Circuits())[:-1], Clips(settings.aira_home / "clips"))


class SlowSpeaker:
    """A voice that needs longer for a sentence than Pipecat waits for a sound."""

    engine = "slow"
    deadline: float | None = None

    def __init__(self) -> None:
        self.gate = Circuits().of("tts", "slow")

    async def speak(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        await asyncio.sleep(3.3)
        yield np.frombuffer(Vendors().tone(text, 8000), np.int16), 8000

    async def prepare(self, setup: FrameProcessorSetup) -> None:
        del setup

    async def close(self) -> None:
        pass


def kept(settings: Settings, text: str) -> Callable[[], bool]:
    """Whether the sound of a text is kept."""
    return lambda: Clips(settings.aira_home / "clips").find(text) is not None


def spoken(
    settings: Settings,
    *frames: Step,
    circuits: Circuits | None = None,
    stage: Callable[[Settings], FrameProcessor] | None = None,
) -> Heard:
    """What is heard where these frames are to be spoken."""

    async def run() -> Heard:
        patient = Watch(clock=lambda: 0.0)  # nothing is ever lost by it: a busy machine is no failure here
        return await run_stage(stage(settings) if stage else speaking(settings, circuits or Circuits(), patient), frames)

    return asyncio.run(run())


def is_whole(samples: Samples, text: str = SENTENCE) -> bool:
    """Whether a tone is as long as the text."""
    return abs(len(samples) / 8000 - SECONDS_A_LETTER * sum(map(str.isalnum, text))) < 0.05


SPEECH = InputAudioRawFrame(np.random.default_rng(7).normal(0, 3000, TELEPHONE_RATE // 50).astype("<i2").tobytes(), TELEPHONE_RATE, 1)


def understood(settings: Settings, circuits: Circuits | None = None, *, stretches: int = 1, engine_here: bool = True) -> Heard:
    """What is understood of stretches of a second; `engine_here` is whether this process has an engine of its own."""

    async def run() -> Heard:
        one = [VADUserStartedSpeakingFrame(), *([SPEECH] * 50), VADUserStoppedSpeakingFrame(stop_secs=0.2)]
        understood = (TranscriptionFrame, NobodyHears)
        names = [settings.aira_stt, str(settings.aira_stt_fallback)]
        stage = hearing(settings, circuits or Circuits()) if engine_here else Hearing(listeners(settings, names, Circuits())[:-1])
        return await run_stage(stage, [0.2, *one, understood, *([*one, 1.8] * (stretches - 1)), 0.3])

    return asyncio.run(run())


def ears_named(first: Vendors, second: Vendors, chosen: str, home: Path) -> Settings:
    """Settings by which `chosen` listens first, at the first server, and another at the second."""
    other = "deepgram" if chosen == "openai" else "openai"
    return vendors_named(first, second, chosen, home, aira_stt=chosen, aira_stt_fallback=other)
