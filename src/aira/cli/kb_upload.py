"""Uploading many files: which ones are meant, their progress, and one summary of how they ended."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from aira.cli import render
from aira.core.app import Aira
from aira.errors import AiraError, DocumentRefused, InvalidInput, PartlyDone
from aira.model import Document

_AT_ONCE = 2
_SECONDS_TO_NOTICE = 0.2
_GLOB_MARKS = "*?["

Show = Callable[[Path, Document | AiraError], None]
"""What is told of each file as it ends."""


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
            raise DocumentRefused(
                f"None of the {len(self.files)} files could be read.",
                hint="The reasons stand beside the files; correct those and add them again.",
            )
        if self.errors:
            raise PartlyDone(
                f"{len(self.errors)} of {len(self.files)} files were not taken in.",
                hint="Correct those files and run the same command again; the others are not read twice.",
            )


def chosen_files(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, those of a named folder and below, those that fit a pattern (`**` is any depth).

    What is hidden is meant only where its own name is given.
    """
    from aira.core.documents import readable_files

    chosen: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            found = readable_files(path, "**/*")
        elif (pattern := _pattern(path)) is not None and not path.exists():
            found = readable_files(*pattern)
        else:
            found = [path]
        if not found:
            raise InvalidInput(f"{path} holds no file that can be read.", hint="PDF, DOCX, TXT, Markdown, HTML and CSV are read.")
        for file in found:
            chosen.setdefault(file.resolve(), file)
    return list(chosen.values())


def upload(aira: Aira, files: Sequence[Path], *, business: str, wait: bool) -> Summary:
    """Take the files in, several at once; what is wrong with one does not stop the others.

    Raises at once what is wrong with all: an unknown business, a database that is away. Interrupted, it ends soon: what is half read
    then waits, as do those not begun, for the same command or a worker.
    """
    from aira.core.businesses import find_business
    from aira.core.documents import add_document, ingest_document

    business_id = find_business(aira, business).id
    stop = threading.Event()
    summary = Summary(files)
    first = {file.name: file for file in reversed(files)}

    def take(file: Path, show: Show) -> None:
        try:
            if first[file.name] != file:
                raise InvalidInput(f"Another file, {first[file.name]}, has the same name.", code="same_name")
            add = partial(ingest_document, stop=stop) if wait else add_document
            summary.ended[file] = add(aira, file, business=business_id)
        except AiraError as error:
            if isinstance(error, DocumentRefused) or error.exit_code in {2, 5, 6}:
                summary.ended[file] = error
            else:
                raise
        if not stop.is_set():
            show(file, summary.ended[file])

    with _showing(len(files)) as show, ThreadPoolExecutor(min(_AT_ONCE, len(files))) as pool:
        endings = [pool.submit(take, file, show) for file in files]
        try:
            _await(endings)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            render.note("Stopping; the same command goes on from here.")
            raise
    return summary


def _await(endings: Sequence[Future[None]]) -> None:
    """Wait for all, in short steps: Ctrl-C that reached another thread does not wake this one. Raises what went wrong with the first."""
    waiting = set(endings)
    while waiting:
        done, waiting = wait(waiting, timeout=_SECONDS_TO_NOTICE, return_when=FIRST_COMPLETED)
        for ending in done:
            ending.result()


def _pattern(path: Path) -> tuple[Path, str] | None:
    """The folder that a pattern is looked for in, and the pattern; None where the path is none."""
    place = next((place for place, part in enumerate(path.parts) if any(mark in part for mark in _GLOB_MARKS)), None)
    if place is None:
        return None
    pattern = "/".join(path.parts[place:])
    return Path(*path.parts[:place]), f"{pattern}/*" if path.name == "**" else pattern


@contextmanager
def _showing(files: int) -> "Iterator[Show]":
    """How far it is, on stderr: a bar on a terminal, elsewhere a line a file, of a single one nothing."""
    if sys.stderr.isatty():
        with _bar(files) as show:
            yield show
        return
    done = count(1)

    def show_line(file: Path, end: Document | AiraError) -> None:
        if files > 1:
            state = end.processing_status if isinstance(end, Document) else f"{end.reason}: {end.message}"
            render.note(f"{next(done)}/{files} {file.name}: {state}")

    yield show_line


@contextmanager
def _bar(files: int) -> "Iterator[Show]":
    """What is wrong with a file is said above it at once."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as progress:
        bar = progress.add_task("", total=files)

        def show(file: Path, end: Document | AiraError) -> None:
            if isinstance(end, AiraError) and files > 1:
                progress.console.print(Text(render.clean(f"{file.name}: {end.message}")))
            progress.advance(bar)

        yield show


def _row(file: Path, end: Document | AiraError) -> dict[str, object]:
    if isinstance(end, Document):
        return {**render.as_plain(end), "detail": ""}
    return {"file_name": file.name, "processing_status": "failed", "chunk_count": None, "error_code": end.reason, "detail": end.message}
