"""How an appointment is written in a table, and what follows each change of one."""

from typing import TYPE_CHECKING

from aira.cli import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from aira.core.app import Aira
    from aira.model import Appointment

PIPED = ("id", "start_time", "end_time", "status", "source", "service", "resource", "customer_name", "customer_phone", "external_id")
SHOWN = ("when", "service", "resource", "customer", "phone", "status", "booked_by", "id")
SHOWN_NARROW = ("when", "service", "customer", "status", "by", "id")
WIDE = 120
"""Columns of a terminal on which all of these have room."""

ALL = (
    *("when", "service", "resource", "customer_name", "customer_phone", "customer_email"),
    *("notes", "status", "cancel_reason", "booked_by", "id"),
)

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


def row(appointment: "Appointment", time_zone: str, *, this_year: int | None = None) -> dict[str, object]:
    """The record with its local time, its badge, and as much of its id as commands need. `this_year` goes without saying."""
    when = local_span(appointment.start_time, appointment.end_time, time_zone)
    return {
        **render.as_plain(appointment),
        "when": when.replace(f" {this_year},", ","),
        "customer": appointment.customer_name,
        "phone": appointment.customer_phone,
        "booked_by": badge(appointment),
        "by": BADGES.get(appointment.source, appointment.source),
        "id": str(appointment.id)[:8],
    }


def emit_list(aira: "Aira", appointments: "list[Appointment]", *, json: bool) -> None:
    """Print appointments."""
    if json or not render.to_terminal():
        render.emit_list(appointments, json=json, columns=PIPED)
    else:
        rows = [row(one, zone, this_year=aira.clock.now().year) for one, zone in _with_zones(aira, appointments)]
        columns = SHOWN if render.terminal_width() >= WIDE else SHOWN_NARROW
        render.emit_list(rows, json=False, columns=columns, empty="No appointments.")


def emit(aira: "Aira", appointment: "Appointment", *, json: bool) -> None:
    """Print one appointment."""
    if json or not render.to_terminal():
        render.emit(appointment, json=json)
    else:
        ((one, zone),) = _with_zones(aira, [appointment])
        render.emit({**row(one, zone), "id": one.id}, json=False, columns=ALL)


def note_outside_hours(appointments: "Sequence[Appointment]", time_zone: str) -> None:
    """Say who is booked outside the hours, and what to type about each."""
    if not appointments:
        return
    count = render.counted(len(appointments), "appointment")
    render.note(f"{count} outside the hours, booked until you move or cancel {'it' if len(appointments) == 1 else 'them'}:")
    for one in appointments:
        shown = row(one, time_zone)
        render.note("  " + "  ".join(str(shown[name]) for name in ("when", "service", "customer_name", "customer_phone") if shown[name]))
        render.note(f"    aira appointments reschedule {shown['id']} --at TIME   or   aira appointments cancel {shown['id']}")


def emit_changed(aira: "Aira", appointment: "Appointment", *, json: bool, dry_run: bool = False) -> None:
    """Print what an appointment has become, and send what there is to tell about it."""
    if dry_run:
        render.note("Nothing was changed.")
    emit(aira, appointment, json=json)
    if not dry_run:
        render.flush()  # a mail server may take its time
        _tell(aira, appointment)


def _tell(aira: "Aira", appointment: "Appointment") -> None:
    """Send the news of an appointment, say what of it did not leave, and send what else is due where mails do leave."""
    from aira.core.notifications import deliver_due, deliver_news

    held = [message for message in deliver_news(aira, appointment.id) if message.status not in {"sent", "delivered"}]
    for message in held:
        kind = "text" if message.channel == "sms" else "e-mail"
        render.note(f"The {kind} to {message.recipient} did not leave: {message.last_error}; aira notifications show {str(message.id)[:8]}")
    if all(message.status == "suppressed" for message in held):
        deliver_due(aira, limit=20)


def _with_zones(aira: "Aira", appointments: "list[Appointment]") -> "list[tuple[Appointment, str]]":
    from aira.core.businesses import find_business

    zones = {business_id: find_business(aira, business_id).time_zone for business_id in {one.business_id for one in appointments}}
    return [(one, zones[one.business_id]) for one in appointments]
