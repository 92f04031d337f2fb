"""Appointments: booked, moved and ended by the functions of the database, which every program shares; see migration 000500."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Connection, fetch_all
from aira.core.owners import parse_email
from aira.core.phones import parse_phone_number
from aira.core.services import resolve_resource, resolve_service
from aira.errors import AppointmentRefused, InvalidInput, NotFound, SlotTaken
from aira.model import Appointment, AppointmentSource, Slot

APPOINTMENT_COLUMNS = """
a.id, a.business_id, s.name as service, r.name as resource, a.customer_name, a.customer_phone, a.customer_email, a.notes,
a.start_time, a.end_time, a.status, a.source, a.external_id, a.sequence, a.created_at,
a.cancel_reason
"""
APPOINTMENT_TABLES = """
appointments a join business_v2 b on b.id = a.business_id join resources r on r.id = a.resource_id
left join services s on s.id = a.service_id
"""

_BOOK_SQL = """
select * from book_appointment(%(business_id)s, %(start)s, %(service_id)s, %(end)s, %(customer_name)s, %(customer_phone)s,
  %(customer_email)s, %(notes)s, %(source)s, %(external_id)s, %(resource_id)s, %(now)s)
"""
_SLOTS_SQL = """
select * from available_slots(%(business_id)s, %(start)s, %(end)s, %(service_id)s, %(limit)s, %(resource_id)s, %(excluding)s,
  %(daily_from)s, %(daily_to)s, %(now)s)
"""
_VALIDATE_SQL = """
select is_valid, code, message, %(start)s::timestamptz as start_time, end_time
from validate_appointment_time(%(business_id)s, %(start)s, null, %(service_id)s, %(resource_id)s, null, %(now)s)
"""
_RESCHEDULE_SQL = "select * from reschedule_appointment(%(id)s, %(start)s, %(end)s, %(now)s)"
_FINISH_SQL = "select * from finish_appointment(%(id)s, %(status)s, %(reason)s, %(now)s)"
_FIND_SQL = f"select {APPOINTMENT_COLUMNS} from {APPOINTMENT_TABLES} where a.id = %(id)s"
_FIND_BY_PREFIX_SQL = f"select {APPOINTMENT_COLUMNS} from {APPOINTMENT_TABLES} where a.id::text like %(prefix)s order by a.id limit 2"
_LIST_SQL = f"""
select {APPOINTMENT_COLUMNS} from {APPOINTMENT_TABLES}
where (%(business_id)s::uuid is null or a.business_id = %(business_id)s)
  and (%(start)s::timestamptz is null or a.end_time > %(start)s) and (%(end)s::timestamptz is null or a.start_time < %(end)s)
  and (%(source)s::text is null or a.source = %(source)s) and (%(status)s::text is null or a.status = %(status)s)
  and (%(customer_phone)s::text is null or a.customer_phone = %(customer_phone)s)
  and (%(external_id)s::text is null or a.external_id = %(external_id)s)
order by a.start_time, a.created_at, a.id limit %(limit)s
"""


_HINTS = {
    "not_confirmed": "Book a new one by `aira appointments book`.",
    "not_started": "Run the command again once it has begun.",
}
"""What to do about refusals that no other time mends."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    appointment_id: UUID | None
    code: str
    message: str
    created: bool = False


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_valid: bool
    code: str
    message: str
    start_time: datetime
    end_time: datetime


def find_slots(
    aira: Aira,
    *,
    business: UUID | str,
    service: UUID | str | None = None,
    resource: UUID | str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    daily_from: time | None = None,
    daily_to: time | None = None,
    excluding: UUID | None = None,
    limit: int = 3,
) -> list[Slot]:
    """The first times that can be booked in [start, end), by default from now on for 14 days.

    `daily_from` and `daily_to` keep starts whose wall-clock time is in [daily_from, daily_to); the time of the appointment
    `excluding` counts as free. Raises NotFound.
    """
    now = aira.clock.now()
    start = _aware(start) if start is not None else now
    with aira.database.transaction() as connection:
        values = {
            **_targets(connection, business, service, resource),
            "start": start,
            "end": _aware(end) if end is not None else start + timedelta(days=14),
            "daily_from": daily_from,
            "daily_to": daily_to,
            "excluding": excluding,
            "limit": limit,
            "now": now,
        }
        return fetch_all(connection, Slot, _SLOTS_SQL, values)


def validate_appointment_time(
    aira: Aira, *, business: UUID | str, start: datetime, service: UUID | str | None = None, resource: UUID | str | None = None
) -> Slot:
    """The slot that would be booked. Raises AppointmentRefused with the reason as its code, SlotTaken, NotFound."""
    with aira.database.transaction() as connection:
        values = {**_targets(connection, business, service, resource), "start": _aware(start), "now": aira.clock.now()}
        (verdict,) = fetch_all(connection, _Verdict, _VALIDATE_SQL, values)
        if not verdict.is_valid:
            raise _refusal(verdict.code, verdict.message)
        return Slot(start_time=verdict.start_time, end_time=verdict.end_time)


def book_appointment(
    aira: Aira,
    *,
    business: UUID | str,
    start: datetime,
    end: datetime | None = None,
    service: UUID | str | None = None,
    resource: UUID | str | None = None,
    customer_name: str | None = None,
    customer_phone: str | None = None,
    customer_email: str | None = None,
    notes: str | None = None,
    source: AppointmentSource | str = AppointmentSource.API,
    external_id: str | None = None,
    dry_run: bool = False,
) -> Appointment:
    """Book a time; it ends after the service's duration where no `end` is given, and on the first free resource that serves it.

    Repeated with the same `source`, `external_id` and `start` it returns the same appointment; with `dry_run` nothing is kept.
    Raises AppointmentRefused with the reason as its code (in_past, too_soon, too_far, closed_day, closure, outside_hours,
    invalid_duration), SlotTaken, NotFound, InvalidInput.
    """
    values = {
        "start": _aware(start),
        "end": _aware(end) if end is not None else None,
        "customer_name": " ".join((customer_name or "").split()) or None,
        "customer_phone": parse_phone_number(customer_phone) if customer_phone else None,
        "customer_email": parse_email(customer_email) if customer_email else None,
        "notes": (notes or "").strip() or None,
        "source": AppointmentSource(source).value,
        "external_id": external_id or None,
        "now": aira.clock.now(),
    }
    with aira.database.transaction(dry_run=dry_run) as connection:
        return _settled(connection, _BOOK_SQL, {**values, **_targets(connection, business, service, resource)})


def reschedule_appointment(
    aira: Aira, appointment: UUID | str, *, start: datetime, end: datetime | None = None, dry_run: bool = False
) -> Appointment:
    """Move an appointment in one step; its old time stays booked where the new one is refused.

    Keeps its length unless `end` is given. Raises AppointmentRefused with the reason as its code, SlotTaken, NotFound.
    """
    with aira.database.transaction(dry_run=dry_run) as connection:
        values = {
            "id": resolve_appointment(connection, appointment).id,
            "start": _aware(start),
            "end": _aware(end) if end is not None else None,
            "now": aira.clock.now(),
        }
        return _settled(connection, _RESCHEDULE_SQL, values)


def cancel_appointment(aira: Aira, appointment: UUID | str, *, reason: str | None = None) -> Appointment:
    """Cancel an appointment for good; repeating it changes nothing. Raises AppointmentRefused where it has taken place, NotFound."""
    return _finish(aira, appointment, "cancelled", reason)


def complete_appointment(aira: Aira, appointment: UUID | str) -> Appointment:
    """Note that an appointment took place. Raises AppointmentRefused before it has begun and once cancelled, NotFound."""
    return _finish(aira, appointment, "completed", None)


def mark_no_show(aira: Aira, appointment: UUID | str) -> Appointment:
    """Note that the customer did not come. Raises AppointmentRefused before it has begun and once cancelled, NotFound."""
    return _finish(aira, appointment, "no_show", None)


def find_appointment(aira: Aira, appointment: UUID | str) -> Appointment:
    """The appointment of this id, or of these first characters of an id. Raises NotFound, InvalidInput where several fit."""
    with aira.database.transaction() as connection:
        return resolve_appointment(connection, appointment)


def list_appointments(
    aira: Aira,
    *,
    business: UUID | str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    source: AppointmentSource | str | None = None,
    status: str | None = None,
    customer_phone: str | None = None,
    external_id: str | None = None,
    limit: int | None = None,
) -> list[Appointment]:
    """Appointments that touch [start, end), earliest first, of one business or of all. Raises NotFound."""
    values = {
        "start": _aware(start) if start is not None else None,
        "end": _aware(end) if end is not None else None,
        "source": AppointmentSource(source).value if source is not None else None,
        "status": status,
        "customer_phone": parse_phone_number(customer_phone) if customer_phone else None,
        "external_id": external_id,
        "limit": limit,
    }
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id if business is not None else None
        return fetch_all(connection, Appointment, _LIST_SQL, {"business_id": business_id, **values})


def resolve_appointment(connection: Connection, appointment: UUID | str) -> Appointment:
    """`find_appointment` within a transaction."""
    text = str(appointment).strip().lower()
    try:
        found = fetch_all(connection, Appointment, _FIND_SQL, {"id": UUID(text)})
    except ValueError:
        if len(text) < 4 or not set(text) <= set("0123456789abcdef-"):
            raise InvalidInput("That is not the id of an appointment.", hint="Give at least its first four characters.") from None
        found = fetch_all(connection, Appointment, _FIND_BY_PREFIX_SQL, {"prefix": f"{text}%"})
    if not found:
        raise NotFound("There is no such appointment.", hint="Run `aira appointments list` for those there are.")
    if len(found) > 1:
        raise InvalidInput("Several appointments have an id that begins so.", hint="Give more characters of it.")
    return found[0]


def _finish(aira: Aira, appointment: UUID | str, status: str, reason: str | None) -> Appointment:
    with aira.database.transaction() as connection:
        values = {
            "id": resolve_appointment(connection, appointment).id,
            "status": status,
            "reason": reason or None,
            "now": aira.clock.now(),
        }
        return _settled(connection, _FINISH_SQL, values)


def _settled(connection: Connection, statement: str, values: dict[str, object]) -> Appointment:
    (outcome,) = fetch_all(connection, _Outcome, statement, values)
    if outcome.code != "ok" or outcome.appointment_id is None:
        raise _refusal(outcome.code, outcome.message)
    (settled,) = fetch_all(connection, Appointment, _FIND_SQL, {"id": outcome.appointment_id})
    return settled


def _targets(connection: Connection, business: UUID | str, service: UUID | str | None, resource: UUID | str | None) -> dict[str, object]:
    business_id = resolve_business(connection, business).id
    return {
        "business_id": business_id,
        "service_id": resolve_service(connection, business_id, service).id if service is not None else None,
        "resource_id": resolve_resource(connection, business_id, resource).id if resource is not None else None,
    }


def _refusal(code: str, message: str) -> AppointmentRefused | NotFound:
    if code == "conflict":
        return SlotTaken(message)
    if code in {"business_not_found", "appointment_not_found", "unknown_service", "unknown_resource"}:
        return NotFound(message, code=code)
    return AppointmentRefused(message, code=code, hint=_HINTS.get(code))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidInput("A time needs its time zone.", hint="Give an aware datetime.")
    return moment
