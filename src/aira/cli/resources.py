"""`aira businesses resources`: the people, chairs and rooms that serve."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, IdempotencyKey, Json, Yes

app = typer.Typer(no_args_is_help=True, help="People, chairs or rooms: as many appointments at once as there are.")

COLUMNS = ("name", "id")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name, such as Maria or Room 2.")],
    business: Business,
    idempotency_key: IdempotencyKey = None,
    json: Json = False,
) -> None:
    """Add a person, chair or room.

    Example:
      $ aira businesses resources add Zoe --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.services import add_resource

    with open_aira() as aira:
        render.emit(add_resource(aira, name, business=business, idempotency_key=idempotency_key), json=json)


@app.command("list")
def list_(business: Business, json: Json = False) -> None:
    """List the resources in the order in which they are booked.

    Example:
      $ aira businesses resources list --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.services import list_resources

    with open_aira() as aira:
        render.emit_list(list_resources(aira, business=business), json=json, columns=COLUMNS)


@app.command()
def remove(resource: Annotated[str, typer.Argument(help="Name or id.")], business: Business, yes: Yes = False, json: Json = False) -> None:
    """Book a resource no more; its appointments stay.

    Example:
      $ aira businesses resources remove Maria --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.services import remove_resource

    with open_aira() as aira:
        render.confirm("Book this resource no more?", yes=yes)
        render.emit(remove_resource(aira, resource, business=business), json=json)
