"""The conversation inside a pipeline: caller's turns to the session, its sentences to the speaking service, marks between them."""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    CancelWorkerFrame,
    EndWorkerFrame,
    Frame,
    InterruptionFrame,
    OutputTransportMessageFrame,
    StartFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from aira.voice.pipeline.turns import CallerTurn
from aira.voice.talk import Delay, Talk

logger = logging.getLogger(__name__)

LAST_WORDS_SECONDS = 15.0
"""How long the end of the bot's last words is waited for at most."""


class Conversation(FrameProcessor):
    """Takes caller's turns to the session one after the other, and its sentences to the speaking service.

    The bot's first words are said at the first frame of the kind `begins_with`.
    """

    def __init__(self, talk: Talk, *, begins_with: type[Frame] = StartFrame) -> None:
        super().__init__()
        self._talk = talk
        self._begins_with = begins_with
        self._waiting: asyncio.Queue[tuple[AsyncGenerator[str, None], Delay | None]] = asyncio.Queue()
        self._unheard: deque[tuple[str, str]] = deque()
        self._cut_off: list[str] = []
        self._marks = 0
        self._thinking = False
        self._cut_in: asyncio.Future[bool] | None = None
        """Set while the caller makes a sound; its result is whether there were words in it."""
        self._delay: Delay | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = False
        """The conversation broke off by an error."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Watch for the start, the end of turns, interruptions and the bot's first sound."""
        await super().process_frame(frame, direction)
        if isinstance(frame, CallerTurn):
            await self._hear(frame)
            return
        if isinstance(frame, self._begins_with) and not self._tasks:
            self._waiting.put_nowait((self._talk.start(), Delay()))
            self._start(self._converse())
        elif isinstance(frame, InterruptionFrame):
            await self._interrupt()
        elif isinstance(frame, BotStartedSpeakingFrame) and direction is FrameDirection.UPSTREAM:
            await self._measure()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Stop what still runs when the pipeline is torn down."""
        await super().cleanup()
        for task in self._tasks:
            await self.cancel_task(task)

    async def be_silent(self, *_: object) -> None:
        """The caller has said nothing for a while."""
        if not self._thinking and not self._talk.ended:
            self._waiting.put_nowait((self._talk.silence(), None))

    async def played(self, mark: str) -> None:
        """The carrier has played everything up to this mark."""
        while any(name == mark for name, _ in self._unheard):
            self._unheard.popleft()
        await self._hang_up_when_done()

    async def _hear(self, turn: CallerTurn) -> None:
        cut_off, self._cut_off = self._cut_off, []
        if turn.text and not self._talk.ended:
            self._waiting.put_nowait((self._talk.hear(turn.text), turn.delay))
        else:
            for sentence in cut_off:  # a cough or a door; or a goodbye over ours, after which nobody is left on a dead line
                await self._speak(sentence)
        if self._cut_in is not None and not self._cut_in.done():
            self._cut_in.set_result(bool(turn.text))
        await self._hang_up_when_done()

    async def _converse(self) -> None:
        try:
            await self._take_turns()
        finally:
            if (error := sys.exception()) is not None and not isinstance(error, asyncio.CancelledError):
                self.failed = True
                logger.error("The conversation broke off: %s", type(error).__name__)
                await self.push_frame(CancelWorkerFrame(reason="the conversation broke off"))

    async def _take_turns(self) -> None:
        while True:
            sentences, delay = await self._waiting.get()
            self._thinking = True
            asked_at = time.monotonic()
            self._cut_in = None
            async with aclosing(sentences):
                async for sentence in sentences:
                    if await self._cut_off_by_words():
                        await self._talk.interrupted([sentence])
                        break
                    if delay is not None:
                        self._delay = replace(delay, asked_at=asked_at, answered_at=time.monotonic())
                        delay = None
                    await self._speak(sentence)
            self._thinking = False
            if self._talk.ended:
                self._start(self._hang_up_anyway())
            await self._hang_up_when_done()

    async def _cut_off_by_words(self) -> bool:
        """Whether the caller has something to say; a sound is waited for until that is known. What is begun goes on after a mere noise."""
        if self._cut_in is None:
            return False
        spoke = await self._cut_in
        self._cut_in = None
        return spoke

    async def _speak(self, sentence: str) -> None:
        self._marks += 1
        mark = f"s{self._marks}"
        self._unheard.append((mark, sentence))
        await self.push_frame(TTSSpeakFrame(sentence, append_to_context=False))
        await self.push_frame(OutputTransportMessageFrame({"event": "mark", "mark": {"name": mark}}))

    async def _interrupt(self) -> None:
        if self._cut_in is None or self._cut_in.done():
            self._cut_in = asyncio.get_running_loop().create_future()
        if self._unheard:
            self._cut_off = [sentence for _, sentence in self._unheard]
            self._unheard.clear()
            await self._talk.interrupted(self._cut_off)

    async def _measure(self) -> None:
        if self._delay is not None:
            delay, self._delay = self._delay, None
            await self._talk.measured(delay.parts(time.monotonic()))

    async def _hang_up_when_done(self) -> None:
        owing = self._unheard or self._cut_off  # what was cut off is said again
        if self._talk.ended and not self._thinking and not owing and self._waiting.empty():
            await self.push_frame(EndWorkerFrame())

    async def _hang_up_anyway(self) -> None:
        await asyncio.sleep(LAST_WORDS_SECONDS)
        await self.push_frame(EndWorkerFrame())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(self.create_task(work))
