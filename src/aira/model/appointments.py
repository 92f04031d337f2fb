"""Appointments, and the messages about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from aira.model.businesses import Closure


class AppointmentSource(StrEnum):
    """Which program made the appointment."""

    VOICE_AGENT = "voice_agent"
    CLI = "cli"
    API = "api"
    UI = "ui"
    IMPORT = "import"


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
    cancel_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """A date that was closed or given other hours, and the appointments that are now outside the hours. None of them is cancelled."""

    closures: list[Closure]
    affected: list[Appointment]


@dataclass(frozen=True, slots=True)
class HolidayClosing:
    """Public holidays on which a business was closed, and the appointments that are outside the hours then. None of them is cancelled."""

    added: list[Closure]
    kept: list[Closure]
    """Dates that were closed or had other hours before, as they are."""
    affected: list[Appointment]


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
