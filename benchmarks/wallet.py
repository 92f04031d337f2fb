"""How fast are postings? Beside a bare update-and-insert in one statement, the least that a balance with a history can cost.

A posting locks the wallet, looks its key up, checks the funds, hashes and writes; the yardstick only writes. Both commit each time.

    python benchmarks/wallet.py [--postings 2000] [--connections 1,8] [--json] [--data URL]
"""

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg

from aira.core.db import Database, execute, fetch_values
from aira.core.wallet import verify_wallet
from billing import handle
from scratch import scratch_database

SCENE_SQL = "insert into auth.users (email) select 'owner' || n || '@example.com' from generate_series(1, 100) n"
WALLETS_SQL = "insert into wallets (user_id) select id from auth.users returning id"
POST_SQL = "select wallet_post(%s, 'credit', 'cash', 1, 'Top-up', %s, 'bench')"
YARDSTICK_DDL = """
create table bench_wallets (id uuid primary key, balance numeric(14,4) not null check (balance >= 0));
insert into bench_wallets select id, 0 from wallets;
create table bench_entries (id bigint generated always as identity primary key, wallet_id uuid not null, key text not null,
  amount numeric(14,4) not null, balance_after numeric(14,4) not null, unique (wallet_id, key))
"""
BARE_SQL = """
with moved as (update bench_wallets set balance = balance + 1 where id = %s returning id, balance)
insert into bench_entries (wallet_id, key, amount, balance_after) select id, %s, 1, balance from moved
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--postings", type=int, default=2000)
    options.add_argument("--connections", default="1,8", help="how many at once, comma-separated")
    options.add_argument("--data", help="URL of a migrated, empty database; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.data) as url:
        database = Database(url)
        with database.transaction() as connection:
            execute(connection, SCENE_SQL)
            wallets = fetch_values(connection, WALLETS_SQL)
            connection.execute(YARDSTICK_DDL)
        rows = []
        for connections in map(int, arguments.connections.split(",")):
            for name, chosen in (("one wallet", wallets[:1]), ("100 wallets", wallets)):
                rows.append(measured(url, name, chosen, connections, arguments.postings))
        assert verify_wallet(handle(database)).problems == []
        database.close()
    if arguments.json:
        print(json.dumps({"rows": rows}))
        return
    print(f"{'connections':>11} {'wallets':>12} {'postings/s':>11} {'bare/s':>8} {'ratio':>6}")
    for row in rows:
        print("{connections:>11} {wallets:>12} {postings_per_second:>11.0f} {bare_per_second:>8.0f} {ratio:>6.2f}".format_map(row))


def measured(url: str, name: str, wallets: list, connections: int, count: int) -> dict[str, object]:
    """Half of the yardstick before and half after, as other work on the machine comes and goes."""
    before = rate(url, BARE_SQL, wallets, connections, count // 2, "before")
    ours = rate(url, POST_SQL, wallets, connections, count, "ours")
    bare = (before + rate(url, BARE_SQL, wallets, connections, count // 2, "after")) / 2
    return {"connections": connections, "wallets": name, "postings_per_second": ours, "bare_per_second": bare, "ratio": ours / bare}


def rate(url: str, statement: str, wallets: list, connections: int, count: int, label: str) -> float:
    """Transactions a second of so many connections at once."""

    def work(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for n in range(count // connections):
                connection.execute(
                    statement, [wallets[(number + n * connections) % len(wallets)], f"{label}-{connections}-{len(wallets)}-{number}-{n}"]
                )

    return timed(lambda: all_of(connections, work), count)


def all_of(connections: int, work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(work, range(connections)))


def timed(work: Callable[[], None], count: int) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
