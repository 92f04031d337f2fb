"""`aira monitor`."""

import itertools
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render

if TYPE_CHECKING:
    from rich.console import Group

    from aira.core.app import Aira
    from aira.model import Overview

_FAILING = ("calls_missed", "documents_failed", "notifications_failed", "jobs_failed", "numbers_in_grace", "charges_unpaid")
"""Counts that a healthy day does not have."""


def monitor(
    interval: Annotated[float, typer.Option("--interval", min=0.1, metavar="SECONDS", help="Time between two looks.")] = 2.0,
    count: Annotated[int | None, typer.Option("--count", min=1, metavar="N", help="End after so many looks.")] = None,
) -> None:
    """Watch calls, queues and failures as they come; in a pipe one JSON line an interval. Ctrl-C ends it.

    What happened is counted over the last hour, what waits or failed as it stands.

    Example:
      $ aira monitor --interval 5
    """
    from aira.core import open_aira

    with open_aira() as aira, _told_to_stop() as told:
        render.note("Watching; Ctrl-C ends.")
        looks = _looks(aira, told, interval=interval, count=count)
        _on_screen(looks, whole=count is None) if render.to_terminal() else _as_lines(looks)


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set for as long as the block runs."""
    told = threading.Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _looks(aira: "Aira", told: threading.Event, *, interval: float, count: int | None) -> "Iterator[Overview]":
    from aira.core.monitor import overview

    for look in range(count) if count else itertools.count():
        if told.is_set() or (look and told.wait(interval)):
            return
        yield overview(aira)


def _as_lines(looks: "Iterator[Overview]") -> None:
    for seen in looks:
        render.print_json_line({**render.as_plain(seen.glance), "in_progress": seen.calls})


def _on_screen(looks: "Iterator[Overview]", *, whole: bool) -> None:
    from rich.live import Live

    with Live(auto_refresh=False, screen=whole) as live:
        for seen in looks:
            live.update(_picture(seen), refresh=True)


def _picture(seen: "Overview") -> "Group":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    row = render.as_plain(seen.glance)
    counts = Table.grid(padding=(0, 2))
    for name, value in row.items():
        if name != "at":
            text = "-" if value is None else f"{round(value) if isinstance(value, float) else value}"
            counts.add_row(name.replace("_", " "), Text(text, style="bold red" if name in _FAILING and value else "bold"))
    calls = Table.grid(padding=(0, 2))
    for call in seen.calls:
        lasting = f"{call.seconds // 60}:{call.seconds % 60:02}"
        about = (lasting, call.business_name or "-", call.from_number or "withheld", call.last_words or "")
        calls.add_row(*(Text(render.clean(word), overflow="ellipsis", no_wrap=True) for word in about))
    title = Text(f"AiRa at {row['at']}, the last hour", style="dim")
    return Group(title, Text(), counts, Text(), calls if seen.calls else Text("No call is on.", style="dim"))
