"""What booking by rules costs, beside a bare INSERT under the same exclusion constraint in the same run.

validate    validate_appointment_time() on a calendar that is full for three months
slots       available_slots() for the next three times, which lie behind these three months
insert      INSERT into a table with the same columns, indexes and exclusion constraint, and nothing else: the yardstick
book        book_appointment(): hours, notice, horizon, resource, buffers, idempotency; nobody to be told
insert_all  INSERT of the rows that `announce` leaves, into tables with the same columns, indexes and constraints, and of the job, in one
            statement: the yardstick of the same rows
announce    book_appointment() for a customer and an owner with an e-mail address: confirmation, notice and two reminders, and the job that
            sends them, in the same transaction

The first two are timed one after the other, the others by eight connections at once, each on a business of its own.

    python benchmarks/booking.py [--bookings 1600] [--json] [--database-url URL]
"""

import argparse
import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

import psycopg

from scratch import scratch_database

NOW = datetime(2026, 11, 23, 0, tzinfo=UTC)
EIGHT = range(8)
ROUNDS = 5
WARM_UP = 10
"""Bookings by which a connection plans its statements, as the connections of a pool have."""
MAIL = "ann@customer.example"
FULL_DAYS = 90

SETUP_SQL = """
create table bare_insert (like appointments including all);
create table bare_messages (like notifications including all)
"""
BUSINESS_SQL = """
with business as (
  insert into business_v2 (name, time_zone, email, max_advance_days) values (%(name)s, 'Europe/Berlin', %(email)s, 730) returning id),
hours as (
  insert into business_hours (business_id, weekday, opens, closes)
  select id, day, opens, closes
  from business, generate_series(1, 7) day, (values (time '08:00', time '12:00'), ('13:00', '20:00')) h (opens, closes)),
service as (
  insert into services (business_id, name, duration_minutes) select id, 'Cut', 30 from business)
select id::text from business
"""
FILL_SQL = """
insert into appointments (business_id, start_time, end_time, source)
select %(business)s, t, t + interval '30 minutes', 'import'
from business_open_spans(%(business)s, %(first)s, %(last)s) o,
  generate_series(lower(o.open_range), upper(o.open_range) - interval '30 minutes', interval '30 minutes') t
"""
VALIDATE_SQL = "select code from validate_appointment_time(%(business)s, %(start)s, null, %(service)s, p_now => %(now)s)"
SLOTS_SQL = "select * from available_slots(%(business)s, %(now)s, %(end)s, %(service)s, 3, p_now => %(now)s)"
BOOK_SQL = """
select code from book_appointment(%(business)s, %(start)s, %(service)s, p_customer_name => 'Ann', p_customer_email => %(email)s,
  p_source => 'voice_agent', p_external_id => %(call)s, p_now => %(now)s)
"""
INSERT_SQL = """
insert into bare_insert (business_id, resource_id, customer_name, start_time, end_time, blocked, source, external_id)
values (%(business)s, %(resource)s, 'Ann', %(start)s, %(end)s, tstzrange(%(start)s, %(end)s), 'voice_agent', %(call)s)
"""
INSERT_ALL_SQL = """
with booked as (
  insert into bare_insert (business_id, resource_id, customer_name, customer_email, start_time, end_time, blocked, source, external_id)
  values (%(business)s, %(resource)s, 'Ann', %(email)s, %(start)s, %(end)s, tstzrange(%(start)s, %(end)s), 'voice_agent', %(call)s)
  returning *),
told as (
  insert into bare_messages (business_id, appointment_id, channel, template, recipient, payload, dedupe_key, send_after, expires_at)
  select b.business_id, b.id, 'email', m.template, b.customer_email, m.payload,
    'appointment:' || b.id || ':0:' || m.template || ':email' || m.place, b.start_time - m.before, b.start_time
  from booked b, (values
    ('appointment_confirmed', '', interval '10 days', %(payload)s::jsonb), ('owner_new_booking', '', '10 days', %(payload)s),
    ('appointment_reminder', ':1440', '1 day', %(payload)s), ('appointment_reminder', ':120', '2 hours', %(payload)s)
  ) m (template, place, before, payload))
insert into jobs.procrastinate_jobs (task_name, queue_name, lock, queueing_lock, args)
select 'aira.none', 'benchmark', 'bare:' || id, 'bare:' || id, jsonb_build_object('appointment_id', id) from booked
"""
PAYLOAD = (
    '{"start_time": "2026-11-24T09:00:00+00:00", "end_time": "2026-11-24T09:30:00+00:00", "sequence": 0, "customer_name": "Ann", '
    '"customer_phone": null, "notes": null, "source": "voice_agent", "service": "Cut", "minutes_before": 1440}'
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bookings", type=int, default=1600, help="how many, over all connections")
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url:
        rows = measure(url, arguments.bookings)
    print(json.dumps({"rows": rows}) if arguments.json else table(rows))


def measure(url: str, bookings: int) -> list[dict]:
    with ExitStack() as stack:
        connection = stack.enter_context(connected(url))
        connection.execute(SETUP_SQL)
        full = new_business(connection, "full")
        connection.execute(FILL_SQL, {"business": full["business"], "first": NOW.date(), "last": NOW.date() + timedelta(days=FULL_DAYS)})
        connection.execute("analyze")
        validate = alone(connection, VALIDATE_SQL, [full | {"start": start} for start in starts(300)])
        slots = alone(connection, SLOTS_SQL, [full | {"end": NOW + timedelta(days=120)}] * 100)
        paths = {"insert": (INSERT_SQL, None), "book": (BOOK_SQL, None), "insert_all": (INSERT_ALL_SQL, MAIL), "announce": (BOOK_SQL, MAIL)}
        desks = {
            path: [
                Desk(stack.enter_context(connected(url)), statement, new_business(connection, f"{path} {n}", email=email)) for n in EIGHT
            ]
            for path, (statement, email) in paths.items()
        }
        each = bookings // len(EIGHT) // ROUNDS
        together([desk for path in desks.values() for desk in path], skip=0, each=WARM_UP)
        rounds: dict[str, list] = {path: [] for path in desks}
        for turn in range(ROUNDS):  # by turns, so that a machine that slows down slows all of them
            for path, eight in desks.items():
                rounds[path].append(together(eight, skip=WARM_UP + turn * each, each=each))
        rows = [row("validate", validate), row("slots", slots)]
        for path, runs in rounds.items():
            times = [one for milliseconds, _ in runs for one in milliseconds]
            rows.append(row(path, times, connections=len(EIGHT), seconds=sum(seconds for _, seconds in runs)))
    return with_ratios(rows)


def with_ratios(rows: list[dict]) -> list[dict]:
    speed = {one["path"]: one["per_second"] for one in rows}
    same_rows = {"book": "insert", "announce": "insert_all"}
    return [
        one
        | {"ratio_to_insert": round(one["per_second"] / speed["insert"], 2) if one["connections"] > 1 else None}
        | {"ratio_to_same_rows": round(one["per_second"] / speed[same_rows[one["path"]]], 2) if one["path"] in same_rows else None}
        for one in rows
    ]


@dataclass(frozen=True)
class Desk:
    """A connection that books for one business."""

    connection: psycopg.Connection
    statement: str
    business: dict

    def book(self, start: datetime) -> None:
        values = self.business | {"start": start, "end": start + timedelta(minutes=30), "call": f"CA{start:%Y%m%d%H%M}"}
        cursor = self.connection.execute(self.statement, values)
        assert cursor.description is None or cursor.fetchone()[0] == "ok"


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True, options="-c search_path=public,extensions -c timezone=UTC")


def new_business(connection: psycopg.Connection, name: str, *, email: str | None = None) -> dict:
    business = connection.execute(BUSINESS_SQL, {"name": name, "email": email}).fetchone()[0]
    found = connection.execute(
        "select r.id::text, s.id::text from resources r join services s using (business_id) where business_id = %s", [business]
    ).fetchone()
    return {"business": business, "resource": found[0], "service": found[1], "email": email, "payload": PAYLOAD, "now": NOW}


def starts(count: int, *, skip: int = 0) -> list[datetime]:
    """Half hours within the opening hours, day after day, after the full months."""
    hours = [timedelta(hours=7, minutes=30 * half) for half in range(8)] + [timedelta(hours=12, minutes=30 * half) for half in range(14)]
    return [NOW + timedelta(days=1 + number // len(hours)) + hours[number % len(hours)] for number in range(skip, skip + count)]


def alone(connection: psycopg.Connection, statement: str, calls: list[dict]) -> list[float]:
    connection.execute(statement, calls[0]).fetchall()
    return [timed(lambda call=call: connection.execute(statement, call).fetchall()) for call in calls]


def together(desks: list[Desk], *, skip: int, each: int) -> tuple[list[float], float]:
    """All desks book at once: what each booking took, in milliseconds, and all of them together, in seconds."""
    times: list[float] = []
    ready = threading.Barrier(len(desks) + 1)

    def work(desk: Desk) -> None:
        ready.wait()
        times.extend([timed(lambda start=start: desk.book(start)) for start in starts(each, skip=skip)])

    threads = [threading.Thread(target=work, args=[desk]) for desk in desks]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return times, time.perf_counter() - began


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def row(path: str, milliseconds: list[float], *, connections: int = 1, seconds: float | None = None) -> dict:
    seconds = seconds or sum(milliseconds) / 1000
    return {
        "path": path,
        "connections": connections,
        "p50_ms": round(median(milliseconds), 2),
        "p95_ms": round(quantiles(milliseconds, n=20)[-1], 2),
        "per_second": round(len(milliseconds) / seconds, 1),
    }


def table(rows: list[dict]) -> str:
    lines = [f"{'path':11}{'connections':>12}{'p50 ms':>9}{'p95 ms':>9}{'a second':>10}{'of insert':>11}{'of the same rows':>18}"]
    for one in rows:
        ratios = ["" if one[name] is None else f"{one[name]:.2f}" for name in ("ratio_to_insert", "ratio_to_same_rows")]
        lines.append(
            f"{one['path']:11}{one['connections']:>12}{one['p50_ms']:>9}{one['p95_ms']:>9}{one['per_second']:>10}{ratios[0]:>11}{ratios[1]:>18}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
