"""Owners: the people who pay. An owner is a user of the auth schema, so that row-level security knows them."""

import re
from uuid import UUID

from aira.core.app import Aira, user_accounts
from aira.core.db import Connection, fetch_all, fetch_one, fetch_value
from aira.errors import AlreadyExists, InvalidInput, NotFound
from aira.model import Owner

_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")

_LIST_SQL = 'select id, email, created_at from auth.users where email is not null order by created_at, email collate "C"'
_BY_EMAIL_SQL = "select id, email, created_at from auth.users where lower(email) = %(email)s"
_BY_ID_SQL = "select id, coalesce(email, '') as email, created_at from auth.users where id = %(id)s"
_ADD_SQL = """
insert into auth.users (email, created_at) values (%(email)s, %(now)s)
on conflict (email) do nothing returning id, email, created_at
"""
_ON_SUPABASE_SQL = """
select exists (select from pg_catalog.pg_attribute where attrelid = 'auth.users'::regclass and attname = 'encrypted_password')
"""


def add_owner(aira: Aira, email: str) -> Owner:
    """Make an owner; on Supabase through its Auth admin API, so that the owner can sign in there.

    Raises InvalidInput for what is no address, AlreadyExists; on Supabase also SetupError and VendorError.
    """
    address = parse_email(email).lower()
    with aira.database.transaction() as connection:
        on_supabase: bool = fetch_value(connection, _ON_SUPABASE_SQL)
        if not on_supabase:
            owner = fetch_one(connection, Owner, _ADD_SQL, {"email": address, "now": aira.clock.now()})
            if owner is None:
                raise AlreadyExists("There is an owner with this e-mail already.", hint="Run `aira owners list`.")
            return owner
    return user_accounts(aira.settings).add_user(address)


def list_owners(aira: Aira) -> list[Owner]:
    """All owners, the oldest first."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, Owner, _LIST_SQL)


def find_owner(aira: Aira, reference: str | UUID | None = None) -> Owner:
    """The owner with this e-mail or id; without one, the only owner there is.

    Raises NotFound, and InvalidInput where there are several to choose from.
    """
    with aira.database.transaction() as connection:
        return resolve_owner(connection, reference)


def resolve_owner(connection: Connection, reference: str | UUID | None = None) -> Owner:
    """The same as `find_owner`, within a transaction."""
    if reference is None:
        return _only_owner(fetch_all(connection, Owner, _LIST_SQL))
    text = str(reference).strip().lower()
    try:
        owner = fetch_one(connection, Owner, _BY_ID_SQL, {"id": UUID(text)})
    except ValueError:
        owner = fetch_one(connection, Owner, _BY_EMAIL_SQL, {"email": text})
    if owner is None:
        raise NotFound("There is no such owner.", hint="Run `aira owners list`.")
    return owner


def parse_email(text: str) -> str:
    """Read an e-mail address. Raises InvalidInput for what is none."""
    address = text.strip()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise InvalidInput("This is not an e-mail address.", hint="Give an address such as ann@example.com.")
    return address


def _only_owner(owners: list[Owner]) -> Owner:
    if not owners:
        raise NotFound("There is no owner yet.", hint="Run `aira owners add EMAIL`.")
    if len(owners) > 1:
        raise InvalidInput(f"There are {len(owners)} owners; which one is meant?", hint="Add --owner EMAIL.")
    return owners[0]
