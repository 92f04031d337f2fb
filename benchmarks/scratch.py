"""A migrated database that is gone when the benchmark is over."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aira.adapters.embedded_postgres import EmbeddedPostgres
from aira.core.db import Database, migrate


@contextmanager
def scratch_database(given: str | None = None) -> Iterator[str]:
    """The URL of a database of the benchmark's own, or the one given."""
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="aira-benchmark-") as folder:
        Path(folder).chmod(0o755)  # the server of a root user runs as another one
        with EmbeddedPostgres(Path(folder) / "postgres").running() as url:
            database = Database(url)
            migrate(database)
            database.close()
            yield url
