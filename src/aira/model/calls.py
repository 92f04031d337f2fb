"""Calls and their journal."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID


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
    """The most the call achieved, or why it was rejected: unknown_number, unassigned, inactive, caller_limit, closed_greeting."""
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
    route: str = "answer"
    """Where it was sent when it came in: answer, business_limit or closed_voicemail (both to voicemail), or why it was rejected."""
    transfer_reason: str | None = None
    transfer_accepted_at: datetime | None = None
    """When the person called took a warm transfer."""
    unanswered: list[str] = field(default_factory=list)
    """Questions of the caller that the documents do not answer, known after the call."""


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
    recording_url: str | None = None
    """At the carrier, of a voicemail."""
    recording_key: str | None = None
    """In the file store, once the recording has been fetched."""


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
class Usage:
    """How much of something a call used, and what that cost."""

    unit: str
    """carrier_minutes (begun ones), stt_seconds, llm_input_tokens, llm_output_tokens or tts_characters."""
    engine: str
    quantity: float
    price: Decimal
    """For one unit; 0 where AIRA_USAGE_PRICES says nothing."""
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CallCost:
    """What a call used and cost."""

    usage: list[Usage]
    cost: Decimal
    currency: str
