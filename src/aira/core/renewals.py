"""The billing run: every number's rental is charged, dunned or ended, each number in a transaction of its own.

What is right for one number stands in SQL (`billing_charge_number`); this decides which numbers are looked at, goes on when
one fails, gives numbers back to the carrier, and keeps count. Killed at any moment it is simply run again.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from aira.billing.policy import release_limit
from aira.core.app import Aira
from aira.core.carrier_account import account_warnings
from aira.core.charging import Due, Orders, Progress, charge_all, note_outcome, rehearse
from aira.core.db import Jsonb, execute, fetch_all, fetch_value
from aira.core.reconcile import settle_purchases, settle_releases
from aira.errors import InvalidInput
from aira.model import BillingItem, BillingRun

_LOCK_KEY = 0x42494C4C
"""`BILL` in ASCII: the advisory lock that one billing run holds."""

_FAR_EAST = timedelta(hours=14)
_COUNTS = (
    *("charged", "grace_started", "reminded", "released", "recovered", "failed", "blocked", "skipped"),
    *("settled", "alerted", "interrupted"),
)

_LOCK_SQL = "select pg_try_advisory_xact_lock(%(key)s)"
_LONG_UTILITY = "set local idle_in_transaction_session_timeout = 0"
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
_SHORTFALL_SQL = "select public.billing_warn_shortfalls(p_now => %(now)s)"
_ALERT_SQL = "select public.billing_alert_low_balances(p_now => %(now)s)"


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
    orders = Orders(as_of, now, actor, None, stop)
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
        alone: bool = fetch_value(connection, _LOCK_SQL, {"key": _LOCK_KEY})
        # Last, as a transaction keeps the snapshot of its latest query, and with it every dead row of the database, until it ends.
        execute(connection, _LONG_UTILITY)
        yield alone


def _run(aira: Aira, orders: Orders, confirm_releases: int | None) -> BillingRun:
    settled = sum(finding.outcome == "settled" for finding in settle_purchases(aira))
    with aira.database.transaction() as connection:
        start = {"as_of": orders.as_of or orders.now.date(), "actor": orders.actor, "now": orders.now}
        orders = replace(orders, run_id=fetch_value(connection, _START_SQL, start))
        due = fetch_all(connection, Due, _DUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    progress = Progress(_release_budget(aira, orders, confirm_releases))
    charge_all(aira, orders, due, progress)
    if not orders.stop():
        _give_back(aira, orders, progress)
    with aira.database.transaction() as connection:
        alerted: int = sum(fetch_value(connection, statement, {"now": orders.now}) for statement in (_SHORTFALL_SQL, _ALERT_SQL))
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


def _rehearse(aira: Aira, orders: Orders, confirm_releases: int | None) -> BillingRun:
    """The same functions on the same rows, a wallet at a time, each time rolled back: wallets do not touch each other."""
    with aira.database.transaction() as connection:
        due = fetch_all(connection, Due, _DUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    items = rehearse(aira, orders, due, _release_budget(aira, orders, confirm_releases))
    given_back = {key: replace(item, outcome="released") if item.outcome == "releasing" else item for key, item in items.items()}
    return replace(_summary(orders, given_back), dry_run=True, interrupted=orders.stop())


def _release_budget(aira: Aira, orders: Orders, confirmed: int | None) -> int:
    """How many numbers this run may release; none where it would be more than are allowed."""
    with aira.database.transaction() as connection:
        allowed = confirmed if confirmed is not None else release_limit(fetch_value(connection, _RENTED_SQL))
        overdue = fetch_all(connection, Due, _OVERDUE_SQL, {"as_of": orders.as_of, "now": orders.now})
    if len(overdue) <= allowed:
        return allowed
    expected = rehearse(aira, replace(orders, run_id=None), overdue, len(overdue))
    return allowed if sum(item.outcome == "releasing" for item in expected.values()) <= allowed else 0


def _give_back(aira: Aira, orders: Orders, progress: Progress) -> None:
    """Return to the carrier what is to be released, of this run and of earlier ones that did not get so far."""
    for finding in settle_releases(aira):
        if finding.number_id is None:
            continue
        with aira.database.transaction() as connection:
            one = fetch_all(connection, Due, _NUMBER_SQL, {"id": finding.number_id})[0]
        failed = finding.outcome == "failed"
        detail = f"not given back yet: {finding.detail}" if failed else "given back to the carrier"
        note_outcome(aira, orders, one, progress, "failed" if failed else "released", detail)


def _summary(orders: Orders, items: dict[UUID, BillingItem]) -> BillingRun:
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
