"""A document is read whole, once, and found from the moment it is `completed`; a new version replaces the old one at once."""

import resource
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from pydantic import SecretStr

from aira.adapters.pinecone import PineconeIndex
from aira.core import (
    add_business,
    add_document,
    add_owner,
    collect_garbage,
    find_document,
    ingest_document,
    list_documents,
    process_document,
    reindex_documents,
    remove_document,
    retry_document,
    search_knowledge,
    verify_documents,
)
from aira.core.app import Aira
from aira.core.db import execute, fetch_value
from aira.core.reading import ATTEMPTS, claim_document, read_claimed
from aira.errors import DocumentRefused, NotFound, VendorError
from aira.model import DocumentStatus
from aira.ports import IndexedWindow
from aira.settings import Settings
from bad_files import doubling_forms
from paperwork import handbook_docx, long_text, price_list_md, price_list_pdf, text_pdf
from pinecone_server import API_KEY, PineconeServer

WINDOWS = "select count(*) from kb_windows"
CHUNKS = "select count(*) from kb_chunks"
BEING_WRITTEN = (
    "update documents set processing_status = 'processing', version = 8, lease_until = now() + interval '1 hour' where id = %(id)s"
)
VERSION = "select kb_version from business_v2 where id = %(id)s"


class CountingEmbedder:
    """Counts the texts it is asked for."""

    def __init__(self, embedder) -> None:
        self._embedder = embedder
        self.model, self.dimensions, self.token_spans = embedder.model, embedder.dimensions, embedder.token_spans
        self.texts = 0
        self.meanwhile = lambda: None

    def embed(self, texts):
        self.texts += len(texts)
        self.meanwhile()
        return self._embedder.embed(texts)


class FailingStore:
    """A file store whose vendor is down."""

    def put(self, key, content, *, content_type):
        raise VendorError("The file store does not answer.")

    def get(self, key):
        raise VendorError("The file store does not answer.")

    def size(self, key):
        raise VendorError("The file store does not answer.")

    def delete(self, key):
        raise VendorError("The file store does not answer.")


class LargeStore:
    """A file store with a file that was uploaded beside AiRa and is larger than any that is read."""

    def size(self, key):
        return 3_000_000_000

    def get(self, key):
        raise AssertionError("three gigabytes were fetched")


@pytest.fixture
def counting(aira: Aira) -> CountingEmbedder:
    """The shipped model, counted."""
    return CountingEmbedder(aira.embedder)


@pytest.fixture
def aira(aira: Aira) -> Aira:
    """A handle with one owner."""
    add_owner(aira, "ann@example.com")
    return aira


@pytest.fixture
def business(aira: Aira) -> UUID:
    """A salon."""
    return add_business(aira, "Willow Lane", time_zone="UTC").id


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """A price list."""
    path = tmp_path / "prices.md"
    path.write_bytes(price_list_md())
    return path


def test_an_ingested_document_is_completed_and_found(aira: Aira, business: UUID, tmp_path: Path):
    """Its pages, passages and windows are counted, and a search answers out of it with where it stands."""
    path = tmp_path / "prices.pdf"
    path.write_bytes(price_list_pdf())

    document = ingest_document(aira, path, business=business)

    found = search_knowledge(aira, "How much is a haircut?", business=business)
    assert document.processing_status is DocumentStatus.COMPLETED
    assert (document.chunk_count, document.pages_total, document.pages_with_text, document.progress) == (1, 1, 1, 1.0)
    assert document.embedding_model == "all-MiniLM-L6-v2"
    assert found.answerable
    assert "Haircut | 30 min | $40" in found.hits[0].text
    assert (found.hits[0].file_name, found.hits[0].page, found.hits[0].heading) == ("prices.pdf", 1, "Price list")


def test_every_row_of_a_price_list_keeps_its_price(aira: Aira, business: UUID, tmp_path: Path):
    """A table of a Word document is found row by row, with its head."""
    path = tmp_path / "handbook.docx"
    path.write_bytes(handbook_docx())

    ingest_document(aira, path, business=business)

    hit = search_knowledge(aira, "price of a root colour", business=business).hits[0]
    assert "Root colour | 90 min | $95" in hit.text
    assert "Service | Time | Price" in hit.text
    assert hit.heading == "Handbook > Prices"


def test_passages_have_five_hundred_words(aira: Aira, business: UUID, tmp_path: Path):
    """A text of 1,000 words without a full stop is three passages, the later two begun 50 words early."""
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"word{number}" for number in range(1000)))

    document = ingest_document(aira, path, business=business)

    with aira.database.transaction() as connection:
        bodies = [row[0].split() for row in connection.execute("select body from kb_chunks order by chunk")]
    assert document.chunk_count == 3
    assert [(body[0], body[-1]) for body in bodies] == [("word0", "word499"), ("word450", "word949"), ("word900", "word999")]


def test_the_same_file_again_is_no_work(aira: Aira, business: UUID, prices: Path, counting: CountingEmbedder, tmp_path: Path):
    """Ten times the same content, under the same name or another, is one document that is read once."""
    aira = replace(aira, embedder=counting)
    copy = tmp_path / "copy.md"
    copy.write_bytes(prices.read_bytes())

    documents = [ingest_document(aira, path, business=business) for path in [prices, copy] * 5]

    once = counting.texts
    assert len({document.id for document in documents}) == 1
    assert once == documents[0].window_count == _value(aira, WINDOWS)
    assert len(list_documents(aira, business=business)) == 1


def test_a_new_version_replaces_the_old_one(aira: Aira, business: UUID, prices: Path):
    """What stood only in the old file is gone, nothing of it stays stored, and programs learn that the knowledge changed."""
    first = ingest_document(aira, prices, business=business)
    before = _value(aira, VERSION, id=business)
    prices.write_bytes(price_list_md((("Service", "Price"), ("Haircut", "$45"))))

    second = ingest_document(aira, prices, business=business)

    texts = " ".join(hit.text for hit in search_knowledge(aira, "haircut price", business=business).hits)
    assert (second.id, second.active_version) == (first.id, first.active_version + 1)
    assert "$45" in texts
    assert "$40" not in texts
    assert _value(aira, WINDOWS) == second.window_count
    assert _value(aira, CHUNKS) == second.chunk_count
    assert _value(aira, VERSION, id=business) > before


def test_a_new_version_that_cannot_be_read_leaves_the_old_one_in_force(aira: Aira, business: UUID, prices: Path):
    """A bad file is `failed`; callers still hear the old answer."""
    ingest_document(aira, prices, business=business)
    prices.write_bytes(b"\x00\x01\x02" * 100)

    with pytest.raises(DocumentRefused) as refused:
        ingest_document(aira, prices, business=business)

    (document,) = list_documents(aira, business=business)
    assert refused.value.reason == "unsupported"
    assert document.processing_status is DocumentStatus.FAILED
    assert "$40" in search_knowledge(aira, "haircut price", business=business).hits[0].text


def test_a_removed_document_is_found_no_more(aira: Aira, business: UUID, prices: Path):
    """Row, passages, vectors and file go together."""
    document = ingest_document(aira, prices, business=business)

    remove_document(aira, document.id)

    assert search_knowledge(aira, "haircut price", business=business).hits == []
    assert _value(aira, WINDOWS) == _value(aira, CHUNKS) == 0
    with pytest.raises(NotFound):
        aira.files.get(document.storage_path)


def test_a_worker_reads_what_was_only_added(aira: Aira, business: UUID, prices: Path):
    """Adding returns at once with `pending`; processing completes it; processing again changes nothing."""
    added = add_document(aira, prices, business=business)

    processed = process_document(aira, added.id)
    again = process_document(aira, added.id)

    assert added.processing_status is DocumentStatus.PENDING
    assert processed.processing_status is DocumentStatus.COMPLETED
    assert again == processed


def test_a_file_too_large_to_be_read_is_not_fetched(aira: Aira, business: UUID, prices: Path):
    """Whoever uploaded it: a reader's memory is not filled by it."""
    document = add_document(aira, prices, business=business)

    processed = process_document(replace(aira, files=LargeStore()), document.id)

    assert (processed.processing_status, processed.error_code) == (DocumentStatus.FAILED, "too_large")


def test_reading_takes_no_more_of_the_processor_than_is_set(aira: Aira, business: UUID, tmp_path: Path):
    """`AIRA_READING_SECONDS` ends a file that would go on for minutes."""
    path = tmp_path / "doubling.pdf"
    path.write_bytes(doubling_forms())
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    with pytest.raises(DocumentRefused) as refused:
        ingest_document(replace(aira, settings=aira.settings.model_copy(update={"aira_reading_seconds": 1})), path, business=business)

    assert refused.value.reason == "timeout"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 10


def test_two_readers_do_not_read_the_same_document(aira: Aira, business: UUID, prices: Path):
    """A document that somebody reads is not given to another until its lease is over."""
    document = add_document(aira, prices, business=business)
    claim = claim_document(aira, document.id)

    at_once = claim_document(aira, document.id)
    aira.clock.move(minutes=3)
    later = claim_document(aira, document.id)

    assert at_once is None
    assert later.version == claim.version + 1


def test_a_reader_that_was_overtaken_changes_nothing(aira: Aira, business: UUID, prices: Path):
    """The version of the one who holds the document stands, whichever finishes last."""
    document = add_document(aira, prices, business=business)
    slow = claim_document(aira, document.id)
    aira.clock.move(minutes=3)
    process_document(aira, document.id)

    read_claimed(aira, slow)

    found = find_document(aira, document.id)
    assert found.active_version == slow.version + 1
    assert _value(aira, WINDOWS) == found.window_count


def test_a_document_replaced_while_it_is_read_ends_as_the_new_one(aira: Aira, business: UUID, prices: Path, counting: CountingEmbedder):
    """The reader of the old content gives up; the new content is read and found."""
    document = add_document(aira, prices, business=business)

    def replace_it():
        counting.meanwhile = lambda: None
        prices.write_bytes(price_list_md((("Service", "Price"), ("Haircut", "$45"))))
        add_document(aira, prices, business=business)

    counting.meanwhile = replace_it
    overtaken = process_document(replace(aira, embedder=counting), document.id)
    process_document(aira, document.id)

    assert overtaken.processing_status is DocumentStatus.PENDING
    assert "$45" in search_knowledge(aira, "haircut price", business=business).hits[0].text


def test_a_document_removed_while_it_is_read_stays_removed(aira: Aira, business: UUID, prices: Path, counting: CountingEmbedder):
    """Nothing of it is written after its row is gone."""
    document = add_document(aira, prices, business=business)
    counting.meanwhile = lambda: remove_document(aira, document.id)

    with pytest.raises(NotFound):
        process_document(replace(aira, embedder=counting), document.id)

    assert _value(aira, WINDOWS) == _value(aira, CHUNKS) == 0


def test_a_vendor_that_is_down_is_tried_again(aira: Aira, business: UUID, prices: Path):
    """The document waits for its next attempt, and reads well once the vendor is back."""
    document = add_document(aira, prices, business=business)

    waiting = process_document(replace(aira, files=FailingStore()), document.id)
    completed = process_document(aira, document.id)

    assert (waiting.processing_status, waiting.error_code) == (DocumentStatus.PENDING, "vendor_failed")
    assert completed.processing_status is DocumentStatus.COMPLETED


def test_a_vendor_that_stays_down_ends_the_attempts(aira: Aira, business: UUID, prices: Path):
    """After the last attempt the document is `failed` and says why; asking anew begins anew."""
    document = add_document(aira, prices, business=business)

    for _ in range(ATTEMPTS):
        failed = process_document(replace(aira, files=FailingStore()), document.id)
    retried = retry_document(aira, document.id)

    assert (failed.processing_status, failed.error_code, failed.attempts) == (DocumentStatus.FAILED, "vendor_failed", ATTEMPTS)
    assert (retried.processing_status, retried.attempts) == (DocumentStatus.PENDING, 0)


def test_an_operator_hears_of_a_vendor_that_is_down(aira: Aira, business: UUID, prices: Path):
    """Ingesting at the command line fails with an error that is worth repeating, and the document is kept for a worker."""
    add_document(aira, prices, business=business)

    with pytest.raises(VendorError, match="does not answer"):
        ingest_document(replace(aira, files=FailingStore()), prices, business=business)

    assert list_documents(aira, business=business)[0].processing_status is DocumentStatus.PENDING


def test_readers_that_die_are_replaced_but_not_for_ever(aira: Aira, business: UUID, prices: Path):
    """A document whose readers die is given to others, and is `failed` after the fifth."""
    document = add_document(aira, prices, business=business)
    seen = []

    for _ in range(ATTEMPTS):
        claim_document(aira, document.id)
        aira.clock.move(minutes=3)
        with aira.database.transaction() as connection:
            fetch_value(connection, "select release_documents(%(now)s)", {"now": aira.clock.now()})
        seen.append(find_document(aira, document.id).processing_status)

    assert seen == [DocumentStatus.PENDING] * (ATTEMPTS - 1) + [DocumentStatus.FAILED]


def test_vectors_of_two_models_are_never_compared(aira: Aira, business: UUID, prices: Path, counting: CountingEmbedder):
    """After a change of model nothing is found until the documents are read anew."""
    ingest_document(aira, prices, business=business)
    counting.model = "another-model"
    changed = replace(aira, embedder=counting)

    before = search_knowledge(changed, "haircut price", business=business)
    reindexed = reindex_documents(changed, business=business)
    process_document(changed, reindexed[0].id)
    after = search_knowledge(changed, "haircut price", business=business)

    assert before.hits == []
    assert after.answerable
    assert reindex_documents(changed, business=business) == []


def test_verify_finds_what_is_missing(aira: Aira, business: UUID, prices: Path):
    """A window whose vector is gone is reported with its document."""
    document = ingest_document(aira, prices, business=business)
    right = verify_documents(aira, business=business)
    with aira.database.transaction() as connection:
        connection.execute("delete from kb_windows where position = 0")

    (check,) = verify_documents(aira, business=business)

    assert [one.ok for one in right] == [True]
    assert (check.ok, check.vectors) == (False, document.window_count - 1)


def test_pages_without_text_are_counted(aira: Aira, business: UUID, tmp_path: Path):
    """A PDF with one empty page among three says so."""
    path = tmp_path / "mixed.pdf"
    path.write_bytes(text_pdf("The first page tells of opening hours.", "", "The third tells of parking."))

    document = ingest_document(aira, path, business=business)

    assert (document.pages_total, document.pages_with_text) == (3, 2)


def test_a_long_document_keeps_its_lease_while_it_is_read(aira: Aira, business: UUID, tmp_path: Path, counting: CountingEmbedder):
    """Between batches the reader says that it is alive, so that slow work is not taken from it."""
    path = tmp_path / "rules.md"
    path.write_text(long_text(150))
    counting.meanwhile = lambda: aira.clock.move(seconds=90)

    document = ingest_document(replace(aira, embedder=counting), path, business=business)

    assert counting.texts > 128
    assert (document.processing_status, document.attempts) == (DocumentStatus.COMPLETED, 1)


def test_times_are_the_clocks(aira: Aira, business: UUID, prices: Path):
    """Rows carry the time of the handle's clock."""
    added = add_document(aira, prices, business=business)
    aira.clock.move(minutes=5)

    processed = process_document(aira, added.id)

    assert processed.processed_at - added.created_at == timedelta(minutes=5)


def _value(aira: Aira, statement: str, **values: object):
    with aira.database.transaction() as connection:
        return fetch_value(connection, statement, values)


def test_vectors_that_nobody_searches_are_collected(aira: Aira, business: UUID, prices: Path):
    """Those of a dead reader go; those in force and those that are being written stay."""
    document = ingest_document(aira, prices, business=business)
    kept = aira.index.counts(business)
    stray = [IndexedWindow(0, 0, "stray", np.full(384, 0.05, np.float32))]
    for version in (7, 8):
        aira.index.write(business, document.id, version, stray)
    with aira.database.transaction() as connection:
        execute(connection, BEING_WRITTEN, {"id": document.id})

    removed = collect_garbage(aira, business=business)

    assert removed == 1
    assert aira.index.counts(business) == kept | {(document.id, 8): 1}


def test_vectors_of_a_document_removed_beside_aira_are_collected(aira: Aira, business: UUID, prices: Path):
    """An index outside the database does not notice that a row is gone."""
    with PineconeServer() as server:
        index = PineconeIndex(Settings(pinecone_api_key=SecretStr(API_KEY), pinecone_host=server.url))
        outside = replace(aira, index=index)
        ingest_document(outside, prices, business=business)
        with aira.database.transaction() as connection:
            execute(connection, "delete from documents", {})

        removed = collect_garbage(outside)

        assert removed > 0
        assert index.counts(business) == {}
        index.close()
