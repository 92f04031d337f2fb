"""Load balancers, monitors and database webhooks get the answers they count on."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from aira.core.app import Aira
from aira.core.db import execute
from aira.core.documents import add_document, find_document
from aira.core.jobs import run_waiting_jobs
from aira.errors import SetupError
from aira.model import DocumentStatus
from aira.voice.processes import listen
from aira.voice.server import create_app, serve
from aira.voice.switchboard import Switchboard
from salon import Salon


def ask(switchboard: Switchboard, method: str, path: str, **more: object) -> httpx.Response:
    """One request."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(switchboard))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            return await client.request(method, path, **more)

    return asyncio.run(request())


@pytest.mark.parametrize(
    ("change", "state", "status"),
    [
        ({}, "ready", 200),
        ({"warm": False}, "starting", 503),
        ({"draining": True}, "draining", 503),
        ({"active": 8}, "full", 503),
        ({"active": 7}, "ready", 200),
    ],
)
def test_ready_means_that_another_call_is_taken(switchboard: Switchboard, change: dict[str, object], state: str, status: int) -> None:
    """While starting, draining or full, calls go to another server."""
    response = ask(replace(switchboard, **change), "GET", "/ready")

    assert (response.text, response.status_code) == (f"{state}\n", status)


def test_health_is_alive_whatever_it_does(switchboard: Switchboard) -> None:
    """A server that is full is not ill."""
    assert ask(replace(switchboard, warm=False, active=8), "GET", "/health").status_code == 200


def test_metrics_name_calls_and_delays(switchboard: Switchboard) -> None:
    """In the form Prometheus reads."""

    async def never() -> None: ...

    with switchboard.busy(never):
        text = ask(switchboard, "GET", "/metrics").text

    assert "aira_active_calls 1.0" in text
    assert "aira_ready 1.0" in text
    assert "aira_voice_to_voice_seconds_bucket" in text


def test_nothing_else_is_there(switchboard: Switchboard) -> None:
    """No documentation pages, no schema of the interface."""
    assert [ask(switchboard, "GET", path).status_code for path in ("/", "/docs", "/openapi.json", "/webhooks/twilio/call")] == [
        404,
        404,
        404,
        405,
    ]


class TestProcessDocument:
    @pytest.fixture
    def guarded(self, aira: Aira) -> Switchboard:
        """A server with a shared secret."""
        settings = aira.settings.model_copy(update={"aira_webhook_secret": SecretStr("sesame")})
        return Switchboard(replace(aira, settings=settings), secret="s3cret", warm=True)

    @pytest.mark.parametrize("body", ['{{"id": "{id}"}}', '{{"type": "INSERT", "table": "documents", "record": {{"id": "{id}"}}}}'])
    def test_queues_the_document_that_is_named(self, aira: Aira, guarded: Switchboard, salon: Salon, tmp_path: Path, body: str) -> None:
        """By an id of one's own, or by the row of a Supabase webhook; read by a worker, even where its job got lost."""
        (tmp_path / "prices.txt").write_text("A haircut costs 45 dollars.")
        document = add_document(aira, tmp_path / "prices.txt", business=salon.business.id)
        with aira.database.transaction() as connection:
            execute(connection, "delete from jobs.procrastinate_jobs")

        response = ask(
            guarded, "POST", "/process-document", content=body.format(id=document.id), headers={"Authorization": "Bearer sesame"}
        )

        assert response.status_code == 202
        assert find_document(aira, document.id).processing_status is DocumentStatus.PENDING
        run_waiting_jobs(aira)
        assert find_document(aira, document.id).processing_status is DocumentStatus.COMPLETED

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer open", "sesame", "Basic sesame"])
    def test_needs_the_shared_secret(self, guarded: Switchboard, authorization: str) -> None:
        """Nobody else's documents are read, nor anybody's by others."""
        body = '{"id": "00000000-0000-0000-0000-000000000001"}'

        assert ask(guarded, "POST", "/process-document", content=body, headers={"Authorization": authorization}).status_code == 403

    def test_is_closed_where_no_secret_is_set(self, switchboard: Switchboard) -> None:
        """An empty secret opens nothing."""
        assert ask(switchboard, "POST", "/process-document", content="{}", headers={"Authorization": "Bearer "}).status_code == 403

    @pytest.mark.parametrize("body", ["", "[]", "{}", '{"id": "prices.pdf"}', '{"record": 1}'])
    def test_takes_an_id_only(self, guarded: Switchboard, body: str) -> None:
        """Anything else in the body is no document."""
        assert ask(guarded, "POST", "/process-document", content=body, headers={"Authorization": "Bearer sesame"}).status_code == 400

    def test_of_an_unknown_document_is_answered_all_the_same(self, guarded: Switchboard) -> None:
        """The row may be gone by the time it is looked at."""
        body = '{"id": "00000000-0000-0000-0000-000000000001"}'

        assert ask(guarded, "POST", "/process-document", content=body, headers={"Authorization": "Bearer sesame"}).status_code == 202


def test_a_port_that_is_taken_is_said_before_anything_is_loaded(aira: Aira) -> None:
    """And not after it has called itself ready."""
    ready: list[str] = []
    with listen("127.0.0.1", 0) as taken, pytest.raises(SetupError, match="cannot be listened on"):
        serve(Switchboard(aira), host="127.0.0.1", port=taken.getsockname()[1], when_ready=lambda: ready.append("ready"))
    assert not ready
