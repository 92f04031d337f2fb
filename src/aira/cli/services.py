"""`aira businesses services`: what can be booked."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, IdempotencyKey, Json, Yes

app = typer.Typer(no_args_is_help=True, help="Services that callers can book.")

COLUMNS = ("name", "duration_minutes", "buffer_before_minutes", "buffer_after_minutes", "price", "currency", "also")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name, as callers say it.")],
    business: Business,
    minutes: Annotated[int, typer.Option("--minutes", help="How long it takes.")],
    price: Annotated[str | None, typer.Option("--price", help="Price, such as 35 or 35.50.")] = None,
    currency: Annotated[str, typer.Option("--currency", help="Currency of the price.")] = "USD",
    buffer_before: Annotated[int, typer.Option("--buffer-before", help="Minutes kept free before it.")] = 0,
    buffer_after: Annotated[int, typer.Option("--buffer-after", help="Minutes kept free after it.")] = 0,
    also: Annotated[str, typer.Option("--also", help='Other names callers use, such as "trim, cut".')] = "",
    resource: Annotated[
        list[str] | None, typer.Option("--resource", help="Who or what serves it; repeat for several. Default: all.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
    json: Json = False,
) -> None:
    """Add a service.

    Example:
      $ aira businesses services add "Beard trim" --business "Bella Hair" --minutes 15 --price 12 --also "shave, beard"
    """
    from aira.core.app import open_aira
    from aira.core.services import add_service
    from aira.money import parse_amount, parse_currency

    with open_aira() as aira:
        service = add_service(
            aira,
            name,
            business=business,
            minutes=minutes,
            price=parse_amount(price) if price is not None else None,
            currency=parse_currency(currency) if price is not None else None,
            buffer_before=buffer_before,
            buffer_after=buffer_after,
            also=also.split(","),
            resources=resource or (),
            idempotency_key=idempotency_key,
        )
        render.emit(service, json=json)


@app.command("list")
def list_(business: Business, json: Json = False) -> None:
    """List the services.

    Example:
      $ aira businesses services list --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.services import list_services

    with open_aira() as aira:
        render.emit_list(list_services(aira, business=business), json=json, columns=COLUMNS)


@app.command()
def remove(service: Annotated[str, typer.Argument(help="Name or id.")], business: Business, yes: Yes = False, json: Json = False) -> None:
    """Take a service off the list; what is booked stays booked.

    Example:
      $ aira businesses services remove Haircut --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.services import remove_service

    with open_aira() as aira:
        render.confirm("Take the service off the list?", yes=yes)
        render.emit(remove_service(aira, service, business=business), json=json)
