"""The line stays open until the bot's last words were heard, and whoever has something more to say over or after them is answered."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pipecat.frames.frames import EndWorkerFrame, Frame, InterruptionFrame, OutputTransportMessageFrame, TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.tests.utils import SleepFrame, run_test

from aira.voice.pipeline.conversation import BREATH_SECONDS, Conversation
from aira.voice.pipeline.turns import CallerTurn

FAREWELL = "Thank you for calling. Goodbye!"
WISH, ANSWER = "One more thing.", "Yes, we do beards."


class Farewell:
    """A conversation of which only the last words are left, unless the caller wants one thing more."""

    ended = False
    may_go_on = True

    async def start(self) -> AsyncGenerator[str, None]:
        """The last words."""
        self.ended = True
        yield FAREWELL

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        """Nobody answers any more, but to the wish."""
        if text == WISH:
            self.ended = False
            yield ANSWER

    def silence(self) -> AsyncGenerator[str, None]:
        """Nor to silence."""
        return self.hear("")

    async def interrupted(self, unheard: list[str]) -> None:
        """The caller cut in."""

    async def measured(self, latency_ms: dict[str, float]) -> None:
        """The delay of the last words."""


class PlaysAtOnce(FrameProcessor):
    """A carrier that has played everything as soon as it has it."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Give marks back."""
        await super().process_frame(frame, direction)
        if isinstance(frame, OutputTransportMessageFrame):
            await self._conversation.played(frame.message["mark"]["name"])
        await self.push_frame(frame, direction)


def course(*sent: Frame, played: bool) -> list[str]:
    """What is said, and where it hangs up, while these frames come in."""

    async def run() -> list[str]:
        conversation = Conversation(Farewell())
        stages: list[FrameProcessor] = [conversation, *([PlaysAtOnce(conversation)] if played else [])]
        down, _ = await run_test(Pipeline(stages), frames_to_send=[SleepFrame(0.2), *sent, SleepFrame(0.3)])
        return [frame.text if isinstance(frame, TTSSpeakFrame) else "hangs up" for frame in down if _matters(frame)]

    return asyncio.run(run())


def _matters(frame: Frame) -> bool:
    return isinstance(frame, TTSSpeakFrame | EndWorkerFrame)


@pytest.mark.parametrize("words", ["", "Goodbye."])
def test_a_farewell_that_is_cut_off_is_said_again(words: str) -> None:
    """By a cough, or by the caller's own goodbye; the line stays open until then."""
    assert course(InterruptionFrame(), CallerTurn(words), played=False) == [FAREWELL, FAREWELL]


def test_a_wish_over_the_farewell_is_answered() -> None:
    """And the farewell is not said again."""
    assert course(InterruptionFrame(), CallerTurn(WISH), played=False) == [FAREWELL, ANSWER]


def test_the_line_is_closed_a_breath_after_the_farewell() -> None:
    """Once it was heard."""
    assert course(played=True) == [FAREWELL]
    assert course(SleepFrame(BREATH_SECONDS), played=True) == [FAREWELL, "hangs up"]


def test_a_wish_within_that_breath_is_answered() -> None:
    """The line stays open for the rest of the conversation."""
    said = course(InterruptionFrame(), SleepFrame(BREATH_SECONDS), CallerTurn(WISH), SleepFrame(BREATH_SECONDS), played=True)

    assert said == [FAREWELL, ANSWER]


def test_a_goodbye_within_that_breath_closes_it() -> None:
    """There is nothing to say to it."""
    said = course(InterruptionFrame(), CallerTurn("Goodbye."), SleepFrame(2 * BREATH_SECONDS), played=True)

    assert said == [FAREWELL, "hangs up"]
