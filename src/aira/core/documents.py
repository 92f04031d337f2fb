"""Documents: what a business uploads, and how it gets into and out of the knowledge base."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from aira.core.app import Aira
from aira.core.businesses import find_business, list_businesses, resolve_business
from aira.core.db import Connection, execute, fetch_all, fetch_one, fetch_value
from aira.core.reading import claim_document, pipeline, read_claimed
from aira.errors import AiraError, DocumentRefused, InvalidInput, NotFound, SetupError, VendorError
from aira.kb.document import Limits
from aira.kb.extract import FORMATS, MIME_TYPES, file_format
from aira.kb.refusal import REASONS, interrupted, refusal
from aira.model import Document, DocumentCheck, DocumentStatus

_POLL_SECONDS = 0.1

DOCUMENT_COLUMNS = """
d.id, d.business_id, d.file_name, d.mime_type, d.size_bytes, d.sha256, d.storage_path, d.processing_status, d.error_code, d.error_message,
d.attempts, d.chunk_count, d.pages_total, d.pages_with_text, d.created_at, d.processed_at, d.progress, d.window_count, d.active_version,
d.embedding_model
"""

_BY_ID_SQL = f"select {DOCUMENT_COLUMNS} from documents d where d.id = %(id)s"
_BY_NAME_SQL = f"""
select {DOCUMENT_COLUMNS} from documents d where d.business_id = %(business)s and d.file_name = %(file_name)s
"""
_LIKE_SQL = f"""
select {DOCUMENT_COLUMNS} from documents d
where d.business_id = %(business)s and (d.file_name = %(file_name)s or (d.sha256 = %(sha256)s and d.processing_status <> 'failed'))
order by d.file_name <> %(file_name)s limit 1
"""
_SAVE_SQL = f"""
insert into documents as d (id, business_id, file_name, storage_path, mime_type, size_bytes, sha256, created_at)
values (%(id)s, %(business)s, %(file_name)s, %(storage_path)s, %(mime_type)s, %(size_bytes)s, %(sha256)s, %(now)s)
on conflict (business_id, file_name) do update set storage_path = excluded.storage_path, mime_type = excluded.mime_type,
  size_bytes = excluded.size_bytes, sha256 = excluded.sha256, processing_status = 'pending', attempts = 0, lease_until = null,
  next_attempt_at = null, error_code = null, error_message = null
returning {DOCUMENT_COLUMNS}
"""
_LIST_SQL = f"""
select {DOCUMENT_COLUMNS} from documents d
where (%(business)s::uuid is null or d.business_id = %(business)s) order by d.file_name collate "C", d.created_at
"""
_RETRY_SQL = f"""
update documents d set processing_status = 'pending', attempts = 0, lease_until = null, next_attempt_at = null, error_code = null,
  error_message = null
where d.id = %(id)s and (d.processing_status <> 'processing' or d.lease_until < %(now)s)
returning {DOCUMENT_COLUMNS}
"""
_OUTDATED_SQL = """
select d.id from documents d
where d.business_id = %(business)s and d.processing_status = 'completed'
  and (d.embedding_model <> %(embedding_model)s or d.pipeline <> %(pipeline)s)
"""
_REMOVE_SQL = "delete from documents d where d.id = %(id)s"
_ANNOUNCE_SQL = "select jobs.set_document_webhook(%(url)s::text, %(secret)s::text)"
_VERSIONS_SQL = """
select d.id, v.version from documents d
cross join lateral (values (d.active_version), (case when d.processing_status = 'processing' then d.version end)) v (version)
where d.business_id = %(business)s and v.version is not null
"""
_STORED_SQL = """
select d.id, d.business_id, d.file_name, d.active_version, d.chunk_count, d.window_count, count(c.chunk) as chunks,
       coalesce(sum(jsonb_array_length(c.windows)), 0)::int as windows
from documents d left join kb_chunks c on c.document_id = d.id and c.version = d.active_version
where d.active_version is not null and (%(business)s::uuid is null or d.business_id = %(business)s)
group by d.id order by d.file_name collate "C", d.created_at
"""


def ingest_document(aira: Aira, path: Path, *, business: UUID | str, stop: threading.Event | None = None) -> Document:
    """Add a file and read it here and now, or wait for the process that is reading it already; returns it `completed`.

    The same file again is no work; another content under the same name replaces it once it is read. Once `stop` is set it ends soon
    and leaves the document to be read by others. Raises DocumentRefused where nothing in the file can be read (the row stays, `failed`,
    with the same code), InvalidInput, NotFound, SetupError, VendorError, also where it was stopped.
    """
    return await_document(aira, add_document(aira, path, business=business).id, stop=stop)


def add_document(aira: Aira, path: Path, *, business: UUID | str) -> Document:
    """Store a file and leave it to be read by a worker; returns it as it is now.

    Raises DocumentRefused for a file that is too large or of no kind that is read, InvalidInput, NotFound.
    """
    content = _content(path)
    sha256 = hashlib.sha256(content).hexdigest()
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        values = {"business": business_id, "file_name": path.name, "sha256": sha256}
        before = fetch_one(connection, Document, _LIKE_SQL, values)
    if before is not None and before.sha256 == sha256:
        return retry_document(aira, before.id) if _wants_reading(aira, before) else before
    id_ = before.id if before is not None else uuid4()
    mime_type = MIME_TYPES[file_format(path.name)]
    storage_path = f"{business_id}/{id_}/{sha256}"
    aira.files.put(storage_path, content, content_type=mime_type)
    saved = {"id": id_, "storage_path": storage_path, "mime_type": mime_type, "size_bytes": len(content), "now": aira.clock.now()}
    with aira.database.transaction() as connection:
        (document,) = fetch_all(connection, Document, _SAVE_SQL, values | saved)
    if before is not None and before.storage_path != storage_path:
        aira.files.delete(before.storage_path)
    return document


def readable_files(folder: Path, pattern: str = "**/*") -> list[Path]:
    """The files of a folder that fit a pattern and promise a kind that is read, by path; nothing hidden, no locks of office programs."""
    found = (path for path in folder.glob(pattern) if path.suffix.lower() in FORMATS and path.is_file())
    return sorted(path for path in found if not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts))


def process_document(aira: Aira, document: UUID, *, stop: threading.Event | None = None) -> Document:
    """Read a document that waits; returns it as it is then. Safe to repeat: what is read, or being read elsewhere, is left alone.

    Raises NotFound, and SetupError where the knowledge base itself cannot be used.
    """
    claim = claim_document(aira, document)
    if claim is not None:
        read_claimed(aira, claim, stop)
    return find_document(aira, document)


def await_document(aira: Aira, document: UUID, *, stop: threading.Event | None = None) -> Document:
    """Read a document or wait until another process has; returns it `completed`. `stop` and errors as of `ingest_document`."""
    stop = stop or threading.Event()
    while True:
        found = process_document(aira, document, stop=stop)
        if found.processing_status is DocumentStatus.COMPLETED:
            return found
        if found.processing_status is DocumentStatus.FAILED:
            raise _refused(found)
        if found.processing_status is DocumentStatus.PENDING and found.error_code is not None:
            raise VendorError(
                found.error_message, code=found.error_code, hint="It is tried again by `aira worker`; or run `aira kb retry`."
            )
        if stop.wait(_POLL_SECONDS):
            raise interrupted()


def find_document(aira: Aira, document: UUID | str, *, business: UUID | str | None = None) -> Document:
    """The document with this id, or with this file name in the given business. Raises NotFound."""
    with aira.database.transaction() as connection:
        return _find(connection, document, business)


def list_documents(aira: Aira, *, business: UUID | str | None = None) -> list[Document]:
    """The documents of a business, or of all, by name."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id if business is not None else None
        return fetch_all(connection, Document, _LIST_SQL, {"business": business_id})


def retry_document(aira: Aira, document: UUID | str, *, business: UUID | str | None = None) -> Document:
    """Let a document be read anew by a worker; what it holds now is found until then. One that is being read is left alone."""
    with aira.database.transaction() as connection:
        found = _find(connection, document, business)
        return fetch_one(connection, Document, _RETRY_SQL, {"id": found.id, "now": aira.clock.now()}) or found


def reindex_documents(aira: Aira, *, business: UUID | str) -> list[Document]:
    """Let those documents be read anew that were read with another embedding model or cut differently; returns them."""
    with aira.database.transaction() as connection:
        values = {
            "business": resolve_business(connection, business).id,
            "embedding_model": aira.embedder.model,
            "pipeline": pipeline(aira),
        }
        outdated = fetch_all(connection, _Key, _OUTDATED_SQL, values)
    return [retry_document(aira, key.id) for key in outdated]


def remove_document(aira: Aira, document: UUID | str, *, business: UUID | str | None = None) -> Document:
    """Remove a document: nothing of it is found any more once this returns. Raises NotFound.

    Its row goes last, so that what is interrupted can be repeated and leaves no vector or file that nobody knows of.
    """
    found = find_document(aira, document, business=business)
    aira.index.remove(found.business_id, found.id)
    aira.files.delete(found.storage_path)
    with aira.database.transaction() as connection:
        execute(connection, _REMOVE_SQL, {"id": found.id})
    return found


def verify_documents(aira: Aira, *, business: UUID | str | None = None) -> list[DocumentCheck]:
    """Compare, for each searchable document, its counts with the passages, windows and vectors that are stored."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id if business is not None else None
        stored = fetch_all(connection, _Stored, _STORED_SQL, {"business": business_id})
    counts = {business: aira.index.counts(business) for business in {one.business_id for one in stored}}
    return [_check(one, counts[one.business_id].get((one.id, one.active_version), 0)) for one in stored]


def collect_garbage(aira: Aira, *, business: UUID | str | None = None) -> int:
    """Remove vectors of documents that are gone and of versions that nobody searches or writes; returns how many.

    A reader that died and a document removed beside AiRa leave them in an index outside the database.
    """
    removed = 0
    for one in list_businesses(aira) if business is None else [find_business(aira, business)]:
        counts = aira.index.counts(one.id)  # before the versions in use: what is written later is not in it
        with aira.database.transaction() as connection:
            used = {(row.id, row.version) for row in fetch_all(connection, _Version, _VERSIONS_SQL, {"business": one.id})}
        for document, version in counts.keys() - used:
            aira.index.remove(one.id, document, versions=[version])
            removed += counts[document, version]
    return removed


def announce_documents(aira: Aira, *, on: bool = True) -> bool:
    """Let the database announce uploads to `/process-document` of the voice server by pg_net, or end that.

    False where the database has no pg_net. Raises SetupError where the settings hold no shared secret.
    """
    secret = aira.settings.aira_webhook_secret
    if on and secret is None:
        raise SetupError(
            "Announcing documents needs AIRA_WEBHOOK_SECRET.", hint="Set it to the same long random text here and for the server."
        )
    values = {
        "url": f"{aira.settings.voice_agent_service_url}/process-document" if on else None,
        "secret": secret.get_secret_value() if on and secret is not None else None,
    }
    with aira.database.transaction() as connection:
        installed: bool = fetch_value(connection, _ANNOUNCE_SQL, values)
    return installed


@dataclass(frozen=True, slots=True)
class _Key:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Version:
    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class _Stored:
    id: UUID
    business_id: UUID
    file_name: str
    active_version: int
    chunk_count: int
    window_count: int
    chunks: int
    windows: int


def _check(stored: _Stored, vectors: int) -> DocumentCheck:
    problem = ""
    if stored.chunks != stored.chunk_count:
        problem = f"{stored.chunks} passages are stored, {stored.chunk_count} were counted"
    elif not stored.windows == stored.window_count == vectors:
        problem = f"{vectors} vectors are stored for {stored.windows} windows, {stored.window_count} were counted"
    return DocumentCheck(stored.id, stored.file_name, stored.chunks, stored.windows, vectors, not problem, problem)


def _wants_reading(aira: Aira, document: Document) -> bool:
    failed = document.processing_status is DocumentStatus.FAILED
    return failed or (document.processing_status is DocumentStatus.COMPLETED and document.embedding_model != aira.embedder.model)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > Limits().file_bytes:
            raise refusal("too_large", f"The file is larger than {Limits().file_bytes // 1_000_000} MB.")
        file_format(path.name)
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound("There is no such file.", hint="Check the path.") from None
    except OSError as error:
        raise InvalidInput(f"The file cannot be read: {error.strerror}.", hint="Check the path and its permissions.") from None


def _find(connection: Connection, document: UUID | str, business: UUID | str | None) -> Document:
    found: Document | None = None
    try:
        found = fetch_one(connection, Document, _BY_ID_SQL, {"id": UUID(str(document))})
    except ValueError:
        if business is not None:
            values = {"business": resolve_business(connection, business).id, "file_name": document}
            found = fetch_one(connection, Document, _BY_NAME_SQL, values)
    if found is None:
        by_name = "" if business is not None else " A file's name needs --business beside it."
        raise NotFound("There is no such document.", hint=f"Run `aira kb list` for those there are.{by_name}")
    return found


def _refused(document: Document) -> AiraError:
    code = document.error_code or "corrupt"
    hint = REASONS[code][1] if code in REASONS else "Run `aira kb retry` once the cause is gone."
    kind = DocumentRefused if code in REASONS else VendorError
    return kind(document.error_message, hint=hint, code=code, document_id=document.id)
