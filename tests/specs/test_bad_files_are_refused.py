"""A file that cannot be read ends as `failed` with a code and a sentence, whatever it does to whoever reads it."""

from pathlib import Path

import psutil
import pytest

from aira.core import add_business, add_owner, ingest_document, list_documents, search_knowledge
from aira.core.app import Aira
from aira.errors import DocumentRefused
from aira.kb.document import Limits
from aira.kb.limited import extract
from aira.kb.refusal import REASONS
from aira.model import DocumentStatus
from bad_files import DAMAGED, HOSTILE, BadFile, deep_nesting, doubling_forms, many_paragraphs, with_noise
from paperwork import handbook_docx, locked_pdf, price_list_pdf, scanned_pdf

HASTY = Limits(cpu_seconds=3, wall_seconds=50.0)
"""Patience that fits a test; a legitimate file has forty seconds of processor time."""

IN_THE_DATABASE = {
    "locked.pdf": (locked_pdf, "encrypted"),
    "scanned.pdf": (scanned_pdf, "no_text_layer"),
    "noisy.docx": (lambda: with_noise(handbook_docx()), "corrupt"),
    "prices.txt": (price_list_pdf, "unsupported"),
    "blank.md": (lambda: b"\n\n", "empty"),
    "deep.docx": (lambda: deep_nesting(4_000), "corrupt"),
}


@pytest.mark.parametrize("bad", DAMAGED, ids=lambda bad: bad.name)
def test_a_damaged_file_says_what_is_wrong(bad: BadFile):
    """The code is the right one, the sentence says what happened and the hint what to do."""
    with pytest.raises(DocumentRefused) as refused:
        extract(bad.name, bad.make(), HASTY)

    assert refused.value.reason in bad.codes
    assert refused.value.message.endswith(".")
    assert refused.value.hint == REASONS[refused.value.reason][1]


@pytest.mark.parametrize("bad", HOSTILE, ids=lambda bad: bad.name)
def test_a_hostile_file_costs_its_reader_nothing(bad: BadFile):
    """It is refused within its limits, and the process that asked stays as small as it was."""
    content = bad.make()
    process = psutil.Process()
    before = process.memory_info().rss

    with pytest.raises(DocumentRefused) as refused:
        extract(bad.name, content, HASTY)

    assert refused.value.reason in bad.codes
    assert process.memory_info().rss - before < 50_000_000


def test_a_reader_that_does_not_end_is_ended():
    """A file that waits instead of working is stopped by the clock on the wall."""
    with pytest.raises(DocumentRefused) as refused:
        extract("doubling.pdf", doubling_forms(), Limits(cpu_seconds=60, wall_seconds=2.0))

    assert refused.value.reason == "timeout"


def test_a_reader_that_swells_is_stopped():
    """A file that unfolds in memory ends with the memory it may have."""
    with pytest.raises(DocumentRefused) as refused:
        extract("paragraphs.docx", many_paragraphs(2_000_000), Limits(memory_bytes=300_000_000, unpacking_ratio=10_000))

    assert refused.value.reason == "too_complex"


def test_bad_files_are_kept_as_failed(aira: Aira, tmp_path: Path):
    """Each has a row with its code and sentence, none is searchable, and the good file beside them is."""
    add_owner(aira, "ann@example.com")
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    for name, (make, _) in IN_THE_DATABASE.items():
        (tmp_path / name).write_bytes(make())
        with pytest.raises(DocumentRefused):
            ingest_document(aira, tmp_path / name, business=business)
    (tmp_path / "good.md").write_text("# Parking\n\nPark in the courtyard behind the house.")
    ingest_document(aira, tmp_path / "good.md", business=business)

    documents = {document.file_name: document for document in list_documents(aira, business=business)}
    found = search_knowledge(aira, "Where can I park?", business=business)

    good = documents.pop("good.md")
    assert {name: document.error_code for name, document in documents.items()} == {
        name: code for name, (_, code) in IN_THE_DATABASE.items()
    }
    assert {document.processing_status for document in documents.values()} == {DocumentStatus.FAILED}
    assert all(document.error_message for document in documents.values())
    assert {hit.document_id for hit in found.hits} == {good.id}


def test_a_file_of_no_known_kind_is_refused_at_the_door(aira: Aira, tmp_path: Path):
    """It is not stored and leaves no row."""
    add_owner(aira, "ann@example.com")
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    (tmp_path / "song.mp3").write_bytes(b"ID3")

    with pytest.raises(DocumentRefused) as refused:
        ingest_document(aira, tmp_path / "song.mp3", business=business)

    assert refused.value.reason == "unsupported"
    assert list_documents(aira, business=business) == []
