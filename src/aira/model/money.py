"""Money: wallets, the ledger, statements."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wallet:
    """An owner's prepaid money in one currency; `available` is what is neither spent nor held for a purchase."""

    id: UUID
    user_id: UUID
    owner: str
    currency: str
    balance: Decimal
    held: Decimal
    available: Decimal
    low_balance_threshold: Decimal | None
    """None: the next month's rental of its numbers."""
    billing_time_zone: str
    billing_email: str | None
    """None: the owner's own address."""
    grace_days: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """One posting of the ledger, a transfer between a wallet and a contra account. Never changed, never deleted."""

    id: UUID
    wallet_id: UUID
    seq: int
    type: str
    """credit or debit, seen from the wallet."""
    contra_account: str
    amount: Decimal
    currency: str
    balance_after: Decimal
    description: str
    phone_number: str | None
    """The number it is about, None for a top-up."""
    period_start: date | None
    """Of a rental: its period, up to and without `period_end`."""
    period_end: date | None
    reverses_id: UUID | None
    charge_id: UUID | None
    idempotency_key: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """What happened in a wallet from one date to another, both included, in the wallet's time zone."""

    wallet: Wallet
    date_from: date | None
    date_to: date | None
    opening_balance: Decimal
    closing_balance: Decimal
    transactions: list[Transaction]


@dataclass(frozen=True, slots=True)
class LedgerProblem:
    """A place where the books do not agree with themselves; `seq` is the transaction's, None for the wallet as a whole."""

    wallet_id: UUID
    seq: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """Outcome of checking the books of some wallets; they are right where `problems` is empty."""

    wallets: int
    transactions: int
    problems: list[LedgerProblem]
