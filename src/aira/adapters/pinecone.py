"""PassageIndex in Pinecone: a classic index, a namespace for each business.

A business's windows lie in the namespace of its id; searches filter by that id once more, and a match that carries another id is
thrown away. Ids are `document#version#chunk#window`, so that a version can be listed, counted and deleted by its prefix.
"""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from aira.errors import CredentialsRefused, MissingExtra, SetupError, VendorError
from aira.ports import IndexedWindow, StoredWindows, WindowMatch
from aira.settings import Settings

if TYPE_CHECKING:
    from aira.ports import Vectors

_VECTORS_PER_REQUEST = 100
_VECTORS_AT_ONCE = 400
_IDS_PER_REQUEST = 1000
_IDS_PER_PAGE = 100
_LONGEST_TEXT = 8_000
"""Characters of a window's text kept beside its vector, for programs that read the index; 40 KB is what a record may hold."""
_SEARCH_SECONDS = 1.5
_ATTEMPT_SECONDS = 1.0
_VISIBLE_WITHIN_SECONDS = 60.0
_FIRST_LOOK_SECONDS = 0.05

log = logging.getLogger(__name__)


class PineconeIndex:
    """PassageIndex over the Pinecone index that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._searching = ThreadPoolExecutor(4, thread_name_prefix="pinecone")

    def write(self, business_id: UUID, document_id: UUID, version: int, windows: Iterable[IndexedWindow]) -> None:
        """Store all windows of one version and wait until searches find them.

        Raises VendorError where a batch was refused or the windows do not become visible within a minute.
        """
        left, written, committed = iter(windows), 0, None
        while batch := [_record(business_id, document_id, version, window) for window in islice(left, _VECTORS_AT_ONCE)]:
            committed = self._upsert(business_id, batch)
            written += len(batch)
        self._await(business_id, document_id, version, written, committed)

    def search(self, business_id: UUID, vector: "Vectors", *, limit: int) -> list[WindowMatch]:
        """The nearest windows of this business, best first; raises VendorError where Pinecone takes longer than a caller waits."""

        def ask() -> list[_Match]:
            with _mapped_errors():
                return self._index.query(
                    top_k=limit,
                    vector=vector.tolist(),
                    namespace=str(business_id),
                    filter={"business_id": {"$eq": str(business_id)}},
                    include_metadata=True,
                    timeout=_ATTEMPT_SECONDS,
                ).matches

        try:
            matches = self._searching.submit(ask).result(_SEARCH_SECONDS)
        except TimeoutError:
            raise VendorError("Pinecone does not answer in time.") from None
        return [found for match in matches if (found := _found(business_id, match)) is not None]

    def load(self, business_id: UUID) -> StoredWindows | None:
        """None: fetching all vectors takes longer than searching where they are."""
        return None

    def remove(self, business_id: UUID, document_id: UUID, *, versions: Collection[int] | None = None) -> None:
        """Forget a document's windows: of these versions, or all."""
        prefix = f"{document_id}#{next(iter(versions))}#" if versions is not None and len(versions) == 1 else f"{document_id}#"
        ids = self._ids(business_id, prefix)
        unwanted = (id_ for id_ in ids if versions is None or ((key := _key(id_)) is not None and key[1] in versions))
        while batch := list(islice(unwanted, _IDS_PER_REQUEST)):
            with _mapped_errors():
                self._index.delete(ids=batch, namespace=str(business_id))

    def counts(self, business_id: UUID) -> dict[tuple[UUID, int], int]:
        """How many windows are stored of each version of each document of this business."""
        keys = (key for id_ in self._ids(business_id, "") if (key := _key(id_)) is not None)
        return dict(Counter(key[:2] for key in keys))

    def close(self) -> None:
        """Close the connections; the next request opens them again."""
        self._searching.shutdown()
        self._searching = ThreadPoolExecutor(4, thread_name_prefix="pinecone")
        if "_index" in self.__dict__:
            self.__dict__.pop("_index").close()

    def _upsert(self, business_id: UUID, records: list[dict[str, object]]) -> int | None:
        """Store records; returns the position of the write where the service tells it."""
        with _mapped_errors():
            answer = self._index.upsert(
                vectors=records, namespace=str(business_id), batch_size=_VECTORS_PER_REQUEST, max_concurrency=4, show_progress=False
            )
        if answer.has_errors or answer.upserted_count != len(records):
            raise VendorError(f"Pinecone took {answer.upserted_count} of {len(records)} vectors.")
        return answer.response_info.lsn_committed if answer.response_info is not None else None

    def _ids(self, business_id: UUID, prefix: str) -> Iterator[str]:
        from pinecone.errors import NotFoundError

        with _mapped_errors(), suppress(NotFoundError):  # a namespace that nothing was written to
            for page in self._index.list(prefix=prefix or None, limit=_IDS_PER_PAGE, namespace=str(business_id)):
                yield from (item.id for item in page.vectors)

    def _await(self, business_id: UUID, document_id: UUID, version: int, expected: int, committed: int | None) -> None:
        deadline = time.monotonic() + _VISIBLE_WITHIN_SECONDS
        pause = _FIRST_LOOK_SECONDS
        prefix = f"{document_id}#{version}#"
        while not (self._reached(business_id, committed) and sum(1 for _ in self._ids(business_id, prefix)) >= expected):
            if time.monotonic() > deadline:
                raise VendorError("Pinecone took the vectors but does not find them yet.")
            time.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _reached(self, business_id: UUID, committed: int | None) -> bool:
        """Whether searches have come as far as the position that a write was told."""
        if committed is None:
            return True
        with _mapped_errors():
            answer = self._index.query(top_k=1, vector=[1.0] * self._dimensions, namespace=str(business_id))
        reconciled = answer.response_info.lsn_reconciled if answer.response_info is not None else None
        return reconciled is None or reconciled >= committed

    @cached_property
    def _dimensions(self) -> int:
        with _mapped_errors():
            return int(self._index.describe_index_stats().dimension or 0)

    @cached_property
    def _index(self) -> "_ClassicIndex":
        settings = self._settings
        if settings.pinecone_api_key is None:
            raise SetupError("AIRA_INDEX=pinecone needs an API key.", hint="Set PINECONE_API_KEY.")
        try:
            from pinecone import Pinecone
        except ImportError:
            raise MissingExtra("pinecone", purpose="AIRA_INDEX=pinecone") from None
        with _mapped_errors(), Pinecone(api_key=settings.pinecone_api_key.get_secret_value()) as client:
            host = settings.pinecone_host or ""
            index: _ClassicIndex = client.index(host=host) if host else client.index(settings.pinecone_index)
        return index


class _Info(Protocol):
    lsn_committed: int | None
    lsn_reconciled: int | None


class _Match(Protocol):
    id: str
    score: float
    metadata: dict[str, object] | None


class _Matches(Protocol):
    matches: list[_Match]
    response_info: _Info | None


class _Upserted(Protocol):
    upserted_count: int
    has_errors: bool
    response_info: _Info | None


class _Page(Protocol):
    vectors: "list[_Match]"


class _Stats(Protocol):
    dimension: int | None


class _ClassicIndex(Protocol):
    """What is used of Pinecone's index."""

    def upsert(
        self, *, vectors: Sequence[dict[str, object]], namespace: str, batch_size: int, max_concurrency: int, show_progress: bool
    ) -> _Upserted: ...

    def query(
        self,
        *,
        top_k: int,
        vector: Sequence[float],
        namespace: str,
        filter: dict[str, object] | None = None,
        include_metadata: bool = False,
        timeout: float | None = None,
    ) -> _Matches: ...

    def list(self, *, prefix: str | None, limit: int, namespace: str) -> Iterator[_Page]: ...

    def delete(self, *, ids: Sequence[str], namespace: str) -> None: ...

    def describe_index_stats(self) -> _Stats: ...

    def close(self) -> None: ...


def _record(business_id: UUID, document_id: UUID, version: int, window: IndexedWindow) -> dict[str, object]:
    metadata = {
        "business_id": str(business_id),
        "document_id": str(document_id),
        "version": version,
        "chunk": window.chunk,
        "window": window.window,
        "text": window.text[:_LONGEST_TEXT],
    }
    return {"id": f"{document_id}#{version}#{window.chunk}#{window.window}", "values": window.vector.tolist(), "metadata": metadata}


def _found(business_id: UUID, match: _Match) -> WindowMatch | None:
    """The match, unless it belongs to another business or is no record of ours."""
    if (match.metadata or {}).get("business_id") != str(business_id):
        log.error("Pinecone answered with a record of another business; it was thrown away")
        return None
    key = _key(match.id)
    return WindowMatch(*key, match.score) if key is not None else None


def _key(id_: str) -> tuple[UUID, int, int, int] | None:
    """Document, version, chunk and window of a record; None for one that another program wrote."""
    try:
        document, version, chunk, window = id_.split("#")
        return UUID(document), int(version), int(chunk), int(window)
    except ValueError:
        return None


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """Pinecone's errors as AiRa's."""
    from pinecone import errors

    try:
        yield
    except (errors.UnauthorizedError, errors.ForbiddenError) as error:
        raise CredentialsRefused("Pinecone refused the API key.", hint="Correct PINECONE_API_KEY.") from error
    except errors.NotFoundError as error:
        raise SetupError("There is no such Pinecone index.", hint="Correct PINECONE_INDEX or PINECONE_HOST.") from error
    except errors.PaymentRequiredError as error:
        raise SetupError("Pinecone wants a plan that allows this.", hint="Look at the project's billing in Pinecone.") from error
    except errors.PineconeError as error:
        raise VendorError(f"Pinecone did not do what was asked ({type(error).__name__}).") from error
