"""`aira kb`: what it prints, and how it ends."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from aira.cli.main import run
from aira.core import add_business, add_owner, list_documents
from aira.core.app import Aira
from aira.core.db import Connection
from paperwork import locked_pdf

DOCUMENT_FIELDS = {"id", "business_id", "file_name", "processing_status", "error_code", "chunk_count", "pages_total", "pages_with_text"}
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


class TestAdd:
    def test_one_file_gives_its_document(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With the fields that scripts count on."""
        code = run(["kb", "add", "prices.md", "--business", "Salon", "--json"])

        out, err = capsys.readouterr()
        document = json.loads(out)
        assert (code, err) == (0, "")
        assert document.keys() >= DOCUMENT_FIELDS
        assert (document["file_name"], document["processing_status"], document["chunk_count"]) == ("prices.md", "completed", 1)

    def test_several_files_give_one_summary(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A bad one among them is told, stops none of the others, and ends in exit code 8."""
        code = run(["kb", "add", "prices.md", "locked.pdf", "parking.md", "--business", "Salon"])

        out, err = capsys.readouterr()
        assert code == 8
        assert out == dedent("""\
            prices.md\tcompleted\t1\t\t
            locked.pdf\tfailed\t\tencrypted\tThe file is protected by a password.
            parking.md\tcompleted\t1\t\t
            """)
        assert err.endswith(
            dedent("""\
            error: 1 of 3 files were not taken in.
            hint: Correct those files and run the same command again; the others are not read twice.
            """)
        )

    def test_what_was_interrupted_is_finished_by_the_same_command(self, aira: Aira) -> None:
        """Files that were taken in before are not read again."""
        Path("many").mkdir()
        for number in range(40):
            Path(f"many/{number:02}.md").write_text(f"# Rule {number}\n\nRule {number} holds on every working day of the year.\n")
        command = [sys.executable, "-m", "aira", "kb", "add", "many", "--business", "Salon"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as first:
            for _ in range(3):
                first.stderr.readline()
            first.send_signal(signal.SIGINT)
            first.stderr.read()
        before = {document.id: document.processed_at for document in list_documents(aira) if document.chunk_count}

        second = subprocess.run(command, capture_output=True, text=True, check=False)

        after = {document.id: document.processed_at for document in list_documents(aira) if document.chunk_count}
        assert first.returncode == 130
        assert 3 <= len(before) < 40
        assert second.returncode == 0
        assert len(after) == 40
        assert before.items() <= after.items()

    def test_folders_and_patterns_are_looked_into(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """Only files of a kind that is read are taken, each once."""
        Path("more/deep").mkdir(parents=True)
        Path("more/deep/rules.txt").write_text("Small dogs are welcome as long as they stay on a lead.")
        Path("more/song.mp3").write_bytes(b"ID3")

        code = run(["kb", "add", "more", "p*.md", "prices.md", "--business", "Salon", "--json"])

        summary = json.loads(capsys.readouterr().out)
        assert code == 0
        assert (summary["added"], summary["failed"]) == (3, 0)
        assert [document.file_name for document in list_documents(aira)] == ["parking.md", "prices.md", "rules.txt"]

    def test_a_refused_file_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        """With its code and what to do, as one object on stderr."""
        code = run(["kb", "add", "locked.pdf", "--business", "Salon", "--json"])

        out, err = capsys.readouterr()
        assert (code, out) == (4, "")
        assert json.loads(err)["error"] == {
            "code": "encrypted",
            "message": "The file is protected by a password.",
            "hint": "Save a copy without a password and add that.",
            "retryable": False,
        }

    def test_files_that_are_all_refused_are_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Repeating the command would not help."""
        Path("empty.txt").write_text("")

        code = run(["kb", "add", "locked.pdf", "empty.txt", "--business", "Salon"])

        assert code == 4
        assert "None of the 2 files could be read." in capsys.readouterr().err

    def test_without_waiting_a_worker_reads(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The document is pending."""
        code = run(["kb", "add", "prices.md", "--business", "Salon", "--no-wait", "--json"])

        assert code == 0
        assert json.loads(capsys.readouterr().out)["processing_status"] == "pending"

    @pytest.mark.parametrize(
        ("arguments", "code"), [(["missing.md", "-b", "Salon"], 5), (["prices.md", "-b", "Nobody"], 5), (["*.xyz", "-b", "Salon"], 2)]
    )
    def test_what_is_not_there_is_told(self, arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
        """A file, a business, a pattern that fits nothing."""
        assert run(["kb", "add", *arguments]) == code
        assert "error: " in capsys.readouterr().err


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


def _lose_a_vector(connection: Connection) -> None:
    connection.execute("delete from kb_windows")
