"""No business ever hears a word of another one's documents: not by what it asks, not by ids, not while others change."""

import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from pydantic import SecretStr

from aira.adapters.pinecone import PineconeIndex
from aira.core import add_business, add_owner, ingest_document, search_knowledge
from aira.core.app import Aira
from aira.errors import AiraError
from aira.settings import Settings
from pinecone_server import API_KEY, PineconeServer

TENANTS = 50
SEARCHES = 10_000
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
)
HOSTILE_IDS = ("' or true --", "*", "%", "", "00000000-0000-0000-0000-000000000000", "{theirs} {ours}", "Tenant %", "Tenant 1' or '1'='1")


class HashingEmbedder:
    """A quick embedder: a word has a place, so that the same words are near each other whoever wrote them."""

    model = "hashing"
    dimensions = 384

    def embed(self, texts: list[str]) -> np.ndarray:
        """Counts of words by their checksum."""
        vectors = np.full((len(texts), 384), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                vectors[row, sum(word.encode()) % 384] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Words as pieces."""
        return [match.span() for match in re.finditer(r"\S+", text)]


@pytest.fixture(params=["pgvector", "pinecone"])
def crowd(request: pytest.FixtureRequest, aira: Aira) -> Iterator[Aira]:
    """A handle with a quick embedder, on each index."""
    aira = replace(aira, embedder=HashingEmbedder())
    if request.param == "pgvector":
        yield aira
        return
    with PineconeServer() as server:
        index = PineconeIndex(Settings(pinecone_api_key=SecretStr(API_KEY), pinecone_host=server.url))
        yield replace(aira, index=index)
        index.close()


def secret(number: int, edition: int = 0) -> bytes:
    """A document that differs from all others in its canary only."""
    return f"# Tenant\n\nThe secret word of this tenant is canary{number}x.\n\nEdition {edition} has rules about prices.\n".encode()


def test_ten_thousand_searches_leak_nothing(crowd: Aira, tmp_path: Path):
    """Whatever is asked and by whatever name of a business, beside readers that replace documents."""
    add_owner(crowd, "ann@example.com")
    tenants = [add_business(crowd, f"Tenant {number}", time_zone="UTC").id for number in range(TENANTS)]
    for number, tenant in enumerate(tenants):
        ingest(crowd, tmp_path, tenant, number)
    ended = threading.Event()
    replacing = threading.Thread(target=keep_replacing, args=(crowd, tmp_path, tenants, ended))
    replacing.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda seed: ask(crowd, tenants, seed), range(SEARCHES)))
    finally:
        ended.set()
        replacing.join()

    leaks = [(owner, words) for owner, words in found if words - {owner}]
    assert leaks == []
    assert sum(bool(words) for _, words in found) > SEARCHES // 2


def ingest(aira: Aira, folder: Path, tenant: UUID, number: int, edition: int = 0) -> None:
    """Add a tenant's document, or replace it."""
    (folder / str(number)).mkdir(exist_ok=True)
    path = folder / str(number) / "secret.md"
    path.write_bytes(secret(number, edition))
    ingest_document(aira, path, business=tenant)


def keep_replacing(aira: Aira, folder: Path, tenants: list[UUID], ended: threading.Event) -> None:
    """Give one tenant after the other a new edition."""
    edition = 0
    while not ended.is_set():
        edition += 1
        number = edition % TENANTS
        ingest(aira, folder, tenants[number], number, edition)


def ask(aira: Aira, tenants: list[UUID], seed: int) -> tuple[int, set[int]]:
    """One search: who asked, and whose canaries were heard. A name that is no business's hears nothing."""
    chance = random.Random(seed)
    ours, theirs = chance.sample(range(TENANTS), 2)
    names = {"ours": tenants[ours], "theirs": tenants[theirs], "number": theirs}
    business = chance.choice(HOSTILE_IDS).format(**names) if seed % 10 == 0 else tenants[ours]
    try:
        result = search_knowledge(aira, chance.choice(HOSTILE).format(**names) + f" {uuid4()}" * (seed % 2), business=business, limit=10)
    except AiraError:
        return ours, set()
    return ours, {int(number) for hit in result.hits for number in CANARY.findall(hit.text)}
