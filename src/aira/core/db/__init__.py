"""The database: transactions, statements, refusals, migrations. The only package of the core that knows psycopg."""

from psycopg import Connection, Error
from psycopg.types.json import Jsonb

from aira.core.db.deadline import deadline, in_time
from aira.core.db.migrate import Migration, MigrationStatus, migrate, migration_status, migrations
from aira.core.db.pool import Database, masked_url, session_url
from aira.core.db.refusals import mapped_errors
from aira.core.db.statements import execute, fetch_all, fetch_one, fetch_value, fetch_values

__all__ = [
    "Connection",
    "Database",
    "Error",
    "Jsonb",
    "Migration",
    "MigrationStatus",
    "deadline",
    "execute",
    "fetch_all",
    "fetch_one",
    "fetch_value",
    "fetch_values",
    "in_time",
    "mapped_errors",
    "masked_url",
    "migrate",
    "migration_status",
    "migrations",
    "session_url",
]
