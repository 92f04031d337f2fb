"""When the caller's turn is over: after a pause that depends on the words so far, or after keys typed on the telephone."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    DataFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterimTranscriptionFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from aira.voice.frames import NothingHeard
from aira.voice.keypad import KEYS_SECONDS, LAST_KEY, typed
from aira.voice.talk import Delay

IDLE_SECONDS = 8.0
"""How long a caller may say nothing before the bot asks."""
LOST_WORDS_SECONDS = 3.0
"""How long words are waited for after speech that brings none."""


@dataclass
class CallerTurn(DataFrame):
    """What the caller said in a turn, empty where it was only noise."""

    text: str = ""
    delay: Delay = field(default_factory=Delay)
    interruptible: bool = field(default=False, init=False)


class PauseStop(BaseUserTurnStopStrategy):
    """Ends a turn when the caller has been silent as long as `pause` says for the words so far, and all words are there.

    A listening service that does not say which words are its last is given its usual time for them.
    """

    def __init__(self, pause: Callable[[str], float]) -> None:
        super().__init__()
        self._pause = pause
        self._words_take = 0.0
        self._timer: asyncio.Task[None] | None = None
        self._speaking = False
        self._text = ""
        self._last_words = False
        self._silent_since = 0.0
        self._stop_secs = 0.0

    async def handle_user_turn_started(self) -> None:
        """A turn begins, as a rule because the caller is speaking."""
        self._forget(speaking=self._speaking)

    async def handle_user_turn_stopped(self) -> None:
        """A turn has ended, by this or by other means."""
        self._forget(speaking=False)

    async def cleanup(self) -> None:
        """The call is over."""
        await super().cleanup()
        self._stop_timer()

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Follow speech and words."""
        if isinstance(frame, STTMetadataFrame):
            self._words_take = frame.ttfs_p99_latency
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._speaking, self._last_words = True, False
            self._stop_timer()
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self._speaking, self._silent_since, self._stop_secs = False, time.monotonic(), frame.stop_secs
            await self._wait()
        elif isinstance(frame, TranscriptionFrame):
            self._text = f"{self._text} {frame.text}".strip()
            self._last_words = self._last_words or frame.finalized
            await self._wait()
        elif isinstance(frame, NothingHeard):
            await self._go_on_without()
        elif isinstance(frame, InterimTranscriptionFrame):
            self._last_words = False
        return ProcessFrameResult.CONTINUE

    async def _go_on_without(self) -> None:
        """The stretch was only noise: a turn without any words is over, so that the bot takes up what the noise cut off."""
        self._last_words = True
        if not self._text and not self._speaking:
            await self.trigger_user_turn_stopped()
        await self._wait()

    async def _wait(self) -> None:
        if self._speaking or not self._text:
            return
        words = 0.0 if self._last_words else max(0.0, self._words_take - self._stop_secs)
        left = self._silent_since + max(self._pause(self._text), words) - time.monotonic()
        self._stop_timer()
        if left > 0:
            self._timer = self.create_task(self._end_after(left))
        else:
            await self.trigger_user_turn_stopped()

    async def _end_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._timer = None
        await self.trigger_user_turn_stopped()

    def _forget(self, *, speaking: bool) -> None:
        self._stop_timer()
        self._speaking = speaking
        self._text = ""
        self._last_words = False
        self._silent_since = time.monotonic()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Turns(UserTurnProcessor):
    """Gathers the caller's words, or keys, and hands them on as one `CallerTurn`. Audio ends here: nothing behind it needs any."""

    def __init__(self, pause: Callable[[str], float]) -> None:
        super().__init__(
            user_turn_strategies=UserTurnStrategies(start=[VADUserTurnStartStrategy()], stop=[PauseStop(pause)]),
            user_turn_stop_timeout=LOST_WORDS_SECONDS,
            user_idle_timeout=IDLE_SECONDS,
        )
        self._turn = CallerTurn()
        self._keys = ""
        self._typing: asyncio.Task[None] | None = None
        self.add_event_handler("on_user_turn_stopped", self._pass_on)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Keep words and keys, then let Pipecat judge whether the turn is over."""
        if isinstance(frame, InputAudioRawFrame):
            return
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._turn.delay.spoke_until = time.monotonic() - frame.stop_secs
        elif isinstance(frame, TranscriptionFrame):
            self._turn.text = f"{self._turn.text} {frame.text}".strip()
            self._turn.delay.understood_at = time.monotonic()
        await super().process_frame(frame, direction)
        if isinstance(frame, InputDTMFFrame):
            await self._press(frame.button.value)

    async def cleanup(self) -> None:
        """Stop waiting for keys."""
        await super().cleanup()
        if self._typing is not None:
            await self.cancel_task(self._typing)

    async def _pass_on(self, *_: object) -> None:
        turn, self._turn = self._turn, CallerTurn()
        if not turn.text:
            await self._user_idle_controller.wait_for_user()  # nobody will answer this turn: the silence goes on
        await self.push_frame(turn)

    async def _press(self, key: str) -> None:
        if not self._keys:
            await self.broadcast_interruption()  # whoever types has heard enough
        self._keys += key
        if self._typing is not None:
            await self.cancel_task(self._typing)
        self._typing = self.create_task(self._end_of_keys(0.0 if key == LAST_KEY else KEYS_SECONDS))

    async def _end_of_keys(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        keys, self._keys, self._typing = self._keys, "", None
        await self.push_frame(CallerTurn(typed(keys)))
