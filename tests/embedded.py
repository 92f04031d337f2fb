"""What the tests of the embedded database share: its users as processes, and looks at its server."""

import subprocess
import sys
from pathlib import Path

import psycopg

from aira.adapters.embedded_postgres import EmbeddedPostgres

OPTIONS = ("-c", "fsync=off")
"""What a power cut would lose is not at stake here."""

HOLD = """
import sys
from pathlib import Path
from aira.adapters.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), options=sys.argv[2:]).running() as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


class User:
    """A process of its own that uses the database until it is told to leave."""

    def __init__(self, folder: Path, **started: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), *OPTIONS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            **started,
        )

    @property
    def url(self) -> str:
        """The address it was given; waits for it."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Let it end of its own will."""
        self.process.communicate("\n", timeout=60)

    def kill(self) -> None:
        """End it by kill -9."""
        self.process.kill()
        self.process.communicate()


def made_in(folder: Path) -> Path:
    """A folder in which a database was made once."""
    with EmbeddedPostgres(folder, options=OPTIONS).running():
        return folder


def postmaster(folder: Path) -> int:
    """The process id of its server."""
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def answers(url: str) -> bool:
    """Whether the server answers a statement."""
    return value(url, "select 'yes'") == "yes"


def value(url: str, statement: str) -> str:
    """The first value of the last result, as text."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        assert row is not None
        return str(row[0])
