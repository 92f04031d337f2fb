"""A reader that is killed at any step leaves a document that another one reads to exactly one version."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

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


OLD = (("Service", "Price"), ("Haircut", "$40"), ("Beard trim", "$41"), ("Colour", "$42"))
NEW = (("Service", "Price"), ("Haircut", "$45"), ("Beard trim", "$46"), ("Colour", "$47"))
WHOLE = ({"$40", "$41", "$42"}, {"$45", "$46", "$47"})


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_reader_is_replaced_by_one_that_finishes(aira: Aira, tmp_path: Path, step: str):
    """Callers hear all of the old version until the swap and all of the new one from then on; in the end nothing else is stored."""
    add_owner(aira, "ann@example.com")
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    path = tmp_path / "prices.md"
    path.write_bytes(price_list_md(OLD))
    first = ingest_document(aira, path, business=business)
    path.write_bytes(price_list_md(NEW))
    add_document(aira, path, business=business)

    with listening(aira, business) as heard:
        killed = subprocess.run(
            [sys.executable, str(PROGRAM), aira.database.url, str(aira.settings.aira_home), str(first.id), step], check=False
        )
        between = prices(aira, business)
        aira.clock.move(minutes=3)
        finished = process_document(aira, first.id)

    assert killed.returncode == -signal.SIGKILL
    assert between == WHOLE[step == "after the swap"]
    assert finished.processing_status is DocumentStatus.COMPLETED
    assert prices(aira, business) == WHOLE[1]
    assert heard
    assert all(one in WHOLE for one in heard)
    assert [check.ok for check in verify_documents(aira)] == [True]
    with aira.database.transaction() as connection:
        assert fetch_value(connection, STORED) == 11


@contextmanager
def listening(aira: Aira, business: UUID) -> Iterator[list[set[str]]]:
    """A caller who asks again and again; gives what was heard each time."""
    heard: list[set[str]] = []
    ended = threading.Event()

    def listen() -> None:
        while not ended.is_set():
            heard.append(prices(aira, business))

    with ThreadPoolExecutor(1) as pool:
        caller = pool.submit(listen)
        try:
            yield heard
        finally:
            ended.set()
            caller.result()


def prices(aira: Aira, business: UUID) -> set[str]:
    """The prices a caller hears of."""
    hits = search_knowledge(aira, "haircut price", business=business).hits
    return set(re.findall(r"\$\d+", " ".join(hit.text for hit in hits)))
