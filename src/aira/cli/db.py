"""`aira db`: the database itself."""

import typer

from aira.cli import render
from aira.cli.options import Json

app = typer.Typer()


@app.command()
def migrate(json: Json = False) -> None:
    """Bring the database up to this version of AiRa.

    All that is missing is applied, or nothing. Safe to repeat and to run on several machines at once.

    Example:
      $ aira db migrate
    """
    from aira.core.app import open_database
    from aira.core.db import migrate as apply

    with open_database() as database:
        applied = apply(database)
    if json:
        render.print_json({"applied": applied})
    else:
        render.print_line(f"Applied {len(applied)} migrations." if applied else "The database is up to date.")


@app.command()
def status(json: Json = False) -> None:
    """List the migrations and whether the database has them.

    Example:
      $ aira db status
    """
    from aira.core.app import open_database
    from aira.core.db import migration_status

    with open_database() as database:
        render.emit_list(migration_status(database), json=json, columns=("version", "name", "applied"))


@app.command()
def url(json: Json = False) -> None:
    """Print which database is used, its password hidden.

    Example:
      $ aira db url
    """
    from aira.core.app import open_database
    from aira.core.db import masked_url

    with open_database() as database:
        shown = masked_url(database.url)
    if json:
        render.print_json({"url": shown})
    else:
        render.print_line(shown)
