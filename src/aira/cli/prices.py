"""`aira prices`: what numbers cost an owner."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import DryRun, Json

app = typer.Typer()

PRICE_COLUMNS = ("country", "number_type", "monthly_cost", "currency", "carrier_cost", "updated_at")
SHORT_PRICE_COLUMNS = PRICE_COLUMNS[:-1]


@app.command(name="list")
def list_(
    country: Annotated[str | None, typer.Option("--country", help="Two letters; all countries without it.")] = None, json: Json = False
) -> None:
    """List the prices of the carrier in use.

    Example:
      $ aira prices list
    """
    from aira.core.app import open_aira
    from aira.core.prices import list_prices

    with open_aira() as aira:
        listed = list_prices(aira, country=country)
    columns = render.fitting(PRICE_COLUMNS, on_terminal=SHORT_PRICE_COLUMNS)
    render.emit_list(listed, json=json, columns=columns, empty="No prices yet: `aira prices sync`.")


@app.command()
def sync(
    country: Annotated[str, typer.Option("--country", help="Two letters.")] = "US",
    markup: Annotated[str, typer.Option("--markup", help="Percent on top of what the carrier takes.")] = "0",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Read the carrier's prices of a country and put them on the list with a markup.

    Numbers that are rented already keep their price.

    Example:
      $ aira prices sync --country US --markup 25
    """
    from decimal import Decimal, InvalidOperation

    from aira.core.app import open_aira
    from aira.core.prices import sync_prices
    from aira.errors import InvalidInput

    try:
        percent = Decimal(markup.removesuffix("%"))
    except InvalidOperation:
        raise InvalidInput("The markup is not a number.", hint="Give --markup 25 for a quarter on top.") from None
    with open_aira() as aira:
        prices = sync_prices(aira, country=country, markup_percent=percent, dry_run=dry_run)
    render.emit_list(prices, json=json, columns=render.fitting(PRICE_COLUMNS, on_terminal=SHORT_PRICE_COLUMNS))
