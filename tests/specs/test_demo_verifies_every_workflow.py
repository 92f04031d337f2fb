"""`aira demo` performs every workflow and tells the truth about it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from aira.cli.demo import papers
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

STEPS_TYPED = 10
STEPS_WITH_AUDIO = 12


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for temporary files that the database's own user can get through, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="aira-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def _demo(*options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "aira", "demo", *options]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=280)


def test_a_typed_demo_verifies_each_step_and_leaves_nothing(folder: Path) -> None:
    """Each step is verified against the database, and the world is gone afterwards."""
    done = _demo("--fast", "--json", TMPDIR=str(folder))

    report = json.loads(done.stdout)
    assert (done.returncode, report["verified"], len(report["steps"])) == (0, True, STEPS_TYPED)
    assert list(folder.glob("aira-demo-*")) == []


@pytest.mark.voice
@pytest.mark.timeout(300)
def test_a_demo_with_audio_runs_over_twilios_api_and_is_heard(folder: Path) -> None:
    """The number is bought over Twilio's API, a caller rings with audio, and speech-to-text hears the PDF's price in the recording."""
    with TwilioServer() as twilio:
        settings = {"TWILIO_API_URL": twilio.url, "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        done = _demo("--keep", "--json", AIRA_CARRIER="twilio", TMPDIR=str(folder), **settings)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    heard = next(step for step in report["steps"] if step["name"].startswith("The recording listened to"))
    (kept,) = folder.glob("aira-demo-*")
    assert len(report["steps"]) == STEPS_WITH_AUDIO
    assert papers.PRICE_IN_PDF in heard["evidence"] or "eighty" in heard["evidence"]
    assert {"call.wav", "transcript.txt"} <= {path.name for path in kept.iterdir()}


def test_a_step_that_cannot_be_verified_fails_the_demo(monkeypatch, capsys) -> None:
    """With a price list that does not name the price, the exit code is not 0 and the step is named."""
    monkeypatch.setattr(papers, "PRICES", (("Haircut", "30 min", "$25"),))
    from aira.cli.main import run

    code = run(["demo", "--fast"])

    captured = capsys.readouterr()
    assert code == 1
    assert "failed  A PDF and a DOCX read into the knowledge base" in captured.out
    assert "the price is not found in the PDF" in captured.err
