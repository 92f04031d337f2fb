"""`aira businesses`: whose telephone is answered."""

from typing import Annotated

import typer

from aira.cli import closures, render, resources, services
from aira.cli.appointment_rows import note_outside_hours
from aira.cli.options import Business, IdempotencyKey, Json, Owner

app = typer.Typer()
app.add_typer(closures.app, name="closures")
app.add_typer(services.app, name="services")
app.add_typer(resources.app, name="resources")

COLUMNS = ("name", "time_zone", "email", "transfer_number", "id")

TimeZone = Annotated[str, typer.Option("--time-zone", help="IANA name, such as America/New_York.")]
Hours = Annotated[str | None, typer.Option("--hours", help='Opening hours, such as "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00".')]
Email = Annotated[str | None, typer.Option("--email", help="Where news of bookings and messages of callers go.")]
Greeting = Annotated[str | None, typer.Option("--greeting", help="First sentence that callers hear.")]
TransferTo = Annotated[str | None, typer.Option("--transfer-to", help="Number, E.164, to which callers are put through.")]
Address = Annotated[str | None, typer.Option("--address", help="Postal address, as callers are told it.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name, as callers know it.")],
    time_zone: TimeZone,
    hours: Hours = None,
    greeting: Greeting = None,
    transfer_to: TransferTo = None,
    email: Email = None,
    address: Address = None,
    owner: Owner = None,
    idempotency_key: IdempotencyKey = None,
    json: Json = False,
) -> None:
    """Add a business.

    Example:
      $ aira businesses add "Corner Barber" --time-zone America/New_York --hours "Mon-Fri 09:00-17:00; Sat 10:00-14:00"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import add_business

    with open_aira() as aira:
        business = add_business(
            aira,
            name,
            time_zone=time_zone,
            owner=owner,
            hours=hours,
            email=email,
            greeting=greeting,
            transfer_number=transfer_to,
            address=address,
            idempotency_key=idempotency_key,
        )
        render.emit(business, json=json)


@app.command("list")
def list_(owner: Owner = None, json: Json = False) -> None:
    """List businesses.

    Example:
      $ aira businesses list
    """
    from aira.core.app import open_aira
    from aira.core.businesses import list_businesses

    with open_aira() as aira:
        render.emit_list(list_businesses(aira, owner=owner), json=json, columns=COLUMNS, empty="No businesses yet: aira businesses add.")


@app.command()
def show(business: Annotated[str, typer.Argument(help="Id, exact name, or one of its numbers.")], json: Json = False) -> None:
    """Show a business with its hours, closures, services and resources.

    Example:
      $ aira businesses show "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.facts import business_facts
    from aira.core.hours import format_hours

    with open_aira() as aira:
        facts = business_facts(aira, business)
    record = {
        **render.as_plain(facts.business),
        "hours": format_hours(facts.hours),
        "closures": facts.closures,
        "services": facts.services,
        "resources": facts.resources,
        "numbers": facts.numbers,
    }
    if not json:
        record |= {
            "closures": ", ".join(f"{closure.on_date}" for closure in facts.closures),
            "services": ", ".join(f"{service.name} ({service.duration_minutes} min)" for service in facts.services),
            "resources": ", ".join(resource.name for resource in facts.resources),
            "numbers": ", ".join(facts.numbers),
        }
    render.emit(record, json=json)


@app.command("set")
def set_(
    business: Annotated[str, typer.Argument(help="Id, exact name, or one of its numbers.")],
    name: Annotated[str | None, typer.Option("--name", help="New name.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="IANA name, such as America/New_York.")] = None,
    greeting: Greeting = None,
    transfer_to: TransferTo = None,
    email: Email = None,
    address: Address = None,
    slot_minutes: Annotated[int | None, typer.Option("--slot-minutes", help="Offer a time every so many minutes.")] = None,
    duration: Annotated[int | None, typer.Option("--duration", help="Minutes of an appointment without a service.")] = None,
    notice: Annotated[int | None, typer.Option("--notice", help="Minutes of notice that a booking needs.")] = None,
    advance: Annotated[int | None, typer.Option("--advance", help="Days ahead that can be booked.")] = None,
    remind: Annotated[
        list[int] | None, typer.Option("--remind", help="Minutes before an appointment to remind; repeat for several, 0 for none.")
    ] = None,
    transfer: Annotated[
        str | None, typer.Option("--transfer", help="cold, or warm: hear who calls and why, then press 1 to take the call.")
    ] = None,
    when_closed: Annotated[
        str | None, typer.Option("--when-closed", help="What callers get then: answer (the bot), voicemail, or greeting (and the end).")
    ] = None,
    closed_greeting: Annotated[
        str | None, typer.Option("--closed-greeting", help="First sentence that callers hear while it is closed.")
    ] = None,
    json: Json = False,
) -> None:
    """Change what is given; an empty text takes a value away.

    Example:
      $ aira businesses set "Bella Hair" --email desk@bella.example --notice 60
    """
    from aira.core.app import open_aira
    from aira.core.businesses import set_business

    with open_aira() as aira:
        changed = set_business(
            aira,
            business,
            name=name,
            time_zone=time_zone,
            email=email,
            greeting=greeting,
            transfer_number=transfer_to,
            address=address,
            slot_minutes=slot_minutes,
            default_duration_minutes=duration,
            min_notice_minutes=notice,
            max_advance_days=advance,
            reminder_minutes=None if remind is None else [minutes for minutes in remind if minutes],
            transfer_mode=transfer,
            when_closed=when_closed,
            closed_greeting=closed_greeting,
        )
        render.emit(changed, json=json)


@app.command()
def hours(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC", help='Such as "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00"; past midnight: "Fri 18:00-02:00".'
        ),
    ],
    business: Business,
    json: Json = False,
) -> None:
    """Set the weekly opening hours. What is booked outside them is listed and stays booked.

    Example:
      $ aira businesses hours "Mon-Fri 09:00-17:00; Sat 10:00-14:00" --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business, set_hours
    from aira.core.closures import booked_outside_hours

    with open_aira() as aira:
        found = find_business(aira, business)
        render.emit_list(set_hours(aira, found.id, spec), json=json, columns=("weekday", "opens", "closes"))
        note_outside_hours(booked_outside_hours(aira, business=found.id), found.time_zone)
