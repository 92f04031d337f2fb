"""One call as a Pipecat pipeline. Together with `speech` the only module that knows Pipecat.

    caller -> voice detection -> hearing -> turns -> conversation -> speaking -> caller

`_Turns` decides when the caller has finished and hands the words on as one frame; `_Conversation` takes them to the session and
queues what it says, one frame a sentence, each followed by a mark. The carrier returns a mark once the audio before it has been
played, so the bot knows what was heard, says again what a cough cut off, and hangs up only after its last word.
"""

import asyncio
import base64
import json
import logging
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import cast

from fastapi import WebSocket
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    CancelWorkerFrame,
    DataFrame,
    EndWorkerFrame,
    Frame,
    InterruptionFrame,
    OutputTransportMessageFrame,
    StartFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketOutputTransport, FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from aira.voice.audio import TELEPHONE_RATE
from aira.voice.engines import EAR_RATE
from aira.voice.speech import voice_detection
from aira.voice.talk import Delay, Talk
from aira.voice.tape import Tape

logger = logging.getLogger(__name__)

CUSHION_SECONDS = 0.4
"""How far ahead of real time audio is sent, so that a busy event loop is not heard; the carrier drops it when interrupted."""
PAUSE_SECONDS = 0.45
"""How long a caller may pause within a turn, after the 200 ms that voice detection takes to be sure."""
IDLE_SECONDS = 8.0
"""How long a caller may say nothing before the bot asks."""
LAST_WORDS_SECONDS = 15.0
"""How long the end of the bot's last words is waited for at most."""


@dataclass
class _CallerTurn(DataFrame):
    """What the caller said in a turn, empty where it was only noise."""

    text: str = ""
    delay: Delay = field(default_factory=Delay)
    interruptible: bool = field(default=False, init=False)


class _Turns(UserTurnProcessor):
    def __init__(self) -> None:
        pause = SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=PAUSE_SECONDS)
        super().__init__(
            user_turn_strategies=UserTurnStrategies(start=[VADUserTurnStartStrategy()], stop=[pause]),
            user_turn_stop_timeout=3.0,
            user_idle_timeout=IDLE_SECONDS,
        )
        self._turn = _CallerTurn()
        self.add_event_handler("on_user_turn_stopped", self._pass_on)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Keep the words, then let Pipecat judge whether the turn is over."""
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._turn.delay.spoke_until = time.monotonic() - frame.stop_secs
        elif isinstance(frame, TranscriptionFrame):
            self._turn.text = f"{self._turn.text} {frame.text}".strip()
            self._turn.delay.understood_at = time.monotonic()
        await super().process_frame(frame, direction)

    async def _pass_on(self, *_: object) -> None:
        turn, self._turn = self._turn, _CallerTurn()
        if not turn.text:
            await self._user_idle_controller.wait_for_user()  # nobody will answer this turn: the silence goes on
        await self.push_frame(turn)


class _Conversation(FrameProcessor):
    """Takes caller's turns to the session one after the other, and its sentences to the speaking service."""

    def __init__(self, talk: Talk, *, stream_sid: str) -> None:
        super().__init__()
        self._talk = talk
        self._stream_sid = stream_sid
        self._waiting: asyncio.Queue[tuple[AsyncGenerator[str, None], Delay | None]] = asyncio.Queue()
        self._unheard: deque[tuple[str, str]] = deque()
        self._cut_off: list[str] = []
        self._marks = 0
        self._thinking = False
        self._cut_in = False
        self._delay: Delay | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = False
        """The conversation broke off by an error."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Watch for the start, the end of turns, interruptions and the bot's first sound."""
        await super().process_frame(frame, direction)
        if isinstance(frame, _CallerTurn):
            await self._hear(frame)
            return
        if isinstance(frame, StartFrame):
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

    async def _hear(self, turn: _CallerTurn) -> None:
        cut_off, self._cut_off = self._cut_off, []
        if turn.text and not self._talk.ended:
            self._waiting.put_nowait((self._talk.hear(turn.text), turn.delay))
        elif not turn.text:
            for sentence in cut_off:  # a cough or a door: nobody wanted to say anything
                await self._speak(sentence)
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
            self._cut_in = False
            async with aclosing(sentences):
                async for sentence in sentences:
                    if self._cut_in:
                        self._cut_off.append(sentence)
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

    async def _speak(self, sentence: str) -> None:
        self._marks += 1
        mark = f"s{self._marks}"
        self._unheard.append((mark, sentence))
        await self.push_frame(TTSSpeakFrame(sentence, append_to_context=False))
        message = {"event": "mark", "streamSid": self._stream_sid, "mark": {"name": mark}}
        await self.push_frame(OutputTransportMessageFrame(message))

    async def _interrupt(self) -> None:
        self._cut_in = True
        if self._unheard:
            self._cut_off = [sentence for _, sentence in self._unheard]
            self._unheard.clear()
            await self._talk.interrupted(self._cut_off)

    async def _measure(self) -> None:
        if self._delay is not None:
            delay, self._delay = self._delay, None
            await self._talk.measured(delay.parts(time.monotonic()))

    async def _hang_up_when_done(self) -> None:
        if self._talk.ended and not self._thinking and not self._unheard and self._waiting.empty():
            await self.push_frame(EndWorkerFrame())

    async def _hang_up_anyway(self) -> None:
        await asyncio.sleep(LAST_WORDS_SECONDS)
        await self.push_frame(EndWorkerFrame())

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(self.create_task(work))


class _Wire(TwilioFrameSerializer):
    """Twilio's media messages; tells of played marks, and tapes what passes."""

    def __init__(self, stream_sid: str, *, conversation: _Conversation, tape: Tape | None) -> None:
        super().__init__(stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
        self._conversation = conversation
        self._tape = tape

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """A frame of the caller's audio or key; a mark goes to the conversation."""
        message = json.loads(data)
        if message.get("event") == "mark":
            await self._conversation.played(str(message["mark"]["name"]))
            return None
        if self._tape is not None and message.get("event") == "media":
            self._tape.from_caller(base64.b64decode(message["media"]["payload"]))
        return cast("Frame | None", await super().deserialize(data))

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """The message for a frame, None where the carrier is not told of it."""
        data: str | bytes | None = await super().serialize(frame)
        if self._tape is not None and data is not None:
            message = json.loads(data)
            if message["event"] == "media":
                self._tape.from_bot(base64.b64decode(message["media"]["payload"]))
            elif message["event"] == "clear":
                self._tape.clear()
        return data


class _Output(FastAPIWebsocketOutputTransport):
    """Sends audio up to `CUSHION_SECONDS` ahead of real time; Pipecat itself sends each packet when it is due."""

    _next_send_time: float
    _send_interval: float

    async def _write_audio_sleep(self) -> None:
        now = time.monotonic()
        self._next_send_time = max(self._next_send_time, now) + self._send_interval
        await asyncio.sleep(max(0.0, self._next_send_time - now - CUSHION_SECONDS))


class _Transport(FastAPIWebsocketTransport):
    def __init__(self, websocket: WebSocket, wire: _Wire) -> None:
        params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=wire)
        super().__init__(websocket, params)
        self._output = _Output(self, self._client, params, name=self._output_name)


async def run_call(
    websocket: WebSocket, talk: Talk, *, stream_sid: str, hearing: STTService, speaking: TTSService, tape: Tape | None = None
) -> bool:
    """Hold the conversation over a media stream that has started; returns when it has ended.

    True where the bot came to its end or the caller hung up, False where the conversation failed.
    """
    conversation = _Conversation(talk, stream_sid=stream_sid)
    turns = _Turns()
    turns.add_event_handler("on_user_turn_idle", conversation.be_silent)
    transport = _Transport(websocket, _Wire(stream_sid, conversation=conversation, tape=tape))
    stages = [transport.input(), VADProcessor(vad_analyzer=voice_detection()), hearing, turns, conversation, speaking, transport.output()]
    worker = PipelineWorker(
        Pipeline(stages),
        params=PipelineParams(audio_in_sample_rate=EAR_RATE, audio_out_sample_rate=TELEPHONE_RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        cancel_runner_on_idle_timeout=False,
    )

    async def caller_gone(*_: object) -> None:
        await worker.cancel(reason="the caller hung up")

    transport.add_event_handler("on_client_disconnected", caller_gone)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    return not conversation.failed
