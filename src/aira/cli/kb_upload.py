"""Uploading many files: which ones are meant, their progress, and one summary of how they ended."""

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from aira.cli import render
from aira.core.app import Aira
from aira.errors import AiraError, DocumentRefused, InvalidInput, PartlyDone
from aira.model import Document

_AT_ONCE = 2
_GLOB_MARKS = "*?["


@dataclass
class Summary:
    """How each file ended, in the order in which they were named."""

    files: Sequence[Path]
    ended: dict[Path, Document | AiraError] = field(default_factory=dict)

    @property
    def documents(self) -> list[Document]:
        """Those that were taken in."""
        return [end for end in (self.ended[file] for file in self.files) if isinstance(end, Document)]

    @property
    def errors(self) -> list[AiraError]:
        """Why the others were not."""
        return [end for end in (self.ended[file] for file in self.files) if isinstance(end, AiraError)]

    def rows(self) -> list[dict[str, object]]:
        """A line a file."""
        return [_row(file, self.ended[file]) for file in self.files]

    def as_dict(self) -> dict[str, object]:
        """The summary as one object."""
        return {"added": len(self.documents), "failed": len(self.errors), "documents": self.rows()}

    def raise_first(self) -> None:
        """The error of the only file."""
        if self.errors:
            raise self.errors[0]

    def raise_partly(self) -> None:
        """One error for all that failed: refused where nothing was taken in and repeating is no use."""
        if self.errors and not self.documents and all(isinstance(error, DocumentRefused) for error in self.errors):
            raise DocumentRefused(f"None of the {len(self.files)} files could be read.", hint="Run `aira kb list` for the reasons.")
        if self.errors:
            raise PartlyDone(
                f"{len(self.errors)} of {len(self.files)} files were not taken in.",
                hint="Correct those files and run the same command again; the others are not read twice.",
            )


def chosen_files(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, those of a named folder and below, those that fit a pattern."""
    from aira.kb.extract import file_format

    def readable(path: Path) -> bool:
        try:
            return path.is_file() and not path.name.startswith(".") and bool(file_format(path.name))
        except DocumentRefused:
            return False

    chosen: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(filter(readable, path.rglob("*")))
        elif any(mark in path.name for mark in _GLOB_MARKS) and not path.exists():
            found = sorted(filter(readable, path.parent.glob(path.name)))
        else:
            found = [path]
        if not found:
            raise InvalidInput(f"{path} holds no file that can be read.", hint="PDF, DOCX, TXT, Markdown, HTML and CSV are read.")
        chosen += found
    return list(dict.fromkeys(chosen))


def upload(aira: Aira, files: Sequence[Path], *, business: str, wait: bool) -> Summary:
    """Take the files in, several at once; what is wrong with one does not stop the others.

    Raises at once what is wrong with all: an unknown business, a database that is away.
    """
    from aira.core.businesses import find_business
    from aira.core.documents import add_document, ingest_document

    business_id = find_business(aira, business).id
    take_in = ingest_document if wait else add_document
    summary = Summary(files)
    progress = _Progress(len(files))

    def take(file: Path) -> None:
        try:
            summary.ended[file] = take_in(aira, file, business=business_id)
        except AiraError as error:
            if isinstance(error, DocumentRefused) or error.exit_code in {2, 5, 6}:
                summary.ended[file] = error
            else:
                raise
        progress.show(file, summary.ended[file])

    with ThreadPoolExecutor(min(_AT_ONCE, len(files))) as pool:
        endings = [pool.submit(take, file) for file in files]
        try:
            for ending in endings:
                ending.result()
        except BaseException:  # interrupted too: those begun are finished, the others left for the same command another time
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return summary


class _Progress:
    """A line a file on stderr; none for a single file."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._done = 0
        self._lock = threading.Lock()

    def show(self, file: Path, end: Document | AiraError) -> None:
        """This file is done."""
        with self._lock:
            self._done += 1
            if self._files > 1:
                state = end.processing_status if isinstance(end, Document) else f"{end.reason}: {end.message}"
                render.note(f"{self._bar()}{self._done}/{self._files} {file.name}: {state}")

    def _bar(self) -> str:
        if not sys.stderr.isatty():
            return ""
        filled = 20 * self._done // self._files
        return f"[{'#' * filled}{'.' * (20 - filled)}] "


def _row(file: Path, end: Document | AiraError) -> dict[str, object]:
    if isinstance(end, Document):
        return {**render.as_plain(end), "detail": ""}
    return {"file_name": file.name, "processing_status": "failed", "chunk_count": None, "error_code": end.reason, "detail": end.message}
