"""What people agreed to be sent: the latest word of an address towards a business counts."""

from typing import Literal
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Connection, execute, fetch_value
from aira.core.phones import parse_phone_number

OPT_OUT_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""Texts by which carriers let a person end all messages of a sender."""
OPT_IN_WORDS = frozenset({"start", "yes", "unstop"})
ALSO_ANSWERS = frozenset({"cancel", "end", "yes"})
"""Those of the words by which a customer may mean an appointment: what carriers take them for, the business has to know of them."""

Channel = Literal["sms", "email"]

_RECORD_SQL = """
insert into contact_consents (business_id, channel, address, state, basis, evidence, at)
values (%(business_id)s, %(channel)s, %(address)s, %(state)s, %(basis)s, %(evidence)s, %(now)s)
"""
_LATEST_SQL = """
select state from contact_consents where channel = %(channel)s and address = %(address)s
  and (business_id is null or business_id = %(business_id)s)
order by at desc, id desc limit 1
"""


def record_consent(
    aira: Aira, address: str, *, business: UUID | str, granted: bool, basis: str, evidence: str | None = None, channel: Channel = "sms"
) -> None:
    """Note that the holder of an address agreed to messages of a business, or wants no more of them.

    `basis` says how (spoken, typed, keyword, carrier), `evidence` where it can be looked up, such as a CallSid. Messages about
    coming appointments that waited for the consent leave now. Raises NotFound, InvalidInput.
    """
    with aira.database.transaction() as connection:
        values = {
            "business_id": resolve_business(connection, business).id,
            "channel": channel,
            "address": parse_phone_number(address) if channel == "sms" else address.strip(),
            "state": "granted" if granted else "revoked",
            "basis": basis,
            "evidence": evidence,
            "now": aira.clock.now(),
        }
        execute(connection, _RECORD_SQL, values)


def consent_of(connection: Connection, *, business_id: UUID | None, channel: str, address: str) -> str | None:
    """`granted`, `revoked`, or None where the holder of the address never said."""
    values = {"business_id": business_id, "channel": channel, "address": address}
    state: str | None = fetch_value(connection, _LATEST_SQL, values)
    return state


def keyword_consent(text: str) -> bool | None:
    """What a text message that is nothing but a keyword says about consent: False to end, True to begin again, else None."""
    word = _word(text)
    return False if word in OPT_OUT_WORDS else True if word in OPT_IN_WORDS else None


def may_be_an_answer(text: str) -> bool:
    """Whether a text message may be meant for a person: it is more than a keyword, or one that has another meaning as well."""
    return keyword_consent(text) is None or _word(text) in ALSO_ANSWERS


def _word(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalpha())
