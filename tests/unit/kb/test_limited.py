"""A file is read in a process of its own, which gives back what it read or says why not."""

import threading
import time

import psutil
import pytest

from aira.errors import DocumentRefused, VendorError
from aira.kb.document import Limits
from aira.kb.extract import file_format, read_blocks, read_document
from aira.kb.limited import LimitedReading, extract
from bad_files import doubling_forms
from paperwork import handbook_docx, price_list_pdf

GOOD = {
    "prices.pdf": price_list_pdf,
    "handbook.docx": handbook_docx,
    "notes.txt": lambda: b"PRICES\n\nA haircut is forty dollars, with a wash.",
    "notes.md": lambda: b"# Prices\n\nA haircut is forty dollars, with a wash.",
    "page.html": lambda: b"<h1>Prices</h1><p>A haircut is forty dollars.</p>",
    "prices.csv": lambda: b"Service,Price\nHaircut,$40\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_the_child_reads_what_this_process_would(name: str):
    """Nothing is lost on the way back."""
    content = GOOD[name]()

    assert extract(name, content) == read_document(name, content)


@pytest.mark.parametrize(
    ("name", "format_"), [("A.PDF", "pdf"), ("a.b.docx", "docx"), ("x.htm", "html"), ("x.tsv", "csv"), ("x.log", "text")]
)
def test_the_name_tells_the_format(name: str, format_: str):
    """By its ending, in capitals or not."""
    assert file_format(name) == format_


@pytest.mark.parametrize("name", ["song.mp3", "README", ".pdf", "archive.tar.gz"])
def test_other_names_are_refused(name: str):
    """With the formats that are read as hint."""
    with pytest.raises(DocumentRefused) as refused:
        file_format(name)

    assert refused.value.reason == "unsupported"
    assert "PDF, DOCX" in refused.value.hint


def test_a_file_larger_than_the_limit_is_refused():
    """Without being read to its end."""
    with pytest.raises(DocumentRefused, match="larger than 1 MB") as refused:
        extract("long.txt", b"word " * 300_000, Limits(file_bytes=1_000_000))

    assert refused.value.reason == "too_large"


def test_more_characters_than_the_limit_are_refused():
    """However small the file is."""
    with pytest.raises(DocumentRefused, match="more than 1,000 characters") as refused:
        extract("long.md", b"word. " * 300, Limits(characters=1_000))

    assert refused.value.reason == "too_large"


def test_a_child_that_gives_up_is_read_no_further():
    """What it has read before it came to the limit is of no use: it would be embedded for minutes and thrown away."""
    blocks = LimitedReading("long.md", b"A rule.\n\n" * 20_000, Limits(characters=100_000)).blocks()
    taken = [next(blocks)]
    while _children_at_work():
        time.sleep(0.01)

    with pytest.raises(DocumentRefused, match="more than 100,000 characters"):
        taken.extend(blocks)

    assert len(taken) < 5_000


def test_a_reading_is_stopped_at_once():
    """With its child, and without a word against the file."""
    stop = threading.Event()
    blocks = LimitedReading("doubling.pdf", doubling_forms(), stop=stop).blocks()
    stop.set()

    with pytest.raises(VendorError) as interrupted:
        next(blocks)

    assert (interrupted.value.reason, interrupted.value.retryable) == ("interrupted", True)
    assert not _children_at_work()


def _children_at_work() -> bool:
    return any(child.status() != psutil.STATUS_ZOMBIE and "aira.kb.child" in child.cmdline() for child in psutil.Process().children())


def test_a_child_without_memory_is_told_from_a_damaged_file():
    """A limit that does not even hold the program ends in too_complex or corrupt, never in a hang."""
    with pytest.raises(DocumentRefused) as refused:
        extract("prices.pdf", price_list_pdf(), Limits(memory_bytes=60_000_000))

    assert refused.value.reason in {"too_complex", "corrupt"}


def test_blocks_of_a_trusted_file_are_read_here():
    """For programs that bring their own files."""
    assert [block.text for block in read_blocks("notes.md", GOOD["notes.md"]())] == ["Prices", "A haircut is forty dollars, with a wash."]
