"""A reader that is killed at any step leaves a document that another one reads to exactly one version."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aira.core import add_business, add_document, add_owner, ingest_document, process_document, search_knowledge, verify_documents
from aira.core.app import Aira
from aira.core.db import fetch_value
from aira.model import DocumentStatus
from ingest_process import STEPS
from paperwork import price_list_md

PROGRAM = Path(__file__).parents[1] / "ingest_process.py"
STORED = """
select (select count(distinct version) from kb_chunks) + (select count(distinct version) from kb_windows) * 10
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_reader_is_replaced_by_one_that_finishes(aira: Aira, tmp_path: Path, step: str):
    """Until then callers hear the old version; afterwards the new one, whole, and nothing else is stored."""
    add_owner(aira, "ann@example.com")
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    path = tmp_path / "prices.md"
    path.write_bytes(price_list_md())
    first = ingest_document(aira, path, business=business)
    path.write_bytes(price_list_md((("Service", "Price"), ("Haircut", "$45"))))
    add_document(aira, path, business=business)

    killed = subprocess.run(
        [sys.executable, str(PROGRAM), aira.database.url, str(aira.settings.aira_home), str(first.id), step], check=False
    )
    between = search_knowledge(aira, "haircut price", business=business).hits[0].text
    aira.clock.move(minutes=3)
    finished = process_document(aira, first.id)

    after = search_knowledge(aira, "haircut price", business=business).hits[0].text
    assert killed.returncode == -signal.SIGKILL
    assert ("$40" in between, "$45" in between) == (step != "after the swap", step == "after the swap")
    assert finished.processing_status is DocumentStatus.COMPLETED
    assert "$45" in after
    assert [check.ok for check in verify_documents(aira)] == [True]
    with aira.database.transaction() as connection:
        assert fetch_value(connection, STORED) == 11
