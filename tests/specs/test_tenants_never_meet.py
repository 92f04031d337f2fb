"""No business ever hears a word of another one's documents: not by what it asks, not by ids, not while others change."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TENANTS = Path(__file__).parents[2] / "benchmarks" / "tenants.py"


@pytest.mark.parametrize(("store", "searches"), [("pgvector", 1000), ("pinecone", 400)])
def test_searches_leak_nothing(database_url: str, store: str, searches: int):
    """Whatever is asked, by whatever name of a business, beside a reader that replaces documents: the benchmark, much smaller."""
    options = ["--tenants", "12", "--searches", str(searches), "--store", store, "--database-url", database_url, "--json"]

    done = subprocess.run([sys.executable, str(TENANTS), *options], capture_output=True, text=True, check=True)

    (row,) = json.loads(done.stdout)["rows"]
    assert row["leaks"] == 0
    assert row["heard_own"] > row["searches"] // 2
    assert row["replaced"] > 0
    assert row["control"] > 0.9
