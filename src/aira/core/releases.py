"""Giving a number back: it stops answering first, then the carrier takes it, then the books are closed. There is no way back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import execute, fetch_all, fetch_value
from aira.core.numbers import resolve_number
from aira.errors import SetupError
from aira.model import NumberStatus, PhoneNumber

_BEGIN_SQL = "select id from public.number_begin_release(%(id)s, %(reason)s, p_now => %(now)s)"
_COMPLETE_SQL = "select id from public.number_complete_release(%(id)s, p_now => %(now)s)"
_LAST_NUMBER_SQL = """
select not exists (select from public.business_numbers o where o.business_id = n.business_id and o.is_active and o.id <> n.id)
from public.business_numbers n where n.id = %(id)s
"""
_APPOINTMENTS_SQL = """
select a.start_time, b.time_zone, s.name as service
from public.appointments a
join public.business_v2 b on b.id = a.business_id
left join public.services s on s.id = a.service_id
where a.business_id = %(business_id)s and a.status = 'confirmed' and a.start_time > %(now)s order by a.start_time, a.id
"""


@dataclass(frozen=True, slots=True)
class Stranded:
    """An appointment to come that its customer could no longer ring about."""

    start_time: datetime
    time_zone: str
    """Of the business."""
    service: str | None


def release_number(aira: Aira, number: UUID | str, *, reason: str = "operator", dry_run: bool = False) -> PhoneNumber:
    """Stop a number and give it back to the carrier for good; what is paid is not given back.

    Where the carrier fails the number stays `releasing`, answers no call and costs nothing more; the same command, a billing
    run or `reconcile_numbers` ends it. Raises NotFound, NumberNotReleasable, SetupError where the number is another
    carrier's or account's, VendorError.
    """
    with aira.database.transaction(dry_run=dry_run) as connection:
        found = resolve_number(connection, number)
        check_same_account(aira, found)
        execute(connection, _BEGIN_SQL, {"id": found.id, "reason": reason, "now": aira.clock.now()})
        releasing = resolve_number(connection, found.id)
    if dry_run or releasing.status is NumberStatus.RELEASED:
        return releasing
    return give_back(aira, releasing)


def give_back(aira: Aira, number: PhoneNumber) -> PhoneNumber:
    """Give a number that is `releasing` back to the carrier. Raises SetupError, NumberNotReleasable, VendorError."""
    check_same_account(aira, number)
    if number.provider_sid is not None:
        aira.carrier.release(number.provider_sid)
    with aira.database.transaction() as connection:
        execute(connection, _COMPLETE_SQL, {"id": number.id, "now": aira.clock.now()})
        return resolve_number(connection, number.id)


def appointments_of_line(aira: Aira, number: PhoneNumber) -> list[Stranded]:
    """The appointments to come of its business, the next one first, where this is the last number it can be called at."""
    with aira.database.transaction() as connection:
        if number.business_id is None or not fetch_value(connection, _LAST_NUMBER_SQL, {"id": number.id}):
            return []
        return fetch_all(connection, Stranded, _APPOINTMENTS_SQL, {"business_id": number.business_id, "now": aira.clock.now()})


def check_same_account(aira: Aira, number: PhoneNumber) -> None:
    """Refuse to ask one carrier about another's number: it would say that the number is gone.

    Raises SetupError.
    """
    if number.provider != aira.carrier.provider:
        raise SetupError(
            f"The number is rented from another carrier: {number.provider}.",
            code="other_carrier",
            hint=f"Set AIRA_CARRIER={number.provider}.",
        )
    if number.provider_account_sid not in (None, aira.carrier.account.sid):
        raise SetupError(
            "The number is rented by another account with the carrier.",
            code="other_account",
            hint="Set the account's id and keys, such as TWILIO_ACCOUNT_SID, to those the number was bought with.",
        )
