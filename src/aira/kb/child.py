"""`python -m aira.kb.child NAME LIMITS ENGINES`: read the file on standard input within limits of memory and time.

Prints a JSON line for each block, then one with the pages; or one with the reason why the file is refused. Documents come from
strangers and their parsers are large: what goes wrong in here ends this process and nothing else.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from typing import TextIO

from aira.errors import DocumentRefused
from aira.kb.document import Engines, Limits
from aira.kb.extract import open_document


def main() -> None:
    """Read, print, end."""
    _, file_name, *encoded = sys.argv
    limits, engines = Limits(**json.loads(encoded[0])), Engines(**json.loads(encoded[1]))
    _keep(limits)
    with _private_output() as output:
        try:
            opened = open_document(file_name, sys.stdin.buffer.read(limits.file_bytes + 1), limits, engines)
            for block in opened.blocks:
                print(json.dumps(asdict(block), ensure_ascii=False), file=output)
            print(json.dumps({"pages_total": opened.pages_total, "pages_with_text": opened.pages_with_text}), file=output)
        except DocumentRefused as refused:
            print(json.dumps({"refused": refused.reason, "sentence": refused.message}), file=output)
        except (MemoryError, RecursionError):
            print(json.dumps({"refused": "too_complex", "sentence": None}), file=output)


def _keep(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _private_output() -> TextIO:
    """The real standard output; what libraries print goes nowhere."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return output


if __name__ == "__main__":
    main()
