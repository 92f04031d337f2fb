"""Does the way into the knowledge base cost more than the encoder?

The whole pipeline (child process, extraction, cutting, encoding, vectors and passages into the database) beside the bare encoder
given the same windows at once in the same process, taken in turns; then PDF extraction alone; then the most memory that this process
and its child take for a PDF of 10 pages and for one of 2,000, both ingested whole.

    python benchmarks/ingest.py [--pages 100] [--json]
"""

import argparse
import contextlib
import json
import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pymupdf

from aira.core import add_business, add_owner, ingest_document
from aira.core.app import Aira, open_aira
from aira.kb.chunk import Cutting, cut_passages
from aira.kb.limited import extract
from aira.settings import Settings

SENTENCE = "On day {0} the salon keeps rule {1}: clients of group {2} pay {3} dollars for service {0} and wait {1} minutes at door {2}. "


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", type=int, default=100, help="pages of the PDF that is ingested")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--long", type=int, default=2000, help="pages of the longest PDF")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # root's database runs as another user
        with open_aira(Settings(aira_home=Path(folder))) as aira:
            result = measure_pipeline(aira, Path(folder), arguments.pages, arguments.rounds) | measure_extraction(arguments.long)
            result |= measure_memory(aira, Path(folder), arguments.long)
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:32}{value:>12.2f}")


def measure_pipeline(aira: Aira, folder: Path, pages: int, rounds: int) -> dict[str, float]:
    add_owner(aira, "bench@example.com")
    business = add_business(aira, "Bench", time_zone="UTC").id
    aira.embedder.embed(["warm"])
    ratios, processor_ratios, rates = [], [], []
    for number in range(rounds):
        path = folder / f"rules-{number}.pdf"
        path.write_bytes(pdf(pages, seed=number))
        texts = windows(aira, path)
        before = encode(aira, texts)
        spent, begun = processor_seconds(), time.perf_counter()
        document = ingest_document(aira, path, business=business)
        whole, whole_spent = time.perf_counter() - begun, processor_seconds() - spent
        spent = processor_seconds()
        bare = statistics.mean([before, encode(aira, texts)])
        assert document.window_count == len(texts)
        ratios.append(bare / whole)
        processor_ratios.append((processor_seconds() - spent) / whole_spent)
        rates.append((pages / whole, len(texts) / whole, len(texts) / bare))
    middle = [statistics.median(rate) for rate in zip(*rates, strict=True)]
    names = ("pages_per_second", "windows_per_second", "bare_windows_per_second")
    return {
        "ratio_to_bare_encoder": statistics.median(ratios),
        "processor_time_ratio": statistics.median(processor_ratios),
        **dict(zip(names, middle, strict=True)),
    }


def processor_seconds() -> float:
    """Of this process and its children so far, which other programs on the machine do not lengthen; the database's are not in it."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def windows(aira: Aira, path: Path) -> list[str]:
    passages = list(cut_passages(extract(path.name, path.read_bytes()).blocks, aira.embedder.token_spans, Cutting()))
    return [passage.embedded_text(window) for passage in passages for window in passage.windows]


def encode(aira: Aira, texts: list[str]) -> float:
    begun = time.perf_counter()
    aira.embedder.embed(texts)
    return time.perf_counter() - begun


def measure_extraction(longest: int) -> dict[str, float]:
    """Pages a second in the child, its start taken off."""
    short, long = pdf(10, seed=1), pdf(longest, seed=2)
    extract("short.pdf", short)
    begun = time.perf_counter()
    extract("short.pdf", short)
    start_up = time.perf_counter() - begun
    begun = time.perf_counter()
    extraction = extract("long.pdf", long)
    seconds = time.perf_counter() - begun
    assert extraction.pages_with_text == longest
    return {"pdf_pages_per_second": (longest - 10) / max(seconds - start_up, 1e-9)}


def measure_memory(aira: Aira, folder: Path, longest: int) -> dict[str, float]:
    """The most that this process and its reader hold while a document is ingested, in MB. Pages of one window keep that short."""
    business = add_business(aira, "Memory", time_zone="UTC").id
    peaks = {}
    for pages in (10, 10, longest):
        path = folder / f"memory-{pages}.pdf"
        path.write_bytes(pdf(pages, seed=len(peaks) + 7, lines=3))
        with Watching() as watched:
            ingest_document(aira, path, business=business)
        peaks[pages] = (watched.own, watched.child)
    (own, child), (own_long, child_long) = peaks[10], peaks[longest]
    return {
        "own_mb_10_pages": own,
        f"own_mb_{longest}_pages": own_long,
        "child_mb_10_pages": child,
        f"child_mb_{longest}_pages": child_long,
    }


class Watching:
    """Looks at the memory of this process and of its reader every few milliseconds."""

    def __init__(self) -> None:
        self.own = self.child = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process()
        while not self._ended.wait(0.005):
            self.own = max(self.own, process.memory_info().rss / 1e6)
            for child in process.children():
                with contextlib.suppress(psutil.Error):
                    if "aira.kb.child" in child.cmdline():
                        self.child = max(self.child, child.memory_info().rss / 1e6)


def pdf(pages: int, *, seed: int, lines: int = 16) -> bytes:
    with pymupdf.open() as document:
        for page in range(pages):
            text = "".join(SENTENCE.format(page + seed, line, (page * line) % 97, line * 3 + seed) for line in range(lines))
            document.new_page().insert_textbox((60, 60, 540, 780), text, fontsize=10)
        return document.tobytes(deflate=True)


if __name__ == "__main__":
    main()
