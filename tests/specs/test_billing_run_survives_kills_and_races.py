"""Billing runs may race and may be killed at any moment: the books come out the same."""

import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from aira.core import run_billing, verify_wallet
from aira.core.app import Aira
from aira.core.db import execute, fetch_value, fetch_values
from aira.core.renewals import _LOCK_KEY
from aira.errors import DatabaseError
from doubles import FrozenClock
from rentals import charges, funded_wallet, letters, rent_number, run_sql

TESTS = Path(__file__).parents[1]


def start_run(aira: Aira) -> subprocess.Popen[str]:
    """A billing run in a process of its own, at the handle's time."""
    command = [sys.executable, str(TESTS / "billing_process.py"), aira.database.url, aira.clock.now().isoformat()]
    return subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)


def rent_many(aira: Aira, count: int) -> list[UUID]:
    """Numbers in three wallets that can pay for years."""
    wallets = [funded_wallet(aira, "10000", email=f"owner{n}@example.com") for n in range(3)]
    return [rent_number(aira, wallets[n % 3], f"+1415600{n:04}") for n in range(count)]


def assert_each_period_paid_once(aira: Aira, numbers: int, periods: int) -> None:
    """Every number has paid so many periods, once each, to the cent, and the books agree."""
    paid = Counter(row.phone_number for row in charges(aira) if row.status == "paid")
    spent = run_sql(aira, "select 30000 - sum(balance) from public.wallets")
    assert set(paid.values()) == {periods}
    assert len(paid) == numbers
    assert spent == Decimal("1.15") * numbers * periods
    assert letters(aira).count("receipt") == numbers * periods
    assert verify_wallet(aira).problems == []


def test_three_runs_at_once_charge_each_period_once(aira: Aira, clock: FrozenClock) -> None:
    """Three processes, one of which does the work while the others say so or find nothing left."""
    rent_many(aira, 60)
    clock.move(days=62)

    running = [start_run(aira) for _ in range(3)]
    said = [process.communicate()[0].strip() for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert said.count("60 charged") == 1
    assert_each_period_paid_once(aira, 60, 3)


def test_a_run_beside_another_does_nothing(aira: Aira, clock: FrozenClock) -> None:
    """Whoever finds the lock taken says so and leaves no trace."""
    rent_many(aira, 3)
    clock.move(days=31)

    with aira.database.transaction() as connection:
        execute(connection, "select pg_advisory_xact_lock(%(key)s)", {"key": _LOCK_KEY})
        run = run_billing(aira)

    assert (run.already_running, run.charged, run.id) == (True, 0, None)
    assert run_sql(aira, "select count(*) from public.billing_runs") == 0


_SNAPSHOT_SQL = """
select a.backend_xmin::text from pg_stat_activity a join pg_locks l on l.pid = a.pid
where l.locktype = 'advisory' and l.objid = %(key)s and a.datname = current_database()
"""


def test_a_run_holds_back_no_cleaning_up(aira: Aira, clock: FrozenClock) -> None:
    """However long it takes, dead rows of the whole database can be removed meanwhile: the lock of the run keeps no snapshot."""
    rent_many(aira, 3)
    clock.move(days=31)
    seen: list[object] = []

    def look() -> bool:
        with aira.database.transaction() as connection:
            seen.extend(fetch_values(connection, _SNAPSHOT_SQL, {"key": _LOCK_KEY}))
        return False

    run_billing(aira, stop=look)

    assert seen
    assert set(seen) == {None}


def test_racers_without_any_lock_charge_each_period_once(aira: Aira, clock: FrozenClock) -> None:
    """The database alone keeps a period from being paid twice: six connections charge the same numbers at once."""
    numbers = rent_many(aira, 40)
    clock.move(days=62)

    def charge_all(seed: int) -> None:
        mine = random.Random(seed).sample(numbers, len(numbers))
        for number_id in mine:
            with aira.database.transaction() as connection:
                fetch_value(
                    connection, "select billing_charge_number(%(id)s, p_now => %(now)s) is null", {"id": number_id, "now": clock.now()}
                )

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(charge_all, range(6)))

    assert_each_period_paid_once(aira, 40, 3)


def test_killed_runs_are_finished_by_the_next(aira: Aira, clock: FrozenClock) -> None:
    """SIGKILL at ten random points of the work, then one whole run: nothing missing, nothing twice."""
    rent_many(aira, 150)
    clock.move(days=62)
    choice = random.Random(6)

    for _ in range(10):
        paid_before = run_sql(aira, "select count(*) from public.number_charges where status = 'paid'")
        enough = paid_before + choice.randint(1, 25)
        process = start_run(aira)
        while process.poll() is None and run_sql(aira, "select count(*) from public.number_charges where status = 'paid'") < enough:
            time.sleep(choice.uniform(0.001, 0.01))
        process.kill()
        process.communicate()
    while run_billing(aira).already_running:
        time.sleep(0.05)  # the server has not yet noticed that the last process is gone

    assert_each_period_paid_once(aira, 150, 3)
    assert run_sql(aira, "select count(*) from public.billing_runs where finished_at is null") > 0


_BREAK_SQL = """
create function public.refuse() returns trigger language plpgsql as $$
begin
  if new.business_number_id = tg_argv[0]::uuid then raise exception 'no' using errcode = tg_argv[1]; end if;
  return new;
end $$;
create trigger refuse before insert on public.number_charges for each row execute function public.refuse('{number}', '{code}');
"""


@pytest.mark.parametrize(("code", "detail"), [("PT409", "refused"), ("P0001", "a bug in AiRa: RaiseException")])
def test_one_number_that_fails_stops_no_other(aira: Aira, clock: FrozenClock, code: str, detail: str) -> None:
    """A charge that the database refuses is reported, its number keeps its debt, the rest is paid."""
    numbers = rent_many(aira, 3)
    clock.move(days=31)
    with aira.database.transaction() as connection:
        execute(connection, _BREAK_SQL.format(number=numbers[1], code=code))

    rehearsal, run = run_billing(aira, dry_run=True), run_billing(aira)

    assert rehearsal.items == run.items
    assert (run.charged, run.failed) == (2, 1)
    assert [(item.outcome, item.detail) for item in run.items if item.phone_number == "+14156000001"] == [("failed", detail)]
    assert [row.period_start for row in charges(aira, "+14156000001")] == [date(2026, 11, 23)]


def test_a_database_that_fails_again_and_again_ends_the_run(aira: Aira, clock: FrozenClock) -> None:
    """It is not the numbers: trying a thousand more would only take long."""
    rent_many(aira, 60)
    clock.move(days=31)
    with aira.database.transaction() as connection:
        execute(connection, _BREAK_SQL.replace("new.business_number_id = tg_argv[0]::uuid", "true").format(number="any", code="53200"))

    with pytest.raises(DatabaseError):
        run_billing(aira)

    assert run_sql(aira, "select count(*) between 5 and 30 from public.billing_run_items where outcome = 'failed'") is True


def test_a_rehearsal_that_is_told_to_stop_stops(aira: Aira, clock: FrozenClock) -> None:
    """Before the next wallet."""
    rent_many(aira, 3)
    clock.move(days=31)

    rehearsal = run_billing(aira, dry_run=True, stop=lambda: True)

    assert (rehearsal.interrupted, rehearsal.items) == (True, [])


def test_a_run_that_is_told_to_stop_finishes_its_numbers_and_says_so(aira: Aira, clock: FrozenClock) -> None:
    """What is charged stays charged; the next run does the rest."""
    rent_many(aira, 40)
    clock.move(days=31)

    def after_some() -> bool:
        return run_sql(aira, "select count(*) > 45 from public.number_charges where status = 'paid'") is True

    run = run_billing(aira, stop=after_some)

    assert run.interrupted
    assert 5 < run.charged < 40
    assert run_billing(aira).charged == 40 - run.charged
