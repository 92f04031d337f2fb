"""The same migration files serve PostgreSQL 15 to 18 and Supabase, and say together with its CLI what is applied."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aira.core import deliver_due, list_appointments, list_numbers, search_knowledge, verify_wallet
from aira.core.app import wire
from aira.core.db import Database, Migration, execute, fetch_all, fetch_value, migrate, migration_status, migrations
from aira.errors import SetupError
from aira.ports import Embedder
from aira.settings import Settings
from doubles import FrozenClock
from servers import programs, server, supabase_server
from worlds import build_world

MIGRATE = "import sys; from aira.core.db import Database, migrate; print(len(migrate(Database(sys.argv[1]))))"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the user of a server can enter."""
    with tempfile.TemporaryDirectory(prefix="aira-servers-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    """A database that nothing has been applied to."""
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.mark.parametrize("version", sorted(programs()))
def test_every_version_takes_the_same_files(version: str, folder: Path):
    """PostgreSQL as old as Supabase's oldest and as new as ours takes all files as they are."""
    with server(folder, version) as url:
        database = Database(url)

        applied = migrate(database)

        assert applied == [migration.version for migration in migrations()]
        assert migrate(database) == []
        database.close()


@pytest.mark.parametrize("version", sorted(programs()))
def test_every_version_runs_a_working_day(version: str, folder: Path, settings: Settings, clock: FrozenClock, embedder: Embedder):
    """What the functions of the schema do when they run, they do on every version: book, charge, send, read, search."""
    with server(folder, version) as url:
        database = Database(url)
        migrate(database)
        aira = replace(wire(settings, database), clock=clock, embedder=embedder)

        owner = build_world(aira, "ann")

        assert verify_wallet(aira, owner=owner).problems == []
        assert [one.status for one in list_numbers(aira, owner=owner)] == ["active"]
        assert [one.source for one in list_appointments(aira)] == ["voice_agent"]
        assert search_knowledge(aira, "How much is a haircut?", business="Salon ann").answerable
        assert {message.status for message in deliver_due(aira)} == {"sent"}
        database.close()


def test_supabase_takes_the_same_files(folder: Path):
    """A user who is no superuser, with the auth schema and the roles somebody else's, can apply all files."""
    with supabase_server(folder) as url:
        database = Database(url)

        applied = migrate(database)

        assert applied == [migration.version for migration in migrations()]
        assert migrate(database) == []
        database.close()


def test_four_processes_at_once_apply_once(empty_database_url: str):
    """One of several processes applies all; the others wait and find nothing to do."""
    command = [sys.executable, "-c", MIGRATE, empty_database_url]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]

    counts = sorted(int(process.communicate()[0]) for process in processes)

    assert counts == [0, 0, 0, len(migrations())]


def test_the_history_is_that_of_the_supabase_cli(empty: Database):
    """Each file is recorded as the Supabase CLI does: version, name and statements."""
    migrate(empty)

    with empty.transaction() as connection:
        recorded = fetch_all(
            connection, dict, "select version, name, statements from supabase_migrations.schema_migrations order by version"
        )
    assert recorded == [{"version": one.version, "name": one.name, "statements": [one.statements]} for one in migrations()]


def test_what_the_supabase_cli_has_applied_is_not_applied_again(empty: Database):
    """A history that the CLI has begun, in its older form too, is continued."""
    first, second = Migration("20260101000000", "first", "select 1/0"), Migration("20260102000000", "second", "create table second ()")
    with empty.transaction() as connection:
        connection.execute("create schema supabase_migrations")
        connection.execute("create table supabase_migrations.schema_migrations (version text not null primary key)")
        connection.execute("insert into supabase_migrations.schema_migrations values ('20260101000000'), ('20250101000000')")

    applied = migrate(empty, [first, second])

    assert applied == ["20260102000000"]


def test_a_failing_migration_leaves_nothing(empty: Database):
    """All that is missing is applied in one transaction; the error names the file."""
    good, bad = Migration("20260101000000", "good", "create table good ()"), Migration("20260102000000", "bad", "create extension nowhere")

    with pytest.raises(SetupError, match="20260102000000_bad"):
        migrate(empty, [good, bad])

    with empty.transaction() as connection:
        assert fetch_value(connection, "select to_regclass('public.good')") is None
        assert fetch_value(connection, "select to_regnamespace('supabase_migrations')") is None


def test_status_tells_what_is_missing(empty: Database):
    """Before and after: each file and whether it is applied."""
    before = migration_status(empty)
    migrate(empty)

    after = migration_status(empty)

    assert [one.version for one in before] == [one.version for one in after] == [one.version for one in migrations()]
    assert {one.applied for one in before} == {False}
    assert {one.applied for one in after} == {True}


def test_a_second_database_of_the_cluster_shares_its_roles(empty: Database, database: Database):
    """Roles belong to the cluster: migrating another database finds them there."""
    migrate(empty)

    with empty.transaction() as connection:
        execute(connection, "set local role authenticated")
        assert fetch_value(connection, "select auth.uid()") is None


def test_files_are_in_order():
    """Versions are unique, and each file stands in lower case with its number in front."""
    versions = [migration.version for migration in migrations()]

    assert versions == sorted(set(versions))
    assert [migration.name for migration in migrations()][:1] == ["foundation"]
