"""Documents and what is found in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class DocumentStatus(StrEnum):
    """pending -> processing -> completed | failed; failed -> pending by `aira kb retry`."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a business and how far its way into the knowledge base has come."""

    id: UUID
    business_id: UUID
    file_name: str
    mime_type: str
    size_bytes: int
    sha256: str
    storage_path: str
    processing_status: DocumentStatus
    error_code: str | None
    error_message: str | None
    attempts: int
    chunk_count: int | None
    pages_total: int | None
    pages_with_text: int | None
    created_at: datetime
    processed_at: datetime | None
    progress: float
    """From 0 to 1, of the latest attempt."""
    window_count: int | None
    active_version: int | None
    """Which version is searched; None before the first was read. A document that fails later keeps it."""
    embedding_model: str | None


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """Whether what is stored of a document is what its row says."""

    document_id: UUID
    file_name: str
    chunks: int
    windows: int
    vectors: int
    ok: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found for a query, with where it stands."""

    document_id: UUID
    file_name: str
    page: int | None
    heading: str | None
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What the knowledge base says to a query; `answerable` is False where nothing in it is about the question."""

    query: str
    answerable: bool
    hits: list[Hit]
