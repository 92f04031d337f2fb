"""Businesses: who owns them, when they are open, what can be booked."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID


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
    transfer_mode: str = "cold"
    """cold: callers are put through at once; warm: the person called hears who calls and why, and presses a key to take the call."""
    when_closed: str = "answer"
    """What callers get while the business is closed: answer (the bot), voicemail, or greeting (a sentence and the end)."""
    closed_greeting: str | None = None
    """First sentence that callers hear while the business is closed."""


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
