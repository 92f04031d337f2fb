"""A cough or a door takes no turn: the bot goes on at once instead of waiting for words that will not come."""

import asyncio

from pipecat.frames.frames import Frame, TranscriptionFrame, VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame
from pipecat.tests.utils import SleepFrame, run_test

from aira.voice.frames import NothingHeard
from aira.voice.pipeline.turns import LOST_WORDS_SECONDS, CallerTurn, Turns

WITHIN = 1.0
"""Long for a machine, short beside what lost words are waited for."""


def turns_after(*frames: Frame) -> list[str]:
    """The words of the turns that are over shortly after these frames."""
    assert WITHIN < LOST_WORDS_SECONDS

    async def run() -> list[Frame]:
        sent = [VADUserStartedSpeakingFrame(), SleepFrame(0.1), VADUserStoppedSpeakingFrame(stop_secs=0.2), *frames, SleepFrame(WITHIN)]
        down, _ = await run_test(Turns(lambda text: 0.1), frames_to_send=sent)
        return list(down)

    return [frame.text for frame in asyncio.run(run()) if isinstance(frame, CallerTurn)]


def test_a_sound_without_words_ends_its_turn() -> None:
    """The turn is empty, so that what the sound cut off is said again."""
    assert turns_after(NothingHeard()) == [""]


def test_a_sound_behind_words_leaves_them() -> None:
    """What was said before the cough is answered."""
    assert turns_after(TranscriptionFrame("Yes, please.", "caller", "now"), NothingHeard()) == ["Yes, please."]
