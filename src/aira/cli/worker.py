"""`aira worker`."""

from typing import Annotated

import typer

from aira.cli import render


def worker(
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=64, help="Jobs to run at once.")] = 2,
) -> None:
    """Run background jobs: documents to be read, messages to be sent.

    Run as many workers as are needed, on any machine that reaches the database. One that is told to stop (SIGTERM,
    Ctrl-C) finishes what it is doing first; the work of one that is killed is taken over by another.

    Example:
      $ aira worker --concurrency 4
    """
    from aira.core import open_aira
    from aira.core.jobs import run_worker

    with open_aira() as aira:
        render.note(f"Working on {concurrency} jobs at once; Ctrl-C stops.")
        run_worker(aira, concurrency=concurrency)
