"""Transactions are all or nothing, run in UTC, and say what went wrong in the words of AiRa."""

import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from aira.core.db import Database, execute, fetch_all, fetch_one, fetch_value, fetch_values, masked_url
from aira.errors import CredentialsRefused, DatabaseError, SchemaOutdated, SetupError
from aira.model import DocumentStatus


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    status: DocumentStatus | None = None


@pytest.fixture
def notes(database: Database) -> Database:
    """A database with a table of notes, one of which is written."""
    with database.transaction() as connection:
        execute(connection, "create table notes (name text primary key, length int constraint notes_length check (length < 100))")
        execute(connection, "insert into notes values ('first', 1)")
    return database


def test_a_transaction_is_kept_at_its_end(notes: Database):
    """What a block wrote is there after it."""
    with notes.transaction() as connection:
        written = execute(connection, "insert into notes values (%(name)s, 2)", {"name": "second"})

    assert written == 1
    assert _names(notes) == ["first", "second"]


def test_an_error_undoes_the_transaction(notes: Database):
    """What a block wrote before it failed is gone."""
    with pytest.raises(ZeroDivisionError), notes.transaction() as connection:
        execute(connection, "insert into notes values ('second', %(length)s)", {"length": 2}) / 0

    assert _names(notes) == ["first"]


def test_a_dry_run_changes_nothing(notes: Database):
    """A dry run sees its own changes and leaves none."""
    with notes.transaction(dry_run=True) as connection:
        execute(connection, "delete from notes")
        seen = fetch_values(connection, "select name from notes")

    assert seen == []
    assert _names(notes) == ["first"]


def test_rows_become_records(notes: Database):
    """Columns fill the fields of their name, and text becomes the member of an enumeration where the field is one."""
    statement = "select name, 'failed' as status from notes where name = %(name)s"
    with notes.transaction() as connection:
        found = fetch_one(connection, Row, statement, {"name": "first"})
        missing = fetch_one(connection, Row, statement, {"name": "none"})
        unknown = fetch_all(connection, Row, "select name, null as status from notes")
        plain = fetch_all(connection, dict, "select name, length from notes")

    assert found == Row("first", DocumentStatus.FAILED)
    assert found.status is DocumentStatus.FAILED
    assert missing is None
    assert unknown == [Row("first", None)]
    assert plain == [{"name": "first", "length": 1}]


def test_money_and_time_arrive_exactly(database: Database):
    """Amounts are decimals, times are aware and in UTC."""
    with database.transaction() as connection:
        amount = fetch_value(connection, "select 0.1::numeric + 0.2::numeric")
        instant = fetch_value(connection, "select timestamptz '2026-11-23 16:00+01'")
        nothing = fetch_value(connection, "select 1 where false")

    assert amount == Decimal("0.3")
    assert (instant, instant.utcoffset()) == (datetime(2026, 11, 23, 15, tzinfo=UTC), timedelta(0))
    assert nothing is None


def test_threads_share_one_database(notes: Database):
    """Twenty threads at once get their turns on fewer connections."""
    results: list[int] = []

    def read() -> None:
        with notes.transaction() as connection:
            results.append(fetch_value(connection, "select length from notes, pg_sleep(0.01)"))

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [1] * 20


def test_a_broken_connection_is_replaced(notes: Database, postgres_url: str):
    """When the server has dropped the connections, the next transaction gets a new one."""
    with notes.transaction() as connection:
        backend = fetch_value(connection, "select pg_backend_pid()")
    with psycopg.connect(postgres_url) as superuser:
        superuser.execute("select pg_terminate_backend(%s, 5000)", [backend])

    assert _names(notes) == ["first"]


def test_a_closed_database_opens_again(notes: Database):
    """Closing gives the connections back; it is not the end."""
    notes.close()

    assert _names(notes) == ["first"]


def test_a_statement_that_never_ends_is_ended(database_url: str):
    """A statement is cancelled at its time limit and counts as the database's fault."""
    impatient = Database(database_url, statement_timeout=0.05)

    with pytest.raises(DatabaseError, match="statement timeout"), impatient.transaction() as connection:
        execute(connection, "select pg_sleep(60)")

    impatient.close()


def test_an_unreachable_database_is_said_so():
    """Nobody listens: exit code 7, worth repeating, and the password is not in the message."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://someone:secret@127.0.0.1:{taken.getsockname()[1]}/aira"
        with pytest.raises(DatabaseError, match="cannot be reached") as refused, Database(url).transaction():
            pass

    assert refused.value.retryable
    assert "secret" not in refused.value.message


def test_a_url_that_is_none_is_a_matter_of_set_up():
    """A value that libpq cannot read names the setting, not its content."""
    with pytest.raises(SetupError) as refused:
        Database("nonsense and secrets")

    assert "secrets" not in refused.value.message


def test_a_refused_password_is_a_matter_of_set_up():
    """A wrong password is told from an unreachable server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_refuse_password, args=(server,))
        thread.start()
        with (
            pytest.raises(CredentialsRefused),
            Database(f"postgresql://a:b@127.0.0.1:{server.getsockname()[1]}/x?sslmode=disable").transaction(),
        ):
            pass
        thread.join()


def test_a_missing_table_asks_for_migration(database: Database):
    """Tables that are not there are an older schema."""
    with pytest.raises(SchemaOutdated) as refused, database.transaction() as connection:
        execute(connection, "select * from not_there_yet")

    assert refused.value.hint == "Run `aira db migrate`."


def test_a_refusal_in_a_savepoint_leaves_the_rest(notes: Database):
    """A block may be refused something, catch it, and go on."""
    with notes.transaction() as connection:
        with pytest.raises(psycopg.errors.CheckViolation), connection.transaction():
            execute(connection, "insert into notes values ('long', 1000)")
        execute(connection, "insert into notes values ('second', 2)")

    assert _names(notes) == ["first", "second"]


def test_behind_a_transaction_pooler_nothing_outlives_a_transaction(database_url: str, tmp_path: Path):
    """On port 6543 statements are not prepared and settings end with the transaction, as the session is somebody else's next."""
    parts = urlsplit(database_url)
    folder = parse_qs(parts.query)["host"][0]
    (tmp_path / ".s.PGSQL.6543").symlink_to(Path(folder) / ".s.PGSQL.5432")
    database = Database(parts._replace(query=f"host={tmp_path}&port=6543").geturl())

    with database.transaction() as connection:
        for _ in range(10):
            inside = fetch_value(connection, "select current_setting('search_path')")
        prepared = fetch_value(connection, "select count(*) from pg_prepared_statements")
    outside = connection.execute("select current_setting('search_path')").fetchone()

    assert database.through_transaction_pooler
    assert (inside, prepared) == ("public, extensions", 0)
    assert outside == ('"$user", public',)
    connection.rollback()
    database.close()


def test_sessions_are_the_same_everywhere(database: Database):
    """Whatever the server's defaults are, sessions run in UTC, find extensions, and end what hangs."""
    with database.transaction() as connection:
        names = ("TimeZone", "search_path", "statement_timeout", "idle_in_transaction_session_timeout")
        found = [fetch_value(connection, "select current_setting(%(name)s)", {"name": name}) for name in names]

    assert found == ["UTC", "public, extensions", "30s", "1min"]
    assert not database.through_transaction_pooler


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@db.example:5432/aira", "postgresql://ann:***@db.example:5432/aira"),
        (
            "postgresql://ann@db.example/aira?password=secret&sslmode=require",
            "postgresql://ann@db.example/aira?password=***&sslmode=require",
        ),
        ("postgresql://db.example/aira", "postgresql://db.example/aira"),
        ("host=db.example password=secret", "password=*** host=db.example"),
    ],
)
def test_a_shown_url_hides_the_password(url: str, shown: str):
    """Asterisks stand for the password wherever it stood."""
    assert masked_url(url) == shown


def _names(database: Database) -> list[str]:
    with database.transaction() as connection:
        return fetch_values(connection, "select name from notes order by length")


def _refuse_password(server: socket.socket) -> None:
    """What a server says to a wrong password, in its own protocol."""
    connection, _ = server.accept()
    with connection:
        connection.recv(1024)
        fields = b"SFATAL\0C28P01\0Mpassword authentication failed for user\0\0"
        connection.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
