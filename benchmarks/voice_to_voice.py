"""How long does a caller wait for the bot's first sound? Measured on the wire, from the last loud packet of the caller to the first
loud packet of the answer, with real speech, voice detection, transcription, decision, database and synthesis.

The yardstick is a bare Pipecat pipeline as its guide builds it (aggregators, stock turn-taking, stock transport) on the same speech
engines, with a constant in place of the mind: what the same engines give without AiRa. Both servers are processes of their own.

    python benchmarks/voice_to_voice.py [--calls 2] [--json]
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from decimal import Decimal
from pathlib import Path

import httpx
import psutil

from aira.core.app import open_aira
from aira.core.businesses import add_business
from aira.core.documents import ingest_document
from aira.core.numbers import assign_number
from aira.core.owners import add_owner
from aira.core.purchases import buy_number
from aira.core.services import add_service
from aira.core.wallet import top_up
from aira.settings import Settings
from aira.voice.signatures import webhook_secret
from aira.voice.simulator import PhoneCall, Utterance, local_voice_server
from aira.voice.simulator.caller import Caller
from aira.voice.simulator.caller_voice import spoken
from aira.voice.simulator.line import Line

NUMBER = "+14155550123"
SAYS = ["Hi, how much is a colour treatment?", "Do you sell gift cards for the cinema?", "No, thanks.", "That's all, thank you. Goodbye."]
PRICES = "# Prices\n\nA colour treatment costs 90 dollars. A haircut costs 45 dollars.\n"
BARE_PORT = 8797


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=2)
    options.add_argument("--json", action="store_true")
    options.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.bare:
        serve_bare()
        return
    report = {"rows": {"bare pipecat": bare(arguments.calls), "aira": ours(arguments.calls)}}
    print(json.dumps(report) if arguments.json else table(report))


def ours(calls: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="aira-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the database server of a root user runs as another one
        settings = Settings(aira_home=Path(folder) / "home", voice_agent_service_url="http://127.0.0.1:8796")
        with open_aira(settings) as aira:
            furnish(aira, Path(folder))
            with local_voice_server(settings) as url:
                server = child_of_this_process("serve-voice")
                idle = server.memory_info().rss
                busy = Peak(server)
                records = [asyncio.run(ring(url, webhook_secret(settings))) for _ in range(calls)]
                figures = summed([record.delays_ms for record in records], [record.greeting_ms for record in records])
                return {
                    **figures,
                    "underrun_ms": sum(record.underrun_ms for record in records),
                    "rss_idle_mb": round(idle / 1e6),
                    "rss_in_call_mb": round(busy.stop() / 1e6),
                }


def furnish(aira, folder: Path) -> None:
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(50), reference="benchmark")
    business = add_business(aira, "Shear Delight", time_zone="America/New_York", hours="Mon-Fri 09:00-18:00")
    add_service(aira, "Haircut", business=business.id, minutes=30)
    buy_number(aira, NUMBER)
    assign_number(aira, NUMBER, business=business.id)
    (folder / "prices.md").write_text(PRICES, "utf-8")
    ingest_document(aira, folder / "prices.md", business=business.id)


async def ring(url: str, secret: str):
    utterances = [Utterance(spoken(said)) for said in SAYS]
    return await PhoneCall(url, secret=secret, to_number=NUMBER, from_number="+12025550143", utterances=utterances).place()


def bare(calls: int) -> dict[str, float]:
    with subprocess.Popen([sys.executable, __file__, "--bare"], stderr=subprocess.DEVNULL) as server:
        try:
            while not listens(f"http://127.0.0.1:{BARE_PORT}/"):
                time.sleep(0.1)
            process = psutil.Process(server.pid)
            idle = process.memory_info().rss
            busy = Peak(process)
            callers = [asyncio.run(ring_bare()) for _ in range(calls)]
            figures = summed([caller.delays_ms for caller, _ in callers], [caller.greeting_ms for caller, _ in callers])
            underrun = sum(line.tape.underrun / 8 for _, line in callers)
            return {**figures, "underrun_ms": round(underrun), "rss_idle_mb": round(idle / 1e6), "rss_in_call_mb": round(busy.stop() / 1e6)}
        finally:
            server.kill()


async def ring_bare() -> tuple[Caller, Line]:
    caller = Caller(deque(Utterance(spoken(said)) for said in SAYS))
    line = Line(caller, call_sid="CA1", stream_sid="MZ1", account_sid="AC1")
    await line.hold(f"ws://127.0.0.1:{BARE_PORT}/stream", {})
    return caller, line


def summed(delays: list[list[float]], greetings: list[float | None]) -> dict[str, float]:
    turns = sorted(delay for call in delays for delay in call)
    return {
        "turns": len(turns),
        "p50_ms": round(statistics.median(turns)),
        "p95_ms": round(turns[min(len(turns) - 1, int(0.95 * len(turns)))]),
        "greeting_ms": round(statistics.median(greeting for greeting in greetings if greeting is not None)),
    }


class Peak:
    """The largest resident memory of a process while calls are on."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self._peak = max(self._peak, self._process.memory_info().rss)

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self._peak


def child_of_this_process(word: str) -> psutil.Process:
    return next(child for child in psutil.Process().children(recursive=True) if word in child.cmdline())


def listens(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def serve_bare() -> None:
    import uvicorn
    from fastapi import FastAPI, WebSocket

    from aira.voice.audio import resample
    from aira.voice.engines import EAR_RATE, VOICE_RATE, shared_ear, shared_voice
    from aira.voice.log import quiet_vendors

    quiet_vendors()
    hold = bare_call()
    sound = next(shared_voice().speak("Good morning."))
    shared_ear().transcribe(resample(sound, VOICE_RATE, EAR_RATE))
    app = FastAPI()

    @app.get("/")
    async def up() -> str:
        return "up"

    @app.websocket("/stream")
    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        while (start := json.loads(await websocket.receive_text()))["event"] != "start":
            pass
        await hold(websocket, start["start"]["streamSid"])

    uvicorn.run(app, host="127.0.0.1", port=BARE_PORT, log_level="error")


def bare_call():
    from pipecat.audio.vad.silero import SileroVADAnalyzer
    from pipecat.frames.frames import (
        EndFrame,
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
    from pipecat.workers.runner import WorkerRunner

    from aira.voice.engines import EAR_RATE, shared_ear, shared_voice
    from aira.voice.speech import LocalHearing, LocalSpeaking

    class Constant(FrameProcessor):
        """Answers every turn with the same sentence; hangs up after the fourth."""

        turns = 0

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if not isinstance(frame, LLMContextFrame):
                await self.push_frame(frame, direction)
                return
            self.turns += 1
            await self.push_frame(LLMFullResponseStartFrame())
            await self.push_frame(LLMTextFrame("A colour treatment costs 90 dollars. Is there anything else I can do for you?"))
            await self.push_frame(LLMFullResponseEndFrame())
            if self.turns == len(SAYS):
                await self.push_frame(EndFrame())

    async def hold(websocket, stream_sid: str) -> None:
        wire = TwilioFrameSerializer(stream_sid, params=TwilioFrameSerializer.InputParams(auto_hang_up=False))
        transport = FastAPIWebsocketTransport(
            websocket, FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=wire)
        )
        user, assistant = LLMContextAggregatorPair(LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer()))
        stages = [
            transport.input(),
            LocalHearing(shared_ear()),
            user,
            Constant(),
            LocalSpeaking(shared_voice()),
            transport.output(),
            assistant,
        ]
        worker = PipelineWorker(Pipeline(stages), params=PipelineParams(audio_in_sample_rate=EAR_RATE, audio_out_sample_rate=8000))

        async def greet(*_: object) -> None:
            await worker.queue_frames([TTSSpeakFrame("Thank you for calling Shear Delight. How can I help you?")])

        async def gone(*_: object) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_connected", greet)
        transport.add_event_handler("on_client_disconnected", gone)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    return hold


def table(report: dict[str, dict[str, dict[str, float]]]) -> str:
    rows = report["rows"]
    columns = ("turns", "p50_ms", "p95_ms", "greeting_ms", "underrun_ms", "rss_idle_mb", "rss_in_call_mb")
    lines = [" " * 14 + " ".join(f"{column:>14}" for column in columns)]
    lines += [f"{name:14}" + " ".join(f"{row[column]:14.0f}" for column in columns) for name, row in rows.items()]
    return "\n".join([*lines, f"p50 is {rows['aira']['p50_ms'] / rows['bare pipecat']['p50_ms']:.2f} times that of bare Pipecat"])


if __name__ == "__main__":
    main()
