"""What a purchase leaves behind: in the wallet, in our records and in the carrier's."""

from dataclasses import dataclass
from decimal import Decimal

from aira.core import verify_wallet
from aira.core.app import Aira
from aira.core.db import fetch_all

_WALLET_SQL = "select w.balance, w.held from public.wallets w join auth.users u on u.id = w.user_id order by u.email, w.currency"
_NUMBERS_SQL = "select status from public.business_numbers order by status"
_CHARGES_SQL = "select amount from public.number_charges where status = 'paid' order by amount"
_PENDING_SQL = "select amount from public.wallet_holds where status = 'pending'"


@dataclass(frozen=True)
class Books:
    balance: Decimal
    held: Decimal
    numbers: list[str]
    """Statuses of our rows, in the order of the alphabet."""
    charged: list[Decimal]
    """Paid months, the cheapest first."""
    rented: list[str]
    """Numbers that the carrier rents to us."""


def books(aira: Aira) -> Books:
    """What all purchases together left behind; the ledger is checked on the way."""
    assert verify_wallet(aira).problems == []
    with aira.database.transaction() as connection:
        wallets = fetch_all(connection, dict, _WALLET_SQL)
        pending = fetch_all(connection, dict, _PENDING_SQL)
        numbers = [row["status"] for row in fetch_all(connection, dict, _NUMBERS_SQL)]
        charged = [row["amount"] for row in fetch_all(connection, dict, _CHARGES_SQL)]
    held = sum((row["held"] for row in wallets), Decimal(0))
    assert held == sum((row["amount"] for row in pending), Decimal(0))
    balance = sum((row["balance"] for row in wallets), Decimal(0))
    return Books(balance, held, numbers, charged, [one.phone_number for one in aira.carrier.find()])


def balances(aira: Aira) -> list[Decimal]:
    """The balances of all wallets, by the e-mail of their owner."""
    with aira.database.transaction() as connection:
        return [row["balance"] for row in fetch_all(connection, dict, _WALLET_SQL)]


def untouched(balance: str = "100") -> Books:
    """Books in which nothing was ever bought."""
    return Books(Decimal(balance), Decimal(0), [], [], [])


def given_up(balance: str = "100") -> Books:
    """Books after one purchase that failed and cost nothing."""
    return Books(Decimal(balance), Decimal(0), ["failed"], [], [])


def bought(phone_number: str = "+14155550123", balance: str = "98.85") -> Books:
    """Books after one purchase that was carried out and charged once."""
    return Books(Decimal(balance), Decimal(0), ["active"], [Decimal("1.15")], [phone_number])


def under_way(*rented: str, balance: str = "100") -> Books:
    """Books after one purchase that was interrupted: the money is held."""
    return Books(Decimal(balance), Decimal("1.15"), ["purchasing"], [], list(rented))
