"""A farewell that was cut off is said again before the line closes, whatever cut it off."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pipecat.frames.frames import EndWorkerFrame, InterruptionFrame, TTSSpeakFrame
from pipecat.tests.utils import SleepFrame, run_test

from aira.voice.pipeline.conversation import Conversation
from aira.voice.pipeline.turns import CallerTurn

FAREWELL = "Thank you for calling. Goodbye!"


class Farewell:
    """A conversation of which only the last words are left."""

    ended = False

    async def start(self) -> AsyncGenerator[str, None]:
        """The last words."""
        self.ended = True
        yield FAREWELL

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        """Nobody answers any more."""
        for _ in text[:0]:
            yield ""

    def silence(self) -> AsyncGenerator[str, None]:
        """Nor to silence."""
        return self.hear("")

    async def interrupted(self, unheard: list[str]) -> None:
        """The caller cut in."""

    async def measured(self, latency_ms: dict[str, float]) -> None:
        """The delay of the last words."""


@pytest.mark.parametrize("words", ["", "Goodbye."])
def test_a_farewell_that_is_cut_off_is_said_again(words: str) -> None:
    """By a cough, or by the caller's own goodbye; the line stays open until then."""

    async def run() -> list[object]:
        sent = [SleepFrame(0.2), InterruptionFrame(), CallerTurn(words), SleepFrame(0.2)]
        down, _ = await run_test(Conversation(Farewell()), frames_to_send=sent)
        return list(down)

    frames = asyncio.run(run())

    assert [frame.text for frame in frames if isinstance(frame, TTSSpeakFrame)] == [FAREWELL, FAREWELL]
    assert [frame for frame in frames if isinstance(frame, EndWorkerFrame)] == []
