"""Migrations: files `<14 digits>_<name>.sql`, recorded where the Supabase CLI records its own.

`supabase db push` and `aira db migrate` agree on what has been applied, whichever of them did it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import Connection

from aira.core.db.pool import Database
from aira.core.db.refusals import mapped_errors
from aira.core.db.statements import execute, fetch_value, fetch_values
from aira.errors import SetupError

_FILE_NAME = re.compile(r"(\d{14})_(\w+)\.sql")
_LOCK_KEY = 0x41695261
"""`AiRa` in ASCII: the key of the advisory lock that lets one process migrate at a time."""

_LOCK_SQL = "select pg_advisory_xact_lock(%(key)s)"
_HISTORY_EXISTS_SQL = "select to_regclass('supabase_migrations.schema_migrations') is not null"
_APPLIED_SQL = "select version from supabase_migrations.schema_migrations"
_UNLIMITED_SQL = "select set_config('statement_timeout', '0', true)"
_RECORD_SQL = """
insert into supabase_migrations.schema_migrations (version, name, statements)
values (%(version)s, %(name)s, array[%(statements)s])
"""
_HISTORY_DDL = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file; versions sort in the order of application."""

    version: str
    name: str
    statements: str


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """A migration of this version of AiRa and whether the database has it."""

    version: str
    name: str
    applied: bool


def migrations() -> list[Migration]:
    """The migrations of this version of AiRa, in order."""
    found = []
    for file in files("aira.core").joinpath("sql", "migrations").iterdir():
        if match := _FILE_NAME.fullmatch(file.name):
            found.append(Migration(match[1], match[2], file.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def migrate(database: Database, wanted: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing of `wanted` (None: all of this version), all or nothing; returns the versions applied.

    Of several processes at once, one applies and the others wait and return an empty list. Raises SetupError naming
    the migration that the database does not take.
    """
    wanted = migrations() if wanted is None else wanted
    with database.transaction() as connection:
        if not _pending(connection, wanted):
            return []
    with database.transaction() as connection:
        execute(connection, _UNLIMITED_SQL)
        execute(connection, _LOCK_SQL, {"key": _LOCK_KEY})
        connection.execute(_HISTORY_DDL)
        pending = _pending(connection, wanted)
        for migration in pending:
            _apply(connection, migration)
        return [migration.version for migration in pending]


def migration_status(database: Database) -> list[MigrationStatus]:
    """Each migration of this version of AiRa, in order, and whether it is applied."""
    wanted = migrations()
    with database.transaction() as connection:
        missing = _pending(connection, wanted)
    return [MigrationStatus(one.version, one.name, one not in missing) for one in wanted]


def _pending(connection: Connection, wanted: Sequence[Migration]) -> list[Migration]:
    applied: list[str] = fetch_values(connection, _APPLIED_SQL) if fetch_value(connection, _HISTORY_EXISTS_SQL) else []
    return [migration for migration in wanted if migration.version not in applied]


def _apply(connection: Connection, migration: Migration) -> None:
    try:
        connection.execute(migration.statements)
    except psycopg.OperationalError:
        with mapped_errors():
            raise
    except psycopg.Error as error:
        reason = str(error).partition("\n")[0]
        raise SetupError(
            f"Migration {migration.version}_{migration.name} cannot be applied: {reason}.",
            hint="Nothing was changed. Grant the right or install the extension that is missing, then run `aira db migrate`.",
        ) from error
    execute(connection, _RECORD_SQL, {"version": migration.version, "name": migration.name, "statements": migration.statements})
