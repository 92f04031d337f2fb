"""A call put together: one pipeline, run until the bot is done, the caller hangs up or the line breaks."""

from collections.abc import Callable

from fastapi import WebSocket
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.workers.runner import WorkerRunner

from aira.voice.audio import TELEPHONE_RATE
from aira.voice.pauses import pause_after
from aira.voice.pipeline.conversation import Conversation
from aira.voice.pipeline.turns import Turns
from aira.voice.pipeline.wire import Transport, Wire
from aira.voice.talk import Talk
from aira.voice.tape import Tape


async def run_call(
    websocket: WebSocket,
    talk: Talk,
    *,
    stream_sid: str,
    hearing: STTService,
    speaking: TTSService,
    tape: Tape | None = None,
    pause: Callable[[str], float] = pause_after,
) -> bool:
    """Hold the conversation over a media stream that has started; returns when it has ended.

    `pause` says how many seconds of silence after the words so far end the caller's turn. True where the bot came to its end or the
    caller hung up, False where the conversation failed or the line broke.
    """
    conversation = Conversation(talk)
    turns = Turns(pause)
    turns.add_event_handler("on_user_turn_idle", conversation.be_silent)
    wire = Wire(stream_sid, played=conversation.played, tape=tape)
    transport = Transport(websocket, wire)
    stages = [transport.input(), hearing, turns, conversation, speaking, transport.output()]
    worker = worker_of(stages)

    async def caller_gone(*_: object) -> None:
        await worker.cancel(reason="the caller hung up" if wire.stopped else "the line broke")

    transport.add_event_handler("on_client_disconnected", caller_gone)
    await run(worker)
    return not conversation.failed and (talk.ended or wire.stopped)


def worker_of(stages: list[FrameProcessor]) -> PipelineWorker:
    """The stages as one worker at the telephone's rate."""
    return PipelineWorker(
        Pipeline(stages),
        params=PipelineParams(audio_in_sample_rate=TELEPHONE_RATE, audio_out_sample_rate=TELEPHONE_RATE),
        enable_rtvi=False,
        enable_turn_tracking=False,
        cancel_runner_on_idle_timeout=False,
    )


async def run(worker: PipelineWorker) -> None:
    """Run a worker to its end."""
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
