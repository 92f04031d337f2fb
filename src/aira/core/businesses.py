"""Businesses: whose telephone is answered, and what is true about them."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import available_timezones

from aira.core.app import Aira
from aira.core.db import Connection, execute, fetch_all
from aira.core.hours import parse_hours
from aira.core.owners import find_owner, parse_email
from aira.core.phones import parse_phone_number
from aira.core.repeats import repeatable
from aira.errors import InvalidInput, NotFound
from aira.model import Business, OpeningSpan

BUSINESS_COLUMNS = """
b.id, b.user_id, b.name, b.time_zone, b.email, b.greeting, b.transfer_number, b.address, b.slot_minutes, b.default_duration_minutes,
b.min_notice_minutes, b.max_advance_days, b.kb_version, b.is_active, b.created_at, b.reminder_minutes,
b.transfer_mode, b.when_closed, b.closed_greeting
"""

_ADD_SQL = f"""
insert into business_v2 as b (user_id, name, time_zone, email, greeting, transfer_number, address, created_at)
values (%(user_id)s, %(name)s, %(time_zone)s, %(email)s, %(greeting)s, %(transfer_number)s, %(address)s, %(now)s)
returning {BUSINESS_COLUMNS}
"""
_SET_SQL = f"""
update business_v2 b set
  name = coalesce(%(name)s, b.name), time_zone = coalesce(%(time_zone)s, b.time_zone),
  email = nullif(coalesce(%(email)s, b.email), ''), greeting = nullif(coalesce(%(greeting)s, b.greeting), ''),
  transfer_number = nullif(coalesce(%(transfer_number)s, b.transfer_number), ''), address = nullif(coalesce(%(address)s, b.address), ''),
  slot_minutes = coalesce(%(slot_minutes)s, b.slot_minutes),
  default_duration_minutes = coalesce(%(default_duration_minutes)s, b.default_duration_minutes),
  min_notice_minutes = coalesce(%(min_notice_minutes)s, b.min_notice_minutes),
  max_advance_days = coalesce(%(max_advance_days)s, b.max_advance_days),
  reminder_minutes = coalesce(%(reminder_minutes)s, b.reminder_minutes), transfer_mode = coalesce(%(transfer_mode)s, b.transfer_mode),
  when_closed = coalesce(%(when_closed)s, b.when_closed), closed_greeting = nullif(coalesce(%(closed_greeting)s, b.closed_greeting), '')
where b.id = %(id)s
returning {BUSINESS_COLUMNS}
"""
_BY_ID_SQL = f"select {BUSINESS_COLUMNS} from business_v2 b where b.id = %(id)s"
_BY_NAME_SQL = f"select {BUSINESS_COLUMNS} from business_v2 b where b.name = %(name)s and b.is_active order by b.created_at limit 2"
_BY_NUMBER_SQL = f"""
select {BUSINESS_COLUMNS} from business_v2 b join business_numbers n on n.business_id = b.id
where n.phone_number = %(phone_number)s and n.status not in ('released', 'failed')
"""
_LIST_SQL = f"""
select {BUSINESS_COLUMNS} from business_v2 b
where b.is_active and (%(user_id)s::uuid is null or b.user_id = %(user_id)s)
order by b.name collate "C", b.created_at
"""
_CLEAR_HOURS_SQL = "delete from business_hours where business_id = %(id)s"
_ADD_HOURS_SQL = "insert into business_hours (business_id, weekday, opens, closes) values (%(id)s, %(weekday)s, %(opens)s, %(closes)s)"
_HOURS_SQL = "select weekday, opens, closes from business_hours where business_id = %(id)s order by weekday, opens"


def add_business(
    aira: Aira,
    name: str,
    *,
    time_zone: str,
    owner: UUID | str | None = None,
    hours: str | None = None,
    email: str | None = None,
    greeting: str | None = None,
    transfer_number: str | None = None,
    address: str | None = None,
    idempotency_key: str | None = None,
) -> Business:
    """Add a business; it can be booked at once, one appointment at a time, within its hours.

    `owner` is an e-mail or id and may be left out while there is only one; `time_zone` is an IANA name; `hours` as read by
    `hours.parse_hours`. The same `idempotency_key` again gives the first business. Raises AlreadyExists where the owner has a
    business of this name, IdempotencyConflict, InvalidInput, NotFound.
    """
    spans = parse_hours(hours) if hours else []
    values = {
        "name": _name(name),
        "time_zone": _time_zone(time_zone),
        "email": parse_email(email) if email else None,
        "greeting": greeting or None,
        "transfer_number": parse_phone_number(transfer_number) if transfer_number else None,
        "address": address or None,
    }
    user_id = find_owner(aira, owner).id
    with aira.database.transaction() as connection, repeatable(connection, "business", idempotency_key, values, spans) as repeat:
        if repeat.result is not None:
            return resolve_business(connection, repeat.result)
        (business,) = fetch_all(connection, Business, _ADD_SQL, {"user_id": user_id, "now": aira.clock.now(), **values})
        _write_hours(connection, business.id, spans)
        repeat.keep(business.id)
        return business


def set_business(
    aira: Aira,
    business: UUID | str,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    email: str | None = None,
    greeting: str | None = None,
    transfer_number: str | None = None,
    address: str | None = None,
    slot_minutes: int | None = None,
    default_duration_minutes: int | None = None,
    min_notice_minutes: int | None = None,
    max_advance_days: int | None = None,
    reminder_minutes: Sequence[int] | None = None,
    transfer_mode: str | None = None,
    when_closed: str | None = None,
    closed_greeting: str | None = None,
) -> Business:
    """Change what is given and leave the rest; an empty text takes a value away.

    Raises NotFound, AlreadyExists for a name in use, InvalidInput.
    """
    values = {
        "name": None if name is None else _name(name),
        "time_zone": None if time_zone is None else _time_zone(time_zone),
        "email": parse_email(email) if email else email,
        "greeting": greeting,
        "transfer_number": parse_phone_number(transfer_number) if transfer_number else transfer_number,
        "address": address,
        "slot_minutes": slot_minutes,
        "default_duration_minutes": default_duration_minutes,
        "min_notice_minutes": min_notice_minutes,
        "max_advance_days": max_advance_days,
        "reminder_minutes": None if reminder_minutes is None else sorted(set(reminder_minutes), reverse=True),
        "transfer_mode": transfer_mode,
        "when_closed": when_closed,
        "closed_greeting": closed_greeting,
    }
    with aira.database.transaction() as connection:
        found = resolve_business(connection, business)
        (changed,) = fetch_all(connection, Business, _SET_SQL, {"id": found.id, **values})
        return changed


def find_business(aira: Aira, business: UUID | str | None = None) -> Business:
    """The business of this id, exact name or telephone number; without one, the only business there is.

    Raises NotFound where there is none, InvalidInput where several are meant.
    """
    if business is None:
        return _only_business(list_businesses(aira))
    with aira.database.transaction() as connection:
        return resolve_business(connection, business)


def list_businesses(aira: Aira, *, owner: UUID | str | None = None) -> list[Business]:
    """The businesses of an owner, or of all owners, by name."""
    user_id = find_owner(aira, owner).id if owner is not None else None
    with aira.database.transaction() as connection:
        return fetch_all(connection, Business, _LIST_SQL, {"user_id": user_id})


def set_hours(aira: Aira, business: UUID | str, spec: str) -> list[OpeningSpan]:
    """Replace the opening hours of a business; `spec` as read by `hours.parse_hours`. Raises NotFound, InvalidInput."""
    spans = parse_hours(spec)
    with aira.database.transaction() as connection:
        found = resolve_business(connection, business)
        _write_hours(connection, found.id, spans)
        return spans


def opening_hours(aira: Aira, business: UUID | str) -> list[OpeningSpan]:
    """The weekly opening hours of a business. Raises NotFound."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, OpeningSpan, _HOURS_SQL, {"id": resolve_business(connection, business).id})


def resolve_business(connection: Connection, business: UUID | str) -> Business:
    """`find_business` within a transaction."""
    found = _candidates(connection, business)
    if not found:
        raise NotFound("There is no such business.", hint="Run `aira businesses list` for those there are.")
    if len(found) > 1:
        raise InvalidInput("Several businesses have this name.", hint="Name it by its id; `aira businesses list` shows it.")
    return found[0]


def _only_business(businesses: list[Business]) -> Business:
    if not businesses:
        raise NotFound("There is no business yet.", hint="Run `aira businesses add NAME --time-zone TZ`.")
    if len(businesses) > 1:
        raise InvalidInput(f"There are {len(businesses)} businesses; which one is meant?", hint="Add --business B.")
    return businesses[0]


def _candidates(connection: Connection, business: UUID | str) -> list[Business]:
    as_id = business if isinstance(business, UUID) else _as_uuid(business)
    if as_id is not None:
        return fetch_all(connection, Business, _BY_ID_SQL, {"id": as_id})
    if str(business).strip().startswith("+"):
        return fetch_all(connection, Business, _BY_NUMBER_SQL, {"phone_number": parse_phone_number(str(business))})
    return fetch_all(connection, Business, _BY_NAME_SQL, {"name": str(business).strip()})


def _as_uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _write_hours(connection: Connection, business_id: UUID, spans: Sequence[OpeningSpan]) -> None:
    execute(connection, _CLEAR_HOURS_SQL, {"id": business_id})
    for span in spans:
        execute(connection, _ADD_HOURS_SQL, {"id": business_id, "weekday": span.weekday, "opens": span.opens, "closes": span.closes})


def _name(name: str) -> str:
    stripped = " ".join(name.split())
    if not stripped:
        raise InvalidInput("A business needs a name.")
    return stripped


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise InvalidInput("There is no such time zone.", hint="Give an IANA name, such as Europe/Berlin or America/New_York.")
    return name
