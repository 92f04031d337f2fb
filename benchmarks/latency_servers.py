"""The servers that `voice_latency.py` rings, each a process of its own: AiRa's pipeline, and bare Pipecat as its guide builds it.

All of them get the same ears and the same voice, which take no time: a sentence for each stretch of speech, and a tone for each
sentence. What is measured is then everything else: wire, voice detection, turn-taking, the event loop, the pace of the audio.
"""

import argparse
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, WebSocket

from aira.voice.log import quiet_vendors

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from no_time_speech import NoTimeHearing, NoTimeSpeaking

KINDS = ("aira", "aira-no-pause", "pipecat-smart-turn", "pipecat-pause", "pipecat-no-pause")
HEARS = "How much is a colour treatment?"
TONE_SECONDS = 1.2
_RATE = 8000

Hold = Callable[[WebSocket, str], Awaitable[object]]


class ConstantTalk:
    """Answers everything with one sentence."""

    ended = False
    may_go_on = False

    async def start(self) -> AsyncGenerator[str, None]:
        yield "Good morning."

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        yield text

    async def silence(self) -> AsyncGenerator[str, None]:
        yield "Are you still there?"

    async def interrupted(self, unheard: list[str]) -> None:
        del unheard

    async def measured(self, latency_ms: dict[str, float]) -> None:
        del latency_ms


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("kind", choices=KINDS)
    options.add_argument("--port", type=int, required=True)
    arguments = options.parse_args()
    quiet_vendors()
    hold, prepare = ours(arguments.kind) if arguments.kind.startswith("aira") else (bare(arguments.kind), nothing)
    server = {"host": "127.0.0.1", "port": arguments.port, "log_level": "error", "ws": "websockets-sansio"}
    uvicorn.run(application(hold, prepare), ws_per_message_deflate=False, **server)


def application(hold: Hold, prepare: Callable[[], Awaitable[None]]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await prepare()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def up() -> str:
        return "up"

    @app.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        while (start := json.loads(await websocket.receive_text()))["event"] != "start":
            pass
        await hold(websocket, start["start"]["streamSid"])

    return app


async def nothing() -> None:
    """Bare Pipecat has no warm-up of its own."""


def ours(kind: str) -> tuple[Hold, Callable[[], Awaitable[None]]]:
    from aira.voice.pauses import pause_after
    from aira.voice.pipeline import run_call
    from aira.voice.warm_up import rehearse

    pause = (lambda text: 0.0) if kind == "aira-no-pause" else pause_after

    async def hold(websocket: WebSocket, stream_sid: str) -> None:
        await run_call(
            websocket,
            ConstantTalk(),
            stream_sid=stream_sid,
            hearing=NoTimeHearing(HEARS),
            speaking=NoTimeSpeaking(TONE_SECONDS),
            pause=pause,
        )

    async def prepare() -> None:
        await rehearse(NoTimeHearing(HEARS), NoTimeSpeaking(TONE_SECONDS))

    return hold, prepare


def bare(kind: str) -> Hold:
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.frames.frames import (
        Frame,
        LLMContextFrame,
        LLMFullResponseEndFrame,
        LLMFullResponseStartFrame,
        LLMTextFrame,
        TTSSpeakFrame,
    )
    from pipecat.pipeline.pipeline import Pipeline
    from pipecat.pipeline.worker import PipelineParams, PipelineWorker
    from pipecat.processors.aggregators.llm_context import LLMContext
    from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
    from pipecat.serializers.twilio import TwilioFrameSerializer
    from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
    from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
    from pipecat.turns.user_turn_strategies import UserTurnStrategies
    from pipecat.workers.runner import WorkerRunner

    class Constant(FrameProcessor):
        """Answers every turn with the same sentence, as a language model's service does."""

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if not isinstance(frame, LLMContextFrame):
                await self.push_frame(frame, direction)
                return
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame("A colour treatment costs 90 dollars."))
            await self.push_frame(LLMFullResponseEndFrame())

    from aira.voice.pauses import pause_after

    def strategies() -> UserTurnStrategies:
        if kind == "pipecat-smart-turn":
            return UserTurnStrategies()
        pause = pause_after(HEARS) if kind == "pipecat-pause" else 0.0
        return UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=pause)])

    async def hold(websocket: WebSocket, stream_sid: str) -> None:
        wire = TwilioFrameSerializer(stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
        params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=wire)
        transport = FastAPIWebsocketTransport(websocket, params)
        turns = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies())
        user, assistant = LLMContextAggregatorPair(LLMContext(), user_params=turns)
        stages = [transport.input(), NoTimeHearing(HEARS), user, Constant(), NoTimeSpeaking(TONE_SECONDS), transport.output(), assistant]
        worker = PipelineWorker(Pipeline(stages), params=PipelineParams(audio_in_sample_rate=_RATE, audio_out_sample_rate=_RATE))

        @transport.event_handler("on_client_connected")
        async def greet(*_: object) -> None:
            await worker.queue_frames([TTSSpeakFrame("Good morning.")])

        @transport.event_handler("on_client_disconnected")
        async def gone(*_: object) -> None:
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    return hold


if __name__ == "__main__":
    main()
