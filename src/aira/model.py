"""The records AiRa works with. Field names are the column names of the database and the field names of `--json`.

Times are aware datetimes in UTC, dates are calendar dates of the business or wallet, money is Decimal beside a currency,
telephone numbers are E.164, durations carry their unit in the name.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time
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


class DocumentStatus(StrEnum):
    """pending -> processing -> completed | failed; failed -> pending by `aira kb retry`."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class AppointmentSource(StrEnum):
    """Which program made the appointment."""

    VOICE_AGENT = "voice_agent"
    CLI = "cli"
    API = "api"
    UI = "ui"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Owner:
    """A person who owns businesses and wallets: a user of the auth schema."""

    id: UUID
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Business:
    """A business whose telephone is answered."""

    id: UUID
    user_id: UUID | None
    name: str
    time_zone: str
    email: str | None
    greeting: str | None
    transfer_number: str | None
    address: str | None
    slot_minutes: int
    default_duration_minutes: int
    min_notice_minutes: int
    max_advance_days: int
    kb_version: int
    is_active: bool
    created_at: datetime
    reminder_minutes: list[int] = field(default_factory=list)
    """How long before an appointment its reminders leave."""


@dataclass(frozen=True, slots=True)
class OpeningSpan:
    """One span of opening hours in the business's wall-clock time; `closes` 00:00 is midnight, before `opens` the next day."""

    weekday: int
    """ISO: 1 is Monday."""
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Closure:
    """A date with other hours than usual; closed all day where `opens` is None."""

    id: int
    business_id: UUID
    on_date: date
    opens: time | None
    closes: time | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Service:
    """Something that can be booked."""

    id: UUID
    business_id: UUID
    name: str
    also: list[str]
    """Other names callers use for it."""
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    price: Decimal | None
    currency: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """A person, chair or room; a business can take as many appointments at once as it has active resources."""

    id: UUID
    business_id: UUID
    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class BusinessFacts:
    """All that a call needs to know about a business."""

    business: Business
    hours: list[OpeningSpan]
    closures: list[Closure]
    """Dates with other hours from today on."""
    services: list[Service]
    resources: list[Resource]
    numbers: list[str]
    """Its telephone numbers that are in use, E.164."""


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
class Document:
    """A file of a business and how far its way into the knowledge base has come."""

    id: UUID
    business_id: UUID
    file_name: str
    mime_type: str
    size_bytes: int
    sha256: str
    storage_path: str
    processing_status: DocumentStatus
    error_code: str | None
    error_message: str | None
    attempts: int
    chunk_count: int | None
    pages_total: int | None
    pages_with_text: int | None
    created_at: datetime
    processed_at: datetime | None
    progress: float
    """From 0 to 1, of the latest attempt."""
    window_count: int | None
    active_version: int | None
    """Which version is searched; None before the first was read. A document that fails later keeps it."""
    embedding_model: str | None


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """Whether what is stored of a document is what its row says."""

    document_id: UUID
    file_name: str
    chunks: int
    windows: int
    vectors: int
    ok: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found for a query, with where it stands."""

    document_id: UUID
    file_name: str
    page: int | None
    heading: str | None
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the knowledge base says to a query; `answerable` is False where nothing in it is about the question."""

    query: str
    answerable: bool
    hits: list[Hit]


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that can be booked."""

    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, slots=True)
class Appointment:
    """A booked time."""

    id: UUID
    business_id: UUID
    service: str | None
    resource: str
    customer_name: str | None
    customer_phone: str | None
    customer_email: str | None
    notes: str | None
    start_time: datetime
    end_time: datetime
    status: str
    """confirmed, cancelled, completed or no_show."""
    source: AppointmentSource
    external_id: str | None
    """The CallSid where `source` is voice_agent."""
    sequence: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """A date that was closed or given other hours, and the appointments that are now outside the hours. None of them is cancelled."""

    closures: list[Closure]
    affected: list[Appointment]


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
    """Wallets warned of a low balance."""
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


@dataclass(frozen=True, slots=True)
class Notification:
    """A message in the outbox."""

    id: UUID
    business_id: UUID | None
    channel: str
    """email or sms."""
    template: str
    recipient: str
    status: str
    """pending, sending, sent, delivered, failed, suppressed or unknown."""
    attempts: int
    last_error: str | None
    """Code of what keeps or kept it back."""
    send_after: datetime
    sent_at: datetime | None
    created_at: datetime
    appointment_id: UUID | None = None
    expires_at: datetime | None = None
    provider_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A telephone call."""

    id: UUID
    call_sid: str
    business_id: UUID | None
    from_number: str | None
    to_number: str | None
    status: str
    """ringing, in_progress, completed, missed or rejected."""
    outcome: str | None
    """The most the call achieved, or why it was rejected: unknown_number, unassigned, inactive."""
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int | None
    connects: int
    """How often a bot has taken the call; more than once where one was lost."""
    next_step: str | None
    """What the bot wants done when its stream ends: hang_up or transfer; None while it talks, and where it was lost."""
    summary: str | None
    tags: list[str]
    recording_key: str | None


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One row of a call's journal."""

    seq: int
    role: str
    """caller, bot, tool or note."""
    text: str
    tool: str | None
    """The tool's name; of a note, where it comes from."""
    detail: dict[str, object]
    latency_ms: dict[str, float] | None
    """Parts of the answer's delay by name, in milliseconds."""
    at: datetime


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A message that a caller left for the owner."""

    id: UUID
    call_id: UUID
    business_id: UUID
    kind: str
    """message or voicemail."""
    text: str
    caller_name: str | None
    phone: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One thing that happened because of a call: `source` is webhook, stream, caller, bot, tool, booking, message or notification."""

    at: datetime
    source: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One line of a call's transcript."""

    role: str
    """caller, bot or tool."""
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of `aira doctor`."""

    check: str
    status: str
    """ok, warn, fail or skip."""
    evidence: str
    fix: str
