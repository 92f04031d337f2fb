"""The conversation inside a pipeline: caller's turns to the session, its sentences to the speaking service, marks between them."""

import asyncio
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace

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
BREATH_SECONDS = 1.5
"""How long a caller has after the bot's goodbye to begin with "oh, one more thing"."""


@dataclass(slots=True)
class _Due:
    """Sentences to be said, and what the caller's words before them cut off."""

    sentences: AsyncGenerator[str, None]
    delay: Delay | None = None
    cut_off: list[str] = field(default_factory=list)


class Conversation(FrameProcessor):
    """Takes caller's turns to the session one after the other, and its sentences to the speaking service.

    The bot's first words are said at the first frame of the kind `begins_with`.
    """

    def __init__(self, talk: Talk, *, begins_with: type[Frame] = StartFrame) -> None:
        super().__init__()
        self._talk = talk
        self._begins_with = begins_with
        self._waiting: asyncio.Queue[_Due] = asyncio.Queue()
        self._unheard: deque[tuple[str, str]] = deque()
        self._cut_off: list[str] = []
        self._marks = 0
        self._thinking = False
        self._cut_in: asyncio.Future[bool] | None = None
        """Set while the caller makes a sound; its result is whether there were words in it."""
        self._delay: Delay | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: asyncio.Task[None] | None = None
        """Hangs up after a breath, unless the caller has something more to say."""
        self._last_words: asyncio.Task[None] | None = None
        self.failed = False
        """The conversation broke off by an error."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Watch for the start, the end of turns, interruptions and the bot's first sound."""
        await super().process_frame(frame, direction)
        if isinstance(frame, CallerTurn):
            await self._hear(frame)
            return
        if isinstance(frame, self._begins_with) and not self._tasks:
            self._waiting.put_nowait(_Due(self._talk.start(), Delay()))
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
            self._waiting.put_nowait(_Due(self._talk.silence()))

    async def played(self, mark: str) -> None:
        """The carrier has played everything up to this mark."""
        while any(name == mark for name, _ in self._unheard):
            self._unheard.popleft()
        await self._hang_up_when_done()

    async def _hear(self, turn: CallerTurn) -> None:
        cut_off, self._cut_off = self._cut_off, []
        if turn.text:
            self._waiting.put_nowait(_Due(self._talk.hear(turn.text), turn.delay, cut_off))
        else:
            await self._speak_all(cut_off)  # a cough or a door
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
            due = await self._waiting.get()
            self._thinking = True
            self._cut_in = None
            answered = await self._answer(due)
            if self._talk.ended and not answered:
                await self._speak_all(due.cut_off)  # a goodbye over ours: nobody is left on a dead line
            self._thinking = False
            if self._talk.ended and self._last_words is None:
                self._last_words = self._start(self._hang_up_anyway())
            await self._hang_up_when_done()

    async def _answer(self, due: _Due) -> bool:
        """Say the sentences as they come; whether there were any."""
        asked_at, delay, answered = time.monotonic(), due.delay, False
        async with aclosing(due.sentences) as sentences:
            async for sentence in sentences:
                answered = True
                if await self._cut_off_by_words():
                    await self._talk.interrupted([sentence])
                    break
                if delay is not None:
                    self._delay = replace(delay, asked_at=asked_at, answered_at=time.monotonic())
                    delay = None
                await self._speak(sentence)
        return answered

    async def _cut_off_by_words(self) -> bool:
        """Whether the caller has something to say; a sound is waited for until that is known. What is begun goes on after a mere noise."""
        if self._cut_in is None:
            return False
        spoke = await self._cut_in
        self._cut_in = None
        return spoke

    async def _speak_all(self, sentences: list[str]) -> None:
        for sentence in sentences:
            await self._speak(sentence)

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
        if self._last_words is not None and not self._talk.ended:  # the caller called back
            await self.cancel_task(self._last_words)
            self._last_words = None
        if not self._is_done() or self._leaving is not None:
            return
        if self._talk.may_go_on:
            self._leaving = self._start(self._hang_up_after_a_breath())
        else:
            await self.push_frame(EndWorkerFrame())

    def _is_done(self) -> bool:
        """Whether everything has been said and heard."""
        owing = self._unheard or self._cut_off  # what was cut off is said again
        sounding = self._talk.may_go_on and self._cut_in is not None and not self._cut_in.done()
        return self._talk.ended and not (self._thinking or owing or sounding) and self._waiting.empty()

    async def _hang_up_after_a_breath(self) -> None:
        await asyncio.sleep(BREATH_SECONDS)
        self._leaving = None
        if self._is_done():
            await self.push_frame(EndWorkerFrame())

    async def _hang_up_anyway(self) -> None:
        await asyncio.sleep(LAST_WORDS_SECONDS)
        await self.push_frame(EndWorkerFrame())

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self.create_task(work)
        self._tasks.append(task)
        return task
