"""The queue's schema is procrastinate's own, out of reach of everybody but the owner."""

import re
from importlib.resources import files

import pytest

from aira.core.db import Database, fetch_values, migrations

DEFINED = re.compile(r"CREATE (?:TYPE|TABLE|FUNCTION) (procrastinate_\w+)")


def test_the_migration_is_the_installed_packages_schema():
    """The file is the package's, with its names qualified; a release that changes the schema is noticed here first."""
    theirs = files("procrastinate").joinpath("sql", "schema.sql").read_text("utf-8")
    theirs = theirs[theirs.index("-- Enums") :]
    names = "|".join(DEFINED.findall(theirs))

    (ours,) = (migration.statements for migration in migrations() if migration.name == "jobs")

    assert re.sub(rf"(?<![\w.'])({names})\b", r"jobs.\1", theirs).rstrip() in ours


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_nobody_reaches_the_queue_from_outside(database: Database, role: str):
    """No right on the schema, on a table, or on a function of it."""
    with database.transaction() as connection:
        reached = fetch_values(
            connection,
            """
            select relname::text from pg_class where relnamespace = 'jobs'::regnamespace and relkind in ('r', 'v', 'S')
              and (case relkind when 'S' then has_sequence_privilege(%(role)s, oid, 'usage, select, update')
                   else has_table_privilege(%(role)s, oid, 'select, insert, update, delete, truncate') end)
            union all
            select proname::text from pg_proc where pronamespace = 'jobs'::regnamespace and has_function_privilege(%(role)s, oid, 'execute')
            union all
            select nspname::text from pg_namespace where nspname = 'jobs' and has_schema_privilege(%(role)s, oid, 'usage, create')
            """,
            {"role": role},
        )

    assert reached == []


def test_functions_find_their_names_whatever_the_search_path(database: Database):
    """Every function of the schema has a fixed search path."""
    with database.transaction() as connection:
        loose = fetch_values(
            connection,
            """
            select proname::text from pg_proc
            where pronamespace = 'jobs'::regnamespace and 'search_path=""' <> all (coalesce(proconfig, '{unset}'))
            """,
        )

    assert loose == []
