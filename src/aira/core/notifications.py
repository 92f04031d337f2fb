"""The outbox: messages wait as rows in the database and leave by mail or text, however often a sender dies on the way.

An e-mail leaves at least once, always with the same Message-ID; a text message leaves at most once.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Jsonb, execute, fetch_all, fetch_one, fetch_value
from aira.core.delivery import Claimed, attempt
from aira.core.senders import NOT_REGISTERED, stop_texts
from aira.errors import InvalidInput, NotFound, Refused
from aira.model import Notification

NOTIFICATION_COLUMNS = """
n.id, n.business_id, n.channel, n.template, n.recipient, n.status, n.attempts, n.last_error, n.send_after, n.sent_at, n.created_at,
n.appointment_id, n.expires_at, n.provider_message_id
"""

_QUEUE_SQL = f"""
with queued as (
  insert into notifications (business_id, wallet_id, channel, template, recipient, payload, dedupe_key, send_after, expires_at, created_at)
  values (%(business_id)s, %(wallet_id)s, %(channel)s, %(template)s, %(recipient)s, %(payload)s, %(dedupe_key)s, %(send_after)s,
    %(expires_at)s, %(now)s)
  on conflict (dedupe_key) do nothing returning *)
select {NOTIFICATION_COLUMNS} from queued n
union all
select {NOTIFICATION_COLUMNS} from notifications n where n.dedupe_key = %(dedupe_key)s
"""
_FIND_SQL = f"select {NOTIFICATION_COLUMNS} from notifications n where n.id = %(id)s"
_FIND_BY_PREFIX_SQL = f"select {NOTIFICATION_COLUMNS} from notifications n where n.id::text like %(prefix)s order by n.id limit 2"
_LIST_SQL = f"""
select {NOTIFICATION_COLUMNS} from notifications n
where (%(business_id)s::uuid is null or n.business_id = %(business_id)s) and (%(status)s::text is null or n.status = %(status)s)
order by n.created_at desc, n.send_after desc, n.id limit %(limit)s
"""
_CLAIM_SQL = """
select id, business_id, appointment_id, channel, template, recipient, payload, status, attempts, attempted_at, created_at, expires_at
from claim_notifications(1, %(id)s, p_now => %(now)s, p_appointment_id => %(appointment_id)s)
"""
_RETRY_SQL = f"""
update notifications n set status = 'pending', send_after = %(now)s, attempts = 0, last_error = null
where n.id = %(id)s returning {NOTIFICATION_COLUMNS}
"""
_MAYBE_SENT_SQL = "select status = 'unknown' or last_error = 'outcome_unknown' from notifications where id = %(id)s and channel = 'sms'"
_REPORT_SQL = """
update notifications set status = %(status)s, last_error = %(error)s
where provider_message_id = %(provider_message_id)s and status <> 'delivered' and not (%(status)s = 'sent' and status = 'failed')
"""
_REPORTED = {"sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed"}


def queue_notification(
    aira: Aira,
    template: str,
    *,
    channel: str,
    recipient: str,
    payload: Mapping[str, object],
    dedupe_key: str,
    business: UUID | str | None = None,
    wallet_id: UUID | None = None,
    send_after: datetime | None = None,
    expires_at: datetime | None = None,
) -> Notification:
    """Put a message into the outbox; the same `dedupe_key` again gives the first message. Raises NotFound."""
    now = aira.clock.now()
    with aira.database.transaction() as connection:
        values = {
            "business_id": resolve_business(connection, business).id if business is not None else None,
            "wallet_id": wallet_id,
            "channel": channel,
            "template": template,
            "recipient": recipient,
            "payload": Jsonb(dict(payload)),
            "dedupe_key": dedupe_key,
            "send_after": send_after or now,
            "expires_at": expires_at,
            "now": now,
        }
        return fetch_all(connection, Notification, _QUEUE_SQL, values)[0]


def list_notifications(
    aira: Aira, *, business: UUID | str | None = None, status: str | None = None, limit: int | None = None
) -> list[Notification]:
    """Messages, the newest first, of one business or of all. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id if business is not None else None
        return fetch_all(connection, Notification, _LIST_SQL, {"business_id": business_id, "status": status, "limit": limit})


def find_notification(aira: Aira, notification: UUID | str) -> Notification:
    """The message of this id, or of these first characters of an id. Raises NotFound, InvalidInput where several fit."""
    text = str(notification).strip().lower()
    with aira.database.transaction() as connection:
        try:
            found = fetch_all(connection, Notification, _FIND_SQL, {"id": UUID(text)})
        except ValueError:
            if len(text) < 4 or not set(text) <= set("0123456789abcdef-"):
                raise InvalidInput("That is not the id of a message.", hint="Give at least its first four characters.") from None
            found = fetch_all(connection, Notification, _FIND_BY_PREFIX_SQL, {"prefix": f"{text}%"})
    if not found:
        raise NotFound("There is no such message.", hint="Run `aira notifications list` for those there are.")
    if len(found) > 1:
        raise InvalidInput("Several messages have an id that begins so.", hint="Give more characters of it.")
    return found[0]


def retry_notification(aira: Aira, notification: UUID | str) -> Notification:
    """Let a message that failed or was held back leave now. Raises NotFound; Refused where it left, may have, is not due or untrue."""
    found = find_notification(aira, notification)
    if found.status in {"sent", "delivered", "sending"}:
        raise Refused("The message has left already.", code="already_sent")
    if found.status == "pending" and found.last_error is None and found.send_after > aira.clock.now():
        raise Refused("Nothing keeps the message back; it waits for its time.", code="not_due")
    if found.last_error == "superseded":
        raise Refused("The appointment has been changed since; the message is not true any more.", code="superseded")
    with aira.database.transaction() as connection:
        if fetch_value(connection, _MAYBE_SENT_SQL, {"id": found.id}):
            raise Refused("The text message may have been sent; it is not sent again.", code="outcome_unknown")
        return fetch_all(connection, Notification, _RETRY_SQL, {"id": found.id, "now": aira.clock.now()})[0]


def deliver_notification(aira: Aira, notification: UUID) -> Notification | None:
    """Send a message if it is due and nobody else is at it; returns what became of it, None where there was nothing to do.

    A failure is written to the message, with the time of the next attempt, and not raised.
    """
    claimed = _claim(aira, notification=notification)
    return _attempted(aira, claimed) if claimed is not None else None


def deliver_news(aira: Aira, appointment: UUID) -> list[Notification]:
    """Send the messages about one appointment that are due, one after the other."""
    return _deliver(aira, appointment=appointment)


def deliver_due(aira: Aira, *, limit: int = 100) -> list[Notification]:
    """Send the messages that are due, one after the other; safe to run in several processes at once."""
    return _deliver(aira, limit=limit)


def record_delivery(aira: Aira, provider_message_id: str, *, status: str, error: str | None = None, sender: str | None = None) -> bool:
    """Note what the carrier reports of a text message; reports may come late and in any order. False where nothing changes.

    No more texts leave from a `sender` that operators refused because it is not registered.
    """
    if status not in _REPORTED:
        return False
    if error == NOT_REGISTERED and sender:
        stop_texts(aira, sender)
    with aira.database.transaction() as connection:
        values = {"provider_message_id": provider_message_id, "status": _REPORTED[status], "error": error}
        return execute(connection, _REPORT_SQL, values) > 0


def _deliver(aira: Aira, *, appointment: UUID | None = None, limit: int | None = None) -> list[Notification]:
    attempted: list[Notification] = []
    while (limit is None or len(attempted) < limit) and (claimed := _claim(aira, appointment=appointment)) is not None:
        attempted.append(_attempted(aira, claimed))
    return attempted


def _claim(aira: Aira, *, notification: UUID | None = None, appointment: UUID | None = None) -> Claimed | None:
    with aira.database.transaction() as connection:
        values = {"id": notification, "appointment_id": appointment, "now": aira.clock.now()}
        return fetch_one(connection, Claimed, _CLAIM_SQL, values)


def _attempted(aira: Aira, claimed: Claimed) -> Notification:
    attempt(aira, claimed)
    return find_notification(aira, claimed.id)
