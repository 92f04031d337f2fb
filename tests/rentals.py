"""Owners with wallets and rented numbers, made by the same SQL functions that the purchase uses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from aira.core import find_wallet, top_up
from aira.core.app import Aira
from aira.core.db import execute, fetch_all, fetch_value
from aira.core.owners import add_owner
from aira.errors import VendorError
from aira.model import Wallet
from aira.ports import CarrierBalance

_BEGIN_SQL = """
select id from public.number_begin_purchase(%(wallet_id)s, %(phone_number)s, %(key)s, %(monthly)s, %(setup)s, %(currency)s,
  p_provider => 'simulated', p_now => %(now)s)
"""
_COMPLETE_SQL = """
select id from public.number_complete_purchase(%(id)s, %(sid)s, %(account_sid)s, %(phone_number)s, '{"voice": true}', p_now => %(now)s)
"""
_DELIVER_SQL = "update public.notifications set status = 'sent', sent_at = %(now)s where status = 'pending'"
_CHARGES_SQL = """
select n.phone_number, c.period_start, c.period_end, c.amount, c.status from public.number_charges c
join public.business_numbers n on n.id = c.business_number_id
where %(phone_number)s::text is null or n.phone_number = %(phone_number)s order by c.period_start, n.phone_number
"""
_LETTERS_SQL = "select template from public.notifications order by created_at, template"


@dataclass
class CarrierOfReleases:
    """A carrier that only takes numbers back, or fails to; its account holds what a test says."""

    provider: str = "simulated"
    sid: str = "AC0"
    down: bool = False
    funds: CarrierBalance = field(default_factory=lambda: CarrierBalance(Decimal(1000), "USD"))
    released: list[str] = field(default_factory=list)

    @property
    def account(self) -> "CarrierOfReleases":
        """Its own account."""
        return self

    def balance(self) -> CarrierBalance:
        """What the test says."""
        if self.down:
            raise VendorError
        return self.funds

    def release(self, sid: str) -> None:
        """Remember the number."""
        if self.down:
            raise VendorError
        self.released.append(sid)


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A row of number_charges."""

    phone_number: str
    period_start: date
    period_end: date
    amount: Decimal
    status: str


def funded_wallet(aira: Aira, amount: str = "100", *, email: str = "ann@example.com", currency: str = "USD") -> Wallet:
    """The wallet of a new owner, with money in it."""
    owner = add_owner(aira, email)
    if Decimal(amount):
        top_up(aira, Decimal(amount), reference="first", owner=owner.id, currency=currency)
    return find_wallet(aira, owner=owner.id, currency=currency)


def rent_number(aira: Aira, wallet: Wallet, phone_number: str = "+14155550100", *, monthly: str = "1.15", setup: str = "0") -> UUID:
    """Rent a number now, its first month paid; its billing anchor is the clock's date."""
    parameters = {
        "wallet_id": wallet.id,
        "phone_number": phone_number,
        "key": f"buy:{phone_number}",
        "monthly": Decimal(monthly),
        "setup": Decimal(setup),
        "currency": wallet.currency,
        "now": aira.clock.now(),
    }
    with aira.database.transaction() as connection:
        number_id: UUID = fetch_value(connection, _BEGIN_SQL, parameters)
        execute(
            connection, _COMPLETE_SQL, parameters | {"id": number_id, "sid": f"PN{number_id.hex}", "account_sid": aira.carrier.account.sid}
        )
    return number_id


def deliver_letters(aira: Aira) -> None:
    """Every letter that waits arrives now."""
    with aira.database.transaction() as connection:
        execute(connection, _DELIVER_SQL, {"now": aira.clock.now()})


def charges(aira: Aira, phone_number: str | None = None) -> Sequence[ChargeRow]:
    """The charges of one number or all, oldest first."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, ChargeRow, _CHARGES_SQL, {"phone_number": phone_number})


def letters(aira: Aira) -> Sequence[str]:
    """Templates of all letters in the outbox, in the order they were written."""
    with aira.database.transaction() as connection:
        return [row["template"] for row in fetch_all(connection, dict, _LETTERS_SQL)]


def number_status(aira: Aira, number_id: UUID) -> str:
    """The status of a number."""
    with aira.database.transaction() as connection:
        status: str = fetch_value(connection, "select status from public.business_numbers where id = %(id)s", {"id": number_id})
    return status


def run_sql(aira: Aira, statement: str, **parameters: object) -> object:
    """The first value of a statement's result."""
    with aira.database.transaction() as connection:
        return fetch_value(connection, statement, parameters)


def overdue_numbers(aira: Aira, count: int) -> None:
    """Numbers whose grace ended days ago, with every letter delivered in time."""
    wallet = funded_wallet(aira, str(count), email="poor@example.com")
    numbers = [rent_number(aira, wallet, f"+141555503{n:02}", monthly="1") for n in range(count)]
    for number in numbers:
        run_sql(
            aira,
            """
            with late as (update public.business_numbers set status = 'grace', billing_anchor = current_date - 45,
                next_billing_date = billing_period_start(current_date - 45, 1), grace_started_on = current_date - 14,
                grace_until = current_date - 9 where id = %(id)s returning *),
              letters as (insert into public.notifications (wallet_id, channel, template, recipient, dedupe_key, status, sent_at)
                select wallet_id, 'email', template, 'poor@example.com', template || ':' || id || ':' || grace_started_on, 'sent',
                  now() - interval '8 days'
                from late, unnest(array['payment_failed', 'grace_reminder', 'release_tomorrow']) template returning 1)
            select count(*) from letters
            """,
            id=number,
        )
        assert number_status(aira, number) == "grace"
