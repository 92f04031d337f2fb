"""`python tests/ingest_process.py DATABASE_URL HOME DOCUMENT STEP`: read a document and die by SIGKILL at a step."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from aira.core import process_document
from aira.core.app import wire
from aira.core.db import Connection, Database
from aira.settings import Settings
from doubles import FrozenClock

STEPS = ("file", "before vectors", "embedding", "passages", "after vectors", "in the swap", "after the swap")
PASSAGES = "select from documents d join kb_chunks c on c.document_id = d.id and c.version > d.active_version where d.id = %(id)s"
SWAPPED = "select from documents where id = %(id)s and active_version > 1"


class Dying:
    """A port that does its work until the step at which the process dies."""

    def __init__(self, port: object, deaths: dict[str, str], step: str) -> None:
        self._port = port
        self._deaths = deaths
        self._step = step

    def __getattr__(self, name: str) -> object:
        held = getattr(self._port, name)
        if name not in self._deaths and name != "write":
            return held

        def call(*arguments: object, **named: object) -> object:
            if self._step == self._deaths.get(name):
                die()
            result = held(*arguments, **named)
            if (name, self._step) == ("write", "after vectors"):
                die()
            return result

        return call


class DyingDatabase(Database):
    """A database whose process dies before it commits the transaction that does what the step names."""

    def __init__(self, url: str, document: str, step: str) -> None:
        super().__init__(url)
        self._document = document
        self._done = {"passages": PASSAGES, "in the swap": SWAPPED}.get(step)

    @contextmanager
    def transaction(self, **options: bool) -> Iterator[Connection]:
        """As of any database, until then."""
        with super().transaction(**options) as connection:
            yield connection
            if self._done is not None and connection.execute(self._done, {"id": self._document}).fetchone() is not None:
                die()


def die() -> None:
    """As in a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Read one document."""
    _, url, home, document, step = sys.argv
    aira = wire(Settings(aira_home=Path(home)), DyingDatabase(url, document, step))
    dying = replace(
        aira,
        clock=FrozenClock(),
        files=Dying(aira.files, {"get": "file"}, step),
        embedder=Dying(aira.embedder, {"embed": "embedding"}, step),
        index=Dying(aira.index, {"write": "before vectors", "remove": "after the swap"}, step),
    )
    process_document(dying, UUID(document))


if __name__ == "__main__":
    main()
