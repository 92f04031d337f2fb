"""Reading a file into blocks: which format it is, and its one function."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from aira.kb.document import Block, Engines, Extraction, Limits
from aira.kb.html import read_html
from aira.kb.plain import read_csv, read_markdown, read_text
from aira.kb.refusal import refusal
from aira.kb.text import decode

if TYPE_CHECKING:
    from aira.kb.pdf import PdfPages

FORMATS = {
    ".pdf": "pdf", ".docx": "docx", ".txt": "text", ".text": "text", ".log": "text", ".md": "markdown", ".markdown": "markdown",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".csv": "csv", ".tsv": "csv",
}  # fmt: skip
MIME_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text": "text/plain",
    "markdown": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
}
_READERS = {"text": read_text, "markdown": read_markdown, "html": read_html, "csv": read_csv}
_SIGNATURES = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an older office document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "rich text (RTF)"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x7fELF", "a program"),
)
_PDF_MARK_WITHIN = 1024


def file_format(file_name: str) -> str:
    """The format a file's name promises: pdf, docx, text, markdown, html or csv; refuses others with `unsupported`."""
    suffix = PurePath(file_name).suffix.lower()
    if suffix not in FORMATS:
        raise refusal(
            "unsupported",
            f"Files of the kind {suffix!r} cannot be read." if suffix else "The file's name does not say of which kind it is.",
        )
    return FORMATS[suffix]


def read_blocks(file_name: str, content: bytes) -> list[Block]:
    """All blocks of a file that can be trusted, read in this process and without limits of time and memory."""
    return read_document(file_name, content).blocks


@dataclass(slots=True)
class Opened:
    """A file that is being read: take its blocks, then the pages are known."""

    blocks: Iterator[Block]
    pages: "PdfPages | None" = None

    @property
    def pages_total(self) -> int | None:
        """None in formats without pages."""
        return self.pages.total if self.pages is not None else None

    @property
    def pages_with_text(self) -> int | None:
        """Of those whose blocks were taken."""
        return self.pages.with_text if self.pages is not None else None


def read_document(file_name: str, content: bytes, limits: Limits = Limits(), engines: Engines = Engines()) -> Extraction:  # noqa: B008 - frozen
    """Read a file in this process. `aira.kb.child` does the same in a process of its own, with all limits kept.

    Raises DocumentRefused with a code of `aira.kb.refusal.REASONS`.
    """
    opened = open_document(file_name, content, limits, engines)
    blocks = list(opened.blocks)
    return Extraction(blocks, opened.pages_total, opened.pages_with_text)


def open_document(file_name: str, content: bytes, limits: Limits, engines: Engines) -> Opened:
    """Begin to read a file. Raises DocumentRefused, here and while its blocks are taken."""
    kind = file_format(file_name)
    if not content.strip(b"\x00 \t\r\n"):
        raise refusal("empty", "The file is empty.")
    if len(content) > limits.file_bytes:
        raise refusal("too_large", f"The file is larger than {limits.file_bytes // 1_000_000} MB.")
    _check_signature(kind, content)
    if kind == "pdf":
        from aira.kb.pdf import read_pdf

        pages = read_pdf(content, limits, engines)
        return Opened(_counted(pages.blocks(), limits), pages)
    if kind == "docx":
        from aira.kb.docx import read_docx

        return Opened(_counted(read_docx(content, limits), limits))
    return Opened(_counted(_READERS[kind](decode(content)), limits))


def _check_signature(kind: str, content: bytes) -> None:
    looks_like = next((name for mark, name in _SIGNATURES if content.startswith(mark)), "")
    if kind == "pdf" and b"%PDF-" not in content[:_PDF_MARK_WITHIN]:
        raise refusal("corrupt", f"The file is named .pdf but is no PDF{_seems(looks_like or _text_kind(content))}.")
    if kind in _READERS and looks_like:
        raise refusal("unsupported", f"The file is named as text but seems to be {looks_like}.")


def _text_kind(content: bytes) -> str:
    return "a web page" if b"<html" in content[:2048].lower() or b"<!doctype html" in content[:2048].lower() else ""


def _seems(kind: str) -> str:
    return f"; it seems to be {kind}" if kind else ""


def _counted(blocks: Iterable[Block], limits: Limits) -> Iterator[Block]:
    left = limits.characters
    block = None
    for block in blocks:
        left -= len(block.text)
        if left < 0:
            raise refusal("too_large", f"The file holds more than {limits.characters:,} characters.")
        yield block
    if block is None:
        raise refusal("empty")
