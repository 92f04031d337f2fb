"""`aira businesses closures`: dates with other hours than usual."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.appointment_rows import note_outside_hours
from aira.cli.options import Business, DryRun, Json, Yes

app = typer.Typer(no_args_is_help=True, help="Dates on which a business is closed or open at other hours.")

COLUMNS = ("on_date", "opens", "closes", "reason")

Day = Annotated[str, typer.Argument(metavar="DATE", help='Such as 2026-12-24, "dec 24" or tomorrow.')]


@app.command()
def add(
    day: Day,
    business: Business,
    hours: Annotated[str | None, typer.Option("--hours", help='Open at these hours instead, such as "10:00-14:00".')] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, as callers are told.")] = None,
    json: Json = False,
) -> None:
    """Close on a date, or open at other hours. What is booked then is listed and stays booked.

    Example:
      $ aira businesses closures add 2026-12-24 --business "Bella Hair" --hours 10:00-14:00 --reason "Christmas Eve"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.closures import add_closure
    from aira.core.when_typed import local_today, parse_day

    with open_aira() as aira:
        found = find_business(aira, business)
        closing = add_closure(aira, parse_day(day, today=local_today(aira, found)), business=found.id, hours=hours, reason=reason)
    if json:
        render.emit(closing, json=True)
        return
    render.emit_list(closing.closures, json=False, columns=COLUMNS)
    note_outside_hours(closing.affected, found.time_zone)


@app.command("import")
def import_(
    business: Business,
    country: Annotated[str, typer.Option("--country", help="ISO code, such as US or DE.")],
    year: Annotated[int, typer.Option("--year", min=1, max=9999, help="Such as 2027.")],
    subdivision: Annotated[str | None, typer.Option("--subdivision", help="State or region, such as NY.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Close on the public holidays of a year. Dates with other hours keep them; what is booked then is listed and stays booked.

    Example:
      $ aira businesses closures import --business "Bella Hair" --country US --subdivision NY --year 2027
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.holiday_closures import import_holidays

    with open_aira() as aira:
        found = find_business(aira, business)
        closing = import_holidays(aira, business=found.id, country=country, year=year, subdivision=subdivision, dry_run=dry_run)
    if json:
        render.emit(closing, json=True)
        return
    render.emit_list(closing.added, json=False, columns=COLUMNS, empty="No holiday to close on.")
    if closing.kept:
        render.note(f"Kept as they are: {', '.join(sorted({str(closure.on_date) for closure in closing.kept}))}.")
    note_outside_hours(closing.affected, found.time_zone)
    if dry_run:
        render.note("Nothing was changed.")


@app.command("list")
def list_(business: Business, json: Json = False) -> None:
    """List the dates with other hours, from today on.

    Example:
      $ aira businesses closures list --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.closures import list_closures
    from aira.core.when_typed import local_today

    with open_aira() as aira:
        found = find_business(aira, business)
        render.emit_list(list_closures(aira, business=found.id, since=local_today(aira, found)), json=json, columns=COLUMNS, empty="None.")


@app.command()
def remove(day: Day, business: Business, yes: Yes = False, json: Json = False) -> None:
    """Give a date its usual hours back. What is booked outside them is listed and stays booked.

    Example:
      $ aira businesses closures remove 2026-12-24 --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.businesses import find_business
    from aira.core.closures import booked_outside_hours, remove_closure
    from aira.core.when_typed import local_today, parse_day

    with open_aira() as aira:
        found = find_business(aira, business)
        on_date = parse_day(day, today=local_today(aira, found))
        render.confirm(f"Give {on_date} its usual hours back?", yes=yes)
        render.emit_list(remove_closure(aira, on_date, business=found.id), json=json, columns=COLUMNS)
        note_outside_hours(booked_outside_hours(aira, business=found.id), found.time_zone)
