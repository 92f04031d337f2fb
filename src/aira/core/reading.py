"""Reading one document into the knowledge base: file -> blocks -> passages -> vectors -> the version that is searched."""

import hashlib
import logging
import random
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import Jsonb, execute, fetch_one, fetch_value
from aira.errors import AiraError, DocumentRefused, NotFound, VendorError
from aira.kb.chunk import Cutting, Passage, cut_passages
from aira.kb.document import Engines, Limits
from aira.kb.limited import LimitedReading
from aira.kb.refusal import interrupted, refusal
from aira.ports import IndexedWindow

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a document is tried whose reading fails for a reason that may pass."""

WINDOWS_PER_BATCH = 256
"""Windows embedded at once: enough to put those of like length together."""

_FIRST_WAIT_SECONDS = 10
_SECONDS_ON_THE_WALL = 15.0
"""More than the processor's that reading a file may take, as others want the processor too."""

_READING_FORMAT = 1
"""Changes when documents would be read or cut differently."""

_CLAIM_SQL = "select id, business_id, file_name, storage_path, attempts, version from claim_document(%(id)s, %(now)s)"
_EXISTS_SQL = "select exists (select from documents where id = %(id)s)"
_KEEP_SQL = "select keep_document(%(id)s, %(version)s, %(progress)s::real, %(now)s)"
_CHUNKS_SQL = """
insert into kb_chunks (document_id, business_id, version, chunk, start_char, body, page, heading, windows)
select %(id)s::uuid, %(business)s::uuid, %(version)s::int, chunk, start_char, body, page, heading, windows
from jsonb_to_recordset(%(chunks)s) as given (chunk int, start_char int, body text, page int, heading text, windows jsonb)
"""
_COMPLETE_SQL = """
select complete_document(%(id)s, %(version)s, %(windows)s::int, %(pages_total)s::int, %(pages_with_text)s::int, %(embedding_model)s,
                         %(pipeline)s, %(sha256)s, %(size_bytes)s::bigint, %(now)s)
"""
_FAIL_SQL = "select fail_document(%(id)s, %(version)s, %(code)s, %(message)s, %(now)s, %(retry_at)s::timestamptz)"


@dataclass(frozen=True, slots=True)
class Claim:
    """A document that this process reads, and the version that it writes."""

    id: UUID
    business_id: UUID
    file_name: str
    storage_path: str
    attempts: int
    version: int


class _ClaimLostError(Exception):
    """The document was replaced or removed, or another process took it over."""


def claim_document(aira: Aira, document: UUID) -> Claim | None:
    """Take a document that waits to be read; None where there is nothing to do or another process is at it."""
    with aira.database.transaction() as connection:
        return fetch_one(connection, Claim, _CLAIM_SQL, {"id": document, "now": aira.clock.now()})


def read_claimed(aira: Aira, claim: Claim, stop: threading.Event | None = None) -> None:
    """Read a claimed document and record how it ended.

    What is wrong with the file ends as `failed` with its code. What may pass (a vendor, the file store, that `stop` is set) makes it
    wait for another attempt, `ATTEMPTS` in all. Any other AiraError is recorded and raised.
    """
    try:
        _read(aira, claim, stop or threading.Event())
    except _ClaimLostError:
        _forget(aira, claim)
    except DocumentRefused as refused:
        _fail(aira, claim, refused)
    except AiraError as error:
        passing = error.retryable or isinstance(error, NotFound)
        _fail(aira, claim, error, again=passing and claim.attempts < ATTEMPTS)
        if not passing:
            raise


def _forget(aira: Aira, claim: Claim) -> None:
    """Leave nothing of a reading that came to nothing, and of a removed document nothing at all."""
    log.info("Document %s changed while it was read", claim.id)
    with aira.database.transaction() as connection:
        exists: bool = fetch_value(connection, _EXISTS_SQL, {"id": claim.id})
    aira.index.remove(claim.business_id, claim.id, versions=[claim.version] if exists else None)


def pipeline(aira: Aira) -> str:
    """How documents are read and cut now; one that was read differently is worth reading again."""
    cutting = _cutting(aira)
    engine = "" if aira.settings.aira_pdf_engine == "pymupdf" else f"/{aira.settings.aira_pdf_engine}"
    return f"{_READING_FORMAT}/{cutting.chunk_words}/{cutting.chunk_overlap}/{cutting.window_tokens}{engine}"


def _read(aira: Aira, claim: Claim, stop: threading.Event) -> None:
    limits = _limits(aira)
    if aira.files.size(claim.storage_path) > limits.file_bytes:  # whatever was uploaded beside us, no more than that comes into memory
        raise refusal("too_large", f"The file is larger than {limits.file_bytes // 1_000_000} MB.")
    content = aira.files.get(claim.storage_path)
    engines = Engines(pdf=aira.settings.aira_pdf_engine, ocr=aira.settings.aira_ocr)
    sha256, size_bytes = hashlib.sha256(content).hexdigest(), len(content)
    progress = _Progress(LimitedReading(claim.file_name, content, limits, engines, stop), stop)
    del content
    aira.index.write(claim.business_id, claim.id, claim.version, _embedded(aira, claim, progress))
    _activate(aira, claim, progress, sha256=sha256, size_bytes=size_bytes)
    aira.index.remove(claim.business_id, claim.id, versions=range(claim.version))


def _limits(aira: Aira) -> Limits:
    seconds = aira.settings.aira_reading_seconds
    return Limits(cpu_seconds=seconds, wall_seconds=seconds + _SECONDS_ON_THE_WALL)


@dataclass(slots=True)
class _Progress:
    """A document on its way through the encoder."""

    reading: LimitedReading
    stop: threading.Event
    chunks: int = 0
    windows: int = 0
    unsaved: list[Passage] = field(default_factory=list)
    """Passages whose windows were embedded since the last time any were saved."""


def _cutting(aira: Aira) -> Cutting:
    return Cutting(chunk_words=aira.settings.aira_chunk_words, chunk_overlap=aira.settings.aira_chunk_overlap)


def _embedded(aira: Aira, claim: Claim, progress: _Progress) -> Iterator[IndexedWindow]:
    """The document's windows with their vectors; its passages are saved on the way."""
    _save(aira, claim, progress)
    left = _windows(aira, progress)
    while batch := list(islice(left, WINDOWS_PER_BATCH)):
        if progress.stop.is_set():
            raise interrupted()
        vectors = aira.embedder.embed([text for _, text in batch])
        progress.windows += len(batch)
        _save(aira, claim, progress)
        yield from (IndexedWindow(*place, text, vector) for (place, text), vector in zip(batch, vectors, strict=True))


def _windows(aira: Aira, progress: _Progress) -> Iterator[tuple[tuple[int, int], str]]:
    passages = cut_passages(progress.reading.blocks(), aira.embedder.token_spans, _cutting(aira))
    for chunk, passage in enumerate(passages):
        progress.unsaved.append(passage)
        for position, window in enumerate(passage.windows):
            yield (chunk, position), passage.embedded_text(window)


def _save(aira: Aira, claim: Claim, progress: _Progress) -> None:
    """Write the passages that were read since the last time, say that the reader is alive, and learn whether it is still wanted."""
    rows = [_row(chunk, passage) for chunk, passage in enumerate(progress.unsaved, progress.chunks)]
    key = {"id": claim.id, "business": claim.business_id, "version": claim.version}
    with aira.database.transaction() as connection:
        if not fetch_value(connection, _KEEP_SQL, key | {"progress": progress.reading.taken, "now": aira.clock.now()}):
            raise _ClaimLostError
        if rows:
            execute(connection, _CHUNKS_SQL, key | {"chunks": Jsonb(rows)})
    progress.chunks += len(rows)
    progress.unsaved.clear()


def _activate(aira: Aira, claim: Claim, progress: _Progress, *, sha256: str, size_bytes: int) -> None:
    """The word that this version's passages are what is searched."""
    result = {
        "id": claim.id,
        "version": claim.version,
        "windows": progress.windows,
        "pages_total": progress.reading.pages_total,
        "pages_with_text": progress.reading.pages_with_text,
        "embedding_model": aira.embedder.model,
        "pipeline": pipeline(aira),
        "sha256": sha256,
        "size_bytes": size_bytes,
        "now": aira.clock.now(),
    }
    with aira.database.transaction() as connection:
        if not fetch_value(connection, _COMPLETE_SQL, result):
            raise _ClaimLostError


def _row(chunk: int, passage: Passage) -> dict[str, object]:
    windows = [
        {"start": one.start, "end": one.end, "page": one.page, "heading": one.heading, "context": one.context, "header": one.header}
        for one in passage.windows
    ]
    return {
        "chunk": chunk,
        "start_char": passage.start,
        "body": passage.text,
        "page": passage.page,
        "heading": passage.heading,
        "windows": windows,
    }


def _fail(aira: Aira, claim: Claim, error: AiraError, *, again: bool = False) -> None:
    wait = _FIRST_WAIT_SECONDS * 3 ** (claim.attempts - 1) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing
    values = {
        "id": claim.id,
        "version": claim.version,
        "code": error.reason,
        "message": error.message,
        "now": aira.clock.now(),
        "retry_at": aira.clock.now() + timedelta(seconds=wait) if again else None,
    }
    with aira.database.transaction() as connection:
        fetch_value(connection, _FAIL_SQL, values)
    with suppress(VendorError):  # what stays is removed with the next version
        aira.index.remove(claim.business_id, claim.id, versions=[claim.version])
