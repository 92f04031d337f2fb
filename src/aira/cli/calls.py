"""`aira calls`: who rang, what was said and what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from aira.cli import render
from aira.cli.files import write_file
from aira.cli.options import Json, MaybeBusiness
from aira.cli.turns import print_turn

app = typer.Typer()

COLUMNS = ("started_at", "from_number", "to_number", "status", "outcome", "duration_seconds", "call_sid")

Which = Annotated[str, typer.Argument(metavar="CALL", help="Id or CallSid.")]


@app.command("list")
def list_(
    business: MaybeBusiness = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many calls to list.")] = 50,
    json: Json = False,
) -> None:
    """List calls, the latest first.

    Example:
      $ aira calls list --business "Bella Hair" --limit 10
    """
    from aira.core.app import open_aira
    from aira.core.calls import list_calls

    with open_aira() as aira:
        render.emit_list(list_calls(aira, business=business, limit=limit), json=json, columns=COLUMNS, empty="No calls yet.")


@app.command()
def show(call: Which, json: Json = False) -> None:
    """Show a call: what came of it, which questions found no answer, what it used and cost by AIRA_USAGE_PRICES.

    Example:
      $ aira calls show CA0123456789abcdef0123456789abcdef
    """
    from aira.core.app import open_aira
    from aira.core.call_costs import call_cost
    from aira.core.calls import find_call

    with open_aira() as aira:
        record = render.as_plain(find_call(aira, call))
        cost = call_cost(aira, call)
    record |= {"usage": cost.usage, "cost": cost.cost, "currency": cost.currency}
    if not json:
        record |= {
            "unanswered": " | ".join(str(question) for question in record["unanswered"]),  # type: ignore[attr-defined]
            "usage": ", ".join(f"{one.quantity} {one.unit} ({one.engine})" for one in cost.usage),
        }
    render.emit(record, json=json)


@app.command()
def transcript(call: Which, json: Json = False) -> None:
    """Print what caller and bot said, and which tools were used.

    Example:
      $ aira calls transcript CA0123456789abcdef0123456789abcdef
    """
    from aira.core.app import open_aira
    from aira.core.calls import find_call, transcript as read_transcript

    with open_aira() as aira:
        turns = read_transcript(aira, find_call(aira, call).id)
    if json or not render.to_terminal():
        render.emit_list(turns, json=json, columns=("at", "role", "text"))
        return
    for turn in turns:
        print_turn(turn.role, turn.text)


@app.command()
def recording(
    call: Which,
    output: Annotated[Path, typer.Option("--output", "-o", help="WAV file to write: caller left, bot right.")],
    json: Json = False,
) -> None:
    """Write a call's recording to a file. Calls are recorded where AIRA_RECORD_CALLS is on.

    Example:
      $ aira calls recording CA0123456789abcdef0123456789abcdef --output call.wav
    """
    from aira.core.app import open_aira
    from aira.core.calls import recording as read_recording

    with open_aira() as aira:
        content = read_recording(aira, call)
    write_file(output, content)
    render.emit({"output": str(output), "size_bytes": len(content)}, json=json)
