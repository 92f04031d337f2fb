"""`aira trace`."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Json

COLUMNS = ("at", "after_seconds", "source", "what", "detail")


def trace(call: Annotated[str, typer.Argument(metavar="CALL", help="Id or CallSid.")], json: Json = False) -> None:
    """Follow one call across webhook, stream, bot, tools, knowledge base, booking and notifications, with times.

    Example:
      $ aira trace CA0123456789abcdef0123456789abcdef
    """
    from aira.core.app import open_aira
    from aira.core.trace import trace_call

    with open_aira() as aira:
        steps = trace_call(aira, call)
    rows = [{**render.as_plain(step), "after_seconds": round((step.at - steps[0].at).total_seconds(), 3)} for step in steps]
    render.emit_list(rows, json=json, columns=COLUMNS)
