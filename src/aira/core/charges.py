"""What billing has done and will do: charges, runs, the preview; and forgiving a charge."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import Connection, execute, fetch_all, fetch_value, fetch_values
from aira.core.owners import resolve_owner
from aira.errors import InvalidInput, NotFound
from aira.model import BillingItem, BillingRun, Charge, PreviewItem

LONGEST_PREVIEW_DAYS = 400

_CHARGES_SQL = """
select c.id, c.business_number_id, n.phone_number, c.period_start, c.period_end, c.amount, c.currency, c.status, c.transaction_id,
       c.paid_at, c.waived_at, c.waive_reason
from public.number_charges c
join public.business_numbers n on n.id = c.business_number_id
join public.wallets w on w.id = n.wallet_id
where (%(id)s::uuid is null or c.id = %(id)s) and (%(user_id)s::uuid is null or w.user_id = %(user_id)s)
  and (%(phone_number)s::text is null or n.phone_number = %(phone_number)s) and (%(status)s::text is null or c.status = %(status)s)
order by c.period_start desc, n.phone_number, c.id limit %(limit)s
"""
_WAIVE_SQL = "select id from public.billing_waive_charge(%(id)s, %(reason)s, %(actor)s, p_now => %(now)s)"
_RUNS_SQL = """
select id, as_of, started_at, finished_at, totals - 'amounts' - 'interrupted' - 'warnings' as counts,
       coalesce(totals -> 'amounts', '{}') as amounts, coalesce(totals -> 'warnings', '[]') as warnings,
       coalesce((totals -> 'interrupted')::bool, false) as interrupted
from public.billing_runs
where %(id)s::uuid is null or id = %(id)s order by started_at desc, id limit %(limit)s
"""
_ITEMS_SQL = """
select phone_number, outcome, periods, amount, currency, period_start, period_end, detail
from public.billing_run_items where run_id = %(id)s order by phone_number, business_number_id
"""
_WALLETS_SQL = """
select distinct wallet_id from public.business_numbers
where status in ('active', 'grace') and next_billing_date <= %(until)s::date order by wallet_id
"""
_DAYS_SQL = """
select greatest(min(next_billing_date) - public.wallet_today(%(wallet_id)s, p_now => %(now)s), 0)
from public.business_numbers where wallet_id = %(wallet_id)s and status in ('active', 'grace')
"""
_EXPECTED_SQL = """
select public.wallet_today(%(wallet_id)s, p_now => %(now)s) as "on", i.phone_number, i.outcome, i.amount, i.currency, i.period_start,
       i.period_end, i.detail
from public.billing_due(p_now => %(now)s) with ordinality d
cross join lateral public.billing_charge_number(d.business_number_id, p_actor => 'preview', p_now => %(now)s) i
where d.wallet_id = %(wallet_id)s order by d.ordinality
"""
_DELIVER_SQL = "update public.notifications set status = 'sent', sent_at = %(now)s where wallet_id = %(wallet_id)s and status = 'pending'"

_CHARGE_IDS_SQL = "select id from public.number_charges where id::text like %(prefix)s limit 2"
_RUN_IDS_SQL = "select id from public.billing_runs where id::text like %(prefix)s limit 2"

_ID_PREFIX = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}")
"""As much of an id as a table on a terminal shows, or more."""

_STATUSES = ("unpaid", "paid", "waived", "written_off")


@dataclass(frozen=True, slots=True)
class _RunRow:
    id: UUID
    as_of: date
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, int]
    amounts: dict[str, str]
    interrupted: bool
    warnings: list[str]


def preview_billing(aira: Aira, *, days: int = 30) -> list[PreviewItem]:
    """What nightly runs will do today and in the `days` after it, if nothing is topped up and every letter arrives.

    Not a forecast beside the rules but the rules themselves: the SQL of the run, carried out day by day and rolled back.
    """
    if not 0 <= days <= LONGEST_PREVIEW_DAYS:
        raise InvalidInput(f"A preview reaches 0 to {LONGEST_PREVIEW_DAYS} days.", hint="Give --days a number such as 30.")
    now = aira.clock.now()
    with aira.database.transaction() as connection:
        until = (now + timedelta(days=days + 1)).date()
        wallets: list[UUID] = fetch_values(connection, _WALLETS_SQL, {"until": until})
    items: list[PreviewItem] = []
    for wallet_id in wallets:
        with aira.database.transaction(dry_run=True) as connection:
            items += _lived_through(connection, wallet_id, now, days)
    return sorted(items, key=lambda item: (item.on, item.phone_number))


def list_charges(
    aira: Aira, *, owner: str | UUID | None = None, phone_number: str | None = None, status: str | None = None, limit: int = 100
) -> list[Charge]:
    """Charges, the latest period first. Raises InvalidInput for a status there is not."""
    if status is not None and status not in _STATUSES:
        raise InvalidInput("Charges have no such status.", hint=f"Give one of {', '.join(_STATUSES)}.")
    with aira.database.transaction() as connection:
        user_id = resolve_owner(connection, owner).id if owner is not None else None
        wanted = {"id": None, "user_id": user_id, "phone_number": phone_number, "status": status, "limit": limit}
        return fetch_all(connection, Charge, _CHARGES_SQL, wanted)


def waive_charge(aira: Aira, charge_id: str | UUID, *, reason: str, actor: str = "aira") -> Charge:
    """Forgive one charge: what was paid goes back to the wallet, what was owed is dropped. A repeat changes nothing.

    The first eight characters of the id are enough. Raises NotFound, and Refused for a charge that was written off when its number
    was released.
    """
    if not 1 <= len(reason.strip()) <= 200:
        raise InvalidInput("Waiving a charge needs a reason of at most 200 characters.", hint="Add --reason.")
    with aira.database.transaction() as connection:
        found = _resolve_id(connection, _CHARGE_IDS_SQL, charge_id, "charge")
        execute(connection, _WAIVE_SQL, {"id": found, "reason": reason.strip(), "actor": actor, "now": aira.clock.now()})
        wanted = {"id": found, "user_id": None, "phone_number": None, "status": None, "limit": 1}
        return fetch_all(connection, Charge, _CHARGES_SQL, wanted)[0]


def list_runs(aira: Aira, *, limit: int = 30) -> list[BillingRun]:
    """The latest billing runs without their items; one that never finished has no `finished_at`."""
    with aira.database.transaction() as connection:
        return [_run(row, []) for row in fetch_all(connection, _RunRow, _RUNS_SQL, {"id": None, "limit": limit})]


def find_run(aira: Aira, run_id: str | UUID) -> BillingRun:
    """One billing run with its items, by its id or the first eight characters of it. Raises NotFound, InvalidInput."""
    with aira.database.transaction() as connection:
        wanted = {"id": _resolve_id(connection, _RUN_IDS_SQL, run_id, "run"), "limit": 1}
        [row] = fetch_all(connection, _RunRow, _RUNS_SQL, wanted)
        return _run(row, fetch_all(connection, BillingItem, _ITEMS_SQL, wanted))


def _lived_through(connection: Connection, wallet_id: UUID, now: datetime, days: int) -> list[PreviewItem]:
    items: list[PreviewItem] = []
    day = 0
    while True:
        parameters = {"wallet_id": wallet_id, "now": now + timedelta(days=day)}
        ahead: int | None = fetch_value(connection, _DAYS_SQL, parameters)
        if ahead is None or day + ahead > days:
            return items
        day += ahead
        parameters["now"] = now + timedelta(days=day)
        happened = fetch_all(connection, PreviewItem, _EXPECTED_SQL, parameters)
        execute(connection, _DELIVER_SQL, parameters)
        items += [_as_reported(item) for item in happened if item.outcome not in ("waiting", "not_due")]
        day += 1


def _as_reported(item: PreviewItem) -> PreviewItem:
    return replace(item, outcome="released") if item.outcome == "releasing" else item


def _run(row: _RunRow, items: list[BillingItem]) -> BillingRun:
    counts = row.counts
    return BillingRun(
        id=row.id,
        as_of=row.as_of,
        dry_run=False,
        charged=counts.get("charged", 0),
        grace_started=counts.get("grace_started", 0),
        reminded=counts.get("reminded", 0),
        released=counts.get("released", 0),
        recovered=counts.get("recovered", 0),
        failed=counts.get("failed", 0),
        skipped=counts.get("skipped", 0),
        blocked=counts.get("blocked", 0),
        settled=counts.get("settled", 0),
        alerted=counts.get("alerted", 0),
        amounts={currency: Decimal(amount) for currency, amount in row.amounts.items()},
        interrupted=row.interrupted,
        warnings=row.warnings,
        started_at=row.started_at,
        finished_at=row.finished_at,
        items=items,
    )


def _resolve_id(connection: Connection, statement: str, reference: str | UUID, kind: str) -> UUID:
    prefix = str(reference).strip().lower()
    found: list[UUID] = fetch_values(connection, statement, {"prefix": f"{prefix}%"}) if _ID_PREFIX.fullmatch(prefix) else []
    if len(found) == 1:
        return found[0]
    if found or not _ID_PREFIX.fullmatch(prefix):
        raise InvalidInput(f"A {kind} is named by its id, or the first eight characters or more.", hint=f"Run `aira billing {kind}s`.")
    raise NotFound(f"There is no such {kind}.", hint=f"Run `aira billing {kind}s` for those there are.")
