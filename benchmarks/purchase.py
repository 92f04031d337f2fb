"""How much of a purchase is ours? The time outside the carrier's methods, beside the time inside them.

The yardstick is what the disk allows: the same number of commits with one plain INSERT or UPDATE each, in the same database.
The carriers are the simulated one and Twilio's SDK against a server on this machine that answers at once, so the carrier's
time here is the cost of our own half of it; over the internet it is that plus three round trips.

    python benchmarks/purchase.py [--purchases 200] [--json] [--data URL]
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import psycopg

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.adapters.system_clock import SystemClock
from aira.adapters.twilio import TwilioCarrier
from aira.core import add_owner, buy_number, top_up, verify_wallet
from aira.core.app import Aira
from aira.core.db import Database
from aira.ports import Carrier, CarrierAccount, CarrierNumber, Webhooks
from aira.settings import Settings
from scratch import scratch_database

sys.path.append(str(Path(__file__).parents[1] / "tests"))

AREA_CODES = ("415", "510", "212")


@dataclass
class TimedCarrier:
    """Counts the seconds spent in another carrier's methods."""

    carrier: Carrier
    seconds: float = 0

    def __post_init__(self) -> None:
        self.provider = self.carrier.provider
        self.public_webhooks = self.carrier.public_webhooks

    @property
    def account(self) -> CarrierAccount:
        return self.carrier.account

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        with self._counted():
            return self.carrier.find(phone_number=phone_number, tag=tag)

    def buy(self, phone_number: str, *, tag: str, webhooks: Webhooks, **papers: str | None) -> CarrierNumber:
        with self._counted():
            return self.carrier.buy(phone_number, tag=tag, webhooks=webhooks, **papers)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - begun


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--purchases", type=int, default=200, help="how many numbers are bought from each carrier, at most 300")
    options.add_argument("--data", help="URL of a migrated database to use; default: an embedded one")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.data) as url:
        bare = bare_milliseconds(url)
        rows = [measured(url, kind, arguments.purchases, bare) for kind in ("simulated", "twilio")]
    if arguments.json:
        print(json.dumps({"bare_ms": bare, "rows": rows}))
        return
    print(f"{'carrier':<10} {'purchases':>9} {'ours ms':>8} {'carrier ms':>11} {'bare ms':>8} {'ratio':>6}")
    for row in rows:
        ours, theirs = f"{row['ours_ms']:.2f}", f"{row['carrier_ms']:.2f}"
        print(f"{row['carrier']:<10} {row['purchases']:>9} {ours:>8} {theirs:>11} {bare:>8.2f} {row['ratio']:>6.2f}")


def measured(url: str, kind: str, purchases: int, bare: float) -> dict[str, object]:
    from twilio_api import ACCOUNT_SID, AUTH_TOKEN
    from twilio_server import TwilioServer

    with TwilioServer() as server:
        settings = Settings(twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_api_url=server.url)
        carrier = TimedCarrier(TwilioCarrier(settings) if kind == "twilio" else SimulatedCarrier(url))
        database = Database(url)
        nothing = dict.fromkeys(("index", "embedder", "files", "mailer", "texter", "recordings"))
        aira = Aira(settings=settings, database=database, carrier=carrier, clock=SystemClock(), **nothing)
        add_owner(aira, f"{kind}@example.com")
        top_up(aira, Decimal(10_000), reference="bench", owner=f"{kind}@example.com")
        ours, theirs = zip(*(one_purchase(aira, carrier, kind, number) for number in numbers_of(kind, purchases)), strict=True)
        assert verify_wallet(aira).problems == []
        database.close()
    ours_ms = statistics.median(ours[1:])
    return {
        "carrier": kind,
        "purchases": purchases,
        "ours_ms": ours_ms,
        "carrier_ms": statistics.median(theirs[1:]),
        "ratio": ours_ms / bare,
    }


def one_purchase(aira: Aira, carrier: TimedCarrier, kind: str, number: str) -> tuple[float, float]:
    """Milliseconds outside and inside the carrier."""
    before, begun = carrier.seconds, time.perf_counter()
    assert buy_number(aira, number, owner=f"{kind}@example.com").is_active
    inside = carrier.seconds - before
    return (time.perf_counter() - begun - inside) * 1000, inside * 1000


def numbers_of(kind: str, purchases: int) -> list[str]:
    """Numbers that the carrier has and the other one is not asked for."""
    areas = AREA_CODES if kind == "twilio" else ("206", "303", "617")
    return [f"+1{area}55501{index:02}" for area in areas for index in range(100)][:purchases]


def bare_milliseconds(url: str, rounds: int = 300) -> float:
    """What as many commits as a purchase makes cost with one plain statement each."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table bench_intents (id int primary key, state text not null)")
        taken = []
        for round_ in range(rounds):
            begun = time.perf_counter()
            connection.execute("insert into bench_intents values (%s, 'open')", [round_])
            connection.execute("update bench_intents set state = 'done' where id = %s", [round_])
            taken.append((time.perf_counter() - begun) * 1000)
        connection.execute("drop table bench_intents")
    return statistics.median(taken)


if __name__ == "__main__":
    main()
