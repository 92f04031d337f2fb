"""What `aira chat` and `aira simulate call` share: who calls, and how the turns are printed."""

import sys
from typing import Annotated

import typer

from aira.cli import render

FICTIONAL_CALLER = "+12025550143"
"""A number that belongs to nobody."""
WITHHELD = "withheld"

CallingNumber = Annotated[str, typer.Option("--from", help=f"Number that calls, E.164, or '{WITHHELD}'.")]


def calling_number(typed: str) -> str | None:
    """The number that calls, None where it is withheld."""
    return None if typed == WITHHELD else typed


def print_turn(role: str, text: str) -> None:
    """Print one turn: on a terminal with the role before it and tools dimmed, in a pipe role and text divided by a tab."""
    words = " ".join(render.clean(text).split())
    if not render.to_terminal():
        render.print_line(f"{role}\t{words}")
        sys.stdout.flush()  # whoever reads the pipe sees each turn as it comes
        return
    from rich.console import Console
    from rich.text import Text

    styles = {"caller": "bold", "tool": "dim", "carrier": "italic"}
    Console(highlight=False, soft_wrap=True).print(Text(f"{role:>7}  {words}", style=styles.get(role, "")))


def print_answer(role: str, text: str) -> None:
    """Print one turn of a conversation that is typed: the caller's own words stand on the screen already."""
    if role != "caller":
        print_turn(role, text)
