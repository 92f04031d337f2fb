"""Where the database has pg_net, an upload is announced over HTTP, and is never lost because it could not be."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from aira.core import add_business, add_owner, announce_documents
from aira.core.app import Aira, wire
from aira.core.db import fetch_all, fetch_value
from aira.errors import SetupError

PG_NET = (Path(__file__).parent / "pg_net_stand_in.sql").read_text()
TRIGGER = "select exists (select from pg_trigger where tgname = 'documents_announce')"
UPLOAD = (
    "insert into documents (business_id, file_name, storage_path) values (%(business)s, 'a.md', %(business)s::text || '/a') returning id"
)
RAISING = """
create or replace function net.http_post(url text, body jsonb default '{}', params jsonb default '{}', headers jsonb default '{}',
  timeout_milliseconds int default 5000) returns bigint language plpgsql as $$ begin raise exception 'The queue is full.'; end $$
"""


@pytest.fixture
def guarded(aira: Aira) -> Aira:
    """A handle whose settings hold a shared secret and a public address."""
    settings = {"aira_webhook_secret": SecretStr("sesame"), "voice_agent_service_url": "https://voice.example"}
    return wire(aira.settings.model_copy(update=settings), aira.database)


@pytest.fixture
def business(aira: Aira) -> UUID:
    """A business that documents can belong to."""
    add_owner(aira, "ann@example.com")
    return add_business(aira, "Willow Lane", time_zone="UTC").id


def upload(aira: Aira, business: UUID) -> UUID:
    """A web screen's insert."""
    with aira.database.transaction() as connection:
        return fetch_value(connection, UPLOAD, {"business": business})


def install(aira: Aira, *statements: str) -> None:
    """Give the database the extension's stand-in."""
    with aira.database.transaction() as connection:
        for statement in statements:
            connection.execute(statement)


def requests(aira: Aira) -> list[dict]:
    """What pg_net was told."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, dict, "select url, headers, body from net.http_request_queue")


def test_without_pg_net_nothing_is_installed(guarded: Aira, business: UUID):
    """The job queue does the work alone."""
    installed = announce_documents(guarded)

    with guarded.database.transaction() as connection:
        assert (installed, fetch_value(connection, TRIGGER)) == (False, False)
    assert upload(guarded, business)


def test_an_upload_is_announced_with_its_id_and_the_secret(guarded: Aira, business: UUID):
    """As a Supabase webhook says it, and with nothing of the document but its id."""
    install(guarded, PG_NET)
    assert announce_documents(guarded)

    id_ = upload(guarded, business)

    body = {"type": "INSERT", "table": "documents", "schema": "public", "record": {"id": str(id_)}, "old_record": None}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sesame"}
    assert requests(guarded) == [{"url": "https://voice.example/process-document", "headers": headers, "body": body}]


@pytest.mark.parametrize("broken", [RAISING, "drop function net.http_post", "drop schema net cascade", "drop table net.http_request_queue"])
def test_an_upload_never_fails_because_it_could_not_be_announced(guarded: Aira, business: UUID, broken: str):
    """The row and its job are there whatever becomes of the extension."""
    install(guarded, PG_NET)
    announce_documents(guarded)
    install(guarded, broken)

    id_ = upload(guarded, business)

    with guarded.database.transaction() as connection:
        jobs = fetch_value(
            connection, "select count(*) from jobs.procrastinate_jobs where args ->> 'document_id' = %(id)s", {"id": str(id_)}
        )
        assert fetch_value(connection, "select exists (select from documents where id = %(id)s)", {"id": id_})
        assert jobs == 1


def test_announcing_ends_when_told(guarded: Aira, business: UUID):
    """And begins anew with another address without a second trigger."""
    install(guarded, PG_NET)
    announce_documents(guarded)
    announce_documents(guarded)
    announce_documents(guarded, on=False)

    upload(guarded, business)

    assert requests(guarded) == []


def test_announcing_needs_a_secret(aira: Aira):
    """Nobody would believe an announcement without."""
    with pytest.raises(SetupError, match="AIRA_WEBHOOK_SECRET"):
        announce_documents(aira)


def test_owners_do_not_read_the_secret(aira: Aira):
    """Nor does anybody without a login."""
    asked = "select bool_or(has_table_privilege(role, 'jobs.document_webhook', 'select')) from unnest(array['anon', 'authenticated']) role"

    with aira.database.transaction() as connection:
        assert fetch_value(connection, asked) is False
