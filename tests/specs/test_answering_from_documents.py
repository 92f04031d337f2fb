"""What a caller asks is answered from the business's own documents, with where it stands, and never from another's."""

import threading
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from aira.core import add_business, add_owner, ingest_document, remove_document, search_knowledge
from aira.core.app import Aira
from aira.errors import InvalidInput, NotFound
from paperwork import price_list_md

BUSINESSES = Path(__file__).parents[2] / "benchmarks" / "data" / "small_businesses"


@pytest.fixture
def aira(aira: Aira) -> Aira:
    """A handle with one owner."""
    add_owner(aira, "ann@example.com")
    return aira


@pytest.fixture
def salon(aira: Aira) -> UUID:
    """A salon with what callers ask about."""
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    ingest_document(aira, BUSINESSES / "salon.md", business=business)
    return business


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What do you charge for a man's haircut?", "Men's cut | 30 min | $38"),
        ("Are you open on Mondays?", "We are closed on Sundays and Mondays."),
        ("Can I bring my dog along?", "Well-behaved dogs are welcome"),
        ("Which bus goes to you?", "The number 14 bus stops"),
        ("How long is a voucher good for?", "They are valid for two years"),
    ],
)
def test_a_question_finds_its_answer(aira: Aira, salon: UUID, question: str, answer: str):
    """In the words of a caller, not of the document."""
    found = search_knowledge(aira, question, business=salon, limit=3)

    assert found.answerable
    assert any(answer in hit.text for hit in found.hits)


@pytest.mark.parametrize("question", ["Do you sell pizza?", "What is the capital of France?", "How do I reset my password?"])
def test_a_question_that_no_document_answers_is_told_apart(aira: Aira, salon: UUID, question: str):
    """The bot takes a message then, instead of making something up."""
    assert not search_knowledge(aira, question, business=salon).answerable


def test_a_business_without_documents_answers_nothing(aira: Aira):
    """And nothing fails."""
    business = add_business(aira, "Empty", time_zone="UTC").id

    found = search_knowledge(aira, "How much is a haircut?", business=business)

    assert (found.answerable, found.hits) == (False, [])


def test_hits_say_where_they_stand(aira: Aira, salon: UUID):
    """File, heading and a score that falls from hit to hit."""
    hits = search_knowledge(aira, "price of highlights", business=salon).hits

    assert hits[0].file_name == "salon.md"
    assert hits[0].heading == "Willow Lane Hair Studio > Prices"
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_budget_of_words_is_kept(aira: Aira, salon: UUID):
    """What a bot can say or a model can read."""
    hits = search_knowledge(aira, "opening hours", business=salon, limit=20, budget_words=120).hits

    assert hits
    assert sum(len(hit.text.split()) for hit in hits) <= 120


def test_a_search_without_room_for_a_hit_is_refused(aira: Aira, salon: UUID):
    """At least one hit of at least one word."""
    with pytest.raises(InvalidInput):
        search_knowledge(aira, "prices", business=salon, limit=0)
    with pytest.raises(InvalidInput):
        search_knowledge(aira, "prices", business=salon, budget_words=0)


def test_an_unknown_business_is_told(aira: Aira):
    """Not answered as if it had no documents."""
    with pytest.raises(NotFound):
        search_knowledge(aira, "prices", business=uuid4())


def test_another_process_change_is_seen_at_the_next_question(aira: Aira, salon: UUID, tmp_path: Path):
    """What was loaded is dropped as soon as the business's documents change, by whomever."""
    path = tmp_path / "news.md"
    path.write_text("From Monday on we offer ear piercing for thirty dollars.")
    before = search_knowledge(aira, "ear piercing", business=salon, limit=1)
    document = ingest_document(aira, path, business=salon)
    after = search_knowledge(aira, "ear piercing", business=salon, limit=1)

    remove_document(aira, document.id)

    last = search_knowledge(aira, "ear piercing", business=salon, limit=1)
    assert [found.answerable for found in (before, after, last)] == [False, True, False]


def test_a_reader_never_sees_two_versions_at_once(aira: Aira, tmp_path: Path):
    """While a document is replaced again and again, every search shows one revision of it, and never nothing."""
    business = add_business(aira, "Willow Lane", time_zone="UTC").id
    path = tmp_path / "prices.md"
    path.write_bytes(_revision(0))
    ingest_document(aira, path, business=business)
    done = threading.Event()

    def rewrite():
        for number in range(1, 6):
            path.write_bytes(_revision(number))
            ingest_document(aira, path, business=business)
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while not done.is_set():
        hits = search_knowledge(aira, "price of service", business=business, limit=50).hits
        seen.append({word for hit in hits for word in hit.text.split() if word.startswith("revision")})
    writer.join()

    assert all(len(revisions) == 1 for revisions in seen)


def _revision(number: int) -> bytes:
    rows = [("Service", "Price"), *((f"Service {row} of revision{number}", f"${row + number}") for row in range(60))]
    return price_list_md(rows)
