"""Telephone numbers and their rental."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class NumberStatus(StrEnum):
    """purchasing -> active | failed; active <-> grace; active | grace | missing -> releasing -> released; active | grace <-> missing.

    failed | released -> releasing where the carrier turns out to rent the number to us all the same.
    """

    PURCHASING = "purchasing"
    ACTIVE = "active"
    GRACE = "grace"
    RELEASING = "releasing"
    RELEASED = "released"
    FAILED = "failed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class NumberSearch:
    """What kind of telephone number is wanted."""

    country: str = "US"
    number_type: str = "local"
    """local, toll_free, mobile or national."""
    area_code: str | None = None
    contains: str | None = None
    """Two to sixteen digits, letters of a keypad, or `*` for any one digit."""
    locality: str | None = None
    region: str | None = None
    capabilities: frozenset[str] = frozenset({"voice"})
    """What the number must be able to do: voice, sms, mms."""
    limit: int = 10


@dataclass(frozen=True, slots=True)
class AvailableNumber:
    """A number for rent at our price."""

    phone_number: str
    country: str
    number_type: str
    locality: str | None
    region: str | None
    capabilities: dict[str, bool]
    monthly_cost: Decimal
    setup_cost: Decimal
    currency: str
    address_requirement: str = "none"
    """none, any, local or foreign: where the renter's address has to be."""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A rented telephone number and its rental."""

    id: UUID
    phone_number: str
    status: NumberStatus
    status_reason: str | None
    is_active: bool
    business_id: UUID | None
    business_name: str | None
    wallet_id: UUID
    country: str | None
    number_type: str
    capabilities: dict[str, bool]
    provider: str
    provider_account_sid: str | None
    provider_sid: str | None
    monthly_cost: Decimal
    setup_cost: Decimal
    currency: str
    billing_anchor: date | None
    next_billing_date: date | None
    voice_url: str | None
    voice_fallback_url: str | None
    status_callback_url: str | None
    grace_until: date | None
    created_at: datetime
    purchased_at: datetime | None
    released_at: datetime | None


@dataclass(frozen=True, slots=True)
class BillingItem:
    """What one billing run did with one number."""

    phone_number: str
    outcome: str
    """charged, recovered, grace_started, reminded, waiting, released, release_blocked, release_held, failed, locked, skipped or not_due."""
    periods: int
    amount: Decimal
    """Money that moved."""
    currency: str
    period_start: date | None
    period_end: date | None
    """First day after the period."""
    detail: str


@dataclass(frozen=True, slots=True)
class PreviewItem:
    """What a billing run will do with one number on one day, if nothing is topped up and every letter arrives."""

    on: date
    phone_number: str
    outcome: str
    amount: Decimal
    currency: str
    period_start: date | None
    period_end: date | None
    detail: str


@dataclass(frozen=True, slots=True)
class BillingRun:
    """One billing run: counts of numbers by outcome, and the items."""

    id: UUID | None
    """None for a dry run and where another run was under way."""
    as_of: date
    dry_run: bool
    charged: int
    grace_started: int
    reminded: int
    released: int
    recovered: int
    failed: int
    skipped: int
    items: list[BillingItem]
    blocked: int = 0
    """Grace is over, but no warning was delivered, or the run would release more numbers than it may."""
    settled: int = 0
    """Purchases that an earlier process left unfinished."""
    alerted: int = 0
    """Wallets warned of a low balance, or of a rental in the next days that they will not be able to pay."""
    amounts: dict[str, Decimal] = field(default_factory=dict)
    """Money that moved, by currency."""
    warnings: list[str] = field(default_factory=list)
    """What the operator should look at, in sentences."""
    already_running: bool = False
    interrupted: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """The rental of one number for one period [period_start, period_end)."""

    id: UUID
    business_number_id: UUID
    phone_number: str
    period_start: date
    period_end: date
    amount: Decimal
    currency: str
    status: str
    """unpaid, paid, waived or written_off."""
    transaction_id: UUID | None
    paid_at: datetime | None
    waived_at: datetime | None
    waive_reason: str | None
