"""A small model of billing, and a random world lived through by the model and by the database alike.

`python billing_model.py --numbers 1000 --months 36` does so at full size on a server of its own and prints the differences.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from aira.billing.periods import period_start
from aira.billing.policy import Decision, Grace, decide
from aira.core import top_up, verify_wallet
from aira.core.app import Aira
from aira.core.db import Database, fetch_all, migrate
from aira.core.renewals import run_billing
from billing_process import EVERY_RELEASE, billing_handle
from doubles import FrozenClock
from rentals import charges, deliver_letters, funded_wallet, rent_number

TESTS = Path(__file__).parent
FIRST_DAY = date(2026, 1, 29)
GRACE_DAYS = 5
NUMBERS_A_WALLET = 4
"""At most; poor wallets share their money among them."""

_NUMBERS_SQL = "select phone_number, status, periods_charged, next_billing_date from public.business_numbers order by phone_number"
_BALANCES_SQL = "select id, balance from public.wallets"


@dataclass
class Rental:
    """One number of the model."""

    phone_number: str
    anchor: date
    price: Decimal
    charged: int = 1
    status: str = "active"
    grace: Grace | None = None
    paid: list[date] = field(default_factory=list)

    def due(self) -> date:
        """First day of the next period."""
        return period_start(self.anchor, self.charged)


@dataclass
class Purse:
    """One wallet of the model and what hangs on it, in the order of purchase."""

    wallet_id: UUID
    owner: str
    balance: Decimal
    rentals: list[Rental] = field(default_factory=list)

    def bill(self, today: date) -> None:
        """One billing run."""
        due = [one for one in self.rentals if one.status in ("active", "grace") and one.due() <= today]
        for rental in sorted(due, key=Rental.due):
            while rental.due() <= today and self._settle(rental, today):
                pass

    def deliver(self, today: date) -> None:
        """Every letter that was written arrives."""
        for rental in self.rentals:
            if (grace := rental.grace) is not None:
                last = (grace.last_warned_on or today) if grace.last_warning else None
                rental.grace = replace(grace, warned_on=grace.warned_on or today, last_warned_on=last)

    def _settle(self, rental: Rental, today: date) -> bool:
        match decide(available=self.balance, amount=rental.price, today=today, grace=rental.grace):
            case Decision.CHARGE:
                rental.paid.append(rental.due())
                self.balance -= rental.price
                rental.charged, rental.status, rental.grace = rental.charged + 1, "active", None
                return True
            case Decision.START_GRACE:
                rental.status, rental.grace = "grace", Grace(today, today + timedelta(days=GRACE_DAYS))
            case Decision.REMIND if rental.grace:
                rental.grace = replace(rental.grace, reminded=True)
            case Decision.WARN if rental.grace:
                rental.grace = replace(rental.grace, last_warning=True)
            case Decision.RELEASE:
                rental.status, rental.grace = "released", None
        return False


def live_through(aira: Aira, clock: FrozenClock, *, numbers: int, months: int, seed: int, races: int) -> list[str]:
    """Let model and database live through the same years; returns where they differ.

    Runs come 1 to 90 days after each other. On `races` of them three processes start at once and one is killed at random.
    """
    choice = random.Random(seed)
    purses = list(_move_in(aira, clock, numbers, choice))
    last_day = clock.now().date() + timedelta(days=months * 30)
    days = list(_run_days(clock.now().date(), last_day, choice))
    raced = set(choice.sample(days, min(races, len(days))))
    for step, today in enumerate(days):
        clock.set(datetime(today.year, today.month, today.day, 12, tzinfo=UTC))
        _top_up_some(aira, purses, step, choice)
        if today in raced:
            _race(aira, choice)
        while run_billing(aira, confirm_releases=EVERY_RELEASE).already_running:
            time.sleep(0.05)  # the server has not yet noticed that a killed process is gone
        deliver_letters(aira)
        for purse in purses:
            purse.bill(today)
            purse.deliver(today)
    return list(_differences(aira, purses))


def _move_in(aira: Aira, clock: FrozenClock, numbers: int, choice: random.Random) -> Iterator[Purse]:
    """Wallets of one to four numbers, rented around month ends."""
    rented = 0
    while rented < numbers:
        clock.set(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 12, tzinfo=UTC))
        money = Decimal(choice.choice([20, 40, 150, 900]))
        owner = f"owner{rented}@example.com"
        wallet = funded_wallet(aira, str(money), email=owner)
        purse = Purse(wallet.id, owner, money)
        for _ in range(min(choice.randint(1, NUMBERS_A_WALLET), numbers - rented)):
            clock.move(days=choice.choice([0, 1, 2, 3, 28]), minutes=1)
            price = choice.choice([Decimal("1.15"), Decimal("2.15"), Decimal("4.0033")])
            rental = Rental(f"+1415{rented:07}", clock.now().date(), price, paid=[clock.now().date()])
            rent_number(aira, wallet, rental.phone_number, monthly=str(price))
            purse.balance -= price
            purse.rentals.append(rental)
            rented += 1
        yield purse
    clock.set(datetime(2026, 6, 1, 12, tzinfo=UTC))


def _run_days(first: date, last: date, choice: random.Random) -> Iterator[date]:
    """Days on which billing runs: a week of daily runs, then a gap, up to three months long."""
    today = first
    while today < last:
        yield today
        today += timedelta(days=choice.choice([1, 1, 1, 1, 1, 2, 3, 7, 30, 90]))


def _top_up_some(aira: Aira, purses: list[Purse], step: int, choice: random.Random) -> None:
    for purse in choice.sample(purses, len(purses) // 8):
        amount = Decimal(choice.randint(1, 3000)) / 100
        top_up(aira, amount, reference=f"step-{step}", owner=purse.owner)
        purse.balance += amount


def _race(aira: Aira, choice: random.Random) -> None:
    command = [sys.executable, str(TESTS / "billing_process.py"), aira.database.url, aira.clock.now().isoformat()]
    racing = [subprocess.Popen(command, cwd=TESTS, stdout=subprocess.DEVNULL) for _ in range(3)]
    time.sleep(choice.uniform(0.3, 1.5))
    choice.choice(racing).send_signal(signal.SIGKILL)
    for process in racing:
        process.wait()


def _differences(aira: Aira, purses: list[Purse]) -> Iterator[str]:
    with aira.database.transaction() as connection:
        rows = {row["phone_number"]: row for row in fetch_all(connection, dict, _NUMBERS_SQL)}
        balances = {row["id"]: row["balance"] for row in fetch_all(connection, dict, _BALANCES_SQL)}
    paid: dict[str, list[date]] = {}
    for charge in charges(aira):
        if charge.status == "paid":
            paid.setdefault(charge.phone_number, []).append(charge.period_start)
    for purse in purses:
        if balances[purse.wallet_id] != purse.balance:
            yield f"wallet of {purse.owner}: {balances[purse.wallet_id]} instead of {purse.balance}"
        for rental in purse.rentals:
            row = rows[rental.phone_number]
            found = (row["status"], row["periods_charged"], row["next_billing_date"], paid[rental.phone_number])
            expected = (rental.status, rental.charged, rental.due(), rental.paid)
            if found != expected:
                yield f"number {rental.phone_number}: {found} instead of {expected}"
    yield from (f"ledger: {problem.problem}" for problem in verify_wallet(aira).problems)


def main() -> None:
    """Live through a world of the size that was asked for."""
    from aira.adapters.embedded_postgres import EmbeddedPostgres

    parser = argparse.ArgumentParser()
    parser.add_argument("--numbers", type=int, default=1000)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--races", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aira-model-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres", options=("-c", "fsync=off", "-c", "synchronous_commit=off")).running() as url:
            database = Database(url)
            migrate(database)
            aira = billing_handle(database, datetime(2026, 1, 29, 12, tzinfo=UTC))
            clock = aira.clock
            assert isinstance(clock, FrozenClock)
            begun = time.monotonic()
            wrong = live_through(aira, clock, numbers=options.numbers, months=options.months, seed=options.seed, races=options.races)
            paid = sum(charge.status == "paid" for charge in charges(aira))
            database.close()
    print(f"{options.numbers} numbers, {options.months} months: {paid} charges, {len(wrong)} differences, {time.monotonic() - begun:.0f} s")
    print("\n".join(wrong[:20]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
