"""Idempotency keys: a request that creates something gives the same thing when it is repeated."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from aira.core.db import Connection, execute, fetch_all
from aira.errors import IdempotencyConflict

_CLAIM_SQL = "insert into idempotency_keys (kind, key, request) values (%(kind)s, %(key)s, %(request)s) on conflict do nothing"
_READ_SQL = "select request, result_id from idempotency_keys where kind = %(kind)s and key = %(key)s"
_KEEP_SQL = "update idempotency_keys set result_id = %(result_id)s where kind = %(kind)s and key = %(key)s"


@dataclass(slots=True)
class Repeat:
    """One request under its key; `result` is what the first one made, None where this is the first."""

    result: UUID | None
    kept: UUID | None = None

    def keep(self, result: UUID) -> None:
        """Remember what the request made."""
        self.kept = result


@dataclass(frozen=True, slots=True)
class _Row:
    request: bytes
    result_id: UUID | None


@contextmanager
def repeatable(connection: Connection, kind: str, key: str | None, *request: object) -> Iterator[Repeat]:
    """Run the block once a key; of two at once, the second waits for the first. Without a key every block is the first.

    Raises IdempotencyConflict where the key was used for another `request`.
    """
    values = {"kind": kind, "key": key, "request": hashlib.sha256(repr(request).encode()).digest()}
    repeat = Repeat(None)
    if key is not None and execute(connection, _CLAIM_SQL, values) == 0:
        (row,) = fetch_all(connection, _Row, _READ_SQL, values)
        if row.request != values["request"]:
            raise IdempotencyConflict
        repeat = Repeat(row.result_id)
    yield repeat
    if key is not None and repeat.kept is not None:
        execute(connection, _KEEP_SQL, {"result_id": repeat.kept, **values})
