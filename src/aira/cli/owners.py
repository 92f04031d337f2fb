"""`aira owners`: the people who pay."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Json

app = typer.Typer()

COLUMNS = ("email", "created_at", "id")


@app.command()
def add(email: Annotated[str, typer.Argument(help="E-mail address; letters about money go there.")], json: Json = False) -> None:
    """Add an owner.

    On Supabase the owner becomes a user of the project and can sign in there.

    Example:
      $ aira owners add ben@example.com
    """
    from aira.core.app import open_aira
    from aira.core.owners import add_owner

    with open_aira() as aira:
        render.emit(add_owner(aira, email), json=json, columns=COLUMNS)


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List the owners, the oldest first.

    Example:
      $ aira owners list
    """
    from aira.core.app import open_aira
    from aira.core.owners import list_owners

    with open_aira() as aira:
        render.emit_list(list_owners(aira), json=json, columns=COLUMNS, empty="There is no owner yet: `aira owners add EMAIL`.")
