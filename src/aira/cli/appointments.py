"""`aira appointments`: free times, bookings and the calendar."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.appointment_filters import source_named, spans, status_named
from aira.cli.appointment_rows import PIPED, emit, emit_changed, emit_list, local_span
from aira.cli.files import write_file
from aira.cli.options import Business, DryRun, IdempotencyKey, Json, MaybeBusiness
from aira.cli.week_grid import print_week

app = typer.Typer()

Which = Annotated[str, typer.Argument(metavar="APPOINTMENT", help="Id, or its first characters.")]
At = Annotated[
    str, typer.Option("--at", help='Such as "2026-12-01 14:00", "tomorrow 2pm" or "next tuesday 14:00", in the time of the business.')
]
Service = Annotated[str | None, typer.Option("--service", "-s", help="Name, other name or id of a service.")]
Resource = Annotated[str | None, typer.Option("--resource", help="Name or id of the person, chair or room.")]
From = Annotated[str | None, typer.Option("--from", help="First day, such as 2026-12-01, tomorrow or monday.")]


@app.command()
def slots(
    business: Business,
    service: Service = None,
    resource: Resource = None,
    from_: From = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How many days to look through.")] = 14,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many times to offer.")] = 10,
    json: Json = False,
) -> None:
    """List times that can be booked.

    Example:
      $ aira appointments slots --business "Bella Hair" --service Haircut --from tomorrow --days 3
    """
    from datetime import timedelta

    from aira.core.app import open_aira
    from aira.core.appointments import find_slots
    from aira.core.businesses import find_business, opening_hours
    from aira.core.when_typed import first_moment

    with open_aira() as aira:
        found = find_business(aira, business)
        start = first_moment(aira, found, from_)
        free = find_slots(
            aira, business=found.id, service=service, resource=resource, start=start, end=start + timedelta(days=days), limit=limit
        )
        rows = [{**render.as_plain(one), "when": local_span(one.start_time, one.end_time, found.time_zone)} for one in free]
        is_open = bool(free or opening_hours(aira, found.id))
    columns = ("when",) if render.to_terminal() else ("start_time", "end_time")
    empty = "Nothing is free." if is_open else "Nothing is free: no opening hours are set. `aira businesses hours` sets them."
    render.emit_list(free if json else rows, json=json, columns=columns, empty=empty)


@app.command()
def book(
    business: Business,
    at: At,
    service: Service = None,
    resource: Resource = None,
    name: Annotated[str | None, typer.Option("--name", help="Customer's name.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="Customer's number, E.164.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Customer's e-mail, for confirmation and reminders.")] = None,
    notes: Annotated[str | None, typer.Option("--notes", help="Anything to know.")] = None,
    may_text: Annotated[bool, typer.Option("--may-text", help="The customer agreed to text messages.")] = False,
    dry_run: DryRun = False,
    idempotency_key: IdempotencyKey = None,
    json: Json = False,
) -> None:
    """Book an appointment and tell the customer and the owner.

    Example:
      $ aira appointments book --business "Bella Hair" --at "tomorrow 14:00" --service Haircut --name Ann --phone +14155550123
    """
    from aira.core.app import open_aira
    from aira.core.appointments import book_appointment
    from aira.core.businesses import find_business
    from aira.core.consents import record_consent
    from aira.core.when_typed import parse_moment
    from aira.errors import InvalidInput

    if may_text and not phone:
        raise InvalidInput("--may-text needs the number to text.", hint="Add --phone.")
    with open_aira() as aira:
        found = find_business(aira, business)
        booked = book_appointment(
            aira,
            business=found.id,
            start=parse_moment(at, now=aira.clock.now(), time_zone=found.time_zone),
            service=service,
            resource=resource,
            customer_name=name,
            customer_phone=phone,
            customer_email=email,
            notes=notes,
            source="cli",
            external_id=idempotency_key,
            dry_run=dry_run,
        )
        if may_text and booked.customer_phone and not dry_run:
            record_consent(aira, booked.customer_phone, business=found.id, granted=True, basis="typed")
        emit_changed(aira, booked, json=json, dry_run=dry_run)


@app.command("list")
def list_(
    business: MaybeBusiness = None,
    from_: From = None,
    to: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="voice_agent, cli, api, ui or import.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="confirmed, cancelled, completed or no_show.")] = None,
    json: Json = False,
) -> None:
    """List appointments, the earliest first.

    Example:
      $ aira appointments list --business "Bella Hair" --from today --status confirmed
    """
    from aira.core.app import open_aira
    from aira.core.appointments import list_appointments

    with open_aira() as aira:
        source, status = source_named(source), status_named(status)
        found = [
            one
            for each, start, end in spans(aira, business, from_, to)
            for one in list_appointments(aira, business=each, start=start, end=end, source=source, status=status)
        ]
        emit_list(aira, sorted(found, key=lambda one: one.start_time), json=json)


@app.command()
def calendar(
    business: MaybeBusiness = None,
    week: Annotated[str | None, typer.Option("--week", help="A day of the week to show, such as 2026-12-01 or monday.")] = None,
    json: Json = False,
) -> None:
    """Show a week: opening hours, closures and who comes when, with the program that booked it.

    Example:
      $ aira appointments calendar --business "Bella Hair" --week "in 1 week"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.week import calendar_week
    from aira.core.when_typed import local_today, parse_day

    with open_aira() as aira:
        found = find_business(aira, business)
        day = parse_day(week, today=local_today(aira, found)) if week else None
        shown = calendar_week(aira, business=found.id, day=day)
    if json:
        record = {**render.as_plain(shown), "business": shown.business.name, "time_zone": shown.business.time_zone}
        render.print_json(record)
    elif render.to_terminal():
        print_week(shown)
    else:
        render.emit_list(shown.appointments, json=False, columns=PIPED)


@app.command()
def show(appointment: Which, json: Json = False) -> None:
    """Show an appointment.

    Example:
      $ aira appointments show 4f8c2d1e
    """
    from aira.core.app import open_aira
    from aira.core.appointments import find_appointment

    with open_aira() as aira:
        emit(aira, find_appointment(aira, appointment), json=json)


@app.command()
def cancel(
    appointment: Which,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; the customer is told.")] = None,
    json: Json = False,
) -> None:
    """Cancel an appointment for good and tell the customer.

    Example:
      $ aira appointments cancel 4f8c2d1e --reason "Maria is ill"
    """
    from aira.core.app import open_aira
    from aira.core.appointments import cancel_appointment

    with open_aira() as aira:
        emit_changed(aira, cancel_appointment(aira, appointment, reason=reason), json=json)


@app.command()
def reschedule(appointment: Which, at: At, dry_run: DryRun = False, json: Json = False) -> None:
    """Move an appointment and tell the customer; where the new time is refused, the old one stays.

    Example:
      $ aira appointments reschedule 4f8c2d1e --at "thursday 10:30"
    """
    from aira.core.app import open_aira
    from aira.core.appointments import find_appointment, reschedule_appointment
    from aira.core.businesses import find_business
    from aira.core.when_typed import parse_moment

    with open_aira() as aira:
        found = find_appointment(aira, appointment)
        zone = find_business(aira, found.business_id).time_zone
        start = parse_moment(at, now=aira.clock.now(), time_zone=zone)
        emit_changed(aira, reschedule_appointment(aira, found.id, start=start, dry_run=dry_run), json=json, dry_run=dry_run)


@app.command()
def complete(appointment: Which, json: Json = False) -> None:
    """Note that an appointment took place.

    Example:
      $ aira appointments complete 7a1b2c3d
    """
    from aira.core.app import open_aira
    from aira.core.appointments import complete_appointment

    with open_aira() as aira:
        emit_changed(aira, complete_appointment(aira, appointment), json=json)


@app.command("no-show")
def no_show(appointment: Which, json: Json = False) -> None:
    """Note that the customer did not come.

    Example:
      $ aira appointments no-show 7a1b2c3d
    """
    from aira.core.app import open_aira
    from aira.core.appointments import mark_no_show

    with open_aira() as aira:
        emit_changed(aira, mark_no_show(aira, appointment), json=json)


@app.command()
def feed(
    business: MaybeBusiness = None,
    renew: Annotated[bool, typer.Option("--renew", help="Make a new address; the old one leads nowhere any more.")] = False,
    json: Json = False,
) -> None:
    """Print the secret address at which calendar programs read the appointments from `aira serve-voice`.

    Whoever knows the address reads customers' names and numbers.

    Example:
      $ aira appointments feed --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.calendars import calendar_address

    with open_aira() as aira:
        address = calendar_address(aira, find_business(aira, business).id, renew=renew)
    if json:
        render.print_json({"url": address})
    else:
        render.print_line(address)


@app.command()
def export(
    business: MaybeBusiness = None,
    output: Annotated[str | None, typer.Option("--output", "-o", help="File to write; default: standard output.")] = None,
    json: Json = False,
) -> None:
    """Write the appointments as an iCalendar file.

    Example:
      $ aira appointments export --business "Bella Hair" --output bella.ics
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.calendars import export_appointments

    with open_aira() as aira:
        calendar = export_appointments(aira, business=find_business(aira, business).id)
    if output is not None:
        write_file(output, calendar)
    if json:
        text = {} if output is not None else {"calendar": calendar.decode()}
        render.print_json({"output": output, "appointments": calendar.count(b"BEGIN:VEVENT"), **text})
    else:
        render.print_line(calendar.decode().removesuffix("\n") if output is None else output)
