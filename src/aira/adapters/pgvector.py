"""PassageIndex in AiRa's own database, by pgvector.

Every row of a business is compared: up to some ten thousand windows that takes milliseconds and finds all. An approximate
index (HNSW) over all businesses returns next to nothing once its neighbours are filtered by business.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import numpy as np
import psycopg

from aira.errors import SetupError
from aira.ports import IndexedWindow, StoredWindows, WindowMatch

if TYPE_CHECKING:
    from aira.ports import Vectors

DIMENSIONS = 384
_ROWS_PER_STATEMENT = 200
_HALFVEC_HEADER = 4  # bytes before the numbers in pgvector's binary form

_CLEAR_SQL = "delete from public.kb_windows where business_id = %(business)s and document_id = %(document)s and version = %(version)s"
_WRITE_SQL = """
insert into public.kb_windows (document_id, business_id, version, chunk, position, embedding)
select %(document)s::uuid, %(business)s::uuid, %(version)s::int, chunk, position, embedding::extensions.halfvec(384)
from unnest(%(chunks)s::int[], %(positions)s::int[], %(embeddings)s::text[]) as given (chunk, position, embedding)
"""
_SEARCH_SQL = """
select document_id, version, chunk, position,
       1 - (embedding operator(extensions.<=>) %(vector)s::extensions.halfvec(384)) as similarity
from public.kb_windows where business_id = %(business)s
order by embedding operator(extensions.<=>) %(vector)s::extensions.halfvec(384) limit %(limit)s
"""
_LOAD_SQL = "select document_id, version, chunk, position, embedding from public.kb_windows where business_id = %(business)s"
_REMOVE_SQL = """
delete from public.kb_windows
where business_id = %(business)s and document_id = %(document)s and (%(keep)s::int is null or version <> %(keep)s::int)
"""
_COUNT_SQL = """
select count(*) from public.kb_windows where business_id = %(business)s and document_id = %(document)s and version = %(version)s
"""


class Transactions(Protocol):
    """What the index needs of the database."""

    def transaction(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction, whose refusals leave as AiraErrors."""


class PgvectorIndex:
    """PassageIndex over the table kb_windows."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def write(self, business_id: UUID, document_id: UUID, version: int, windows: Sequence[IndexedWindow]) -> None:
        """Store all windows of one version of a document, replacing what an attempt before left of it."""
        key = {"business": business_id, "document": document_id, "version": version}
        with self._database.transaction() as connection:
            connection.execute(_CLEAR_SQL, key)
            for start in range(0, len(windows), _ROWS_PER_STATEMENT):
                batch = windows[start : start + _ROWS_PER_STATEMENT]
                rows = {
                    "chunks": [window.chunk for window in batch],
                    "positions": [window.window for window in batch],
                    "embeddings": [_text(window.vector) for window in batch],
                }
                connection.execute(_WRITE_SQL, key | rows)

    def search(self, business_id: UUID, vector: "Vectors", *, limit: int) -> list[WindowMatch]:
        """The nearest windows of this business, best first."""
        with self._database.transaction() as connection:
            rows = connection.execute(_SEARCH_SQL, {"business": business_id, "vector": _text(vector), "limit": limit}).fetchall()
        return [WindowMatch(*row) for row in rows]

    def load(self, business_id: UUID) -> StoredWindows:
        """All windows of this business."""
        with self._database.transaction() as connection:
            rows = connection.execute(_LOAD_SQL, {"business": business_id}, binary=True).fetchall()
        numbers = np.frombuffer(b"".join(row[4][_HALFVEC_HEADER:] for row in rows), ">f2")
        return StoredWindows([row[:4] for row in rows], numbers.reshape(-1, DIMENSIONS).astype(np.float32))

    def remove(self, business_id: UUID, document_id: UUID, *, keep_version: int | None = None) -> None:
        """Forget a document's windows, all versions of it or all but one."""
        with self._database.transaction() as connection:
            connection.execute(_REMOVE_SQL, {"business": business_id, "document": document_id, "keep": keep_version})

    def count(self, business_id: UUID, document_id: UUID, version: int) -> int:
        """How many windows of this version are stored."""
        with self._database.transaction() as connection:
            row = connection.execute(_COUNT_SQL, {"business": business_id, "document": document_id, "version": version}).fetchone()
        return int(row[0]) if row else 0


def _text(vector: "Vectors") -> str:
    if vector.shape != (DIMENSIONS,):
        raise SetupError(
            f"The embedding model has {vector.shape[-1]} dimensions; the index in the database keeps {DIMENSIONS}.",
            hint="Choose a model of 384 dimensions in AIRA_EMBEDDING_MODEL, or AIRA_INDEX=pinecone.",
        )
    return "[" + ",".join(f"{number:.6g}" for number in vector.tolist()) + "]"
