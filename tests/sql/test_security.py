"""Who may do what in the database: nobody without a login anything, an owner with the owner's own rows, programs the rest.

Looked at on a server set up as Supabase's was until 2026, which opens every new table and function to everybody.
"""

from collections.abc import Iterator

import pytest

from aira.core.db import Connection, Database, fetch_all, fetch_values

WRITABLE_BY_OWNERS = {
    "appointments": {"insert", "update"},
    "business_closures": {"insert", "update", "delete"},
    "business_hours": {"insert", "update", "delete"},
    "business_v2": {"insert", "update"},
    "documents": {"insert", "delete"},
    "notification_templates": {"insert", "update", "delete"},
    "resources": {"insert", "update", "delete"},
    "service_resources": {"insert", "update", "delete"},
    "services": {"insert", "update", "delete"},
    "wallets": {"update"},
}
"""What a web screen needs; every other change goes through a program with the service's key."""

NOT_WRITABLE_BY_OWNERS = {
    "appointments": {"id", "sequence", "created_at"},
    "business_v2": {"kb_version", "created_at"},
    "wallets": {"balance", "held", "seq", "user_id", "currency", "grace_days"},
}
"""Columns of writable tables that are not an owner's to write."""

FUNCTIONS_FOR_OWNERS = {"book_appointment", "cancel_appointment", "finish_appointment", "reschedule_appointment"}
"""Functions that write and that a web screen calls."""

TABLES = """
select oid, relname::text as name from pg_class
where relnamespace in ('public'::regnamespace, 'simulated_carrier'::regnamespace) and relkind in ('r', 'p', 'v', 'm')
"""
FUNCTIONS = """
select oid, proname::text as name, provolatile, prosecdef, proconfig, prorettype from pg_proc
where pronamespace in ('public'::regnamespace, 'jobs'::regnamespace, 'simulated_carrier'::regnamespace)
"""


@pytest.fixture
def connection(supabase: Database) -> Iterator[Connection]:
    """A transaction on it that leaves no trace."""
    with supabase.transaction(dry_run=True) as connection:
        yield connection


def test_every_table_has_row_level_security(connection: Connection):
    """A table without it shows all its rows to whoever may select."""
    bare = fetch_values(
        connection,
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity",
    )

    assert bare == []


def test_views_obey_the_rights_of_who_asks(connection: Connection):
    """A view runs with its owner's rights unless it says otherwise; none that others may read does."""
    loose = fetch_values(
        connection,
        """
        select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v'
          and has_table_privilege('authenticated', oid, 'select') and 'security_invoker=true' <> all (coalesce(reloptions, '{unset}'))
        """,
    )

    assert loose == []


def test_nobody_without_a_login_has_any_right(connection: Connection):
    """The role anon can neither read nor write a table, nor run a function."""
    tables = fetch_values(
        connection,
        f"""
        select name || ': ' || privilege from ({TABLES}) t,
          unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege
        where has_table_privilege('anon', oid, privilege)
           or privilege not in ('delete', 'truncate', 'trigger') and has_any_column_privilege('anon', oid, privilege)
        """,
    )
    functions = fetch_values(connection, f"select name from ({FUNCTIONS}) f where has_function_privilege('anon', oid, 'execute')")

    assert (tables, functions) == ([], [])


def test_owners_write_what_a_screen_needs(connection: Connection):
    """The role authenticated may change the tables that are listed here, in the ways that are listed here."""
    rows = fetch_all(
        connection,
        dict,
        f"""
        select name, privilege from ({TABLES}) t, unnest(array['insert', 'update', 'delete', 'truncate', 'references', 'trigger']) privilege
        where has_table_privilege('authenticated', oid, privilege)
           or privilege not in ('delete', 'truncate', 'trigger') and has_any_column_privilege('authenticated', oid, privilege)
        """,
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["name"], set()).add(row["privilege"])

    assert found == WRITABLE_BY_OWNERS


def test_owners_do_not_write_what_is_counted(connection: Connection):
    """Balances, versions and times are the database's own to write."""
    writable = [
        f"{table}.{column}"
        for table, columns in NOT_WRITABLE_BY_OWNERS.items()
        for column in columns
        if fetch_values(
            connection,
            "select 1 where has_column_privilege('authenticated', %(table)s, %(column)s, 'update')",
            {"table": table, "column": column},
        )
    ]

    assert writable == []


def test_owners_run_the_functions_a_screen_needs(connection: Connection):
    """Of the functions that write, the role authenticated may run those of the calendar."""
    found = fetch_values(
        connection,
        f"select distinct name from ({FUNCTIONS}) f where provolatile = 'v' and has_function_privilege('authenticated', oid, 'execute')",
    )

    assert set(found) == FUNCTIONS_FOR_OWNERS


def test_functions_with_more_rights_than_their_caller_are_triggers(connection: Connection):
    """Only a trigger runs with its owner's rights, as it can be called by nothing but a change that was allowed."""
    powerful = fetch_values(connection, f"select name from ({FUNCTIONS}) f where prosecdef and prorettype <> 'trigger'::regtype")

    assert powerful == []


def test_functions_do_not_depend_on_the_callers_search_path(connection: Connection):
    """A caller cannot slip a function or an operator of his own under ours."""
    loose = fetch_values(
        connection,
        f"select name from ({FUNCTIONS}) f where not exists (select from unnest(proconfig) setting where setting like 'search_path=%%')",
    )

    assert loose == []


def test_programs_with_the_services_key_read_every_table(connection: Connection):
    """The role service_role has no table that it cannot read."""
    hidden = fetch_values(connection, f"select name from ({TABLES}) t where not has_table_privilege('service_role', oid, 'select')")

    assert hidden == []
