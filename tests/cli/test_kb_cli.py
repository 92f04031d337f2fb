"""`aira kb`: what it prints, and how it ends."""

import io
import json
from pathlib import Path

import pytest

from aira.cli.main import run
from aira.core import add_business, add_owner, list_documents
from aira.core.app import Aira
from aira.core.db import Connection
from paperwork import locked_pdf

HIT_FIELDS = {"document_id", "file_name", "page", "heading", "text", "score"}
PRICES = "# Prices\n\n| Service | Price |\n|---|---|\n| Haircut | $40 |\n| Beard trim | $20 |\n"
PARKING = "# Parking\n\nCustomers park free of charge behind the building.\n"


@pytest.fixture(autouse=True)
def _world(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on the database of the handle, which has a business, in a folder with files."""
    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    add_owner(aira, "ann@example.com")
    add_business(aira, "Salon", time_zone="UTC")
    Path("prices.md").write_text(PRICES)
    Path("parking.md").write_text(PARKING)
    Path("locked.pdf").write_bytes(locked_pdf())


class TestSearch:
    def test_prints_one_object_with_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Query, whether it is answerable, hits."""
        run(["kb", "add", "prices.md", "parking.md", "--business", "Salon"])
        capsys.readouterr()

        code = run(["kb", "search", "How much is a haircut?", "--business", "Salon", "--limit", "1", "--json"])

        found = json.loads(capsys.readouterr().out)
        assert code == 0
        assert found.keys() == {"query", "answerable", "hits"}
        assert found["answerable"] is True
        assert found["hits"][0].keys() == HIT_FIELDS
        assert "Haircut | $40" in found["hits"][0]["text"]

    def test_says_whether_the_documents_answer(self, capsys: pytest.CaptureFixture[str]) -> None:
        """On stderr, beside the nearest passages there are."""
        run(["kb", "add", "parking.md", "--business", "Salon"])
        capsys.readouterr()

        run(["kb", "search", "Where can I park?", "--business", "Salon"])
        answered = capsys.readouterr().err
        run(["kb", "search", "Do you sell pizza?", "--business", "Salon"])
        unanswered = capsys.readouterr().err

        assert (answered, unanswered) == ("The documents answer this.\n", "The documents do not answer this.\n")


class TestDocuments:
    def test_lists_and_shows_a_failed_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It is kept with its code and sentence."""
        run(["kb", "add", "locked.pdf", "--business", "Salon"])
        capsys.readouterr()

        run(["kb", "list", "--json"])
        listed = json.loads(capsys.readouterr().out)
        run(["kb", "show", "locked.pdf", "--business", "Salon", "--json"])
        shown = json.loads(capsys.readouterr().out)

        assert listed == [shown]
        assert (shown["error_code"], shown["error_message"]) == ("encrypted", "The file is protected by a password.")

    def test_reads_again(self, capsys: pytest.CaptureFixture[str]) -> None:
        """As often as wanted."""
        run(["kb", "add", "prices.md", "--business", "Salon"])
        capsys.readouterr()

        code = run(["kb", "retry", "prices.md", "--business", "Salon", "--json"])

        document = json.loads(capsys.readouterr().out)
        assert code == 0
        assert (document["processing_status"], document["active_version"]) == ("completed", 2)

    def test_has_nothing_to_reindex_while_the_model_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty list."""
        run(["kb", "add", "prices.md", "--business", "Salon"])
        capsys.readouterr()

        assert run(["kb", "reindex", "--business", "Salon", "--json"]) == 0
        assert capsys.readouterr().out == "[]\n"

    def test_removes_only_when_told_twice(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """Without a terminal and --yes it exits 2 and keeps the document."""
        run(["kb", "add", "prices.md", "--business", "Salon"])

        refused = run(["kb", "remove", "prices.md", "--business", "Salon"])
        kept = len(list_documents(aira))
        removed = run(["kb", "remove", "prices.md", "--business", "Salon", "--yes"])

        assert (refused, kept, removed, list_documents(aira)) == (2, 1, 0, [])

    def test_verifies_what_is_stored(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 8 where a vector is missing."""
        run(["kb", "add", "prices.md", "--business", "Salon"])
        right = run(["kb", "verify", "--json"])
        with aira.database.transaction() as connection:
            _lose_a_vector(connection)

        wrong = run(["kb", "verify"])

        assert (right, wrong) == (0, 8)
        assert "1 of 1 documents are not stored whole." in capsys.readouterr().err

    def test_an_unknown_document_is_not_found(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With the command that lists them."""
        assert run(["kb", "show", "nothing.md", "--business", "Salon"]) == 5
        assert "aira kb list" in capsys.readouterr().err
        assert run(["kb", "show", "nothing.md"]) == 5
        assert "needs --business" in capsys.readouterr().err


def _lose_a_vector(connection: Connection) -> None:
    connection.execute("delete from kb_windows")
