"""One attempt to send one message, and what becomes of the message by it."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from aira.core.app import Aira
from aira.core.appointments import resolve_appointment
from aira.core.businesses import resolve_business
from aira.core.consents import consent_of, record_consent
from aira.core.db import Connection, execute, fetch_one, fetch_value
from aira.core.delivery_rules import GIVE_UP_LOOKING, LOOK_UP_EVERY, RETRY_AFTER, Circumstances, Postpone, Suppress, held_back
from aira.core.mails import compose_mail
from aira.core.messages import OwnWords, Words, write_message
from aira.core.senders import NOT_REGISTERED, Sender, sender_of, stop_texts
from aira.errors import AiraError, NotFound, OutcomeUnknown, SetupError, TextRefused, VendorError
from aira.model import Appointment, Business

_SENT_TODAY_SQL = """
select count(*) from notifications
where business_id = %(business_id)s and attempted_at > %(now)s::timestamptz - interval '1 day' and id <> %(id)s
  and status in ('sending', 'sent', 'delivered', 'unknown') and template like 'appointment%%'
"""
_DAILY_CAP_SQL = "select daily_message_cap from business_v2 where id = %(business_id)s"
_OWN_WORDS_SQL = """
select body, subject from notification_templates where business_id = %(business_id)s and template = %(template)s and channel = %(channel)s
"""
_READ_SQL = """
select id, business_id, appointment_id, channel, template, recipient, payload, status, attempts,
  coalesce(attempted_at, created_at) as attempted_at, created_at, expires_at
from notifications where id = %(id)s
"""
_SETTLE_SQL = """
update notifications set status = %(status)s, last_error = %(code)s, send_after = coalesce(%(again_at)s, send_after), lease_until = null,
  sent_at = case when %(status)s = 'sent' then %(now)s else sent_at end,
  provider_message_id = coalesce(%(provider_message_id)s, provider_message_id),
  attempts = case when %(status)s = 'pending' and %(postponed)s then greatest(attempts - 1, 0) else attempts end
where id = %(id)s and status in ('sending', 'unknown')
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process alone may send, until its lease is over."""

    id: UUID
    business_id: UUID | None
    appointment_id: UUID | None
    channel: str
    template: str
    recipient: str
    payload: dict[str, Any]
    status: str
    attempts: int
    attempted_at: datetime
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Context:
    business: Business | None
    appointment: Appointment | None
    sender: Sender | None
    own: OwnWords | None
    held_back: Suppress | Postpone | None


@dataclass(frozen=True, slots=True)
class _Settled:
    status: str
    code: str | None = None
    again_at: datetime | None = None
    provider_message_id: str | None = None
    postponed: bool = False


def attempt(aira: Aira, message: Claimed) -> None:
    """Send a claimed message, or note why not and when to try again."""
    settled = _look_up(aira, message) if message.status == "unknown" else _send(aira, message)
    if settled.code == "recipient_opted_out" and message.business_id is not None:
        record_consent(aira, message.recipient, business=message.business_id, granted=False, basis="carrier", evidence=str(message.id))
    with aira.database.transaction() as connection:
        execute(
            connection,
            _SETTLE_SQL,
            {
                "id": message.id,
                "now": aira.clock.now(),
                "status": settled.status,
                "code": settled.code,
                "again_at": settled.again_at,
                "provider_message_id": settled.provider_message_id,
                "postponed": settled.postponed,
            },
        )


def words_of_notification(aira: Aira, notification: UUID) -> Words:
    """What a message says, in the words that hold today. Raises NotFound, InvalidInput where its template cannot be filled."""
    with aira.database.transaction() as connection:
        message = fetch_one(connection, Claimed, _READ_SQL, {"id": notification})
        if message is None:
            raise NotFound("There is no such message.")
        return _words(message, _context(aira, connection, message))


def _send(aira: Aira, message: Claimed) -> _Settled:
    with aira.database.transaction() as connection:
        context = _context(aira, connection, message)
    if isinstance(context.held_back, Suppress):
        return _Settled("suppressed", context.held_back.code)
    if isinstance(context.held_back, Postpone):
        return _Settled("pending", context.held_back.code, again_at=context.held_back.until, postponed=True)
    try:
        return _Settled("sent", provider_message_id=_hand_over(aira, message, context))
    except OutcomeUnknown as error:
        if message.channel == "sms":
            return _Settled("unknown", error.reason, again_at=aira.clock.now() + LOOK_UP_EVERY)
        return _again(aira, message, error)
    except (VendorError, SetupError) as error:
        return _again(aira, message, error)
    except AiraError as error:
        if error.reason == NOT_REGISTERED and context.sender is not None:
            stop_texts(aira, context.sender.phone_number)
        return _Settled("failed", error.reason)


def _look_up(aira: Aira, message: Claimed) -> _Settled:
    """Ask the carrier for a text that may have left. It is never sent again."""
    with aira.database.transaction() as connection:
        context = _context(aira, connection, message)
    now = aira.clock.now()
    try:
        body = _words(message, context).text
        found = aira.texter.find(to=message.recipient, body=body, since=message.attempted_at) if aira.texter is not None else None
    except VendorError:
        return _Settled("unknown", "outcome_unknown", again_at=now + LOOK_UP_EVERY)
    if found is not None:
        return _Settled("sent", provider_message_id=found)
    if now - message.attempted_at < GIVE_UP_LOOKING:
        return _Settled("unknown", "outcome_unknown", again_at=now + LOOK_UP_EVERY)
    return _Settled("failed", "outcome_unknown")


def _again(aira: Aira, message: Claimed, error: AiraError) -> _Settled:
    if message.attempts > len(RETRY_AFTER):
        return _Settled("failed", error.reason)
    return _Settled("pending", error.reason, again_at=aira.clock.now() + RETRY_AFTER[message.attempts - 1])


def _hand_over(aira: Aira, message: Claimed, context: _Context) -> str:
    words = _words(message, context)
    if message.channel == "sms":
        if aira.texter is None:
            raise AiraError("Text messages are switched off.", code="sms_off")
        if context.sender is not None and context.sender.is_refused:
            raise TextRefused("The sending number is not registered for text messages.", code=NOT_REGISTERED)
        return aira.texter.send(to=message.recipient, body=words.text, sender=_number(context))
    to_customer = message.template in {"appointment_confirmed", "appointment_rescheduled", "appointment_cancelled"}
    mail = compose_mail(
        message.id,
        message.recipient,
        words,
        sender=aira.settings.aira_mail_from,
        now=aira.clock.now(),
        business=context.business if message.template.startswith("appointment_") else None,
        appointment=context.appointment if to_customer else None,
        cancelled=message.template == "appointment_cancelled",
    )
    if key := message.payload.get("recording_key"):
        with suppress(NotFound):  # deleted meanwhile: the news leaves without it
            mail.add_attachment(aira.files.get(key), maintype="audio", subtype="wav", filename="message.wav")
    return aira.mailer.send(mail)


def _words(message: Claimed, context: _Context) -> Words:
    return write_message(
        message.template, message.channel, message.payload, business=context.business, number=_number(context), own=context.own
    )


def _number(context: _Context) -> str | None:
    return context.sender.phone_number if context.sender is not None else None


def _context(aira: Aira, connection: Connection, message: Claimed) -> _Context:
    business = resolve_business(connection, message.business_id) if message.business_id is not None else None
    whose = {"business_id": message.business_id, "template": message.template, "channel": message.channel}
    appointment = resolve_appointment(connection, message.appointment_id) if message.appointment_id else None
    return _Context(
        business=business,
        appointment=_as_announced(appointment, message) if appointment is not None else None,
        sender=sender_of(connection, message.business_id, message.channel),
        own=fetch_one(connection, OwnWords, _OWN_WORDS_SQL, whose),
        held_back=_held_back(aira, connection, message, business, appointment) if business is not None else None,
    )


def _held_back(
    aira: Aira, connection: Connection, message: Claimed, business: Business, appointment: Appointment | None
) -> Suppress | Postpone | None:
    # A consent or an operator may let a message go again that was held back while the appointment changed.
    if appointment is not None and message.payload["sequence"] < appointment.sequence:
        return Suppress("superseded")
    return held_back(_circumstances(aira, connection, message, business))


def _as_announced(appointment: Appointment, message: Claimed) -> Appointment:
    """The appointment as of the revision that the message is about."""
    return replace(
        appointment,
        start_time=datetime.fromisoformat(message.payload["start_time"]),
        end_time=datetime.fromisoformat(message.payload["end_time"]),
        sequence=message.payload["sequence"],
        customer_email=message.recipient,
    )


def _circumstances(aira: Aira, connection: Connection, message: Claimed, business: Business) -> Circumstances:
    now = aira.clock.now()
    values = {"business_id": business.id, "id": message.id, "now": now}
    return Circumstances(
        now=now,
        channel=message.channel,
        template=message.template,
        recipient=message.recipient,
        time_zone=business.time_zone,
        created_at=message.created_at,
        expires_at=message.expires_at,
        consent=consent_of(connection, business_id=business.id, channel=message.channel, address=message.recipient),
        sent_today=fetch_value(connection, _SENT_TODAY_SQL, values),
        daily_cap=fetch_value(connection, _DAILY_CAP_SQL, values),
    )
