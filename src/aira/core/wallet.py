"""Wallets: prepaid money of owners, one wallet a currency, every movement a row of an append-only ledger.

The rules are SQL functions (`wallet_post`, `wallet_reverse`, `wallet_verify`); nothing here computes a balance.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import available_timezones

from aira.core.app import Aira
from aira.core.db import Connection, execute, fetch_all, fetch_value
from aira.core.owners import parse_email, resolve_owner
from aira.errors import InvalidInput, NotFound
from aira.model import LedgerProblem, LedgerReport, Statement, Transaction, Wallet
from aira.money import LARGEST, PLACES, parse_currency

DEFAULT_CURRENCY = "USD"

_NUMBER = re.compile(r"#?(\d{1,18})")

_WALLETS_SQL = """
select w.id, w.user_id, coalesce(u.email, w.user_id::text) as owner, w.currency, w.balance, w.held, w.available,
       w.low_balance_threshold, w.billing_time_zone, w.billing_email, w.grace_days
from public.wallets w join auth.users u on u.id = w.user_id
where (%(user_id)s::uuid is null or w.user_id = %(user_id)s) and (%(currency)s::text is null or w.currency = %(currency)s)
  and (%(id)s::uuid is null or w.id = %(id)s)
order by coalesce(u.email, w.user_id::text) collate "C", w.currency
"""
_OPEN_SQL = """
insert into public.wallets (user_id, currency, created_at) values (%(user_id)s, %(currency)s, %(now)s)
on conflict on constraint wallets_one_per_currency do nothing
"""
_TRANSACTIONS = """
select t.id, t.wallet_id, t.seq, t.type, t.contra_account, t.amount, t.currency, t.balance_after, t.description, n.phone_number,
       c.period_start, c.period_end, t.reverses_id, t.charge_id, t.idempotency_key, t.actor, t.created_at
from public.transactions t
left join public.number_charges c on c.id = t.charge_id
left join public.business_numbers n on n.id = t.business_number_id
"""
_TRANSACTION_SQL = f"{_TRANSACTIONS} where t.id = %(id)s"
_STATEMENT_SQL = f"""
{_TRANSACTIONS}
where t.wallet_id = %(wallet_id)s
  and (%(date_from)s::date is null or t.created_at >= %(date_from)s::date::timestamp at time zone %(time_zone)s)
  and (%(date_to)s::date is null or t.created_at < (%(date_to)s::date + 1)::timestamp at time zone %(time_zone)s)
order by t.seq
"""
_TOP_UP_SQL = """
select id from public.wallet_post(%(wallet_id)s, 'credit', 'cash', %(amount)s, %(description)s, %(key)s, %(actor)s, p_now => %(now)s)
"""
_REVERSE_SQL = "select id from public.wallet_reverse(%(id)s, %(reason)s, %(actor)s, p_now => %(now)s)"
_SEQ_SQL = "select id from public.transactions where wallet_id = %(wallet_id)s and seq = %(seq)s"
_BALANCE_BEFORE_SQL = """
select coalesce(sum(case type when 'credit' then amount else -amount end), 0) from public.transactions
where wallet_id = %(wallet_id)s and created_at < %(date_from)s::date::timestamp at time zone %(time_zone)s
"""
_VERIFY_SQL = """
select wallet_id, seq, problem from public.wallet_verify(%(wallet_id)s)
union all
select wallet_id, null, problem || coalesce(': charge ' || charge_id, '') from public.billing_verify(%(wallet_id)s)
"""
_COUNT_SQL = "select count(*) from public.transactions where %(wallet_id)s::uuid is null or wallet_id = %(wallet_id)s"
_ALERT_SQL = """
update public.wallets set low_balance_threshold = %(threshold)s, low_balance_notified_at = null where id = %(id)s
"""
_BILLING_SQL = """
update public.wallets set billing_email = coalesce(%(email)s, billing_email),
  billing_time_zone = coalesce(%(time_zone)s, billing_time_zone), grace_days = coalesce(%(grace_days)s, grace_days)
where id = %(id)s
"""


def list_wallets(aira: Aira, *, owner: str | UUID | None = None) -> list[Wallet]:
    """The wallets of one owner, or of all."""
    with aira.database.transaction() as connection:
        return _wallets(connection, user_id=resolve_owner(connection, owner).id if owner is not None else None)


def find_wallet(aira: Aira, *, owner: str | UUID | None = None, currency: str | None = None) -> Wallet:
    """An owner's wallet, opened on first use; without a currency the only one there is, or one in USD.

    Raises NotFound for an unknown owner, InvalidInput where several owners or currencies are possible.
    """
    with aira.database.transaction() as connection:
        return resolve_wallet(connection, owner=owner, currency=currency, now=aira.clock.now())


def resolve_wallet(connection: Connection, *, owner: str | UUID | None, currency: str | None, now: datetime) -> Wallet:
    """The same as `find_wallet`, within a transaction."""
    user_id = resolve_owner(connection, owner).id
    wanted = parse_currency(currency) if currency is not None else None
    found = _wallets(connection, user_id=user_id, currency=wanted)
    if len(found) > 1:
        names = ", ".join(wallet.currency for wallet in found)
        raise InvalidInput(f"This owner has several wallets: {names}.", hint="Add --currency.")
    if found:
        return found[0]
    opened = wanted or DEFAULT_CURRENCY
    execute(connection, _OPEN_SQL, {"user_id": user_id, "currency": opened, "now": now})
    return _wallets(connection, user_id=user_id, currency=opened)[0]


def top_up(
    aira: Aira,
    amount: Decimal,
    *,
    reference: str,
    owner: str | UUID | None = None,
    currency: str | None = None,
    actor: str = "aira",
) -> Transaction:
    """Add money that was received; the reference, such as a bank's, is what makes a repeat harmless.

    The same reference and amount again returns the first transaction. Raises IdempotencyConflict for the same reference
    with another amount, InvalidInput for an amount that is not positive or has more than four decimal places.
    """
    reference = reference.strip()
    if not 1 <= len(reference) <= 200:
        raise InvalidInput("A top-up needs a reference of at most 200 characters.", hint="Add --reference with the payment's number.")
    if not amount.is_finite() or not 0 < amount <= LARGEST or amount != amount.quantize(PLACES):
        raise InvalidInput("A top-up needs a positive amount with at most four decimal places.", hint="Give an amount such as 25 or 1.15.")
    now = aira.clock.now()
    with aira.database.transaction() as connection:
        wallet = resolve_wallet(connection, owner=owner, currency=currency, now=now)
        parameters = {"wallet_id": wallet.id, "amount": amount, "actor": actor, "now": now}
        words = {"description": f"Top-up {reference}", "key": f"top-up:{reference}"}
        return _transaction(connection, fetch_value(connection, _TOP_UP_SQL, parameters | words))


def wallet_statement(
    aira: Aira,
    *,
    owner: str | UUID | None = None,
    currency: str | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
) -> Statement:
    """The transactions of a wallet in the order of the ledger, from one date to another, both included.

    Opening balance + credits - debits = closing balance, whichever dates are asked for.
    """
    if date_from is not None and date_to is not None and date_to < date_from:
        raise InvalidInput("The statement ends before it begins.", hint="Give --from a date that is not after --to.")
    with aira.database.transaction() as connection:
        wallet = resolve_wallet(connection, owner=owner, currency=currency, now=aira.clock.now())
        parameters = {"wallet_id": wallet.id, "date_from": date_from, "date_to": date_to, "time_zone": wallet.billing_time_zone}
        transactions = fetch_all(connection, Transaction, _STATEMENT_SQL, parameters)
        opening: Decimal = fetch_value(connection, _BALANCE_BEFORE_SQL, parameters)
    moved = sum((entry.amount if entry.type == "credit" else -entry.amount for entry in transactions), Decimal(0))
    return Statement(wallet, date_from, date_to, opening.quantize(PLACES), (opening + moved).quantize(PLACES), transactions)


def reverse_transaction(
    aira: Aira,
    transaction: str | UUID,
    *,
    reason: str,
    owner: str | UUID | None = None,
    currency: str | None = None,
    actor: str = "aira",
) -> Transaction:
    """Give one transaction back in full, by its id or its number in the wallet. A repeat returns the reversal that is there.

    Raises NotFound, InsufficientFunds, and Refused for a reversal or the rental of a number (`waive_charge` is for that).
    """
    if not 1 <= len(reason.strip()) <= 200:
        raise InvalidInput("A reversal needs a reason of at most 200 characters.", hint="Add --reason.")
    now = aira.clock.now()
    number = _NUMBER.fullmatch(str(transaction).strip())
    with aira.database.transaction() as connection:
        if number is not None:
            wallet = resolve_wallet(connection, owner=owner, currency=currency, now=now)
            found: UUID | None = fetch_value(connection, _SEQ_SQL, {"wallet_id": wallet.id, "seq": int(number[1])})
        else:
            found = _parse_id(transaction)
        if found is None:
            raise NotFound("There is no such transaction.", hint="Run `aira wallet statement`.")
        parameters = {"id": found, "reason": reason.strip(), "actor": actor, "now": now}
        return _transaction(connection, fetch_value(connection, _REVERSE_SQL, parameters))


def verify_wallet(aira: Aira, *, owner: str | UUID | None = None, currency: str | None = None) -> LedgerReport:
    """Check the books of one wallet, or of all without an owner: any row changed, removed, added or reordered is found."""
    with aira.database.transaction() as connection:
        wallet = None
        if owner is not None or currency is not None:
            wallet = resolve_wallet(connection, owner=owner, currency=currency, now=aira.clock.now())
        parameters = {"wallet_id": wallet.id if wallet else None}
        problems = fetch_all(connection, LedgerProblem, _VERIFY_SQL, parameters)
        transactions: int = fetch_value(connection, _COUNT_SQL, parameters)
        wallets = 1 if wallet else len(_wallets(connection))
    return LedgerReport(wallets, transactions, problems)


def set_low_balance_alert(aira: Aira, threshold: Decimal | None, *, owner: str | UUID | None = None, currency: str | None = None) -> Wallet:
    """Warn below this much available money; None: below the next month's rental; 0: never. Once a shortage, until a top-up."""
    if threshold is not None and not 0 <= threshold <= LARGEST:
        raise InvalidInput("An alert needs an amount that is not negative.", hint="Give an amount such as 5, or `off`, or `auto`.")
    with aira.database.transaction() as connection:
        wallet = resolve_wallet(connection, owner=owner, currency=currency, now=aira.clock.now())
        execute(connection, _ALERT_SQL, {"id": wallet.id, "threshold": threshold})
        return _wallets(connection, wallet_id=wallet.id)[0]


def set_billing(
    aira: Aira,
    *,
    owner: str | UUID | None = None,
    currency: str | None = None,
    email: str | None = None,
    time_zone: str | None = None,
    grace_days: int | None = None,
) -> Wallet:
    """Set where letters go, in which time zone a day begins, and how many days of grace there are (3 to 7)."""
    if time_zone is not None and time_zone not in available_timezones():
        raise InvalidInput("There is no such time zone.", hint="Give a name such as America/New_York.")
    if grace_days is not None and not 3 <= grace_days <= 7:
        raise InvalidInput("Grace lasts 3 to 7 days.", hint="Give --grace-days a number from 3 to 7.")
    parameters = {
        "email": parse_email(email) if email is not None else None,
        "time_zone": time_zone,
        "grace_days": grace_days,
    }
    with aira.database.transaction() as connection:
        wallet = resolve_wallet(connection, owner=owner, currency=currency, now=aira.clock.now())
        execute(connection, _BILLING_SQL, {"id": wallet.id, **parameters})
        return _wallets(connection, wallet_id=wallet.id)[0]


def _wallets(
    connection: Connection, *, user_id: UUID | None = None, currency: str | None = None, wallet_id: UUID | None = None
) -> list[Wallet]:
    return fetch_all(connection, Wallet, _WALLETS_SQL, {"user_id": user_id, "currency": currency, "id": wallet_id})


def _transaction(connection: Connection, transaction_id: UUID) -> Transaction:
    return fetch_all(connection, Transaction, _TRANSACTION_SQL, {"id": transaction_id})[0]


def _parse_id(reference: str | UUID) -> UUID | None:
    try:
        return UUID(str(reference).strip())
    except ValueError:
        return None
