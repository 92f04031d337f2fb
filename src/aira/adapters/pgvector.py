"""PassageIndex in AiRa's own database, by pgvector.

Every row of a business is compared: up to some ten thousand windows that takes milliseconds and finds all. An approximate
index (HNSW) over all businesses returns next to nothing once its neighbours are filtered by business.
"""

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import numpy as np
import psycopg
from pydantic_core import to_json

from aira.errors import SetupError
from aira.ports import IndexedWindow, StoredWindows, WindowMatch

if TYPE_CHECKING:
    from aira.ports import Vectors

DIMENSIONS = 384
_ROWS_PER_TRANSACTION = 500
_HALFVEC_HEADER = 4  # bytes before the numbers in pgvector's binary form
_DECIMALS = 6  # half precision keeps four of a number near 1

_CLEAR_SQL = """
delete from public.kb_windows where business_id = %(business)s and document_id = %(document)s and version = %(version)s
"""
_COPY_INTO = "copy public.kb_windows (document_id, business_id, version, chunk, position, embedding) from stdin"
_SEARCH_SQL = """
select document_id, version, chunk, position,
       1 - (embedding operator(extensions.<=>) %(vector)s::extensions.halfvec(384)) as similarity
from public.kb_windows where business_id = %(business)s
order by embedding operator(extensions.<=>) %(vector)s::extensions.halfvec(384) limit %(limit)s
"""
_LOAD_SQL = "select document_id, version, chunk, position, embedding from public.kb_windows where business_id = %(business)s"
_REMOVE_SQL = """
delete from public.kb_windows
where business_id = %(business)s and document_id = %(document)s and (%(versions)s::int[] is null or version = any (%(versions)s::int[]))
"""
_COUNTS_SQL = "select document_id, version, count(*) from public.kb_windows where business_id = %(business)s group by document_id, version"


class Transactions(Protocol):
    """What the index needs of the database."""

    def transaction(self) -> AbstractContextManager[psycopg.Connection]:
        """One transaction, whose refusals leave as AiraErrors."""


class PgvectorIndex:
    """PassageIndex over the table kb_windows."""

    def __init__(self, database: Transactions) -> None:
        self._database = database

    def write(self, business_id: UUID, document_id: UUID, version: int, windows: Iterable[IndexedWindow]) -> None:
        """Store all windows of one version of a document, replacing what an attempt before left of it."""
        with self._database.transaction() as connection:
            connection.execute(_CLEAR_SQL, {"business": business_id, "document": document_id, "version": version})
        left = iter(windows)
        while batch := list(islice(left, _ROWS_PER_TRANSACTION)):
            with self._database.transaction() as connection, connection.cursor().copy(_COPY_INTO) as copy:
                for window in batch:
                    copy.write_row((document_id, business_id, version, window.chunk, window.window, _text(window.vector)))

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

    def remove(self, business_id: UUID, document_id: UUID, *, versions: Collection[int] | None = None) -> None:
        """Forget a document's windows: of these versions, or all."""
        chosen = {"versions": list(versions) if versions is not None else None}
        with self._database.transaction() as connection:
            connection.execute(_REMOVE_SQL, {"business": business_id, "document": document_id} | chosen)

    def counts(self, business_id: UUID) -> dict[tuple[UUID, int], int]:
        """How many windows are stored of each version of each document of this business."""
        with self._database.transaction() as connection:
            rows = connection.execute(_COUNTS_SQL, {"business": business_id}).fetchall()
        return {(document, version): count for document, version, count in rows}


def _text(vector: "Vectors") -> str:
    _check(vector)
    return to_json(vector.astype(np.float64).round(_DECIMALS).tolist()).decode()


def _check(vector: "Vectors") -> None:
    if vector.shape != (DIMENSIONS,):
        raise SetupError(
            f"The embedding model has {vector.shape[-1]} dimensions; the index in the database keeps {DIMENSIONS}.",
            hint="Choose a model of 384 dimensions in AIRA_EMBEDDING_MODEL, or AIRA_INDEX=pinecone.",
        )
