"""`aira kb add`: which files are taken in, what is shown meanwhile, and how it ends."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from aira.cli.main import run
from aira.core import add_business, add_owner, list_documents
from aira.core.app import Aira
from bad_files import doubling_forms
from paperwork import locked_pdf

DOCUMENT_FIELDS = {"id", "business_id", "file_name", "processing_status", "error_code", "chunk_count", "pages_total", "pages_with_text"}
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


def test_one_file_gives_its_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With the fields that scripts count on."""
    code = run(["kb", "add", "prices.md", "--business", "Salon", "--json"])

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document.keys() >= DOCUMENT_FIELDS
    assert (document["file_name"], document["processing_status"], document["chunk_count"]) == ("prices.md", "completed", 1)


def test_several_files_give_one_summary(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_what_was_interrupted_is_finished_by_the_same_command(aira: Aira) -> None:
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


def test_ctrl_c_leaves_what_is_half_read_to_the_next(aira: Aira) -> None:
    """It reaches every process at the terminal; the command ends at once, and the document is not called damaged."""
    Path("slow.pdf").write_bytes(doubling_forms())
    command = [sys.executable, "-m", "aira", "kb", "add", "slow.pdf", "--business", "Salon"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as adding:
        while not any("aira.kb.child" in child.cmdline() for child in psutil.Process(adding.pid).children()):
            assert adding.poll() is None
            time.sleep(0.02)
        os.killpg(adding.pid, signal.SIGINT)
        _, err = adding.communicate()

    (document,) = list_documents(aira)
    assert (adding.returncode, err) == (130, "Stopping; the same command goes on from here.\n")
    assert (document.processing_status, document.error_code) == ("pending", "interrupted")


def test_a_bar_is_shown_on_a_terminal() -> None:
    """It goes with the files, says at once what is wrong with one, and leaves the results alone."""
    main, terminal = os.openpty()
    command = [sys.executable, "-m", "aira", "kb", "add", "prices.md", "locked.pdf", "--business", "Salon"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, text=True) as adding:
        os.close(terminal)
        out = adding.stdout.read()
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end of a terminal is closed
            while piece := os.read(main, 4096):
                shown += piece
    os.close(main)

    assert "2/2" in shown.decode()
    assert "locked.pdf: The file is protected by a password." in shown.decode()
    assert out.startswith("prices.md\tcompleted\t1")


def test_a_pattern_goes_as_deep_as_it_says(aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
    """`**` is any depth; what is hidden, or a lock beside an open document, is not meant."""
    for path in ("shop/a.md", "shop/deep/b.md", "shop/deep/er/c.md", "shop/d.txt", "shop/.git/e.md", "shop/~$f.docx"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"# {path}\n\nThis is what {path} says.\n")

    found = {}
    for pattern in ("shop/*.md", "shop/**/*.md", "shop/**", "shop/*/er/?.md", "shop"):
        run(["kb", "add", pattern, "--business", "Salon", "--json"])
        found[pattern] = json.loads(capsys.readouterr().out)

    names = {pattern: [one["file_name"] for one in summary["documents"]] for pattern, summary in found.items()}
    assert names == {
        "shop/*.md": ["a.md"],
        "shop/**/*.md": ["a.md", "b.md", "c.md"],
        "shop/**": ["a.md", "d.txt", "b.md", "c.md"],
        "shop/*/er/?.md": ["c.md"],
        "shop": ["a.md", "d.txt", "b.md", "c.md"],
    }


def test_two_files_of_one_name_are_not_mixed_up(aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
    """The first is taken in, the other is told to have its name; the same file by two roads is one."""
    Path("other").mkdir()
    Path("other/prices.md").write_text("# Other prices\n\nA haircut is free.\n")

    code = run(["kb", "add", "prices.md", "other/../prices.md", "other/prices.md", "--business", "Salon", "--json"])

    summary = json.loads(capsys.readouterr().out)
    assert code == 8
    assert [(one["processing_status"], one["error_code"]) for one in summary["documents"]] == [
        ("completed", None),
        ("failed", "same_name"),
    ]
    assert summary["documents"][1]["detail"] == "Another file, prices.md, has the same name."


def test_folders_and_patterns_are_looked_into(aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
    """Only files of a kind that is read are taken, each once."""
    Path("more/deep").mkdir(parents=True)
    Path("more/deep/rules.txt").write_text("Small dogs are welcome as long as they stay on a lead.")
    Path("more/song.mp3").write_bytes(b"ID3")

    code = run(["kb", "add", "more", "p*.md", "prices.md", "--business", "Salon", "--json"])

    summary = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (summary["added"], summary["failed"]) == (3, 0)
    assert [document.file_name for document in list_documents(aira)] == ["parking.md", "prices.md", "rules.txt"]


def test_a_refused_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_files_that_are_all_refused_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Repeating the command would not help."""
    Path("empty.txt").write_text("")

    code = run(["kb", "add", "locked.pdf", "empty.txt", "--business", "Salon"])

    assert code == 4
    assert "None of the 2 files could be read." in capsys.readouterr().err


def test_without_waiting_a_worker_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """The document is pending."""
    code = run(["kb", "add", "prices.md", "--business", "Salon", "--no-wait", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out)["processing_status"] == "pending"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["missing.md", "-b", "Salon"], 5), (["prices.md", "-b", "Nobody"], 5), (["*.xyz", "-b", "Salon"], 2)]
)
def test_what_is_not_there_is_told(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A file, a business, a pattern that fits nothing."""
    assert run(["kb", "add", *arguments]) == code
    assert "error: " in capsys.readouterr().err
