"""A Supabase project for the tests of rights."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aira.core.db import Database, migrate
from servers import supabase_server


@pytest.fixture(scope="session")
def supabase() -> Iterator[Database]:
    """A migrated database of a Supabase project."""
    with tempfile.TemporaryDirectory(prefix="aira-security-") as name:
        Path(name).chmod(0o755)
        with supabase_server(Path(name)) as url:
            database = Database(url)
            migrate(database)
            yield database
            database.close()
