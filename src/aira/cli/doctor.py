"""`aira doctor`: every part looked at, with what to type next."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Json


def doctor(
    json: Json = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend first what is safe to mend.")] = False,
) -> None:
    """Look at every part of AiRa; exits 3 where something fails.

    Example:
      $ aira doctor
    """
    from aira.core.checkup import check_up
    from aira.errors import SetupError

    findings = check_up(fix=fix)
    render.emit_list(findings, json=json, columns=["check", "status", "evidence", "fix"])
    failed = [one.check for one in findings if one.status == "fail"]
    if failed:
        raise SetupError(f"Not in order: {', '.join(failed)}.", hint="Type what stands under 'fix', then `aira doctor` again.")
