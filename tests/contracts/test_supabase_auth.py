"""Owners on Supabase: the adapter against a server that speaks the Auth admin API."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest

from aira.adapters.supabase_auth import SupabaseAuth
from aira.core import add_owner, find_owner
from aira.core.app import Aira
from aira.errors import AiraError, AlreadyExists, CredentialsRefused, InvalidInput, SetupError, VendorError
from aira.settings import Settings
from rentals import run_sql

KEY = "sb_secret_0123456789abcdef"


class AuthServer(ThreadingHTTPServer):
    """Makes users as Supabase does: one an address, for whoever has the service key."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.users: dict[str, dict[str, object]] = {}
        self.answer: tuple[int, dict[str, object]] | None = None
        self.url = f"http://127.0.0.1:{self.server_port}"

    def add(self, wanted: dict[str, Any]) -> tuple[int, dict[str, object]]:
        """The answer to one request, in the words of Auth's own server."""
        if self.answer is not None:
            return self.answer
        if wanted["email"] in self.users:
            return 422, {"code": 422, "error_code": "email_exists", "msg": "A user with this email address has already been registered"}
        now = "2026-11-23T15:00:00.123456Z"
        self.users[wanted["email"]] = {
            "id": str(uuid4()), "aud": "authenticated", "role": "authenticated", "email": wanted["email"],
            "email_confirmed_at": now if wanted.get("email_confirm") else None, "phone": "", "confirmed_at": now,
            "app_metadata": {"provider": "email", "providers": ["email"]}, "user_metadata": {}, "identities": [],
            "created_at": now, "updated_at": now, "is_anonymous": False,
        }  # fmt: skip
        return 200, self.users[wanted["email"]]


class _Handler(BaseHTTPRequestHandler):
    server: AuthServer

    def do_POST(self) -> None:
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.headers["apikey"] == KEY and self.headers["Authorization"] == f"Bearer {KEY}"
        status, body = (
            self.server.add(wanted) if known else (401, {"code": 401, "error_code": "no_authorization", "msg": "Invalid API key"})
        )
        if self.path != "/auth/v1/admin/users":
            status, body = 404, {"msg": "not found"}
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[AuthServer]:
    """A server of this test."""
    server = AuthServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def accounts(server: AuthServer) -> SupabaseAuth:
    """The adapter, pointed at it."""
    return SupabaseAuth(Settings(supabase_url=server.url, supabase_service_role_key=KEY))


def test_an_owner_becomes_a_user_with_a_confirmed_address(accounts: SupabaseAuth, server: AuthServer) -> None:
    """The id is Supabase's, so that row-level security knows the owner."""
    owner = accounts.add_user("ann@example.com")

    user = server.users["ann@example.com"]
    assert (str(owner.id), owner.email, owner.created_at.isoformat()) == (user["id"], "ann@example.com", "2026-11-23T15:00:00.123456+00:00")
    assert user["email_confirmed_at"] is not None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((422, {"code": 422, "error_code": "email_exists", "msg": "ann@example.com is taken"}), AlreadyExists),
        ((400, {"code": 400, "error_code": "validation_failed", "msg": "Unable to validate ann@example.com"}), InvalidInput),
        ((401, {"message": "Invalid API key"}), CredentialsRefused),
        ((403, {"code": 403, "error_code": "not_admin", "msg": "User not allowed"}), CredentialsRefused),
        ((500, {"code": 500, "error_code": "unexpected_failure", "msg": "Database error"}), VendorError),
        ((503, {"msg": "down"}), VendorError),
    ],
)
def test_a_refusal_is_an_error_of_ours(
    accounts: SupabaseAuth, server: AuthServer, answer: tuple[int, dict[str, object]], error: type[AiraError]
) -> None:
    """By Supabase's code, never with its text, which quotes the address."""
    server.answer = answer

    with pytest.raises(error) as caught:
        accounts.add_user("ann@example.com")

    assert "ann@example.com" not in caught.value.message
    assert caught.value.hint


def test_a_project_that_cannot_be_reached_is_a_vendors_failure(server: AuthServer) -> None:
    """Safe to repeat."""
    accounts = SupabaseAuth(Settings(supabase_url="http://127.0.0.1:9", supabase_service_role_key=KEY))

    with pytest.raises(VendorError):
        accounts.add_user("ann@example.com")


def test_the_service_key_must_be_set(server: AuthServer) -> None:
    """The sentence names both settings."""
    with pytest.raises(SetupError) as caught:
        SupabaseAuth(Settings(supabase_url=server.url))

    assert caught.value.hint == "Set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY."


def test_on_supabases_own_schema_owners_are_made_there(aira: Aira, server: AuthServer) -> None:
    """The schema is known by its columns; nothing is written to it behind Supabase's back."""
    from dataclasses import replace

    with aira.database.transaction() as connection:
        connection.execute("alter table auth.users add column encrypted_password text")
    aira = replace(aira, settings=Settings(supabase_url=server.url, supabase_service_role_key=KEY))

    owner = add_owner(aira, "Ann@Example.com")

    assert str(owner.id) == server.users["ann@example.com"]["id"]
    assert run_sql(aira, "select count(*) from auth.users") == 0


def test_a_user_of_the_project_is_an_owner(aira: Aira) -> None:
    """Whoever signed up in another program of the project is found by e-mail."""
    run_sql(aira, "insert into auth.users (email) values ('Bob@example.com') returning 1")

    assert find_owner(aira, "bob@EXAMPLE.com").email == "Bob@example.com"
