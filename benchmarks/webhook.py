"""How long does the carrier wait for TwiML? Signature, look-up of the business, limits, a new call with its journal and token, all of it.

Each request is a new call over a kept-alive connection; the voice server is a process of its own, idle and while simulated callers talk
to its bots. Beside it, in the same run, two yardsticks: a FastAPI route that returns a constant, and a flow that first creates a room by
two REST calls in series, each answered by a local server after 60 to 120 ms, as rooms and meeting tokens are over the internet.

    python benchmarks/webhook.py [--requests 200] [--calls 8] [--json]
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI, Response

from aira.core.app import Aira, open_aira
from aira.core.businesses import add_business
from aira.core.numbers import assign_number
from aira.core.owners import add_owner
from aira.core.purchases import buy_number
from aira.core.wallet import top_up
from aira.settings import Settings
from aira.voice.paths import CALL
from aira.voice.signatures import HEADER, sign, webhook_secret

NUMBER = "+14155550123"
SERVER = "http://127.0.0.1:8795"
WARM_UP = 20
PAUSE_SECONDS = 0.02
ROOM_SECONDS = (0.06, 0.12)
SAYS = ["Hi, how much is a colour treatment?", "Do you sell gift cards for the cinema?", "No, thanks."]

Form = Callable[[int], tuple[dict[str, str], dict[str, str]]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--calls", type=int, default=0, help="simulated calls that are on while it is measured again")
    options.add_argument("--json", action="store_true")
    options.add_argument("--ring", metavar="SECRET", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.ring:
        asyncio.run(keep_ringing(arguments.ring, arguments.calls))
        return
    report = measure(arguments.requests, arguments.calls)
    print(json.dumps(report) if arguments.json else table(report))


def measure(requests: int, calls: int) -> dict[str, object]:
    from aira.voice.simulator import local_voice_server

    rows = {}
    with listening(bare_app()) as url:
        rows["bare route"] = timed(url, bare_form, requests)
    with listening(rooms_app()) as rooms, listening(room_first_app(rooms)) as url:
        rows["room before the answer"] = timed(url, bare_form, min(requests, 100))
    with tempfile.TemporaryDirectory(prefix="aira-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the database server of a root user runs as another one
        settings = server_settings(Path(folder), calls)
        with open_aira(settings) as aira:
            furnish(aira)
            secret = webhook_secret(settings)
            with local_voice_server(settings) as url:
                rows["aira, idle"] = timed(url, signed_form(secret, "1"), requests)
                if calls:
                    with ringing(url, secret, calls):
                        rows[f"aira, {calls} calls on"] = timed(url, signed_form(secret, "2"), requests)
    ratio = round(rows["aira, idle"]["p95_ms"] / rows["bare route"]["p95_ms"], 1)
    times = round(rows["room before the answer"]["p95_ms"] / rows["aira, idle"]["p95_ms"], 1)
    return {"requests": requests, "calls": calls, "rows": rows, "ratio_p95": ratio, "room_first_times_p95": times}


def server_settings(folder: Path, calls: int) -> Settings:
    """Every request is a new call of one business that never ends: limits are off, and there is room beside the calls that are on."""
    return Settings(
        aira_home=folder / "home",
        voice_agent_service_url=SERVER,
        aira_max_calls=calls + 8,
        aira_caller_calls=0,
        aira_caller_calls_per_hour=0,
        aira_business_calls=1_000_000,
        aira_business_calls_per_hour=1_000_000,
    )


def furnish(aira: Aira) -> None:
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(50), reference="benchmark")
    business = add_business(aira, "Salon", time_zone="America/New_York", hours="Mon-Fri 09:00-18:00")
    buy_number(aira, NUMBER)
    assign_number(aira, NUMBER, business=business.id)


def bare_app() -> FastAPI:
    app = FastAPI()

    @app.post(CALL)
    async def answer() -> Response:
        return Response("<Response/>", media_type="text/xml")

    return app


def rooms_app() -> FastAPI:
    """A video service that makes rooms and tokens, as far away as such services are."""
    app = FastAPI()
    chance = random.Random(1)

    @app.post("/{what}")
    async def make(what: str) -> dict[str, str]:
        await asyncio.sleep(chance.uniform(*ROOM_SECONDS))
        return {"made": what}

    return app


def room_first_app(rooms: str) -> FastAPI:
    """Room, then token, then TwiML: nothing is checked or looked up."""
    app = FastAPI()
    client = httpx.AsyncClient(base_url=rooms)

    @app.post(CALL)
    async def answer() -> Response:
        for what in ("rooms", "meeting-tokens"):
            (await client.post(f"/{what}", json={})).raise_for_status()
        return Response("<Response/>", media_type="text/xml")

    return app


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@contextmanager
def ringing(url: str, secret: str, calls: int) -> Iterator[None]:
    """Callers in a process of their own, all of them in a call before the block begins, and ringing again as long as it runs."""
    command = [sys.executable, __file__, "--calls", str(calls), "--ring", secret]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as callers:
        try:
            while active_calls(url) < calls:
                assert callers.poll() is None, "the callers gave up"
                time.sleep(0.2)
            yield
        finally:
            callers.kill()


def active_calls(url: str) -> float:
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("aira_active_calls "))


async def keep_ringing(secret: str, calls: int) -> None:
    from aira.voice.simulator import PhoneCall, Utterance
    from aira.voice.simulator.caller_voice import spoken

    utterances = [Utterance(spoken(said)) for said in SAYS]

    async def caller(number: int) -> None:
        await asyncio.sleep(0.5 * number)
        while True:
            own = f"+1202555{1000 + number}"
            await PhoneCall(SERVER, secret=secret, to_number=NUMBER, from_number=own, utterances=utterances).place()

    await asyncio.gather(*(caller(number) for number in range(calls)))


def bare_form(number: int) -> tuple[dict[str, str], dict[str, str]]:
    return {"CallSid": f"CA{number:032x}", "From": f"+1415{5550000 + number}", "To": NUMBER, "CallStatus": "ringing"}, {}


def signed_form(secret: str, row: str) -> Form:
    def form(number: int) -> tuple[dict[str, str], dict[str, str]]:
        values, _ = bare_form(number)
        values["CallSid"] = f"CA{row}{number:031x}"
        return values, {HEADER: sign(secret, SERVER + CALL, values)}

    return form


def timed(url: str, form: Form, requests: int) -> dict[str, float]:
    delays = []
    with httpx.Client(base_url=url) as client:
        for number in range(WARM_UP + requests):
            data, headers = form(number)
            started = time.perf_counter()
            response = client.post(CALL, data=data, headers=headers)
            delays.append((time.perf_counter() - started) * 1000)
            assert response.status_code == 200, response.status_code
            assert not headers or b"<Connect" in response.content, response.text
            time.sleep(PAUSE_SECONDS)
    delays = sorted(delays[WARM_UP:])
    return {
        "p50_ms": round(statistics.median(delays), 2),
        "p95_ms": round(delays[int(0.95 * len(delays))], 2),
        "max_ms": round(delays[-1], 2),
    }


def table(report: dict[str, object]) -> str:
    lines = [f"{'':24} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}"]
    rows: dict[str, dict[str, float]] = report["rows"]  # type: ignore[assignment]
    lines += [f"{name:24} {row['p50_ms']:8.2f} {row['p95_ms']:8.2f} {row['max_ms']:8.2f}" for name, row in rows.items()]
    ratios = (
        f"p95 idle is {report['ratio_p95']} times that of a bare route; with a room first it is {report['room_first_times_p95']} times ours"
    )
    return "\n".join([*lines, f"{report['requests']} requests each; {ratios}"])


if __name__ == "__main__":
    main()
