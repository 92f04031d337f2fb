"""One week of a business's calendar."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.businesses import find_business
from aira.core.db import fetch_all
from aira.model import Appointment, Business, Closure, Slot

_OPEN_SQL = """
select lower(o.open_range) as start_time, upper(o.open_range) as end_time
from business_open_spans(%(business_id)s, %(first)s, %(last)s) o order by 1
"""
_CLOSURES_SQL = """
select id, business_id, on_date, opens, closes, reason from business_closures
where business_id = %(business_id)s and on_date between %(first)s and %(last)s order by on_date, opens nulls first
"""


@dataclass(frozen=True, slots=True)
class Week:
    """The seven days from a Monday on, as the clocks of the business show them."""

    business: Business
    first: date
    now: datetime
    """The present, in the time zone of the business."""
    open: list[Slot]
    """Opening spans."""
    closures: list[Closure]
    appointments: list[Appointment]
    """All that are not cancelled."""


def calendar_week(aira: Aira, *, business: UUID | str | None = None, day: date | None = None) -> Week:
    """The week that `day` lies in, by default the present one. Raises NotFound, InvalidInput where several businesses are meant."""
    found = find_business(aira, business)
    zone = ZoneInfo(found.time_zone)
    now = aira.clock.now().astimezone(zone)
    day = day or now.date()
    first = day - timedelta(days=day.weekday())
    start, end = (datetime.combine(first + timedelta(days=days), time(0), zone) for days in (0, 7))
    with aira.database.transaction() as connection:
        values = {"business_id": found.id, "first": first, "last": first + timedelta(days=6)}
        opened = fetch_all(connection, Slot, _OPEN_SQL, values)
        closures = fetch_all(connection, Closure, _CLOSURES_SQL, values)
    booked = [one for one in list_appointments(aira, business=found.id, start=start, end=end) if one.status != "cancelled"]
    return Week(business=found, first=first, now=now, open=opened, closures=closures, appointments=booked)
