"""Owners share tables and see, change and add to nothing but their own rows."""

import json
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
import pytest

from aira.core.app import wire
from aira.core.db import Connection, Database, fetch_all, fetch_values
from aira.ports import Embedder
from aira.settings import Settings
from doubles import FrozenClock
from worlds import build_world

FOR_ALL = {"price_list"}
"""Tables that every owner reads."""

NOT_FOR_OWNERS = {"billing_runs", "billing_run_items", "idempotency_keys", "kb_windows", "stream_tokens", "webhook_events"}
"""Tables that only programs read."""

ADD_TO_BUSINESS = (
    "insert into resources (business_id, name) values (%(business)s, 'Mine')",
    "insert into business_closures (business_id, on_date) values (%(business)s, '2027-01-01')",
    "insert into notification_templates (business_id, template, channel, body) values (%(business)s, 'x', 'sms', 'x')",
)

CHANGES = """
select c.relname::text as name, format('update %1$I set %2$I = %2$I', c.relname, a.attname) as change
from pg_class c join lateral (select attname from pg_attribute
  where attrelid = c.oid and attnum > 0 and attidentity = '' and attgenerated = ''
  and has_column_privilege('authenticated', c.oid, attnum, 'update') limit 1) a on true
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
union all
select c.relname::text, format('delete from %I', c.relname)
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and has_table_privilege('authenticated', c.oid, 'delete')
"""
"""Every change that an owner may make to a table."""

BOOK = "select code from book_appointment(%(business)s, now() + interval '1 day')"

KEYS = """
select c.relname::text as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as key
from pg_class c join pg_index i on i.indrelid = c.oid and i.indisprimary
join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
where c.relnamespace = 'public'::regnamespace group by c.oid, c.relname order by c.relname
"""


@dataclass(frozen=True)
class Owners:
    """Two owners whose worlds stand side by side."""

    ann: UUID
    bob: UUID
    rows_of_ann: dict[str, set[str]]
    """What there was before Bob came."""


@pytest.fixture(scope="module")
def owners(supabase: Database, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Owners:
    """Ann's world and Bob's, built as the project's user `postgres`, who is no superuser."""
    home = tmp_path_factory.mktemp("home")
    aira = replace(wire(Settings(aira_home=home), supabase), clock=FrozenClock(), embedder=embedder)
    ann = build_world(aira, "ann")
    rows_of_ann = _rows(supabase)
    return Owners(ann, build_world(aira, "bob"), rows_of_ann)


def test_every_row_belongs_to_one_owner(supabase: Database, owners: Owners):
    """With two owners' worlds side by side, nobody sees a row of the other, and everybody sees the own ones."""
    everything, ann, bob = _rows(supabase), _rows(supabase, owners.ann), _rows(supabase, owners.bob)

    empty = [table for table, rows in everything.items() if not rows]
    shared = {table for table in everything if ann[table] & bob[table]}
    trespass = {table for table in everything if ann[table] - owners.rows_of_ann[table]} - FOR_ALL
    unseen = {table for table in everything if not (ann[table] and bob[table])}
    assert empty == []
    assert shared == FOR_ALL
    assert trespass == set()
    assert unseen == NOT_FOR_OWNERS


def test_an_owner_changes_nothing_of_another(supabase: Database, owners: Owners):
    """A change or deletion that names the other owner's rows finds none."""
    with supabase.transaction(dry_run=True) as connection:
        keys = {table["name"]: table["key"] for table in fetch_all(connection, dict, KEYS)}
        changes = fetch_all(connection, dict, CHANGES)
    bob = _rows(supabase, owners.bob)

    with supabase.transaction(dry_run=True) as connection:
        _become(connection, owners.ann)
        changed = {
            change["change"]: connection.execute(
                f"{change['change']} where jsonb_build_array({keys[change['name']]})::text = any (%s)", [list(bob[change["name"]])]
            ).rowcount
            for change in changes
        }

    assert changed
    assert set(changed.values()) == {0}


def test_an_owner_adds_nothing_to_another(supabase: Database, owners: Owners):
    """Rows for another's business are refused, by a table as by a function."""
    with supabase.transaction() as connection:
        business = fetch_values(connection, "select id from business_v2 where user_id = %(bob)s", {"bob": owners.bob})[0]

    for statement in ADD_TO_BUSINESS:
        with supabase.transaction(dry_run=True) as connection:
            _become(connection, owners.ann)
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                connection.execute(statement, {"business": business})
    with supabase.transaction(dry_run=True) as connection:
        _become(connection, owners.ann)
        answer = fetch_values(
            connection, "select code from book_appointment(%(business)s, now() + interval '1 day')", {"business": business}
        )
    assert answer == ["business_not_found"]


def _rows(database: Database, seen_by: UUID | None = None) -> dict[str, set[str]]:
    """The keys of all rows by table, or of those that an owner sees."""
    with database.transaction(dry_run=True) as connection:
        if seen_by is not None:
            _become(connection, seen_by)
        return {table: set(rows) for table, rows in _contents(connection).items()}


def _contents(connection: Connection) -> dict[str, dict[str, str]]:
    """The rows by table and key, as far as the present role may read them."""
    contents: dict[str, dict[str, str]] = {}
    for table in fetch_all(connection, dict, KEYS):
        readable = fetch_values(connection, "select has_table_privilege(%(name)s, 'select')", table)[0]
        statement = f"select jsonb_build_array({table['key']})::text as key, to_jsonb(t)::text as value from {table['name']} t"
        rows = fetch_all(connection, dict, statement) if readable else []
        contents[table["name"]] = {row["key"]: row["value"] for row in rows}
    return contents


def _become(connection: Connection, owner: UUID) -> None:
    connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": str(owner), "role": "authenticated"})])
    connection.execute("set local role authenticated")
