"""`aira demo`: a throw-away world in which every workflow runs once, each step verified against the database."""

from typing import Annotated

import typer

from aira.cli import render
from aira.cli.options import Json


def demo(
    fast: Annotated[bool, typer.Option("--fast", help="Type the conversation instead of ringing with audio.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the world, call.wav and transcript.txt, and say where.")] = False,
    json: Json = False,
) -> None:
    """Buy a number, read documents, take a call that books an appointment, and bill; exits 0 only if each step was verified.

    Nothing outside is asked or changed: the world is made in a temporary folder, numbers are simulated.

    Example:
      $ aira demo --fast
    """
    from aira.cli.demo.steps import perform

    report = perform(fast=fast, keep=keep, show=not json)
    if json:
        render.emit(report, json=True)
