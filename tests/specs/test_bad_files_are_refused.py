"""A file that cannot be read ends as `failed` with a code and a sentence, whatever it does to whoever reads it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aira.core import add_business, add_owner, ingest_document, list_documents
from aira.core.app import Aira
from aira.errors import DocumentRefused
from aira.kb.document import Limits
from aira.kb.limited import extract
from aira.kb.refusal import REASONS
from bad_files import DAMAGED, HOSTILE, doubling_forms, many_paragraphs

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bad_files.py"


def test_bad_files_hurt_no_server(database_url: str):
    """Each goes from its upload to `failed` with a true code; the server is well all the while, stays small, and reads what is good.

    Readers have less patience here than in the benchmark: a legitimate file has forty seconds of processor time.
    """
    options = ["--reading-seconds", "3", "--database-url", database_url, "--json"]

    done = subprocess.run([sys.executable, str(BENCHMARK), *options], capture_output=True, text=True, check=True)

    report = json.loads(done.stdout)
    assert [one for one in report["files"] if not one["right"]] == []
    assert {one["file"] for one in report["files"]} == {bad.name for bad in (*DAMAGED, *HOSTILE)}
    assert report["health"]["failed"] == 0
    assert max(report["server_grew_mb"], report["worker_grew_mb"]) <= 50
    assert set(report["good_documents"]) == {"completed"}


def test_a_reader_that_does_not_end_is_ended():
    """A file that waits instead of working is stopped by the clock on the wall."""
    with pytest.raises(DocumentRefused) as refused:
        extract("doubling.pdf", doubling_forms(), Limits(cpu_seconds=60, wall_seconds=2.0))

    assert refused.value.reason == "timeout"
    assert refused.value.hint == REASONS["timeout"][1]


def test_a_reader_that_swells_is_stopped():
    """A file that unfolds in memory ends with the memory it may have."""
    with pytest.raises(DocumentRefused) as refused:
        extract("paragraphs.docx", many_paragraphs(2_000_000), Limits(memory_bytes=300_000_000, unpacking_ratio=10_000))

    assert refused.value.reason == "too_complex"


def test_a_file_of_no_known_kind_is_refused_at_the_door(aira: Aira, tmp_path: Path):
    """It is not stored and leaves no row."""
    add_owner(aira, "ann@example.com")
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    (tmp_path / "song.mp3").write_bytes(b"ID3")

    with pytest.raises(DocumentRefused) as refused:
        ingest_document(aira, tmp_path / "song.mp3", business=business)

    assert refused.value.reason == "unsupported"
    assert list_documents(aira, business=business) == []
