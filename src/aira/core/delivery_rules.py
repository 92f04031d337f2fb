"""Whether a message to a customer may leave now: consent, opt-out, quiet hours, expiry, daily cap, in this order. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aira.core.quiet_hours import next_waking_moment, time_zones_of

PROMPT = timedelta(minutes=10)
"""News that leaves this soon after its cause disturbs nobody: the customer is on the telephone."""
CAP_PAUSE = timedelta(hours=1)

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long after a failed attempt the next one is made; after the last, the message has failed."""
LOOK_UP_EVERY = timedelta(minutes=1)
GIVE_UP_LOOKING = timedelta(minutes=10)
"""A text whose outcome is unknown and that the carrier does not have by then was never sent."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when a message is due."""

    now: datetime
    channel: str
    template: str
    recipient: str
    time_zone: str
    """Of the business, for recipients whose number does not tell where they are."""
    created_at: datetime
    expires_at: datetime | None
    consent: str | None
    """granted, revoked or None."""
    sent_today: int
    daily_cap: int


@dataclass(frozen=True, slots=True)
class Suppress:
    """The message is never sent; `code` says why."""

    code: str


@dataclass(frozen=True, slots=True)
class Postpone:
    """The message is looked at again at `until`; `code` says why."""

    code: str
    until: datetime


def held_back(message: Circumstances) -> Suppress | Postpone | None:
    """What keeps a message from leaving now; None where nothing does. Mail to owners is kept back by nothing."""
    if not message.template.startswith("appointment_"):
        return None
    if message.consent == "revoked":
        return Suppress("opted_out")
    if message.consent is None and message.channel == "sms":
        return Suppress("no_consent")
    until = _waking_moment(message)
    if message.expires_at is not None and until >= message.expires_at:
        return Suppress("expired" if message.now >= message.expires_at else "quiet_hours")
    if until > message.now:
        return Postpone("quiet_hours", until)
    if message.sent_today >= message.daily_cap:
        return Postpone("daily_cap", message.now + CAP_PAUSE)
    return None


def _waking_moment(message: Circumstances) -> datetime:
    is_prompt = message.template != "appointment_reminder" and message.now - message.created_at <= PROMPT
    if message.channel != "sms" or is_prompt:
        return message.now
    return next_waking_moment(message.now, time_zones_of(message.recipient, otherwise=message.time_zone))
