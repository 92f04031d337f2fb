"""Webhooks that were heard before: a carrier repeats what it believes lost, and whoever overhears one may replay it."""

from aira.core.app import Aira
from aira.core.db import execute, fetch_value

_FIRST_TIME_SQL = """
insert into webhook_events (provider, dedupe_key, kind, received_at) values (%(provider)s, %(key)s, %(kind)s, %(now)s)
on conflict do nothing
"""
_HEARD_AT_SQL = """
insert into webhook_events as w (provider, dedupe_key, kind, connects, received_at)
values (%(provider)s, %(key)s, %(kind)s, %(connects)s, %(now)s)
on conflict (provider, dedupe_key) do update set kind = w.kind returning connects
"""


def first_time(aira: Aira, provider: str, key: str, *, kind: str) -> bool:
    """Whether this webhook is heard for the first time; from then on it is known."""
    with aira.database.transaction() as connection:
        return execute(connection, _FIRST_TIME_SQL, {"provider": provider, "key": key, "kind": kind, "now": aira.clock.now()}) == 1


def heard_at(aira: Aira, provider: str, key: str, *, kind: str, connects: int) -> int:
    """How often a bot had taken the call when this webhook was heard first; `connects` where that is now."""
    values = {"provider": provider, "key": key, "kind": kind, "connects": connects, "now": aira.clock.now()}
    with aira.database.transaction() as connection:
        first: int = fetch_value(connection, _HEARD_AT_SQL, values)
    return first
