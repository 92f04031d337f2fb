"""A vendor of speech may fail in any way it likes: another one finishes the same sentence, or understands the same words."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputTransportMessageFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
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
from aira.voice.vendors.clips import APOLOGY, Clips
from aira.voice.vendors.hearing import Hearing
from aira.voice.vendors.speaking import LAST_SILENCE_SECONDS, NobodyHears, Speaking
from aira.voice.vendors.watch import Watch
from vendor_servers import FAULTS, SECONDS_A_LETTER, Vendors, deserted_address, vendor_server

SENTENCE = "A colour treatment costs ninety dollars."
DEADLINE = 2.5
"""Seconds that each vendor gets: a busy machine is no failure."""
FIRST, SECOND = 300.0, 600.0
"""The pitches of the two vendors' tones."""
KEYS = {f"{vendor}_api_key": "k" for vendor in ("openai", "cartesia", "elevenlabs", "deepgram")}
VOICES = ("openai", "cartesia", "elevenlabs", "deepgram")
EARS = ("openai", "deepgram")


@pytest.fixture
def first() -> Iterator[Vendors]:
    """The vendor that is asked first."""
    with vendor_server(Vendors(pitch=FIRST)) as server:
        yield server


@pytest.fixture
def second() -> Iterator[Vendors]:
    """The vendor that is asked second."""
    with vendor_server(Vendors(pitch=SECOND)) as server:
        yield server


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


@pytest.mark.parametrize("vendor", VOICES)
def test_a_vendor_speaks_by_its_protocol(first: Vendors, second: Vendors, tmp_path: Path, vendor: str) -> None:
    """One sentence, one sound, whole, at the telephone's rate; the second vendor is not asked."""
    heard = spoken(vendors_named(first, second, vendor, tmp_path), TTSSpeakFrame(SENTENCE))

    assert pitch_of(heard.sound()) == pytest.approx(FIRST, abs=5)
    assert is_whole(heard.sound())
    assert second.asked == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("vendor", VOICES)
def test_a_sentence_is_said_by_the_next_voice(first: Vendors, second: Vendors, tmp_path: Path, vendor: str, fault: str) -> None:
    """From its beginning, to its end, and nothing of the failure is to be heard or seen but the first words of who broke off."""
    first.fault = fault

    heard = spoken(vendors_named(first, second, vendor, tmp_path), TTSSpeakFrame(SENTENCE))

    whole = round(8000 * SECONDS_A_LETTER * sum(map(str.isalnum, SENTENCE)))
    last = heard.sound()[-whole + 400 :]
    assert pitch_of(last) == pytest.approx(SECOND, abs=5)
    assert len(heard.sound()) <= whole + (8000 if fault == "die" else 400)


def test_what_follows_a_sentence_stays_behind_it(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """The mark that tells what was heard comes after the sound, whoever made it."""
    first.fault = "die"
    marks = [OutputTransportMessageFrame({"mark": number}) for number in (1, 2)]

    heard = spoken(
        vendors_named(first, second, "openai", tmp_path), TTSSpeakFrame("One sentence."), marks[0], TTSSpeakFrame("Two."), marks[1]
    )

    kinds = [type(frame) for frame in heard.frames if isinstance(frame, (TTSAudioRawFrame, OutputTransportMessageFrame))]
    assert [kind for index, kind in enumerate(kinds) if index == 0 or kind is not kinds[index - 1]] == [
        TTSAudioRawFrame,
        OutputTransportMessageFrame,
    ] * 2


def test_a_sentence_that_is_long_in_coming_keeps_its_place(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """Longer than Pipecat waits for a sound before it lets pass what stands behind, such as the mark that ends the call."""
    settings = vendors_named(first, second, "openai", tmp_path)

    heard = spoken(
        settings,
        TTSSpeakFrame(SENTENCE),
        OutputTransportMessageFrame({"mark": 1}),
        stage=lambda settings: Speaking([SlowSpeaker], Clips(settings.aira_home / "clips")),
    )

    kinds = [type(frame) for frame in heard.frames if isinstance(frame, (TTSAudioRawFrame, OutputTransportMessageFrame))]
    assert is_whole(heard.sound())
    assert kinds[-1] is OutputTransportMessageFrame
    assert kinds.count(OutputTransportMessageFrame) == 1


@pytest.mark.parametrize("vendor", VOICES)
def test_a_caller_who_cuts_in_is_not_talked_over(first: Vendors, second: Vendors, tmp_path: Path, vendor: str) -> None:
    """Nothing of the sentence that was cut off comes after it, the next one is whole, and no vendor is blamed."""
    circuits = Circuits()
    long = "This sentence goes on and on. " * 20

    heard = spoken(
        vendors_named(first, second, vendor, tmp_path),
        TTSSpeakFrame(long),
        TTSAudioRawFrame,
        InterruptionFrame(),
        TTSSpeakFrame(SENTENCE),
        circuits=circuits,
    )

    cut = next(index for index, frame in enumerate(heard.frames) if isinstance(frame, InterruptionFrame))
    after = [np.frombuffer(frame.audio, np.int16) for frame in heard.frames[cut:] if isinstance(frame, TTSAudioRawFrame)]
    assert is_whole(np.concatenate(after))
    assert pitch_of(np.concatenate(after)) == pytest.approx(FIRST, abs=5)
    assert [gate.reasons for gate in circuits if gate.reasons] == []


def test_a_vendor_that_keeps_failing_is_left_alone(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """After three failures no sentence waits for it any more, in this call or another."""
    first.fault = "500"
    settings, circuits = vendors_named(first, second, "openai", tmp_path), Circuits()

    for _ in range(2):
        spoken(settings, *(TTSSpeakFrame(f"Sentence number {number}.") for number in range(3)), circuits=circuits)

    paths = [body["input"] for path, body in first.asked if body["input"] != APOLOGY]
    assert len(paths) == 3
    assert [gate.state for gate in circuits if gate.vendor.startswith("openai")] == ["open"]


class TestWhereNoVoiceIsLeft:
    def test_the_greeting_comes_from_the_clips(self, first: Vendors, second: Vendors, tmp_path: Path) -> None:
        """What a business opened an earlier call with is still there, in the sound of whoever said it then."""
        settings = vendors_named(first, second, "openai", tmp_path)
        spoken(settings, TTSSpeakFrame(SENTENCE), kept(settings, SENTENCE))
        first.fault = second.fault = "500"

        heard = spoken(settings, TTSSpeakFrame(SENTENCE), 0.1, stage=two_voices)

        assert is_whole(heard.sound())
        assert pitch_of(heard.sound()) == pytest.approx(FIRST, abs=5)

    def test_an_answer_is_not_kept(self, first: Vendors, second: Vendors, tmp_path: Path) -> None:
        """It may hold what the caller said."""
        settings = vendors_named(first, second, "openai", tmp_path)

        spoken(
            settings,
            TTSSpeakFrame("Welcome."),
            kept(settings, "Welcome."),
            VADUserStartedSpeakingFrame(),
            TTSSpeakFrame("Thank you, Sarah."),
            0.3,
        )

        clips = Clips(tmp_path / "clips")
        assert clips.find("Welcome.") is not None
        assert clips.find("Thank you, Sarah.") is None

    def test_the_caller_hears_an_apology_and_the_stream_ends(self, first: Vendors, second: Vendors, tmp_path: Path) -> None:
        """The apology was made while there was a voice; what the bot wanted to say next is not tried."""
        settings = vendors_named(first, second, "openai", tmp_path)
        spoken(settings, TTSSpeakFrame("Welcome."), kept(settings, APOLOGY))
        first.fault = second.fault = "500"

        async def run() -> tuple[Heard, bool]:
            stage = two_voices(settings)
            heard = await run_stage(stage, [TTSSpeakFrame(SENTENCE), 0.5])
            return heard, stage.gave_up

        heard, gave_up = asyncio.run(run())

        assert gave_up
        assert pitch_of(heard.sound()[:4000]) == pytest.approx(FIRST, abs=5)
        assert len(heard.sound()) > 8000 * SECONDS_A_LETTER * 60


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


@pytest.mark.parametrize("vendor", EARS)
def test_a_vendor_listens_by_its_protocol(first: Vendors, second: Vendors, tmp_path: Path, vendor: str) -> None:
    """The words come once, the second vendor is not asked, and where there are no words nobody is blamed."""
    first.words = "How much is a colour treatment?"
    circuits = Circuits()

    heard = understood(ears_named(first, second, vendor, tmp_path), circuits, stretches=2)

    assert heard.words() == ["How much is a colour treatment?"]
    assert second.asked == []
    assert [gate.reasons for gate in circuits if gate.reasons] == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("vendor", EARS)
def test_words_are_understood_by_the_next_engine(first: Vendors, second: Vendors, tmp_path: Path, vendor: str, fault: str) -> None:
    """The stretch was kept and is played to it; the caller need not say it again."""
    first.fault = fault
    first.words, second.words = "Rubbish.", "How much is a colour treatment?"

    heard = understood(ears_named(first, second, vendor, tmp_path))

    assert heard.words() == ["How much is a colour treatment?"]


def test_where_no_engine_is_left_it_is_said_once(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """The speaking stage then apologises, and ends the stream."""
    first.fault = second.fault = "500"

    heard = understood(ears_named(first, second, "openai", tmp_path), engine_here=False)

    assert [type(frame) for frame in heard.frames if isinstance(frame, NobodyHears)] == [NobodyHears]


def test_where_nobody_hears_the_caller_is_told(first: Vendors, second: Vendors, tmp_path: Path) -> None:
    """By a voice that works; then the stream ends."""

    async def run() -> tuple[Heard, bool]:
        stage = speaking(vendors_named(first, second, "openai", tmp_path), Circuits())
        return await run_stage(stage, [NobodyHears(), 0.5]), stage.gave_up

    heard, gave_up = asyncio.run(run())

    assert gave_up
    silence = int(8000 * LAST_SILENCE_SECONDS)
    assert is_whole(heard.sound()[:-silence], APOLOGY)
    assert not heard.sound()[-silence:].any(), "the end of the stream would take the last words with it"
