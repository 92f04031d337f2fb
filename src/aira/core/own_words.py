"""A business's own templates instead of ours."""

from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.consents import Channel
from aira.core.db import execute, fetch_one
from aira.core.messages import OwnWords, Words, check_own_words, our_template
from aira.errors import InvalidInput, NotFound

TEMPLATES = (
    "appointment_confirmed",
    "appointment_rescheduled",
    "appointment_cancelled",
    "appointment_reminder",
)
"""Messages that a business may say in its own words."""

_SET_SQL = """
insert into notification_templates (business_id, template, channel, subject, body)
values (%(business_id)s, %(template)s, %(channel)s, %(subject)s, %(body)s)
on conflict (business_id, template, channel) do update set subject = excluded.subject, body = excluded.body
"""
_FIND_SQL = """
select body, subject from notification_templates where business_id = %(business_id)s and template = %(template)s and channel = %(channel)s
"""
_REMOVE_SQL = """
delete from notification_templates where business_id = %(business_id)s and template = %(template)s and channel = %(channel)s
"""


def channel_named(text: str) -> Channel:
    """The channel of this name. Raises InvalidInput."""
    if text == "email":
        return "email"
    if text == "sms":
        return "sms"
    raise InvalidInput(f"'{text}' is not a way to send messages.", hint="One of: email, sms.")


def set_own_words(aira: Aira, template: str, *, business: UUID | str, channel: Channel, body: str, subject: str | None = None) -> Words:
    """Say a message to customers in a business's own words, a Jinja template; returns what it gives for a made-up appointment.

    Raises InvalidInput for an unknown message and for words that cannot be filled, NotFound.
    """
    _check_name(template)
    with aira.database.transaction() as connection:
        found = resolve_business(connection, business)
        own = OwnWords(body=body, subject=subject if channel == "email" else None)
        sample = check_own_words(own, channel, template, business=found, now=aira.clock.now())
        values = {"business_id": found.id, "template": template, "channel": channel, "body": body, "subject": own.subject}
        execute(connection, _SET_SQL, values)
        return sample


def words_in_use(aira: Aira, template: str, *, business: UUID | str, channel: Channel) -> tuple[OwnWords, bool]:
    """The template of a message to customers, and whether it is the business's own. Raises InvalidInput, NotFound."""
    _check_name(template)
    with aira.database.transaction() as connection:
        values = {"business_id": resolve_business(connection, business).id, "template": template, "channel": channel}
        own = fetch_one(connection, OwnWords, _FIND_SQL, values)
    return (own, True) if own is not None else (our_template(template, channel), False)


def remove_own_words(aira: Aira, template: str, *, business: UUID | str, channel: Channel) -> None:
    """Use our words for a message again. Raises NotFound where ours are used."""
    with aira.database.transaction() as connection:
        values = {"business_id": resolve_business(connection, business).id, "template": template, "channel": channel}
        if execute(connection, _REMOVE_SQL, values) == 0:
            raise NotFound("The business has no words of its own for this message.", hint="It uses ours.")


def _check_name(template: str) -> None:
    if template not in TEMPLATES:
        raise InvalidInput("There is no such message to customers.", hint="One of: " + ", ".join(TEMPLATES) + ".")
