"""Can anything book one chair twice? Real processes race for the same hours by every path there is.

Paths: the SQL function, the library, a row inserted by the owner's own screen (role authenticated, source ui), the bot's tool, and
reschedules that cross each other. Durations, buffers and capacities are mixed: each business has a number of chairs of its own, and one
service is served by the first of them only. An independent query looks for overlaps. A refusal to book has the right code where the
calendar, once everybody is done, agrees with it; a refusal to move, where a model of the hours agrees and, for a conflict, no chair was
free of others all the time.

    python benchmarks/booking_race.py [--attempts 10000] [--processes 4] [--chairs 1 3 6] [--same-slot] [--json] [--database-url URL]
"""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from aira.core.app import Aira
from aira.core.appointments import book_appointment, reschedule_appointment
from aira.core.businesses import add_business
from aira.core.db import Database, execute, fetch_all, fetch_value
from aira.core.facts import business_facts
from aira.core.services import add_resource, add_service
from aira.errors import AiraError
from aira.model import Call
from aira.settings import Settings
from aira.voice.receptionist.protocol import Book, Booked
from aira.voice.tools import Tools
from booking_model import FIRST_CHAIR_ONLY, OPEN, SERVICES, wrongly_not_moved
from scratch import scratch_database

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
PATHS = ("sql", "library", "screen", "bot")
THREADS = 6
CALLER = "+12125550123"

BOOK_SQL = """
select appointment_id, code from book_appointment(%(business)s, %(start)s,
  (select id from services where business_id = %(business)s and name = %(service)s),
  p_customer_name => 'racer', p_source => 'api', p_now => %(now)s)
"""
INSERT_SQL = """
insert into appointments (business_id, service_id, start_time, source, customer_name)
values (%(business)s, (select id from services where business_id = %(business)s and name = %(service)s), %(start)s, 'ui', 'racer')
returning id
"""
BECOME_OWNER_SQL = """
select set_config('request.jwt.claims', json_build_object('sub', (select user_id from business_v2 where id = %(business)s))::text, true)
"""
OVERLAPS_SQL = """
with taken as (
  select a.id, a.resource_id, a.start_time - make_interval(mins => coalesce(s.buffer_before_minutes, 0)) as begins,
    a.end_time + make_interval(mins => coalesce(s.buffer_after_minutes, 0)) as ends
  from appointments a left join services s on s.id = a.service_id where a.status = 'confirmed')
select count(*) from taken a join taken b on a.resource_id = b.resource_id and a.id < b.id and a.begins < b.ends and b.begins < a.ends
"""
FREE_SQL = """
select is_valid, code
from validate_appointment_time(%(business)s, %(start)s, null,
  (select id from services where business_id = %(business)s and name = %(service)s), null, null, %(now)s)
"""
BOOKED_SQL = """
select a.id::text, a.business_id::text as business, s.name as service, r.name as chair, a.start_time as start
from appointments a join services s on s.id = a.service_id join resources r on r.id = a.resource_id where a.status = 'confirmed'
"""
CHAIRS = [1, 3, 6]


class StandingClock:
    def now(self) -> datetime:
        return NOW


def handle(url: str) -> Aira:
    nothing = dict.fromkeys(("carrier", "index", "embedder", "files", "mailer", "texter", "recordings"))
    return Aira(settings=Settings(), database=Database(url, connections=THREADS), clock=StandingClock(), **nothing)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--attempts", type=int, default=10_000)
    options.add_argument("--processes", type=int, default=4)
    options.add_argument("--chairs", type=int, nargs="+", default=CHAIRS, help="of each business")
    options.add_argument("--same-slot", action="store_true", help="everybody wants the same service at the same time")
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    options.add_argument("--race", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.race:
        race(json.loads(arguments.race))
        return
    with scratch_database(arguments.database_url) as url:
        report = measure(url, arguments)
    print(json.dumps(report) if arguments.json else table(report))


def measure(url: str, arguments: argparse.Namespace) -> dict:
    aira = handle(url)
    businesses = prepare(aira, arguments.chairs)
    bookings, booked_in = run(url, plans(arguments, list(businesses)))
    wrong = wrongly_refused(aira, bookings)
    overlaps = overlap_count(aira)
    with aira.database.transaction() as connection:
        booked = {one["id"]: one for one in fetch_all(connection, dict, BOOKED_SQL)}
    moves = [] if arguments.same_slot else run(url, crossing(arguments, list(booked)))[0]
    report = {
        "attempts": len(bookings),
        "processes": arguments.processes,
        "chairs": arguments.chairs,
        "booked": len(booked),
        "seconds": round(booked_in, 1),
        "codes": {path: dict(Counter(o["code"] for o in bookings if o["path"] == path)) for path in PATHS},
        "reschedules": dict(Counter(outcome["code"] for outcome in moves)),
        "wrongly_refused": wrong,
        "wrongly_not_moved": wrongly_not_moved(businesses, booked, moves),
        "overlaps": overlaps,
        "overlaps_after_reschedules": overlap_count(aira),
    }
    aira.database.close()
    return report


def prepare(aira: Aira, capacities: list[int]) -> dict[str, list[str]]:
    """The names of the chairs of each business."""
    with aira.database.transaction() as connection:
        execute(connection, "insert into auth.users (email) values ('race@example.com')")
    businesses = {}
    for number, capacity in enumerate(capacities):
        hours = "Mon-Fri " + ",".join(f"{opens:02}:00-{closes}:00" for opens, closes in OPEN)
        business = add_business(aira, f"Race {number}", time_zone="UTC", hours=hours)
        chairs = [add_resource(aira, f"chair {chair}", business=business.id).name for chair in range(capacity)]
        for name, (minutes, before, after) in SERVICES.items():
            add_service(
                aira,
                name,
                business=business.id,
                minutes=minutes,
                buffer_before=before,
                buffer_after=after,
                resources=chairs[:1] if name == FIRST_CHAIR_ONLY else (),
            )
        businesses[str(business.id)] = chairs
    return businesses


def plans(arguments: argparse.Namespace, businesses: list[str]) -> list[dict]:
    """One plan a process: who tries to book what, when, by which path."""
    chance = random.Random(7)
    attempts = []
    for number in range(arguments.attempts):
        start = NOW.replace(hour=14) + timedelta(days=1)
        if not arguments.same_slot:
            start = NOW.replace(hour=0) + timedelta(days=chance.randrange(1, 8), minutes=5 * chance.randrange(8 * 12, 18 * 12))
        service = "Haircut" if arguments.same_slot else chance.choice(list(SERVICES))
        business = chance.choice(businesses)
        attempts.append({"path": PATHS[number % len(PATHS)], "start": start.isoformat(), "service": service, "business": business})
    return [{"attempts": attempts[process :: arguments.processes]} for process in range(arguments.processes)]


def crossing(arguments: argparse.Namespace, booked: list[str]) -> list[dict]:
    """Everybody moves appointments into hours that others move theirs out of, some into none."""
    chance = random.Random(11)
    attempts = []
    for _ in range(min(2000, arguments.attempts // 4)):
        start = NOW.replace(hour=9) + timedelta(days=chance.randrange(1, 15), minutes=15 * chance.randrange(0, 32))
        attempts.append({"path": "move", "start": start.isoformat(), "id": chance.choice(booked)})
    return [{"attempts": attempts[process :: arguments.processes]} for process in range(arguments.processes)]


def run(url: str, plans: list[dict]) -> tuple[list[dict], float]:
    """Start one process a plan and let all begin at once; what became of each attempt, and how many seconds it took."""
    command = [sys.executable, __file__, "--race"]
    racers = [
        subprocess.Popen([*command, json.dumps({"url": url})], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in plans
    ]
    for racer, plan in zip(racers, plans, strict=True):
        racer.stdin.write(json.dumps(plan) + "\n")
        racer.stdin.flush()
    for racer in racers:
        racer.stdout.readline()
    began = time.perf_counter()
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    outcomes = [json.loads(racer.communicate()[0]) for racer in racers]
    return [outcome for part in outcomes for outcome in part], time.perf_counter() - began


def race(where: dict) -> None:
    """A process of its own: read the plan, say ready, wait for the start, try."""
    aira = handle(where["url"])
    plan = json.loads(sys.stdin.readline())
    fetch(aira, "select 1", {})
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(lambda attempt: {**attempt, **tried(aira, attempt)}, plan["attempts"]))
    print(json.dumps(outcomes), flush=True)
    aira.database.close()


def tried(aira: Aira, attempt: dict) -> dict:
    try:
        if attempt["path"] == "move":
            moved = reschedule_appointment(aira, attempt["id"], start=datetime.fromisoformat(attempt["start"]))
            return {"chair": moved.resource, "code": "ok"}
        return {"id": attempt_id(aira, attempt), "code": "ok"}
    except AiraError as error:
        return {"code": error.reason}


def attempt_id(aira: Aira, attempt: dict) -> str:
    start = datetime.fromisoformat(attempt["start"])
    if attempt["path"] == "library":
        return str(book_appointment(aira, business=attempt["business"], start=start, service=attempt["service"], customer_name="racer").id)
    if attempt["path"] == "bot":
        return asked_of_bot(aira, attempt)
    if attempt["path"] == "sql":
        booked = fetch(aira, BOOK_SQL, {**attempt, "now": NOW})
        if booked["code"] != "ok":
            raise AiraError(code=booked["code"])
        return str(booked["appointment_id"])
    with aira.database.transaction() as connection:
        fetch_value(connection, BECOME_OWNER_SQL, attempt)
        execute(connection, "set local role authenticated")
        return str(fetch_value(connection, INSERT_SQL, attempt))


def asked_of_bot(aira: Aira, attempt: dict) -> str:
    """Book by the tool that a mind has during a call, a call of its own each time."""
    unset = {field.name: None for field in fields(Call)}
    business_id = UUID(attempt["business"])
    call = Call(**unset | {"id": uuid4(), "call_sid": f"CA{uuid4().hex}", "business_id": business_id, "from_number": CALLER})
    request = Book(attempt["service"], datetime.fromisoformat(attempt["start"]), name="racer", phone=None)
    result = asyncio.run(Tools(aira, call, business_facts(aira, business_id)).run(request))
    if isinstance(result, Booked):
        return result.appointment.id
    raise AiraError(code=result.code)


def fetch(aira: Aira, statement: str, values: dict) -> dict:
    with aira.database.transaction() as connection:
        return fetch_all(connection, dict, statement, values)[0]


def wrongly_refused(aira: Aira, outcomes: list[dict]) -> int:
    """Refusals that the final calendar does not agree with. Nothing was cancelled meanwhile, so what was taken still is."""
    wrong = 0
    for outcome in outcomes:
        if outcome["code"] == "ok":
            continue
        verdict = fetch(aira, FREE_SQL, {**outcome, "now": NOW})
        code = "conflict" if outcome["path"] == "screen" and not verdict["is_valid"] else verdict["code"]
        wrong += outcome["code"] != code
    return wrong


def overlap_count(aira: Aira) -> int:
    return fetch(aira, f"select ({OVERLAPS_SQL}) as overlaps", {})["overlaps"]


def table(report: dict) -> str:
    chairs = " and ".join(map(str, report["chairs"]))
    lines = [
        f"{report['attempts']} attempts from {report['processes']} processes for {chairs} chairs in {report['seconds']} s",
        f"{'booked':28}{report['booked']:>8}",
    ]
    for path, codes in report["codes"].items():
        lines += [f"{path + ': ' + code:28}{count:>8}" for code, count in sorted(codes.items())]
    lines += [f"{'reschedule: ' + code:28}{count:>8}" for code, count in sorted(report["reschedules"].items())]
    zeros = ("wrongly_refused", "wrongly_not_moved", "overlaps", "overlaps_after_reschedules")
    lines += [f"{name.replace('_', ' '):28}{report[name]:>8}" for name in zeros]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
