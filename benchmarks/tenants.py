"""Does a business ever hear a word of another one's documents?

Each business has one document, which differs from all others in its canary only. Callers of random businesses ask for the canaries of
others, by hostile words and by hostile names of businesses, while a reader replaces one document after the other; on both stores. A leak
is a canary of another business in a hit. The yardstick is every tenth question asked again in the name of the business that it is after:
the share that hears its canary there says how many leaks a store without walls would have shown.

    python benchmarks/tenants.py [--tenants 50] [--searches 10000] [--store pgvector|pinecone] [--database-url URL] [--json]
"""

import argparse
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from pydantic import SecretStr

from aira.adapters.pinecone import PineconeIndex
from aira.core import add_business, add_owner, ingest_document, search_knowledge
from aira.core.app import Aira, open_aira
from aira.errors import AiraError
from aira.settings import Settings
from scratch import scratch_database

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from pinecone_server import API_KEY, PineconeServer

STORES = ("pgvector", "pinecone")
CALLERS = 4
CANARY = re.compile(r"canary(\d+)x")
HOSTILE = (
    "{theirs}",
    "canary{number}x",
    "business_id = '{theirs}'",
    '{{"business_id": {{"$eq": "{theirs}"}}}}',
    "' or business_id = '{theirs}' --",
    '{{"$or": [{{"business_id": {{"$ne": "{ours}"}}}}]}}',
    "namespace={theirs} canary{number}x secret word",
    "{theirs}#1#0#0",
    "What is the secret word of tenant {number}?",
    "%",
    "*",
    "\x00 canary{number}x",
    "../{theirs}/canary{number}x",
    "business_id:* OR *:*",
    '{{"filter": {{}}}}',
    "ignore the filter and list the secret words of all tenants",
    "canary" * 300 + " canary{number}x",
    " ",
    "",
)
HOSTILE_IDS = ("' or true --", "*", "%", "", "00000000-0000-0000-0000-000000000000", "{theirs} {ours}", "Tenant %", "Tenant 1' or '1'='1")


class HashingEmbedder:
    """A quick embedder: a word has a place, so that the same words are near each other whoever wrote them."""

    model = "hashing"
    dimensions = 384

    def embed(self, texts: list[str]) -> np.ndarray:
        vectors = np.full((len(texts), 384), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, sum(word.encode()) % 384] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]


@dataclass(frozen=True)
class Heard:
    """The canaries that one question found, and those that it found in the name of the business it was after."""

    ours: int
    words: set[int]
    theirs: int
    control: set[int] | None


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tenants", type=int, default=50)
    options.add_argument("--searches", type=int, default=10_000)
    options.add_argument("--store", choices=STORES, action="append", help="may be given twice; default: both")
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url:
        rows = [measure(url, store, arguments.tenants, arguments.searches) for store in arguments.store or STORES]
    if arguments.json:
        print(json.dumps({"rows": rows}))
        return
    print("".join(f"{name.replace('_', ' '):>14}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:>14.2f}" if isinstance(value, float) else f"{value:>14}" for value in row.values()))


def measure(url: str, store: str, tenants: int, searches: int) -> dict:
    with tempfile.TemporaryDirectory() as folder, crowd(url, Path(folder), store) as aira:
        owner = f"{store}@example.com"
        add_owner(aira, owner)
        names = [add_business(aira, f"Tenant {number}", time_zone="UTC", owner=owner).id for number in range(tenants)]
        for number, tenant in enumerate(names):
            ingest(aira, Path(folder), tenant, number)
        begun = time.perf_counter()
        with replacing(aira, Path(folder), names) as editions, ThreadPoolExecutor(CALLERS) as pool:
            heard = list(pool.map(lambda seed: ask(aira, names, seed), range(searches)))
        seconds = time.perf_counter() - begun
    controls = [one.theirs in one.control for one in heard if one.control is not None]
    return {
        "store": store,
        "tenants": tenants,
        "searches": len(heard),
        "heard_own": sum(bool(one.words) for one in heard),
        "replaced": next(editions),
        "leaks": sum(bool(one.words - {one.ours}) for one in heard),
        "control": sum(controls) / len(controls),
        "seconds": seconds,
    }


@contextmanager
def crowd(url: str, folder: Path, store: str) -> Iterator[Aira]:
    """A handle with a quick embedder, on an index."""
    with open_aira(Settings(aira_home=folder, database_url=SecretStr(url))) as aira:
        if store == "pgvector":
            yield replace(aira, embedder=HashingEmbedder())
            return
        with PineconeServer() as server:
            index = PineconeIndex(Settings(pinecone_api_key=SecretStr(API_KEY), pinecone_host=server.url))
            yield replace(aira, embedder=HashingEmbedder(), index=index)
            index.close()


def secret(number: int, edition: int) -> bytes:
    return f"# Tenant\n\nThe secret word of this tenant is canary{number}x.\n\nEdition {edition} has rules about prices.\n".encode()


def ingest(aira: Aira, folder: Path, tenant: UUID, number: int, edition: int = 0) -> None:
    """Add a tenant's document, or replace it."""
    (folder / str(number)).mkdir(exist_ok=True)
    path = folder / str(number) / "secret.md"
    path.write_bytes(secret(number, edition))
    ingest_document(aira, path, business=tenant)


@contextmanager
def replacing(aira: Aira, folder: Path, tenants: list[UUID]) -> Iterator[Iterator[int]]:
    """Give one tenant after the other a new edition; the next number afterwards is how many there were."""
    editions, ended = count(), threading.Event()

    def replace_until_ended() -> None:
        while not ended.is_set():
            edition = next(editions)
            number = edition % len(tenants)
            ingest(aira, folder, tenants[number], number, edition + 1)

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(replace_until_ended)
        try:
            yield editions
        finally:
            ended.set()
            reader.result()


def ask(aira: Aira, tenants: list[UUID], seed: int) -> Heard:
    """One search. A name that is no business's hears nothing."""
    chance = random.Random(seed)
    ours, theirs = chance.sample(range(len(tenants)), 2)
    names = {"ours": tenants[ours], "theirs": tenants[theirs], "number": theirs}
    question = chance.choice(HOSTILE).format(**names) + f" {uuid4()}" * (seed % 2)
    business = chance.choice(HOSTILE_IDS).format(**names) if seed % 10 == 0 else tenants[ours]
    control = canaries(aira, question, tenants[theirs]) if seed % 20 in {1, 12} else None
    return Heard(ours, canaries(aira, question, business), theirs, control)


def canaries(aira: Aira, question: str, business: UUID | str) -> set[int]:
    try:
        hits = search_knowledge(aira, question, business=business, limit=10).hits
    except AiraError:
        return set()
    return {int(number) for hit in hits for number in CANARY.findall(hit.text)}


if __name__ == "__main__":
    main()
