"""Appointments as iCalendar (RFC 5545): invitations to mail (RFC 5546) and a calendar to subscribe to."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress
from icalendar.enums import STATUS

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.businesses import find_business
from aira.core.db import fetch_value
from aira.errors import NotFound
from aira.model import Appointment, Business

PRODUCT = "-//AiRa//Appointments//EN"
FEED_PATH = "/calendar/{token}.ics"
FEED_LOOKS_BACK = timedelta(days=30)

_ADDRESS_SQL = "select calendar_token from business_v2 where id = %(id)s"
_RENEW_SQL = "update business_v2 set calendar_token = gen_random_uuid() where id = %(id)s returning calendar_token"
_BUSINESS_SQL = "select id from business_v2 where calendar_token = %(token)s and is_active"


def export_appointments(aira: Aira, *, business: UUID | str, start: datetime | None = None, end: datetime | None = None) -> bytes:
    """The appointments of a business that touch [start, end), cancelled ones too, as one calendar file. Raises NotFound."""
    found = find_business(aira, business)
    return business_calendar(found, list_appointments(aira, business=found.id, start=start, end=end), stamp=aira.clock.now())


def calendar_address(aira: Aira, business: UUID | str, *, renew: bool = False) -> str:
    """The secret address, on the voice server, at which calendar programs read the business's appointments.

    With `renew` the address is a new one, and the old one leads nowhere any more. Raises NotFound.
    """
    found = find_business(aira, business)
    statement = _RENEW_SQL if renew else _ADDRESS_SQL
    with aira.database.transaction() as connection:
        token: UUID = fetch_value(connection, statement, {"id": found.id})
    return f"{aira.settings.voice_agent_service_url}{FEED_PATH.format(token=token)}"


def calendar_feed(aira: Aira, token: UUID) -> bytes:
    """The calendar behind a secret address: what was booked since a month ago, and all that is to come. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id: UUID | None = fetch_value(connection, _BUSINESS_SQL, {"token": token})
    if business_id is None:
        raise NotFound("There is no such calendar.")
    return export_appointments(aira, business=business_id, start=aira.clock.now() - FEED_LOOKS_BACK)


def business_calendar(business: Business, appointments: Sequence[Appointment], *, stamp: datetime) -> bytes:
    """The owner's calendar as of `stamp`: customers' names and numbers are in it."""
    calendar = Calendar.new(prodid=PRODUCT, uid=f"{business.id}@aira", name=business.name, method="PUBLISH")
    for one in appointments:
        event = _event(business, one, stamp)
        event.add("summary", ": ".join(filter(None, (one.service or "Appointment", one.customer_name))))
        details = (one.customer_phone, one.customer_email, one.notes, f"Booked by {one.source}")
        event.add("description", "\n".join(filter(None, details)))
        calendar.add_component(event)
    return _written(calendar, appointments)


def invitation(
    business: Business, appointment: Appointment, *, organizer: str, stamp: datetime, cancelled: bool = False
) -> tuple[str, bytes]:
    """The iCalendar method and file that put an appointment into the customer's calendar, move it there, or take it out.

    `organizer` is the e-mail address that the invitation comes from. A calendar knows the appointment again by its UID, and the
    newest revision by its SEQUENCE.
    """
    method = "CANCEL" if cancelled else "REQUEST"
    calendar = Calendar.new(prodid=PRODUCT, uid=f"{appointment.id}-{appointment.sequence}@aira", method=method)
    event = _event(business, replace(appointment, status="cancelled" if cancelled else "confirmed"), stamp)
    event.add("summary", f"{appointment.service or 'Appointment'} at {business.name}")
    event.add("organizer", vCalAddress.new(organizer, cn=business.name))
    if appointment.customer_email:
        guest = vCalAddress.new(
            appointment.customer_email, cn=appointment.customer_name or "", partstat="ACCEPTED", role="REQ-PARTICIPANT", rsvp=False
        )
        event.add("attendee", guest)
    calendar.add_component(event)
    return method, _written(calendar, [appointment])


def _event(business: Business, appointment: Appointment, stamp: datetime) -> Event:
    zone = ZoneInfo(business.time_zone)
    return Event.new(
        uid=f"{appointment.id}@aira",
        start=appointment.start_time.astimezone(zone),
        end=appointment.end_time.astimezone(zone),
        stamp=stamp,
        sequence=appointment.sequence,
        location=business.address,
        status=STATUS.CANCELLED if appointment.status == "cancelled" else STATUS.CONFIRMED,
    )


def _written(calendar: Calendar, appointments: Sequence[Appointment]) -> bytes:
    if appointments:
        days = [one.start_time.date() for one in appointments]
        calendar.add_missing_timezones(min(days) - timedelta(days=400), max(days) + timedelta(days=400))
    return bytes(calendar.to_ical())
