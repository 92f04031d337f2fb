"""Reading a stranger's file in a child process that may fail, hang or swell without harm to this one."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import PurePath

from aira.kb.document import Block, BlockKind, Extraction, Limits
from aira.kb.extract import file_format
from aira.kb.refusal import refusal

_BYTES_PER_CHARACTER = 8
"""Of the child's output at most, its JSON and the headings repeated with each block included."""


def extract(file_name: str, content: bytes, limits: Limits = Limits()) -> Extraction:  # noqa: B008 - frozen
    """Read a document in a child process that keeps the limits.

    The name tells the format. Raises DocumentRefused with a code of `aira.kb.refusal.REASONS`.
    """
    file_format(file_name)
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        command = [sys.executable, "-P", "-m", "aira.kb.child", f"document{PurePath(file_name).suffix}", json.dumps(asdict(limits))]
        with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:  # noqa: S603 - our own module
            return _collect(child, limits)


def _collect(child: "subprocess.Popen[bytes]", limits: Limits) -> Extraction:
    late = threading.Event()

    def give_up() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(limits.wall_seconds, give_up)
    timer.start()
    try:
        lines = list(_decoded(_output(child, limits)))
        status = child.wait()
    except BaseException:
        child.kill()
        raise
    finally:
        timer.cancel()
    return _result(lines, status, late=late.is_set())


def _output(child: "subprocess.Popen[bytes]", limits: Limits) -> Iterator[bytes]:
    left = limits.characters * _BYTES_PER_CHARACTER
    for line in child.stdout or ():
        left -= len(line)
        if left < 0:
            raise refusal("too_large")
        yield line


def _decoded(lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:  # the child was ended in the middle of a line
            return


def _result(lines: list[dict[str, object]], status: int, *, late: bool) -> Extraction:
    last = lines[-1] if lines else {}
    if "refused" in last:
        raise refusal(str(last["refused"]), str(last["sentence"]) if last["sentence"] else None)
    if "pages_total" in last:
        return Extraction([_block(line) for line in lines[:-1]], _number(last["pages_total"]), _number(last["pages_with_text"]))
    if late or status == -signal.SIGXCPU:
        raise refusal("timeout")
    raise refusal("too_complex" if status < 0 else "corrupt")


def _block(line: dict[str, object]) -> Block:
    headings = line["headings"]
    path = tuple(str(heading) for heading in headings) if isinstance(headings, list) else ()
    return Block(BlockKind(str(line["kind"])), str(line["text"]), _number(line["page"]), path, str(line["header"]))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
