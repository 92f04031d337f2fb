"""Reading one document into the knowledge base: file -> blocks -> passages -> vectors -> the version that is searched."""

import hashlib
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import Jsonb, execute, fetch_one, fetch_value
from aira.errors import AiraError, DocumentRefused, NotFound
from aira.kb.chunk import Cutting, Passage, cut_passages
from aira.kb.document import Extraction
from aira.kb.limited import extract
from aira.ports import IndexedWindow

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a document is tried whose reading fails for a reason that may pass."""

_WINDOWS_PER_BATCH = 64
_FIRST_WAIT_SECONDS = 10
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


def read_claimed(aira: Aira, claim: Claim) -> None:
    """Read a claimed document and record how it ended.

    What is wrong with the file ends as `failed` with its code. What may pass (a vendor, the file store) makes it wait for another
    attempt, `ATTEMPTS` in all. Any other AiraError is recorded and raised.
    """
    try:
        _read(aira, claim)
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
    """Leave nothing of a reading that came to nothing: of a removed document all goes, of others the next reader clears up."""
    log.info("Document %s changed while it was read", claim.id)
    with aira.database.transaction() as connection:
        exists: bool = fetch_value(connection, _EXISTS_SQL, {"id": claim.id})
    if not exists:
        aira.index.remove(claim.business_id, claim.id)


def pipeline(aira: Aira) -> str:
    """How documents are read and cut now; one that was read differently is worth reading again."""
    cutting = _cutting(aira)
    return f"{_READING_FORMAT}/{cutting.chunk_words}/{cutting.chunk_overlap}/{cutting.window_tokens}"


def _read(aira: Aira, claim: Claim) -> None:
    content = aira.files.get(claim.storage_path)
    extraction = extract(claim.file_name, content)
    passages = cut_passages(extraction.blocks, aira.embedder.token_spans, _cutting(aira))
    windows = _embed(aira, claim, passages)
    aira.index.write(claim.business_id, claim.id, claim.version, windows)
    _activate(aira, claim, content, extraction, passages)
    aira.index.remove(claim.business_id, claim.id, keep_version=claim.version)


def _cutting(aira: Aira) -> Cutting:
    return Cutting(chunk_words=aira.settings.aira_chunk_words, chunk_overlap=aira.settings.aira_chunk_overlap)


def _embed(aira: Aira, claim: Claim, passages: Sequence[Passage]) -> list[IndexedWindow]:
    places = [(chunk, position) for chunk, passage in enumerate(passages) for position in range(len(passage.windows))]
    embedded: list[IndexedWindow] = []
    for start in range(0, len(places), _WINDOWS_PER_BATCH):
        _keep(aira, claim, progress=start / len(places))
        batch = places[start : start + _WINDOWS_PER_BATCH]
        texts = [passages[chunk].embedded_text(passages[chunk].windows[position]) for chunk, position in batch]
        vectors = aira.embedder.embed(texts)
        embedded += [IndexedWindow(*place, text, vector) for place, text, vector in zip(batch, texts, vectors, strict=True)]
    _keep(aira, claim, progress=1.0)
    return embedded


def _keep(aira: Aira, claim: Claim, *, progress: float) -> None:
    values = {"id": claim.id, "version": claim.version, "progress": progress, "now": aira.clock.now()}
    with aira.database.transaction() as connection:
        if not fetch_value(connection, _KEEP_SQL, values):
            raise _ClaimLostError


def _activate(aira: Aira, claim: Claim, content: bytes, extraction: Extraction, passages: Sequence[Passage]) -> None:
    """One transaction: the passages, and the word that they are what is searched."""
    key = {"id": claim.id, "business": claim.business_id, "version": claim.version}
    result = {
        "windows": sum(len(passage.windows) for passage in passages),
        "pages_total": extraction.pages_total,
        "pages_with_text": extraction.pages_with_text,
        "embedding_model": aira.embedder.model,
        "pipeline": pipeline(aira),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "now": aira.clock.now(),
    }
    with aira.database.transaction() as connection:
        execute(connection, _CHUNKS_SQL, key | {"chunks": Jsonb([_row(chunk, passage) for chunk, passage in enumerate(passages)])})
        if not fetch_value(connection, _COMPLETE_SQL, key | result):
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
