"""How fast is a billing run, and does it stay as fast with more numbers?

The yardstick is what the disk allows: a bare loop of INSERT and UPDATE on two plain tables in the same database, one transaction
each, on one connection. A run works on four wallets at once; for each number it writes a charge, a ledger row with its hash, the
wallet, the number, a receipt, and its own report.

    python benchmarks/billing.py [--sizes 1000,10000] [--json] [--data URL]
"""

import argparse
import json
import statistics
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import psycopg

from aira.core.app import Aira
from aira.core.db import Database, execute, fetch_value
from aira.core.renewals import run_billing
from aira.core.wallet import verify_wallet
from aira.ports import CarrierBalance
from aira.settings import Settings
from scratch import scratch_database

DUE = datetime(2026, 12, 23, 3, tzinfo=UTC)
NUMBERS_A_WALLET = 10
YARDSTICK_TRANSACTIONS = 1000

OWNERS_SQL = "insert into auth.users (email) select 'owner' || n || '@example.com' from generate_series(1, %(wallets)s) n"
WALLETS_SQL = (
    "insert into wallets (user_id) select id from auth.users where not exists (select from wallets w where w.user_id = auth.users.id)"
)
MONEY_SQL = "select count(*) from wallets w, wallet_post(w.id, 'credit', 'cash', 1000, 'Top-up', 'top-up:first', 'bench') where w.seq = 0"
NUMBERS_SQL = """
insert into business_numbers (id, wallet_id, phone_number, provider, provider_sid, friendly_name, status, idempotency_key, monthly_cost,
  billing_anchor, periods_charged, next_billing_date, purchased_at)
select gen_random_uuid(), w.id, '+1415' || lpad(row_number() over ()::text, 7, '0'), 'simulated', gen_random_uuid()::text, 'aira:bench',
  'active', gen_random_uuid()::text, 1.15, '2026-11-23', 1, '2026-12-23', '2026-11-23 12:00Z'
from wallets w, generate_series(1, %(each)s) n
"""
YARDSTICK_DDL = """
create table bench_charges (id bigint generated always as identity primary key, number_id uuid not null, amount numeric(14,4) not null);
create table bench_wallets (id int primary key, balance numeric(14,4) not null check (balance >= 0));
insert into bench_wallets select n, 1000000 from generate_series(1, 100) n
"""


class StandingClock:
    def now(self) -> datetime:
        return DUE


class IdleCarrier:
    """Nothing is bought or released here."""

    provider = "simulated"
    account = SimpleNamespace(sid="AC0", balance=lambda: CarrierBalance(amount=0, currency="USD", simulated=True))


def handle(database: Database) -> Aira:
    nothing = dict.fromkeys(("index", "embedder", "files", "mailer", "texter", "recordings"))
    return Aira(settings=Settings(), database=database, carrier=IdleCarrier(), clock=StandingClock(), **nothing)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", default="1000,10000,50000", help="how many numbers are due, comma-separated")
    options.add_argument("--data", help="URL of a migrated, empty database, for one size; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    rows = [measured(int(size), arguments.data) for size in arguments.sizes.split(",")]
    if arguments.json:
        print(json.dumps({"rows": rows}))
        return
    print(f"{'numbers':>8} {'charges/s':>10} {'ms each':>8} {'bare/s':>8} {'ratio':>6}")
    for row in rows:
        print("{numbers:>8} {charges_per_second:>10.0f} {ms_each:>8.2f} {bare_per_second:>8.0f} {ratio:>6.2f}".format_map(row))


def measured(numbers: int, server: str | None) -> dict[str, float]:
    """Bare transactions before and after the run, as other work on the machine comes and goes."""
    with scratch_database(server) as url:
        database = Database(url, statement_timeout=600)
        prepare(database, numbers)
        before = bare_transactions(url)
        begun = time.perf_counter()
        run = run_billing(handle(database))
        seconds = time.perf_counter() - begun
        bare = statistics.mean([before, bare_transactions(url)])
        assert run.charged == numbers
        assert verify_wallet(handle(database)).problems == []
        database.close()
    rate = numbers / seconds
    return {"numbers": numbers, "charges_per_second": rate, "ms_each": 1000 / rate, "bare_per_second": bare, "ratio": rate / bare}


def prepare(database: Database, numbers: int) -> None:
    with database.transaction() as connection:
        execute(connection, OWNERS_SQL, {"wallets": numbers // NUMBERS_A_WALLET})
        execute(connection, WALLETS_SQL)
        fetch_value(connection, MONEY_SQL)
        execute(connection, NUMBERS_SQL, {"each": NUMBERS_A_WALLET})
        connection.execute(YARDSTICK_DDL)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def bare_transactions(url: str) -> float:
    """INSERT, UPDATE, COMMIT, as fast as one connection goes; transactions a second."""
    number = UUID(int=1)
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        for n in range(YARDSTICK_TRANSACTIONS):
            connection.execute("insert into bench_charges (number_id, amount) values (%s, 1.15)", [number])
            connection.execute("update bench_wallets set balance = balance - 1.15 where id = %s", [n % 100 + 1])
            connection.commit()
        return YARDSTICK_TRANSACTIONS / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
