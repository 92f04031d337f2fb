"""What `aira monitor` shows: how the whole of AiRa is doing at one moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallInProgress:
    """A call that rings or is being talked in."""

    call_sid: str
    business_name: str | None
    from_number: str | None
    status: str
    seconds: int
    """How long it has been on."""
    last_words: str | None
    """What caller or bot said last."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Counts at one moment; what happened is counted over the hour before it, what waits or failed as it stands."""

    at: datetime
    calls_in_progress: int
    calls: int
    """Calls that came in."""
    calls_missed: int
    calls_resumed: int
    """Calls whose bot was lost and that another took up."""
    answer_ms_p50: float | None
    """Median of the time from the end of the caller's words to the bot's first sound; None without an answer."""
    answer_ms_p95: float | None
    appointments_booked: int
    documents_waiting: int
    documents_failed: int
    notifications_waiting: int
    notifications_failed: int
    jobs_waiting: int
    jobs_running: int
    jobs_failed: int
    numbers_active: int
    numbers_in_grace: int
    charges_unpaid: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A glance, and the calls that are on."""

    glance: Glance
    calls: list[CallInProgress]
    """The longest first."""
