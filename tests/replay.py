"""A page of documentation replayed: its commands typed on a terminal of 80 columns, and what the terminal showed written under each.

    python tests/replay.py docs/howto/bill.md      write the page anew with what is seen today

Where the page says `<!-- a month after two numbers were rented -->`, its owner has two numbers whose second month begins today, and
the money for one of them. A block below `<!-- silent -->` is performed, but the page does not show what is seen.
"""

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest import mock

from aira.cli.main import run
from aira.core import buy_number, open_aira, top_up
from documented import arguments, settings_of
from doubles import FrozenClock
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

LATER = "<!-- a month after two numbers were rented -->"
SILENT = "<!-- silent -->"
BLOCKS = re.compile(rf"^(?:{SILENT}\n)?```console\n.*?^```$|^{LATER}$", re.MULTILINE | re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(\S+) ")
_CHANGES = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\b[0-9a-f]{8}$", "ID"),
    (r"(AC|PN)[0-9a-f]{32}", "SID"),
    (r"\d{4}-\d\d-\d\d(T[0-9:.]+Z)?", "TIME"),
    (r"[─ ]+$", ""),
)


class Terminal(io.StringIO):
    """A terminal that remembers what it showed."""

    def isatty(self) -> bool:
        """Always one."""
        return True


def replayed(page: Path, database_url: str) -> str:
    """The page with what its commands show under each of them, in a fresh database and an empty folder."""
    with _desk(page, database_url):
        return BLOCKS.sub(lambda block: _performed(block[0]), page.read_text("utf-8"))


def lasting(text: str) -> str:
    """A page without what differs between two days: ids and dates."""
    for pattern, name in _CHANGES:
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return text


@contextmanager
def _desk(page: Path, database_url: str) -> Iterator[None]:
    with TwilioServer() as twilio, tempfile.TemporaryDirectory() as home:
        account = {"TWILIO_API_URL": twilio.url, "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        scene = {"DATABASE_URL": database_url, "AIRA_HOME": home, "COLUMNS": "80", "TERM": "dumb", **settings_of(page), **account}
        with mock.patch.dict(os.environ, scene):
            yield


def _performed(block: str) -> str:
    if block == LATER:
        _rent_a_month_ago()
        return block
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    seen = [f"{command}\n{_shown(command[2:])}".rstrip() for command in commands]
    return block if block.startswith(SILENT) else "\n".join(["```console", *seen, "```"])


def _rent_a_month_ago() -> None:
    with open_aira() as aira:
        today = aira.clock.now()
        last_month = (today.replace(day=1) - timedelta(days=1)).replace(hour=12)
        clock = FrozenClock(last_month.replace(day=min(today.day, last_month.day)))
        then = replace(aira, clock=clock)
        top_up(then, Decimal(4), reference="bank-2026-10-25")
        for number in ("+14155550123", "+12125550123"):
            buy_number(then, number)
            clock.move(minutes=1)


def _shown(command: str) -> str:
    given = {}
    while found := _ASSIGNMENT.match(command):
        given[found[1]] = found[2]
        command = command[found.end() :]
    terminal = Terminal()
    with mock.patch.dict(os.environ, given), mock.patch.multiple(sys, stdout=terminal, stderr=terminal, stdin=io.StringIO()):
        run(arguments(command))
    return "\n".join(line.rstrip() for line in terminal.getvalue().strip("\n").splitlines())


def main(page: Path) -> None:
    """Write the page anew."""
    from aira.adapters.embedded_postgres import EmbeddedPostgres
    from aira.core.db import Database, migrate

    with tempfile.TemporaryDirectory(prefix="aira-replay-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres").running() as url:
            database = Database(url)
            migrate(database)
            database.close()
            page = page.resolve()
            os.chdir(folder)
            page.write_text(replayed(page, url), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
