"""What do ten thousand streams that never say which call they belong to cost? Memory, and the time of those who are real callers.

Streams are opened in batches and left silent, while one caller after the other rings and talks. Shown are the server's memory before,
at its largest and after, the streams it let wait at once, and how long `/health` and a caller's first sound take, beside the same on
the idle server.

    python benchmarks/silent_streams.py [--connections 10000] [--batch 500] [--database-url URL] [--json]
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import httpx
import psutil
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from aira.core.app import Aira, open_aira
from aira.core.businesses import add_business
from aira.core.numbers import assign_number
from aira.core.owners import add_owner
from aira.core.purchases import buy_number
from aira.core.wallet import top_up
from aira.settings import Settings, child_environment
from aira.voice.signatures import webhook_secret
from scratch import scratch_database

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))
from wire_caller import WireCaller  # noqa: E402

NUMBER = "+14155550100"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connections", type=int, default=10_000)
    options.add_argument("--batch", type=int, default=500, help="streams that are open at once; both ends count against `ulimit -n`")
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url, tempfile.TemporaryDirectory(prefix="aira-benchmark-") as home:
        report = measure(url, Path(home), arguments)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:28} {value}" for name, value in report.items()))


def measure(database_url: str, home: Path, arguments: argparse.Namespace) -> dict[str, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = Settings(aira_home=home, database_url=SecretStr(database_url), voice_agent_service_url=url)
    command = [sys.executable, str(TESTS / "voice_process.py"), "alone", str(port)]
    with open_aira(settings) as aira:
        furnish(aira)
        with subprocess.Popen(command, env=child_environment(settings)) as server:
            try:
                while not ready(url):
                    time.sleep(0.1)
                return asyncio.run(flood(aira, url, psutil.Process(server.pid), arguments))
            finally:
                server.kill()


async def flood(aira: Aira, url: str, server: psutil.Process, arguments: argparse.Namespace) -> dict[str, float]:
    await first_sound_ms(aira, url)
    idle = [await health_ms(url) for _ in range(20)], [await first_sound_ms(aira, url) for _ in range(3)]
    before, peak, refused = server.memory_info().rss, 0, 0
    busy: tuple[list[float], list[float]] = ([], [])
    started = time.monotonic()
    for _ in range(arguments.connections // arguments.batch):
        opened = await asyncio.gather(*(silent(url) for _ in range(arguments.batch)))
        refused += opened.count(None)
        busy[0].append(await health_ms(url))
        if len(busy[1]) < 8:
            busy[1].append(await first_sound_ms(aira, url))
        peak = max(peak, server.memory_info().rss)
        await asyncio.gather(*(one.close() for one in opened if one is not None))
    seconds = time.monotonic() - started
    await asyncio.sleep(1)
    return {
        "connections": arguments.connections,
        "not_opened": refused,
        "per_second": round(arguments.connections / seconds),
        "rss_before_mb": round(before / 1e6, 1),
        "rss_peak_mb": round(peak / 1e6, 1),
        "rss_after_mb": round(server.memory_info().rss / 1e6, 1),
        "health_idle_max_ms": round(max(idle[0]), 1),
        "health_flooded_max_ms": round(max(busy[0]), 1),
        "first_sound_idle_max_ms": round(max(idle[1])),
        "first_sound_flooded_max_ms": round(max(busy[1])),
    }


async def silent(url: str) -> ClientConnection | None:
    """A stream that stays silent; None where the server did not open it."""
    with suppress(OSError, WebSocketException, TimeoutError):
        return await connect(f"{url.replace('http', 'ws')}/voice/stream", compression=None, close_timeout=1, ping_interval=None)
    return None


async def health_ms(url: str) -> float:
    started = time.monotonic()
    async with httpx.AsyncClient(timeout=30) as client:
        (await client.get(f"{url}/health")).raise_for_status()
    return (time.monotonic() - started) * 1000


async def first_sound_ms(aira: Aira, url: str) -> float:
    """From the ringing webhook to the bot's first sound."""

    async def hang_up() -> None:
        return

    caller = WireCaller(url, secret=webhook_secret(aira.settings), to_number=NUMBER, says=hang_up)
    started = time.monotonic()
    call = asyncio.create_task(caller.place())
    await asyncio.wait_for(caller.on_line.wait(), 30)
    taken = (time.monotonic() - started) * 1000
    await call
    return taken


def furnish(aira: Aira) -> None:
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(50), reference="benchmark")
    business = add_business(aira, "Shear Delight", time_zone="America/New_York", hours="Mon-Sun 09:00-18:00")
    buy_number(aira, NUMBER)
    assign_number(aira, NUMBER, business=business.id)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
