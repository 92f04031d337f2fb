"""Options that mean the same in every command."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to the question that would be asked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
Business = Annotated[str, typer.Option("--business", "-b", help="Id, exact name, or one of its numbers.")]
MaybeBusiness = Annotated[str | None, typer.Option("--business", "-b", help="Id, exact name, or one of its numbers.")]
Owner = Annotated[str | None, typer.Option("--owner", help="E-mail or id; may be left out while there is only one.")]
IdempotencyKey = Annotated[
    str | None, typer.Option("--idempotency-key", help="The same key again repeats nothing and returns the first result.")
]
