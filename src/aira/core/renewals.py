"""The billing run: every number's rental is charged, dunned or ended, each number in a transaction of its own.

What is right for one number stands in SQL (`billing_charge_number`); this decides which numbers are looked at, goes on when
one fails, gives numbers back to the carrier, and keeps count. Killed at any moment it is simply run again.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from aira.billing.policy import release_limit
from aira.core.app import Aira
from aira.core.carrier_account import account_warnings
from aira.core.db import Connection, Error, Jsonb, execute, fetch_all, fetch_one, fetch_value
from aira.core.reconcile import settle_purchases, settle_releases
from aira.errors import AiraError, DatabaseError, InvalidInput
from aira.model import BillingItem, BillingRun

_LOCK_KEY = 0x42494C4C
"""`BILL` in ASCII: the advisory lock that one billing run holds."""

CONNECTIONS = 4
"""How many wallets a run works on at once: while one waits for the disk, others are computed."""

_FAR_EAST = timedelta(hours=14)
_GIVE_UP_AFTER = 5
"""Database errors one after the other that end a run: it is the database, not the number."""

_COUNTS = (
    "charged",
    "grace_started",
    "reminded",
    "released",
    "recovered",
    "failed",
    "blocked",
    "skipped",
    "settled",
    "alerted",
    "interrupted",
)

_LOCK_SQL = "select pg_try_advisory_xact_lock(%(key)s)"
_LONG_SQL = "select set_config('idle_in_transaction_session_timeout', '0', true)"
_START_SQL = "insert into public.billing_runs (as_of, actor, started_at) values (%(as_of)s, %(actor)s, %(now)s) returning id"
_FINISH_SQL = "update public.billing_runs set finished_at = %(now)s, totals = %(totals)s where id = %(id)s"
_DUE_SQL = """
select d.business_number_id, d.wallet_id, n.phone_number, n.currency
from public.billing_due(%(as_of)s, p_now => %(now)s) with ordinality d
join public.business_numbers n on n.id = d.business_number_id order by d.ordinality
"""
_OVERDUE_SQL = """
select n.id as business_number_id, n.wallet_id, n.phone_number, n.currency
from public.business_numbers n
where n.status = 'grace' and n.grace_until < greatest(%(as_of)s::date, public.wallet_today(n.wallet_id, %(now)s))
order by n.wallet_id, n.next_billing_date, n.purchased_at, n.id
"""
_NUMBER_SQL = "select id as business_number_id, wallet_id, phone_number, currency from public.business_numbers where id = %(id)s"
_RENTED_SQL = "select count(*) from public.business_numbers where status in ('active', 'grace')"
_CHARGE_SQL = """
select phone_number, outcome, periods, amount, currency, period_start, period_end, detail
from public.billing_charge_number(%(number_id)s, %(as_of)s, %(run_id)s, %(may_release)s, %(actor)s, p_now => %(now)s)
"""
_ITEM_SQL = """
insert into public.billing_run_items (run_id, business_number_id, phone_number, outcome, currency, detail)
values (%(run_id)s, %(number_id)s, %(phone_number)s, %(outcome)s, %(currency)s, %(detail)s)
on conflict (run_id, business_number_id) do update set outcome = excluded.outcome, detail = excluded.detail
"""
_ALERT_SQL = "select public.billing_alert_low_balances(p_now => %(now)s)"


@dataclass(frozen=True, slots=True)
class _Due:
    business_number_id: UUID
    wallet_id: UUID
    phone_number: str
    currency: str


@dataclass(frozen=True, slots=True)
class _Orders:
    """What one run was told."""

    as_of: date | None
    now: datetime
    actor: str
    run_id: UUID | None
    stop: Callable[[], bool]


@dataclass(slots=True)
class _Progress:
    """What one run has done so far, by number, and how many numbers it may still release.

    Shared by the threads of a run; only one of them ever releases.
    """

    budget: int
    items: dict[UUID, BillingItem] = field(default_factory=dict)

    def record(self, one: _Due, item: BillingItem) -> None:
        self.items[one.business_number_id] = item
        self.budget -= item.outcome == "releasing"

    def outcome(self, one: _Due) -> str | None:
        item = self.items.get(one.business_number_id)
        return item.outcome if item else None


def run_billing(
    aira: Aira,
    *,
    as_of: date | None = None,
    dry_run: bool = False,
    force: bool = False,
    confirm_releases: int | None = None,
    actor: str = "aira",
    stop: Callable[[], bool] = lambda: False,
) -> BillingRun:
    """Charge every number for every period that has begun, oldest first, and carry dunning on.

    `as_of` is a date, by default today in each wallet's time zone; one that has not come yet needs `dry_run` or `force`.
    A dry run does the same in transactions that are rolled back, and asks the carrier nothing. Where more numbers than
    `aira.billing.policy.release_limit` would be released, none is, unless `confirm_releases` allows as many. `stop` is asked
    between numbers. Where another run is under way this one does nothing and says so. Raises InvalidInput, DatabaseError.
    """
    now = aira.clock.now()
    if as_of is not None and as_of > (now + _FAR_EAST).date() and not (dry_run or force):
        raise InvalidInput("This date has not come yet.", hint="Add --dry-run to see what it will bring, or --force to charge in advance.")
    orders = _Orders(as_of, now, actor, None, stop)
    if dry_run:
        return _rehearse(aira, orders, confirm_releases)
    with _only_run(aira) as alone:
        if not alone:
            return replace(_summary(orders, {}), already_running=True)
        return _run(aira, orders, confirm_releases)


@contextmanager
def _only_run(aira: Aira) -> Iterator[bool]:
    """Whether no other run is under way, kept so for the block. For peace only: the books are right with any number of runs."""
    with aira.database.transaction() as connection:
        execute(connection, _LONG_SQL)
        yield fetch_value(connection, _LOCK_SQL, {"key": _LOCK_KEY})


def _run(aira: Aira, orders: _Orders, confirm_releases: int | None) -> BillingRun:
    settled = sum(finding.outcome == "settled" for finding in settle_purchases(aira))
    with aira.database.transaction() as connection:
        start = {"as_of": orders.as_of or orders.now.date(), "actor": orders.actor, "now": orders.now}
        orders = replace(orders, run_id=fetch_value(connection, _START_SQL, start))
        due = fetch_all(connection, _Due, _DUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    progress = _Progress(_release_budget(aira, orders, confirm_releases))
    _charge_all(aira, orders, due, progress)
    if not orders.stop():
        _give_back(aira, orders, progress)
    with aira.database.transaction() as connection:
        alerted: int = fetch_value(connection, _ALERT_SQL, {"now": orders.now})
    run = replace(
        _summary(orders, progress.items),
        settled=settled,
        alerted=alerted,
        interrupted=orders.stop(),
        warnings=account_warnings(aira),
        started_at=orders.now,
        finished_at=aira.clock.now(),
    )
    with aira.database.transaction() as connection:
        execute(connection, _FINISH_SQL, {"id": run.id, "now": run.finished_at, "totals": Jsonb(_totals(run))})
    return run


def _charge_all(aira: Aira, orders: _Orders, due: Sequence[_Due], progress: _Progress) -> None:
    """A wallet's numbers one after the other, several wallets at once; then, one by one, what was locked or is to be released."""
    wallets = deque(deque(numbers) for _, numbers in groupby(due, key=lambda one: one.wallet_id))
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for worker in [pool.submit(_charge_wallets, aira, orders, wallets, progress, may_release=False) for _ in range(CONNECTIONS)]:
            worker.result()
    again = [one for one in due if progress.outcome(one) in ("locked", "release_held")]
    _charge_wallets(aira, orders, deque([deque(again)]), progress, may_release=True)
    progress.items = {key: progress.items[key] for one in due if (key := one.business_number_id) in progress.items}


def _charge_wallets(aira: Aira, orders: _Orders, wallets: deque[deque[_Due]], progress: _Progress, *, may_release: bool) -> None:
    """Charge wallet after wallet until none is left, each number in a transaction of its own."""
    mine: deque[_Due] = deque()
    failures = 0
    while not orders.stop():
        one = None
        try:
            with aira.database.autocommit() as connection:
                while not orders.stop() and (one := _next(mine, wallets)) is not None:
                    progress.record(one, _charge(connection, orders, one, may_release=may_release and progress.budget > 0))
                    failures = 0
                return
        except (AiraError, Error) as error:
            failures = failures + 1 if isinstance(error, DatabaseError) else 0
            if one is None or failures == _GIVE_UP_AFTER:
                raise
            reason = error.reason if isinstance(error, AiraError) else f"a bug in AiRa: {type(error).__name__}"
            _note(aira, orders, one, progress, "failed", reason)


def _next(mine: deque[_Due], wallets: deque[deque[_Due]]) -> _Due | None:
    """The next number of the wallet at hand, or the first of another that nobody has taken."""
    while not mine:
        try:
            mine.extend(wallets.popleft())
        except IndexError:
            return None
    return mine.popleft()


def _charge(connection: Connection, orders: _Orders, one: _Due, *, may_release: bool) -> BillingItem:
    parameters = {"number_id": one.business_number_id, "may_release": may_release, "run_id": orders.run_id}
    told = {"as_of": orders.as_of, "actor": orders.actor, "now": orders.now}
    item = fetch_one(connection, BillingItem, _CHARGE_SQL, parameters | told)
    return item or BillingItem(one.phone_number, "skipped", 0, Decimal(0), one.currency, None, None, "deleted")


def _rehearse(aira: Aira, orders: _Orders, confirm_releases: int | None) -> BillingRun:
    """The same functions on the same rows, a wallet at a time, each time rolled back: wallets do not touch each other."""
    with aira.database.transaction() as connection:
        due = fetch_all(connection, _Due, _DUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    items = _rehearsed(aira, orders, due, _release_budget(aira, orders, confirm_releases))
    given_back = {key: replace(item, outcome="released") if item.outcome == "releasing" else item for key, item in items.items()}
    return replace(_summary(orders, given_back), dry_run=True, interrupted=orders.stop())


def _rehearsed(aira: Aira, orders: _Orders, due: Sequence[_Due], budget: int) -> dict[UUID, BillingItem]:
    progress = _Progress(budget)
    for _, wallet in groupby(due, key=lambda one: one.wallet_id):
        if orders.stop():
            break
        with aira.database.transaction(dry_run=True) as connection:
            for one in wallet:
                progress.record(one, _charge(connection, orders, one, may_release=progress.budget > 0))
    return progress.items


def _release_budget(aira: Aira, orders: _Orders, confirmed: int | None) -> int:
    """How many numbers this run may release; none where it would be more than are allowed."""
    with aira.database.transaction() as connection:
        allowed = confirmed if confirmed is not None else release_limit(fetch_value(connection, _RENTED_SQL))
        overdue = fetch_all(connection, _Due, _OVERDUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    if len(overdue) <= allowed:
        return allowed
    expected = _rehearsed(aira, replace(orders, run_id=None), overdue, len(overdue))
    return allowed if sum(item.outcome == "releasing" for item in expected.values()) <= allowed else 0


def _give_back(aira: Aira, orders: _Orders, progress: _Progress) -> None:
    """Return to the carrier what is to be released, of this run and of earlier ones that did not get so far."""
    for finding in settle_releases(aira):
        if finding.number_id is None:
            continue
        with aira.database.transaction() as connection:
            one = fetch_all(connection, _Due, _NUMBER_SQL, {"id": finding.number_id})[0]
        failed = finding.outcome == "failed"
        detail = f"not given back yet: {finding.detail}" if failed else "given back to the carrier"
        _note(aira, orders, one, progress, "failed" if failed else "released", detail)


def _note(aira: Aira, orders: _Orders, one: _Due, progress: _Progress, outcome: str, detail: str) -> None:
    blank = BillingItem(one.phone_number, outcome, 0, Decimal(0), one.currency, None, None, detail)
    progress.record(one, replace(progress.items.get(one.business_number_id, blank), outcome=outcome, detail=detail))
    parameters = {"run_id": orders.run_id, "number_id": one.business_number_id, "phone_number": one.phone_number}
    with aira.database.transaction() as connection:
        execute(connection, _ITEM_SQL, parameters | {"outcome": outcome, "currency": one.currency, "detail": detail})


def _summary(orders: _Orders, items: dict[UUID, BillingItem]) -> BillingRun:
    counted = Counter(item.outcome for item in items.values())
    amounts: dict[str, Decimal] = {}
    for item in items.values():
        if item.amount:
            amounts[item.currency] = amounts.get(item.currency, Decimal(0)) + item.amount
    return BillingRun(
        id=orders.run_id,
        as_of=orders.as_of or orders.now.date(),
        dry_run=False,
        charged=counted["charged"],
        grace_started=counted["grace_started"],
        reminded=counted["reminded"],
        released=counted["released"],
        recovered=counted["recovered"],
        failed=counted["failed"],
        blocked=counted["release_blocked"] + counted["release_held"],
        skipped=sum(counted[outcome] for outcome in ("waiting", "not_due", "skipped", "locked", "releasing")),
        amounts=amounts,
        items=list(items.values()),
    )


def _totals(run: BillingRun) -> dict[str, object]:
    """A run's counts as they are kept in `billing_runs.totals`."""
    counts: dict[str, object] = {name: getattr(run, name) for name in _COUNTS}
    return counts | {"amounts": {currency: str(amount) for currency, amount in run.amounts.items()}, "warnings": run.warnings}
