"""How an appointment is written in a table, and what follows each change of one."""

from typing import TYPE_CHECKING

from aira.cli import render

if TYPE_CHECKING:
    from datetime import datetime

    from aira.core.app import Aira
    from aira.model import Appointment

PIPED = ("id", "start_time", "end_time", "status", "source", "service", "resource", "customer_name", "customer_phone", "external_id")
SHOWN = ("when", "service", "resource", "customer_name", "customer_phone", "status", "booked_by", "id")

ALL = ("when", "service", "resource", "customer_name", "customer_phone", "customer_email", "notes", "status", "booked_by", "id")

BADGES = {"voice_agent": "phone", "ui": "web"}
"""What a source is called on the screen, where not by its own name."""


def badge(appointment: "Appointment") -> str:
    """Who booked it: phone, cli, web, api or import, and the call."""
    return " ".join(filter(None, (BADGES.get(appointment.source, appointment.source), appointment.external_id)))


def local_span(start: "datetime", end: "datetime", time_zone: str) -> str:
    """Day and times by the clock of a time zone."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(time_zone)
    return f"{start.astimezone(zone):%a %d %b %Y, %H:%M}-{end.astimezone(zone):%H:%M}"


def row(appointment: "Appointment", time_zone: str) -> dict[str, object]:
    """The record with its local time, its badge, and as much of its id as commands need."""
    when = local_span(appointment.start_time, appointment.end_time, time_zone)
    return {**render.as_plain(appointment), "when": when, "booked_by": badge(appointment), "id": str(appointment.id)[:8]}


def emit_list(aira: "Aira", appointments: "list[Appointment]", *, json: bool) -> None:
    """Print appointments."""
    if json or not render.to_terminal():
        render.emit_list(appointments, json=json, columns=PIPED)
    else:
        rows = [row(one, zone) for one, zone in _with_zones(aira, appointments)]
        render.emit_list(rows, json=False, columns=SHOWN, empty="No appointments.")


def emit(aira: "Aira", appointment: "Appointment", *, json: bool) -> None:
    """Print one appointment."""
    if json or not render.to_terminal():
        render.emit(appointment, json=json)
    else:
        ((one, zone),) = _with_zones(aira, [appointment])
        render.emit({**row(one, zone), "id": one.id}, json=False, columns=ALL)


def emit_changed(aira: "Aira", appointment: "Appointment", *, json: bool, dry_run: bool = False) -> None:
    """Print what an appointment has become, and send what there is to tell about it."""
    from aira.core.notifications import deliver_due

    if dry_run:
        render.note("Nothing was changed.")
    else:
        deliver_due(aira, limit=20)
    emit(aira, appointment, json=json)


def _with_zones(aira: "Aira", appointments: "list[Appointment]") -> "list[tuple[Appointment, str]]":
    from aira.core.businesses import find_business

    zones = {business_id: find_business(aira, business_id).time_zone for business_id in {one.business_id for one in appointments}}
    return [(one, zones[one.business_id]) for one in appointments]
