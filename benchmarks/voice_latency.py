"""What does the telephone line itself cost? Delay, audio, memory and capacity of a voice server whose vendors take no time.

Each server is a process that hears the same sentence in whatever is said and answers with a tone, at once; the callers are this
process, with real speech, a packet every 20 ms, and a carrier's playout buffer that notices when a packet comes too late. The yardstick
is bare Pipecat with the same ears and voice: with its default turn-taking model (smart-turn), with the pause that AiRa makes after the
same words, and with none.

    python benchmarks/voice_latency.py [--calls 1,4,8] [--turns 4] [--servers aira,…] [--capacity] [--json]

`beyond` is the time from the last loud packet sent to the first loud packet received, less the 200 ms that voice detection waits.
"""

import argparse
import asyncio
import base64
import json
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aira.voice.audio import decode_mulaw, loudness
from aira.voice.simulator.caller import packets
from aira.voice.simulator.caller_voice import spoken
from latency_servers import KINDS, TONE_SECONDS

VAD_STOP_MS = 200
SAYS = "My name is Sarah Johnson."
LOUD = 300.0
PACKET = 0.02
PATIENCE = 8.0
YARDSTICKS = (("aira", "pipecat-smart-turn"), ("aira", "pipecat-pause"), ("aira-no-pause", "pipecat-no-pause"))
CAPACITY_STEPS = (8, 12, 16, 20, 24, 28, 32, 40, 48)


@dataclass
class Playout:
    """A carrier's buffer: plays what it gets at once and in order, and counts the holes within one answer, in seconds."""

    expected: float = TONE_SECONDS
    played_until: float = 0.0
    got: float = 0.0
    underrun: float = 0.0

    def takes(self, now: float, seconds: float) -> None:
        if 0 < self.got < self.expected - PACKET:
            self.underrun += max(0.0, now - self.played_until)
        self.played_until = max(now, self.played_until) + seconds
        self.got += seconds

    def answer_over(self, now: float) -> bool:
        return self.got >= self.expected - PACKET and now >= self.played_until

    def clear(self, now: float) -> None:
        self.got, self.played_until = 0.0, min(now, self.played_until)

    def next_answer(self) -> None:
        self.got = 0.0


@dataclass
class Customer:
    """One call: hears the greeting, asks `turns` times, hangs up."""

    url: str
    turns: int
    dice: random.Random
    greeting_ms: float | None = None
    delays_ms: list[float] = field(default_factory=list)
    unanswered: int = 0
    playout: Playout = field(default_factory=Playout)
    _waits_since: float | None = None

    async def ring(self) -> None:
        async with connect(self.url, compression=None, max_size=2**20) as socket:
            start = {"streamSid": "MZ1", "callSid": "CA1", "customParameters": {"token": "t"}}
            await socket.send(json.dumps({"event": "connected"}))
            self._waits_since = time.monotonic()
            await socket.send(json.dumps({"event": "start", "start": start, "streamSid": "MZ1"}))
            listening = asyncio.create_task(self._listen(socket))
            try:
                await self._talk(socket)
            except ConnectionClosed:
                self.unanswered += 1
            finally:
                listening.cancel()

    async def _talk(self, socket: ClientConnection) -> None:
        self._due = time.monotonic()
        await self._hear_out(socket)
        for _ in range(self.turns):
            await self._stay_silent(socket, 0.3 + self.dice.random() * 0.7)
            self.playout.next_answer()
            for index, message in enumerate(MESSAGES):
                await self._send(socket, message)
                if index == LAST_LOUD:
                    self._waits_since = time.monotonic()
            await self._hear_out(socket)

    async def _hear_out(self, socket: ClientConnection) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.playout.answer_over(time.monotonic()):
            if time.monotonic() > deadline:
                self.unanswered += 1
                self._waits_since = None
                return
            await self._send(socket, SILENCE)

    async def _stay_silent(self, socket: ClientConnection, seconds: float) -> None:
        for _ in range(round(seconds / PACKET)):
            await self._send(socket, SILENCE)

    async def _send(self, socket: ClientConnection, message: str) -> None:
        await socket.send(message)
        self._due += PACKET
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            if message["event"] == "media":
                self._hears(base64.b64decode(message["media"]["payload"]), time.monotonic())
            elif message["event"] == "clear":
                self.playout.clear(time.monotonic())
            elif message["event"] == "mark":
                await socket.send(text)

    def _hears(self, packet: bytes, now: float) -> None:
        self.playout.takes(now, len(packet) / 8000)
        if self._waits_since is not None and loudness(decode_mulaw(packet)) > LOUD:
            delay = (now - self._waits_since) * 1000
            if self.greeting_ms is None:
                self.greeting_ms = delay
            else:
                self.delays_ms.append(delay)
            self._waits_since = None


def media(payload: bytes) -> str:
    body = {"track": "inbound", "chunk": "1", "timestamp": "20", "payload": base64.b64encode(payload).decode()}
    return json.dumps({"event": "media", "sequenceNumber": "3", "media": body, "streamSid": "MZ1"})


CLIP = list(packets(spoken(SAYS)))
MESSAGES = [media(packet) for packet in CLIP]
LAST_LOUD = max(index for index, packet in enumerate(CLIP) if loudness(decode_mulaw(packet)) > LOUD)
SILENCE = media(b"\xff" * 160)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", default="1,4,8")
    options.add_argument("--turns", type=int, default=4)
    options.add_argument("--servers", default=",".join(KINDS))
    options.add_argument("--capacity", action="store_true", help="also ring more and more callers until audio breaks off")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    counts = [int(count) for count in arguments.calls.split(",")]
    rows = {kind: measure(kind, counts, arguments) for kind in arguments.servers.split(",")}
    report = {"rows": rows, "ratios_p95": ratios(rows)}
    print(json.dumps(report) if arguments.json else table(report))


def measure(kind: str, counts: list[int], arguments: argparse.Namespace) -> dict[str, object]:
    with served(kind) as (url, process):
        first = ring_all(url, 1, 0, process)
        row: dict[str, object] = {"first_greeting_ms": first["greeting_p95_ms"]}
        row["calls"] = {str(count): ring_all(url, count, arguments.turns, process) for count in counts}
        row["rss_mb_a_call"] = rss_a_call(row["calls"])
        if arguments.capacity:
            row["capacity"] = capacity(url, process)
    return row


def ring_all(url: str, count: int, turns: int, process: psutil.Process) -> dict[str, float]:
    async def together() -> tuple[list[Customer], int]:
        customers = [Customer(url, turns, random.Random(index)) for index in range(count)]
        apart = min(0.15, 2.0 / count)
        calls = [asyncio.create_task(after(index * apart, customer)) for index, customer in enumerate(customers)]
        peak = 0
        while not all(call.done() for call in calls):
            peak = max(peak, process.memory_info().rss)
            await asyncio.sleep(0.25)
        for call in calls:
            call.result()
        return customers, peak

    customers, peak = asyncio.run(together())
    delays = [delay for customer in customers for delay in customer.delays_ms]
    greetings = [customer.greeting_ms for customer in customers if customer.greeting_ms is not None]
    return {
        **{f"beyond_{name}": value for name, value in spread(delays, less=VAD_STOP_MS).items()},
        **{f"greeting_{name}": value for name, value in spread(greetings).items()},
        "turns": len(delays),
        "unanswered": sum(customer.unanswered for customer in customers),
        "underrun_ms": round(sum(customer.playout.underrun for customer in customers) * 1000, 1),
        "rss_mb": round(peak / 1e6, 1),
    }


async def after(seconds: float, customer: Customer) -> None:
    await asyncio.sleep(seconds)
    await customer.ring()


def spread(values: list[float], *, less: float = 0.0) -> dict[str, float]:
    ordered = sorted(value - less for value in values)
    if not ordered:
        return {"p50_ms": float("nan"), "p95_ms": float("nan")}
    return {"p50_ms": round(statistics.median(ordered), 1), "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1)}


def rss_a_call(calls: dict[str, dict[str, float]]) -> float:
    few, many = min(calls, key=int), max(calls, key=int)
    return round((calls[many]["rss_mb"] - calls[few]["rss_mb"]) / (int(many) - int(few)), 2) if few != many else 0.0


def capacity(url: str, process: psutil.Process) -> int:
    """The largest number of calls, of those tried, at which no audio broke off and nobody went unanswered."""
    held = 0
    for count in CAPACITY_STEPS:
        result = ring_all(url, count, 2, process)
        if result["underrun_ms"] > 0 or result["unanswered"]:
            break
        held = count
    return held


@contextmanager
def served(kind: str) -> Iterator[tuple[str, psutil.Process]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("latency_servers.py")), kind, "--port", str(port)]
    with subprocess.Popen(command) as server:
        try:
            while not listens(f"http://127.0.0.1:{port}/"):
                if server.poll() is not None:
                    raise SystemExit(f"The server {kind} did not start.")
                time.sleep(0.1)
            yield f"ws://127.0.0.1:{port}/stream", psutil.Process(server.pid)
        finally:
            server.kill()


def listens(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def ratios(rows: dict[str, dict]) -> dict[str, float]:
    """Our 95th percentile as a share of bare Pipecat's at as many calls; below 1 is faster."""
    return {
        f"{ours} / {theirs} at {count}": round(one["beyond_p95_ms"] / rows[theirs]["calls"][count]["beyond_p95_ms"], 2)
        for ours, theirs in YARDSTICKS
        if ours in rows and theirs in rows
        for count, one in rows[ours]["calls"].items()
    }


def table(report: dict[str, dict]) -> str:
    rows = report["rows"]
    lines = [f"{'server':20} calls  beyond p50  beyond p95  greeting p50  greeting p95  underrun  unanswered   rss MB"]
    for kind, row in rows.items():
        for count, one in row["calls"].items():
            lines.append(
                f"{kind:20} {count:>5}  {one['beyond_p50_ms']:10.0f}  {one['beyond_p95_ms']:10.0f}  {one['greeting_p50_ms']:12.0f}"
                f"  {one['greeting_p95_ms']:12.0f}  {one['underrun_ms']:8.0f}  {one['unanswered']:10.0f}  {one['rss_mb']:7.0f}"
            )
        held = f", holds {row['capacity']} calls" if "capacity" in row else ""
        lines.append(f"{kind:20} first greeting {row['first_greeting_ms']:.0f} ms, {row['rss_mb_a_call']:.1f} MB more a call{held}")
    lines += [f"{name:42} {ratio}" for name, ratio in report["ratios_p95"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
