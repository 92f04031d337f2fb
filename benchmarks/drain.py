"""Does a deploy cut callers off? SIGTERM while calls are on: how many lines break, and how long after the last call is the server gone?

Callers book a haircut over the carrier's protocol at a server whose ears and voice take no time; once the bot has been heard on every
line the server is told to stop. A call is cut where its line breaks, its bot falls silent or its booking is not made. One more caller
rings while it drains. The yardstick, in the same run: as many streams at a plain FastAPI route under uvicorn, told to stop likewise.

    python benchmarks/drain.py [--calls 8] [--processes 1] [--database-url URL] [--json]
"""

import argparse
import asyncio
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from aira.core.app import Aira, open_aira
from aira.voice.processes import Processes, listen
from aira.voice.signatures import webhook_secret
from call_recovery import NO_TIME, Booker, WireCaller, open_business, running, server_settings
from scratch import scratch_database

STREAM_SECONDS = 6.0
"""How long a stream of the yardstick would go on."""
WAIT_SECONDS = 30


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=8)
    options.add_argument("--processes", type=int, default=1)
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    options.add_argument("--plain", type=int, metavar="PORT", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.plain:
        uvicorn.run(plain_app(), host="127.0.0.1", port=arguments.plain, log_level="error")
        return
    with scratch_database(arguments.database_url) as url:
        rows = {"aira": measure(url, arguments), "plain uvicorn": plain(arguments.calls)}
    print(json.dumps({"calls": arguments.calls, "processes": arguments.processes, "rows": rows}) if arguments.json else table(rows))


def measure(url: str, arguments: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="aira-benchmark-") as home, listen("127.0.0.1", 0) as listening:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = server_settings(Path(home), url, base, arguments.processes)
        with open_aira(settings) as aira:
            numbers = [open_business(aira, line) for line in range(arguments.calls + 1)]
            processes = Processes(settings, listening, command=NO_TIME)
            with running(processes, arguments.processes) as server:
                return asyncio.run(play(aira, base, numbers, processes, server))


async def play(aira: Aira, base: str, numbers: list[str], processes: Processes, server: threading.Thread) -> dict[str, object]:
    *numbers, late = numbers
    callers = [Booker(aira, base, number) for number in numbers]
    calls = [asyncio.create_task(caller.ring()) for caller in callers]
    await asyncio.sleep(0)
    await asyncio.wait_for(asyncio.gather(*(caller.call.on_line.wait() for caller in callers)), WAIT_SECONDS)
    processes.drain()
    told_at = time.monotonic()
    answer = await ring_late(aira, base, late)
    outcomes = await asyncio.gather(*calls)
    over_at = max(caller.over_at for caller in callers)
    await asyncio.to_thread(server.join, WAIT_SECONDS)
    gone = None if server.is_alive() else time.monotonic()
    return {
        "cut": sum(caller.call.verbs != ["Connect"] or outcome != "booked" for caller, outcome in zip(callers, outcomes, strict=True)),
        "outcomes": dict(Counter(outcomes)),
        "late_caller": answer,
        "went_on_s": round(over_at - told_at, 2),
        "gone_after_last_call_s": None if gone is None else round(gone - over_at, 2),
    }


async def ring_late(aira: Aira, base: str, number: str) -> str:
    """What a caller gets who rings while the server drains."""

    async def says() -> str | None:
        return None

    call = WireCaller(base, secret=webhook_secret(aira.settings), to_number=number, says=says)
    try:
        await call.place()
    except httpx.HTTPError as error:
        return type(error).__name__
    return " ".join(call.verbs)


def plain_app() -> FastAPI:
    app = FastAPI()

    @app.websocket("/")
    async def echo(stream: WebSocket) -> None:
        await stream.accept()
        with suppress(WebSocketDisconnect):
            while True:
                await stream.send_text(await stream.receive_text())

    return app


def plain(calls: int) -> dict[str, object]:
    """Streams at uvicorn as it comes, while it is told to stop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, __file__, "--plain", str(port)]) as server:
        until_it_answers(port)
        threading.Timer(1.0, server.send_signal, [signal.SIGTERM]).start()
        ends = asyncio.run(hold(port, calls))
        server.wait(WAIT_SECONDS)
        gone = time.monotonic()
    last = max(at for at, _ in ends)
    return {"cut": sum(cut for _, cut in ends), "gone_after_last_call_s": round(max(0.0, gone - last), 2)}


async def hold(port: int, calls: int) -> list[tuple[float, bool]]:
    return await asyncio.gather(*(stream(port) for _ in range(calls)))


def until_it_answers(port: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("The yardstick did not start.")


async def stream(port: int) -> tuple[float, bool]:
    """When a stream ended, and whether the server cut it off."""
    until = time.monotonic() + STREAM_SECONDS
    async with connect(f"ws://127.0.0.1:{port}/") as socket_:
        try:
            while time.monotonic() < until:
                await socket_.send("packet")
                await socket_.recv()
                await asyncio.sleep(0.02)
        except ConnectionClosed:
            return time.monotonic(), True
    return time.monotonic(), False


def table(rows: dict[str, dict[str, object]]) -> str:
    return "\n".join(f"{name:14} {'  '.join(f'{key} {value}' for key, value in row.items())}" for name, row in rows.items())


if __name__ == "__main__":
    main()
