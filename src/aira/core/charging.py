"""Charging due numbers: several wallets at once for real, or wallet after wallet in transactions that are rolled back."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import Connection, Error, execute, fetch_one
from aira.errors import AiraError, DatabaseError
from aira.model import BillingItem

CONNECTIONS = 4
"""How many wallets a run works on at once: while one waits for the disk, others are computed."""

_GIVE_UP_AFTER = 5
"""Database errors one after the other that end a run: it is the database, not the number."""

_CHARGE_SQL = """
select phone_number, outcome, periods, amount, currency, period_start, period_end, detail
from public.billing_charge_number(%(number_id)s, %(as_of)s, %(run_id)s, %(may_release)s, %(actor)s, p_now => %(now)s)
"""
_REPLAN_UTILITY = "discard plans"
_REPLAN_AFTER = frozenset({25, 100, 400, 1600})
"""Charges of one connection after which it plans anew: a plan made while a table was small reads it whole for ever after."""
_ITEM_SQL = """
insert into public.billing_run_items (run_id, business_number_id, phone_number, outcome, currency, detail)
values (%(run_id)s, %(number_id)s, %(phone_number)s, %(outcome)s, %(currency)s, %(detail)s)
on conflict (run_id, business_number_id) do update set outcome = excluded.outcome, detail = excluded.detail
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A number to be looked at."""

    business_number_id: UUID
    wallet_id: UUID
    phone_number: str
    currency: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What one run was told."""

    as_of: date | None
    now: datetime
    actor: str
    run_id: UUID | None
    stop: Callable[[], bool]


@dataclass(slots=True)
class Progress:
    """What one run has done so far, by number, and how many numbers it may still release.

    Shared by the threads of a run; only one of them ever releases.
    """

    budget: int
    items: dict[UUID, BillingItem] = field(default_factory=dict)

    def record(self, one: Due, item: BillingItem) -> None:
        """Keep what happened to a number."""
        self.items[one.business_number_id] = item
        self.budget -= item.outcome == "releasing"

    def outcome(self, one: Due) -> str | None:
        """What happened to a number, None where nothing has yet."""
        item = self.items.get(one.business_number_id)
        return item.outcome if item else None


def charge_all(aira: Aira, orders: Orders, due: Sequence[Due], progress: Progress) -> None:
    """A wallet's numbers one after the other, several wallets at once; then, one by one, what was locked or is to be released."""
    wallets = deque(deque(numbers) for _, numbers in groupby(due, key=lambda one: one.wallet_id))
    at_once = max(1, min(CONNECTIONS, len(wallets)))
    with ThreadPoolExecutor(at_once) as pool:
        for worker in [pool.submit(_charge_wallets, aira, orders, wallets, progress, may_release=False) for _ in range(at_once)]:
            worker.result()
    again = [one for one in due if progress.outcome(one) in ("locked", "release_held")]
    _charge_wallets(aira, orders, deque([deque(again)]), progress, may_release=True)
    progress.items = {key: progress.items[key] for one in due if (key := one.business_number_id) in progress.items}


def rehearse(aira: Aira, orders: Orders, due: Sequence[Due], budget: int) -> dict[UUID, BillingItem]:
    """What charging these numbers would do, by number, if so many may be released; nothing of it stays."""
    progress = Progress(budget)
    for _, wallet in groupby(due, key=lambda one: one.wallet_id):
        if orders.stop():
            break
        with aira.database.transaction(dry_run=True) as connection:
            for one in wallet:
                try:
                    with connection.transaction():
                        progress.record(one, _charge(connection, orders, one, may_release=progress.budget > 0))
                except (AiraError, Error) as error:
                    progress.record(one, replace(_blank(one), outcome="failed", detail=_reason(error)))
    return progress.items


def note_outcome(aira: Aira, orders: Orders, one: Due, progress: Progress, outcome: str, detail: str) -> None:
    """Keep an outcome that the charge itself did not report, in the run's record too."""
    known = progress.items.get(one.business_number_id, _blank(one))
    progress.record(one, replace(known, outcome=outcome, detail=detail))
    parameters = {"run_id": orders.run_id, "number_id": one.business_number_id, "phone_number": one.phone_number}
    with aira.database.transaction() as connection:
        execute(connection, _ITEM_SQL, parameters | {"outcome": outcome, "currency": one.currency, "detail": detail})


def _charge_wallets(aira: Aira, orders: Orders, wallets: deque[deque[Due]], progress: Progress, *, may_release: bool) -> None:
    """Charge wallet after wallet until none is left, each number in a transaction of its own."""
    mine: deque[Due] = deque()
    failures = charged = 0
    while not orders.stop():
        one = None
        try:
            with aira.database.autocommit() as connection:
                while not orders.stop() and (one := _next(mine, wallets)) is not None:
                    progress.record(one, _charge(connection, orders, one, may_release=may_release and progress.budget > 0))
                    failures = 0
                    charged += 1
                    if charged in _REPLAN_AFTER:
                        execute(connection, _REPLAN_UTILITY)
                return
        except (AiraError, Error) as error:
            failures = failures + 1 if isinstance(error, DatabaseError) else 0
            if one is None or failures == _GIVE_UP_AFTER:
                raise
            note_outcome(aira, orders, one, progress, "failed", _reason(error))


def _next(mine: deque[Due], wallets: deque[deque[Due]]) -> Due | None:
    """The next number of the wallet at hand, or the first of another that nobody has taken."""
    while not mine:
        try:
            mine.extend(wallets.popleft())
        except IndexError:
            return None
    return mine.popleft()


def _charge(connection: Connection, orders: Orders, one: Due, *, may_release: bool) -> BillingItem:
    parameters = {"number_id": one.business_number_id, "may_release": may_release, "run_id": orders.run_id}
    told = {"as_of": orders.as_of, "actor": orders.actor, "now": orders.now}
    return fetch_one(connection, BillingItem, _CHARGE_SQL, parameters | told) or _blank(one)


def _blank(one: Due) -> BillingItem:
    return BillingItem(one.phone_number, "skipped", 0, Decimal(0), one.currency, None, None, "")


def _reason(error: AiraError | Error) -> str:
    return error.reason if isinstance(error, AiraError) else f"a bug in AiRa: {type(error).__name__}"
