"""`aira db` and `aira worker`: the database from the command line."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aira.cli.main import run
from aira.core.db import Database, fetch_value, masked_url, migrations


def test_migrate_says_what_it_did(empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The first run applies everything, the second finds nothing to do."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    codes = [run(["db", "migrate"]), run(["db", "migrate"])]

    assert codes == [0, 0]
    assert capsys.readouterr().out == f"Applied {len(migrations())} migrations.\nThe database is up to date.\n"


def test_migrate_names_the_versions_as_json(empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A program reads which migrations were applied."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    code = run(["db", "migrate", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"applied": [migration.version for migration in migrations()]}


def test_status_lists_every_migration(empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Piped, a line is version, name and whether it is applied."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    code = run(["db", "status"])

    assert code == 0
    assert capsys.readouterr().out == "".join(f"{one.version}\t{one.name}\tno\n" for one in migrations())


def test_url_hides_the_password(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The address can be shown around; nothing is connected to."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:secret@db.invalid:6543/postgres")

    code = run(["db", "url"])

    assert (code, capsys.readouterr().out) == (0, "postgresql://ann:***@db.invalid:6543/postgres\n")


def test_url_as_json(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A program reads the same."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    code = run(["db", "url", "--json"])

    assert (code, json.loads(capsys.readouterr().out)) == (0, {"url": masked_url(database_url)})


def test_an_unreachable_database_exits_7(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Nobody answers: an error, a hint, and the code that cron can tell from others."""
    monkeypatch.setenv("DATABASE_URL", f"postgresql:///aira?host={tmp_path}")

    code = run(["db", "status"])

    captured = capsys.readouterr()
    assert (code, captured.out) == (7, "")
    assert captured.err.startswith("error: The database cannot be reached: ")
    assert "hint: Run `aira db url` to see which database is meant" in captured.err


def test_a_url_that_is_none_exits_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """A setting that cannot be read is a matter of set-up."""
    monkeypatch.setenv("DATABASE_URL", "mysql://nonsense")

    code = run(["db", "status"])

    assert code == 3
    assert capsys.readouterr().err.startswith("error: DATABASE_URL is not a PostgreSQL URL.\n")


def test_a_worker_runs_until_it_is_told_to_stop(database: Database, tmp_path: Path):
    """The worker says that it works, and SIGTERM ends it with exit code 0."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "aira", "worker", "--concurrency", "3"],
        env={"DATABASE_URL": database.url, "AIRA_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while worker.poll() is None and not _workers(database):
        time.sleep(0.05)

    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=60)

    assert (worker.returncode, said) == (0, "Working on 3 jobs at once; Ctrl-C stops.\n")
    assert _workers(database) == 0


def test_a_worker_needs_a_migrated_database(empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Without the queue there is nothing to work on."""
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    code = run(["worker"])

    assert code == 3
    assert "hint: Run `aira db migrate`." in capsys.readouterr().err


def _workers(database: Database) -> int:
    with database.transaction() as connection:
        return fetch_value(connection, "select count(*) from jobs.procrastinate_workers")
