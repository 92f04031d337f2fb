"""How long does the carrier wait for TwiML? Signature, look-up of the business, a new call with its journal and token, all of it.

Each request is a new call over a kept-alive connection. The yardstick, in the same process, is a FastAPI route that returns a constant.

    python benchmarks/webhook.py [--requests 500] [--json] [--database-url URL]
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import httpx
import uvicorn
from fastapi import FastAPI, Response

from aira.core.app import Aira, wire
from aira.core.businesses import add_business
from aira.core.db import Database
from aira.core.numbers import assign_number
from aira.core.owners import add_owner
from aira.core.purchases import buy_number
from aira.core.wallet import top_up
from aira.settings import Settings
from aira.voice.server import VoiceServer
from aira.voice.signatures import HEADER, public_url, sign
from aira.voice.switchboard import Switchboard
from aira.voice.webhooks import CALL
from scratch import scratch_database

NUMBER = "+14155550123"
WARM_UP = 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=500)
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url:
        report = measure(url, arguments.requests)
    print(json.dumps(report) if arguments.json else table(report))


def measure(url: str, requests: int) -> dict[str, object]:
    with scene(url) as aira:
        server = VoiceServer(Switchboard(aira, secret="s3cret"), host="127.0.0.1", port=0)
        bare = uvicorn.Server(uvicorn.Config(bare_app(), host="127.0.0.1", port=0, log_config=None))
        with listening(server) as ours, listening(bare) as theirs:
            while not server.switchboard.warm:
                time.sleep(0.05)
            rows = {"bare route": timed(theirs, bare_form, requests), "aira": timed(ours, signed_form(server.switchboard), requests)}
    return {"requests": requests, "rows": rows, "ratio_p95": round(rows["aira"]["p95_ms"] / rows["bare route"]["p95_ms"], 1)}


@contextmanager
def scene(url: str) -> Iterator[Aira]:
    database = Database(url)
    aira = wire(Settings(), database)
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(50), reference="benchmark")
    business = add_business(aira, "Salon", time_zone="America/New_York", hours="Mon-Fri 09:00-18:00")
    buy_number(aira, NUMBER)
    assign_number(aira, NUMBER, business=business.id)
    yield aira
    database.close()


def bare_app() -> FastAPI:
    app = FastAPI()

    @app.post(CALL)
    async def answer() -> Response:
        return Response("<Response/>", media_type="text/xml")

    return app


@contextmanager
def listening(server: uvicorn.Server) -> Iterator[str]:
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def bare_form(number: int) -> tuple[dict[str, str], dict[str, str]]:
    return {"CallSid": f"CA{number:032x}", "From": "+14155550177", "To": NUMBER, "CallStatus": "ringing"}, {}


def signed_form(switchboard: Switchboard) -> Callable[[int], tuple[dict[str, str], dict[str, str]]]:
    def form(number: int) -> tuple[dict[str, str], dict[str, str]]:
        values, _ = bare_form(number)
        return values, {HEADER: sign(switchboard.secret, public_url(switchboard.aira.settings, CALL), values)}

    return form


def timed(url: str, form: Callable[[int], tuple[dict[str, str], dict[str, str]]], requests: int) -> dict[str, float]:
    delays = []
    with httpx.Client(base_url=url) as client:
        for number in range(WARM_UP + requests):
            data, headers = form(number)
            started = time.perf_counter()
            response = client.post(CALL, data=data, headers=headers)
            delays.append((time.perf_counter() - started) * 1000)
            assert response.status_code == 200, response.status_code
    delays = sorted(delays[WARM_UP:])
    return {
        "p50_ms": round(statistics.median(delays), 2),
        "p95_ms": round(delays[int(0.95 * len(delays))], 2),
        "max_ms": round(delays[-1], 2),
    }


def table(report: dict[str, object]) -> str:
    lines = [f"{'':12} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8}"]
    rows: dict[str, dict[str, float]] = report["rows"]  # type: ignore[assignment]
    lines += [f"{name:12} {row['p50_ms']:8.2f} {row['p95_ms']:8.2f} {row['max_ms']:8.2f}" for name, row in rows.items()]
    return "\n".join([*lines, f"{report['requests']} requests each; p95 is {report['ratio_p95']} times that of a bare route"])


if __name__ == "__main__":
    main()
