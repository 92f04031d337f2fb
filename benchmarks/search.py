"""How long does a caller wait for the knowledge base, and does the store find what there is?

One index holds windows of many businesses. For businesses of several sizes: the time of a warm search without and with the
encoder, a plain product of matrix and vector in the same process as yardstick, and the recall of the store's own search against
brute force.

    python benchmarks/search.py [--total 100000] [--json]
"""

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np

from aira.core import add_business, add_owner, load_knowledge, search_knowledge
from aira.core.app import Aira, open_aira
from aira.core.db import Jsonb, execute
from aira.ports import Embedder, IndexedWindow
from aira.settings import Settings

WORDS = [
    "haircut", "beard", "colour", "price", "open", "closed", "parking", "dog", "card", "voucher", "wash", "wedding", "child", "allergy",
    "bus", "courtyard", "lift", "music", "tea",
]  # fmt: skip
WINDOWS_PER_CHUNK = 5
QUERIES = 200
_DOCUMENT_SQL = """
insert into documents (id, business_id, file_name, storage_path, processing_status, version, active_version, lease_until, embedding_model,
                       chunk_count, window_count)
values (%(id)s, %(business)s, %(name)s, %(business)s::text || '/x', 'completed', 1, 1, null, %(model)s, %(chunks)s, %(windows)s)
"""
_CHUNKS_SQL = """
insert into kb_chunks (document_id, business_id, version, chunk, start_char, body, windows)
select %(id)s, %(business)s, 1, chunk, chunk * 1000, body, windows
from jsonb_to_recordset(%(rows)s) as given (chunk int, body text, windows jsonb)
"""


class TimedEmbedder:
    """The embedder, with the seconds that each question took in it."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.model, self.dimensions, self.token_spans = embedder.model, embedder.dimensions, embedder.token_spans
        self.seconds: list[float] = []

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        begun = time.perf_counter()
        vectors = self._embedder.embed(texts)
        self.seconds.append(time.perf_counter() - begun)
        return vectors


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--total", type=int, default=100_000, help="windows in the index, all businesses together")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # root's database runs as another user
        with open_aira(Settings(aira_home=Path(folder))) as aira:
            rows = measure(aira, arguments.total)
    if arguments.json:
        print(json.dumps({"rows": rows}))
        return
    print("".join(f"{name:>18}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:>18.2f}" if isinstance(value, float) else f"{value:>18}" for value in row.values()))


def measure(aira: Aira, total: int) -> list[dict[str, float]]:
    chance = np.random.default_rng(3)
    add_owner(aira, "bench@example.com")
    sizes = [100, 1_000, 10_000]
    measured = {size: fill(aira, size, chance) for size in sizes}
    left = total - sum(sizes)
    while left > 0:
        left -= 2_000
        fill(aira, 2_000, chance)
    return [measure_business(aira, size, *measured[size], chance) for size in sizes]


def fill(aira: Aira, size: int, chance: np.random.Generator) -> tuple[UUID, np.ndarray]:
    business = add_business(aira, f"Bench {uuid4()}", time_zone="UTC").id
    document, chunks = uuid4(), -(-size // WINDOWS_PER_CHUNK)
    vectors = chance.normal(size=(size, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    key = {"id": document, "business": business}
    with aira.database.transaction() as connection:
        counts = {"name": "rules.txt", "model": aira.embedder.model, "chunks": chunks, "windows": size}
        execute(connection, _DOCUMENT_SQL, key | counts)
        execute(connection, _CHUNKS_SQL, key | {"rows": Jsonb([chunk(number, size, chance) for number in range(chunks)])})
    places = [divmod(number, WINDOWS_PER_CHUNK) for number in range(size)]
    aira.index.write(business, document, 1, [IndexedWindow(*place, "", vector) for place, vector in zip(places, vectors, strict=True)])
    return business, vectors


def chunk(number: int, size: int, chance: np.random.Generator) -> dict[str, object]:
    count = min(WINDOWS_PER_CHUNK, size - number * WINDOWS_PER_CHUNK)
    texts = [" ".join(chance.choice(WORDS, 80)) for _ in range(count)]
    starts = np.cumsum([0, *(len(text) + 2 for text in texts)])
    windows = [
        {"start": int(start), "end": int(start) + len(text), "page": 1, "heading": None, "context": "", "header": ""}
        for start, text in zip(starts, texts, strict=False)
    ]
    return {"chunk": number, "body": "\n\n".join(texts), "windows": windows}


def measure_business(aira: Aira, size: int, business: UUID, vectors: np.ndarray, chance: np.random.Generator) -> dict[str, float]:
    begun = time.perf_counter()
    load_knowledge(aira, business=business)
    loading = time.perf_counter() - begun
    questions = [" ".join(chance.choice(WORDS, 5)) for _ in range(QUERIES)]
    embedder = TimedEmbedder(aira.embedder)
    timed_aira = dataclasses.replace(aira, embedder=embedder)
    whole = timed(lambda question: search_knowledge(timed_aira, question, business=business), questions)
    rest = [search - encoding for search, encoding in zip(whole, embedder.seconds, strict=True)]
    probes = vectors[chance.integers(0, size, QUERIES)]
    product = timed(lambda probe: vectors @ probe, list(probes))
    return {
        "windows": size,
        "load_ms": 1000 * loading,
        "encoder_p50_ms": percentile(embedder.seconds, 50),
        "search_p50_ms": percentile(rest, 50),
        "search_p95_ms": percentile(rest, 95),
        "whole_p95_ms": percentile(whole, 95),
        "product_p50_ms": percentile(product, 50),
        "product_p95_ms": percentile(product, 95),
        "store_recall_at_5": recall(aira, business, vectors, probes[:50]),
    }


def recall(aira: Aira, business: UUID, vectors: np.ndarray, probes: np.ndarray) -> float:
    shares = []
    for probe in probes:
        exact = {divmod(int(row), WINDOWS_PER_CHUNK) for row in np.argsort(-(vectors @ probe))[:5]}
        found = {(match.chunk, match.window) for match in aira.index.search(business, probe, limit=5)}
        shares.append(len(exact & found) / len(exact))
    return statistics.mean(shares)


def timed(act, given: list) -> list[float]:
    seconds = []
    for one in given:
        begun = time.perf_counter()
        act(one)
        seconds.append(time.perf_counter() - begun)
    return seconds


def percentile(seconds: list[float], share: int) -> float:
    return float(np.percentile(seconds, share)) * 1000


if __name__ == "__main__":
    main()
