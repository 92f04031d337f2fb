"""Answering from documents: one search for the command line and for calls.

The passages and vectors of a business are loaded at its first question and kept in this process until its knowledge base
changes; a question then costs one look at the business's `kb_version` and no other query.
"""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Database, fetch_all, fetch_value
from aira.errors import DatabaseError, InvalidInput, VendorError
from aira.kb.chunk import Passage, Window
from aira.kb.rank import Match, WindowRanker
from aira.model import Hit, SearchResult

if TYPE_CHECKING:
    from aira.ports import Vectors

_KEPT_WINDOWS = 200_000
_LONGEST_QUERY = 2_000
_NEAREST_ELSEWHERE = 50
"""Windows asked of an index that does not hand out its vectors."""
_LOADING_TRIES = 5

_CHUNKS_SQL = """
select c.document_id, d.file_name, c.version, c.chunk, c.start_char, c.body, c.page, c.heading, c.windows
from kb_chunks c join documents d on d.id = c.document_id and d.active_version = c.version
where c.business_id = %(business)s and d.embedding_model = %(embedding_model)s
order by d.file_name collate "C", c.document_id, c.chunk
"""
_KB_VERSION_SQL = "select kb_version from business_v2 where id = %(business)s"

log = logging.getLogger(__name__)


def search_knowledge(aira: Aira, query: str, *, business: UUID | str, limit: int = 5, budget_words: int | None = None) -> SearchResult:
    """The passages of one business's documents that answer a question, best first.

    At most `limit` hits of at most `budget_words` words together. `answerable` is False where nothing in the documents is about
    the question; the hits are then the nearest there are. Raises InvalidInput, NotFound.
    """
    if limit < 1 or (budget_words is not None and budget_words < 1):
        raise InvalidInput("A search gives at least one hit of at least one word.")
    return _answer(aira, _library(aira, business), query, limit, budget_words)


def search_loaded(aira: Aira, query: str, *, business: UUID, limit: int = 5) -> SearchResult:
    """The same from the documents as this process has loaded them last, without a look at the database.

    Raises DatabaseError where it has not.
    """
    with _lock:
        library = _libraries.get(aira.database, OrderedDict()).get((business, aira.embedder.model))
    if library is None:
        raise DatabaseError("The documents have not been loaded.")
    return _answer(aira, library, query, limit, None)


def load_knowledge(aira: Aira, *, business: UUID | str) -> int:
    """Load a business's documents into this process ahead of its first question; returns how many windows there are."""
    return len(_library(aira, business).ranker.places)


def _answer(aira: Aira, library: "_Library", query: str, limit: int, budget_words: int | None) -> SearchResult:
    question = " ".join(query[:_LONGEST_QUERY].split())
    if not question or library.is_empty:
        return SearchResult(query, answerable=False, hits=[])
    ranking = library.ranker.rank(question, library.cosines(aira, question), limit=limit, budget_words=budget_words)
    return SearchResult(query, answerable=ranking.answerable, hits=[library.hit(match) for match in ranking.matches])


@dataclass(frozen=True, slots=True)
class _Chunk:
    document_id: UUID
    file_name: str
    version: int
    chunk: int
    start_char: int
    body: str
    page: int | None
    heading: str | None
    windows: list[dict[str, object]]

    def passage(self) -> Passage:
        windows = tuple(Window(**window) for window in self.windows)  # type: ignore[arg-type]  # the object that core.reading wrote
        return Passage(self.body, self.start_char, self.page, self.heading, windows)


class _Library:
    """The searchable documents of one business at one version of its knowledge base."""

    def __init__(
        self, business_id: UUID, kb_version: int, chunks: list[_Chunk], vectors: "dict[tuple[UUID, int, int, int], Vectors] | None"
    ):
        self.kb_version = kb_version
        self._business_id = business_id
        documents: OrderedDict[UUID, list[_Chunk]] = OrderedDict()
        for chunk in chunks:
            documents.setdefault(chunk.document_id, []).append(chunk)
        self._documents = list(documents.values())
        self.ranker = WindowRanker([[chunk.passage() for chunk in document] for document in self._documents])
        self._keys = [self._key(place.document, place.passage, place.window) for place in self.ranker.places]
        self._vectors = self._stack(vectors) if vectors is not None else None

    @property
    def is_empty(self) -> bool:
        return not self._keys

    @property
    def size(self) -> int:
        return len(self._keys)

    def cosines(self, aira: Aira, question: str) -> "Vectors":
        """The similarity of each window to the question."""
        vector = aira.embedder.embed([question])[0]
        if self._vectors is None:
            return self._cosines_elsewhere(aira, vector)
        # `@` would wake a thread on each core and wait for the slowest, which beside calls is a time slice late.
        similarities: Vectors = np.einsum("ij,j->i", self._vectors, vector)
        return similarities

    def hit(self, match: Match) -> Hit:
        chunk = self._documents[match.document][match.passage]
        return Hit(chunk.document_id, chunk.file_name, match.first.page, match.first.heading, match.text, round(match.score, 4))

    def _cosines_elsewhere(self, aira: Aira, vector: "Vectors") -> "Vectors":
        """From an index that searches itself; a window it does not name is taken to be as far as the last it names."""
        try:
            found = aira.index.search(self._business_id, vector, limit=_NEAREST_ELSEWHERE)
        except VendorError as error:
            log.warning("The index does not answer (%s); searching by words alone", error.reason)
            found = []
        known = {(one.document_id, one.version, one.chunk, one.window): one.similarity for one in found}
        furthest = min(known.values(), default=0.0) if len(found) < self.size else 0.0
        return np.array([known.get(key, furthest) for key in self._keys], np.float32)

    def _key(self, document: int, passage: int, window: int) -> tuple[UUID, int, int, int]:
        chunk = self._documents[document][passage]
        return chunk.document_id, chunk.version, chunk.chunk, window

    def _stack(self, vectors: "dict[tuple[UUID, int, int, int], Vectors]") -> "Vectors":
        nowhere = np.zeros(next((len(vector) for vector in vectors.values()), 1), np.float32)
        return np.stack([vectors.get(key, nowhere) for key in self._keys]) if self._keys else np.zeros((0, 1), np.float32)


_libraries: "WeakKeyDictionary[Database, OrderedDict[tuple[UUID, str], _Library]]" = WeakKeyDictionary()
_lock = threading.Lock()


def _library(aira: Aira, business: UUID | str) -> _Library:
    with aira.database.transaction() as connection:
        found = resolve_business(connection, business)
    key = (found.id, aira.embedder.model)
    with _lock:
        kept = _libraries.setdefault(aira.database, OrderedDict())
        library = kept.get(key)
        if library is not None and library.kb_version == found.kb_version:
            kept.move_to_end(key)
            return library
    library = _load(aira, found.id)
    with _lock:
        kept[key] = library
        kept.move_to_end(key)
        while len(kept) > 1 and sum(one.size for one in kept.values()) > _KEPT_WINDOWS:
            kept.popitem(last=False)
    return library


def _load(aira: Aira, business_id: UUID) -> _Library:
    """Passages and vectors come by two roads: only what was read while nothing changed is put together."""
    key = {"business": business_id, "embedding_model": aira.embedder.model}
    for attempt in range(_LOADING_TRIES):
        with aira.database.transaction() as connection:
            kb_version: int = fetch_value(connection, _KB_VERSION_SQL, key)
            chunks = fetch_all(connection, _Chunk, _CHUNKS_SQL, key)
        stored = aira.index.load(business_id) if chunks else None
        with aira.database.transaction() as connection:
            unchanged = fetch_value(connection, _KB_VERSION_SQL, key) == kb_version
        if unchanged or attempt == _LOADING_TRIES - 1:
            break
    vectors = dict(zip(stored.keys, stored.vectors, strict=True)) if stored is not None else None
    return _Library(business_id, kb_version, chunks, vectors)
