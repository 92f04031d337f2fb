"""Dates with other hours than usual: closed, or open at other times."""

from datetime import date
from uuid import UUID

from aira.core.app import Aira
from aira.core.appointments import APPOINTMENT_COLUMNS, APPOINTMENT_TABLES
from aira.core.businesses import resolve_business
from aira.core.db import Connection, fetch_all
from aira.core.hours import parse_spans
from aira.errors import NotFound
from aira.model import Appointment, Closing, Closure

CLOSURE_COLUMNS = "id, business_id, on_date, opens, closes, reason"

_ADD_SQL = f"""
insert into business_closures (business_id, on_date, opens, closes, reason)
values (%(business_id)s, %(on_date)s, %(opens)s, %(closes)s, %(reason)s)
returning {CLOSURE_COLUMNS}
"""
_LIST_SQL = f"""
select {CLOSURE_COLUMNS} from business_closures
where business_id = %(business_id)s and on_date >= %(since)s order by on_date, opens nulls first
"""
_REMOVE_SQL = f"""
delete from business_closures where business_id = %(business_id)s and on_date = %(on_date)s
returning {CLOSURE_COLUMNS}
"""
_OUTSIDE_SQL = f"""
select {APPOINTMENT_COLUMNS} from {APPOINTMENT_TABLES}, lateral (select (a.start_time at time zone b.time_zone)::date as day) d
where a.business_id = %(business_id)s and a.status = 'confirmed'
  and not coalesce((select range_agg(o.open_range) from business_open_spans(b.id, d.day - 1, d.day + 1) o)
                   @> tstzrange(a.start_time, a.end_time, '[)'), false)
"""
_OUTSIDE_FROM_NOW_SQL = f"{_OUTSIDE_SQL} and a.end_time > %(now)s order by a.start_time"
# A night belongs to the day on which it began: closing that day closes the hours after midnight as well.
_OUTSIDE_ON_SQL = f"""
{_OUTSIDE_SQL} and (d.day = %(on_date)s or d.day = %(on_date)s + 1 and exists (
  select from business_hours h where h.business_id = b.id and h.weekday = extract(isodow from %(on_date)s::date)::int
    and h.closes <= h.opens and a.start_time < (d.day + h.closes) at time zone b.time_zone))
order by a.start_time
"""


def add_closure(aira: Aira, on_date: date, *, business: UUID | str, hours: str | None = None, reason: str | None = None) -> Closing:
    """Close a business on a local date, or open it at other `hours` (`10:00-14:00`) than usual.

    What is booked outside the new hours is returned, and stays booked. Raises AlreadyExists, InvalidInput, NotFound.
    """
    spans = parse_spans(hours) if hours else [(None, None)]
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        values = {"business_id": business_id, "on_date": on_date, "reason": reason or None}
        closures = [
            closure
            for opens, closes in spans
            for closure in fetch_all(connection, Closure, _ADD_SQL, {"opens": opens, "closes": closes, **values})
        ]
        return Closing(closures=closures, affected=outside_hours(connection, business_id, on_date))


def list_closures(aira: Aira, *, business: UUID | str, since: date | None = None) -> list[Closure]:
    """The dates with other hours from `since` on, by default all of them. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        return fetch_all(connection, Closure, _LIST_SQL, {"business_id": business_id, "since": since or date.min})


def remove_closure(aira: Aira, on_date: date, *, business: UUID | str) -> list[Closure]:
    """Give a date its usual hours back; returns what was removed. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        removed = fetch_all(connection, Closure, _REMOVE_SQL, {"business_id": business_id, "on_date": on_date})
        if not removed:
            raise NotFound("That date has its usual hours.", hint="Run `aira businesses closures list --business B` for the others.")
        return removed


def booked_outside_hours(aira: Aira, *, business: UUID | str) -> list[Appointment]:
    """What is booked from now on and does not fit into the hours, such as after a change of them. Raises NotFound."""
    with aira.database.transaction() as connection:
        values = {"business_id": resolve_business(connection, business).id, "now": aira.clock.now()}
        return fetch_all(connection, Appointment, _OUTSIDE_FROM_NOW_SQL, values)


def outside_hours(connection: Connection, business_id: UUID, on_date: date) -> list[Appointment]:
    """What is booked on a local date, or in the night that begins on it, and does not fit into the hours."""
    return fetch_all(connection, Appointment, _OUTSIDE_ON_SQL, {"business_id": business_id, "on_date": on_date})
