"""The numbers that texts leave from. One that the operators of its country do not know as a sender texts nobody until it is registered."""

from dataclasses import dataclass
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import Connection, execute, fetch_one, fetch_values
from aira.core.numbers import resolve_number
from aira.model import PhoneNumber

NOT_REGISTERED = "sender_not_registered"
"""Reason of a text that was refused because of its sender."""

_SENDER_SQL = """
select phone_number, texts_refused_at is not null as is_refused from business_numbers where business_id = %(business_id)s and is_active
order by (capabilities ->> 'sms' = 'true') desc nulls last, (%(channel)s = 'sms' and texts_refused_at is not null), purchased_at, id limit 1
"""
_STOP_SQL = """
update business_numbers set texts_refused_at = %(now)s where phone_number = %(phone_number)s and is_active and texts_refused_at is null
"""
_RESUME_SQL = "update business_numbers set texts_refused_at = null where id = %(id)s"
_STOPPED_SQL = "select phone_number from business_numbers where is_active and texts_refused_at is not null order by phone_number"


@dataclass(frozen=True, slots=True)
class Sender:
    """The number of a business that a message names, and that a text leaves from unless it is refused."""

    phone_number: str
    is_refused: bool


def sender_of(connection: Connection, business_id: UUID | None, channel: str) -> Sender | None:
    """The number of a business for a message of this channel; None without one."""
    return fetch_one(connection, Sender, _SENDER_SQL, {"business_id": business_id, "channel": channel})


def stop_texts(aira: Aira, phone_number: str) -> None:
    """Send no texts from a number of ours until `resume_texts`; calls are not affected."""
    with aira.database.transaction() as connection:
        execute(connection, _STOP_SQL, {"phone_number": phone_number, "now": aira.clock.now()})


def resume_texts(aira: Aira, number: UUID | str) -> PhoneNumber:
    """Let texts leave from a number again that has been registered meanwhile. Raises NotFound."""
    with aira.database.transaction() as connection:
        found = resolve_number(connection, number)
        execute(connection, _RESUME_SQL, {"id": found.id})
        return found


def stopped_senders(aira: Aira) -> list[str]:
    """The numbers in use that texts do not leave from, because they were refused as senders."""
    with aira.database.transaction() as connection:
        return fetch_values(connection, _STOPPED_SQL, {})
