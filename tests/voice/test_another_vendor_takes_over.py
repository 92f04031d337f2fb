"""A vendor of speech may fail in any way it likes: another one finishes the same sentence."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    OutputTransportMessageFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    VADUserStartedSpeakingFrame,
)

from aira.voice.speech import speaking
from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.clips import APOLOGY, Clips
from aira.voice.vendors.speaking import LAST_SILENCE_SECONDS, NobodyHears, Speaking
from speech_stages import (
    SENTENCE,
    VOICES,
    Heard,
    SlowSpeaker,
    is_whole,
    kept,
    pitch_of,
    run_stage,
    spoken,
    two_voices,
    vendors_named,
)
from vendor_servers import FAULTS, FIRST, SECOND, SECONDS_A_LETTER, Vendors


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
