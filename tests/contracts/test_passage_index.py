"""Every PassageIndex keeps the vectors of businesses apart, versions whole, and what it has written findable."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import numpy as np
import pytest
from pydantic import SecretStr

from aira.adapters.pgvector import PgvectorIndex
from aira.adapters.pinecone import PineconeIndex
from aira.core import add_business, add_owner
from aira.core.app import Aira
from aira.core.db import fetch_value
from aira.errors import CredentialsRefused, DocumentRefused, NotFound, SetupError, VendorError
from aira.ports import IndexedWindow, PassageIndex
from aira.settings import Settings
from pinecone_server import API_KEY, Fault, PineconeServer, Record

ADD_DOCUMENT = """
insert into documents (business_id, file_name, storage_path) values (%(business)s, %(name)s, %(business)s::text || '/file') returning id
"""


OPENED: list[PineconeIndex] = []


@pytest.fixture
def pinecone() -> Iterator[PineconeServer]:
    """A Pinecone that finds what was written a moment later."""
    with PineconeServer(delay=0.1) as server:
        yield server
        server.released.set()
        while OPENED:
            OPENED.pop().close()


@pytest.fixture(params=["pgvector", "pinecone"])
def index(request: pytest.FixtureRequest, aira: Aira) -> PassageIndex:
    """One of the indexes."""
    if request.param == "pgvector":
        return PgvectorIndex(aira.database)
    return client(request.getfixturevalue("pinecone"))


@pytest.fixture
def businesses(aira: Aira) -> list[UUID]:
    """Two businesses."""
    add_owner(aira, "ann@example.com")
    return [add_business(aira, name, time_zone="UTC").id for name in ("Ann's", "Bob's")]


def client(server: PineconeServer, **settings: object) -> PineconeIndex:
    """The adapter of a server."""
    OPENED.append(PineconeIndex(Settings(**{"pinecone_api_key": SecretStr(API_KEY), "pinecone_host": server.url, **settings})))
    return OPENED[-1]


def document(aira: Aira, business: UUID) -> UUID:
    """A document that vectors can belong to."""
    with aira.database.transaction() as connection:
        return fetch_value(connection, ADD_DOCUMENT, {"business": business, "name": uuid4().hex})


def windows(count: int, *, seed: int = 0) -> list[IndexedWindow]:
    """Windows with vectors of unit length, five to a chunk."""
    vectors = np.random.default_rng(seed).normal(size=(count, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [IndexedWindow(number // 5, number % 5, f"text {number}", vector) for number, vector in enumerate(vectors)]


def test_the_nearest_windows_come_first(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """All of them, in the order of their similarity, which is the cosine."""
    id_, written = document(aira, businesses[0]), windows(40)
    index.write(businesses[0], id_, 1, written)

    found = index.search(businesses[0], written[7].vector, limit=40)

    exact = sorted((float(window.vector @ written[7].vector) for window in written), reverse=True)
    assert (found[0].document_id, found[0].version, found[0].chunk, found[0].window) == (id_, 1, 1, 2)
    assert [match.similarity for match in found] == pytest.approx(exact, abs=2e-3)


def test_a_search_gives_as_many_as_it_may(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """`limit` of them, or all there are, whatever other businesses hold."""
    index.write(businesses[0], document(aira, businesses[0]), 1, windows(3))
    index.write(businesses[1], document(aira, businesses[1]), 1, windows(60, seed=1))

    lengths = {limit: len(index.search(businesses[0], windows(1)[0].vector, limit=limit)) for limit in (1, 3, 10)}

    assert lengths == {1: 1, 3: 3, 10: 3}


def test_what_is_written_is_found_when_writing_returns(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """Counted and searched, with more windows than one request takes."""
    id_ = document(aira, businesses[0])

    index.write(businesses[0], id_, 1, windows(230))

    assert index.counts(businesses[0]) == {(id_, 1): 230}
    assert len(index.search(businesses[0], windows(1)[0].vector, limit=230)) == 230


def test_writing_again_changes_nothing(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """An attempt that is repeated leaves no second copy."""
    id_ = document(aira, businesses[0])
    for _ in range(3):
        index.write(businesses[0], id_, 1, windows(12))

    assert index.counts(businesses[0]) == {(id_, 1): 12}


def test_no_business_finds_removes_or_counts_another_ones_windows(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """Not even by the right document id."""
    ann, bob = businesses
    id_ = document(aira, bob)
    index.write(bob, id_, 1, windows(10))

    found = index.search(ann, windows(1)[0].vector, limit=10)
    index.remove(ann, id_)

    assert found == []
    assert index.counts(ann) == {}
    assert index.counts(bob) == {(id_, 1): 10}


def test_old_versions_are_removed_beside_the_one_that_is_kept(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """And version 1 is not taken for version 10."""
    id_ = document(aira, businesses[0])
    for version in (1, 2, 10):
        index.write(businesses[0], id_, version, windows(8, seed=version))

    index.remove(businesses[0], id_, versions=range(10))

    assert index.counts(businesses[0]) == {(id_, 10): 8}


def test_one_version_is_removed_beside_the_others(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """A reading that failed takes nothing with it."""
    id_ = document(aira, businesses[0])
    for version in (1, 11, 111):
        index.write(businesses[0], id_, version, windows(4, seed=version))

    index.remove(businesses[0], id_, versions=[11])

    assert index.counts(businesses[0]) == {(id_, 1): 4, (id_, 111): 4}


def test_what_goes_wrong_while_windows_are_made_is_raised(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """As it is, so that a file that ends badly is told from a vendor that failed."""

    def made():
        yield from windows(600)
        raise DocumentRefused("The file ends in the middle.")

    with pytest.raises(DocumentRefused, match="in the middle"):
        index.write(businesses[0], document(aira, businesses[0]), 1, made())


def test_a_removed_document_is_gone_and_others_stay(index: PassageIndex, aira: Aira, businesses: list[UUID]):
    """Removing it again is fine."""
    gone, kept = document(aira, businesses[0]), document(aira, businesses[0])
    index.write(businesses[0], gone, 1, windows(7))
    index.write(businesses[0], kept, 1, windows(5))

    for _ in range(2):
        index.remove(businesses[0], gone)

    assert {match.document_id for match in index.search(businesses[0], windows(1)[0].vector, limit=50)} == {kept}


def test_a_business_without_windows_has_none(index: PassageIndex, businesses: list[UUID]):
    """Nothing fails where nothing was written."""
    index.remove(businesses[0], uuid4())

    assert index.search(businesses[0], windows(1)[0].vector, limit=5) == []
    assert index.counts(businesses[0]) == {}


def test_pgvector_hands_out_what_it_keeps(aira: Aira, businesses: list[UUID]):
    """Keys and vectors of one business, as near to the written ones as half precision is."""
    index, id_, written = PgvectorIndex(aira.database), document(aira, businesses[0]), windows(20)
    index.write(businesses[0], id_, 3, written)
    index.write(businesses[1], document(aira, businesses[1]), 1, windows(5))

    stored = index.load(businesses[0])

    vectors = dict(zip(stored.keys, stored.vectors, strict=True))
    assert set(vectors) == {(id_, 3, window.chunk, window.window) for window in written}
    assert all(np.allclose(vectors[id_, 3, window.chunk, window.window], window.vector, atol=1e-3) for window in written)


def test_pgvector_refuses_vectors_of_other_models(aira: Aira, businesses: list[UUID]):
    """Its column has 384 dimensions."""
    long = IndexedWindow(0, 0, "text", np.ones(768, np.float32))

    with pytest.raises(SetupError, match="768 dimensions"):
        PgvectorIndex(aira.database).write(businesses[0], document(aira, businesses[0]), 1, [long])


def test_pgvector_refuses_windows_of_a_document_that_is_gone(aira: Aira, businesses: list[UUID]):
    """Nothing is written for it."""
    with pytest.raises(NotFound):
        PgvectorIndex(aira.database).write(businesses[0], uuid4(), 1, windows(1))


def test_pinecone_hands_out_no_vectors(pinecone: PineconeServer, businesses: list[UUID]):
    """It is searched where it is."""
    assert client(pinecone).load(businesses[0]) is None


def test_pinecone_throws_away_what_belongs_to_another_business(pinecone: PineconeServer, businesses: list[UUID]):
    """Even where the service itself answers wrongly."""
    pinecone.foreign = Record(id=f"{uuid4()}#1#0#0", values=[1.0] * 384, metadata={"business_id": str(businesses[1])})

    assert client(pinecone).search(businesses[0], windows(1)[0].vector, limit=5) == []


def test_pinecone_ignores_records_that_are_not_ours(pinecone: PineconeServer, businesses: list[UUID]):
    """Another program may keep records in the same index."""
    pinecone.foreign = Record(id="somebody's", values=[1.0] * 384, metadata={"business_id": str(businesses[0])})

    assert client(pinecone).search(businesses[0], windows(1)[0].vector, limit=5) == []


def test_pinecone_that_refuses_a_batch_fails_the_write(pinecone: PineconeServer, businesses: list[UUID]):
    """The service's client reports it without raising."""
    pinecone.faults.append(Fault("/vectors/upsert", times=1, status=400))

    with pytest.raises(VendorError, match=r"took (50|100) of 150"):
        client(pinecone).write(businesses[0], uuid4(), 1, windows(150))


@pytest.mark.parametrize("fault", [Fault("/query", status=429), Fault("/query", status=503), Fault("/query", drop=True)])
def test_pinecone_that_stumbles_once_answers(pinecone: PineconeServer, businesses: list[UUID], fault: Fault):
    """Throttling, overload and a cut connection are tried again at once."""
    index, id_ = client(pinecone), uuid4()
    index.write(businesses[0], id_, 1, windows(3))
    pinecone.faults.append(fault)

    try:
        found = index.search(businesses[0], windows(1)[0].vector, limit=3)
    except VendorError:
        found = index.search(businesses[0], windows(1)[0].vector, limit=3)

    assert len(found) == 3


def test_pinecone_that_is_slow_does_not_keep_a_caller_waiting(pinecone: PineconeServer, businesses: list[UUID]):
    """A search ends with an error long before the caller hangs up."""
    pinecone.faults.append(Fault("/query", times=5, seconds=4.0))

    with pytest.raises(VendorError):
        client(pinecone).search(businesses[0], windows(1)[0].vector, limit=3)


def test_pinecone_that_does_not_know_the_key_is_told_so(pinecone: PineconeServer, businesses: list[UUID]):
    """The operator hears which setting to correct."""
    with pytest.raises(CredentialsRefused) as refused:
        client(pinecone, pinecone_api_key=SecretStr("wrong")).counts(businesses[0])

    assert "PINECONE_API_KEY" in refused.value.hint


def test_pinecone_without_a_key_is_not_set_up(pinecone: PineconeServer, businesses: list[UUID]):
    """Said before anything is sent."""
    with pytest.raises(SetupError, match="needs an API key"):
        client(pinecone, pinecone_api_key=None).counts(businesses[0])

    assert pinecone.requests == []


def test_pinecone_is_found_by_the_name_of_its_index(pinecone: PineconeServer, businesses: list[UUID], monkeypatch: pytest.MonkeyPatch):
    """Without a host the service is asked for it, once."""
    monkeypatch.setenv("PINECONE_CONTROLLER_HOST", pinecone.url)
    index = client(pinecone, pinecone_host=None, pinecone_index="knowledge")

    index.counts(businesses[0])
    index.counts(businesses[0])

    assert pinecone.requests == ["/indexes/knowledge", "/vectors/list", "/vectors/list"]
