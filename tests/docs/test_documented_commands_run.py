"""Each page's commands work from top to bottom, typed into a fresh world as a reader would type them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aira.cli.main import run
from documented import PAGES, arguments, commands_of, settings_of
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

SPOKEN = "aira simulate call"
"""Takes as long as a call and is performed by tests of its own."""
TOP = ("aira demo", "python3 dev.py")
"""What installs or performs everything; performed by CI itself."""


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(page: Path, database_url: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """Every line exits 0."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AIRA_HOME", str(tmp_path / "home"))
    with TwilioServer() as twilio:
        account = {"TWILIO_API_URL": twilio.url, "TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}
        for name, value in {**settings_of(page), **account}.items():
            monkeypatch.setenv(name, value)
        for command in commands_of(page):
            if command.startswith((SPOKEN, *TOP)):
                continue
            code = _typed(command)
            assert code == 0, f"{command}\n{capsys.readouterr().err}"


def _typed(command: str) -> int:
    if command.startswith("aira ") and "|" not in command:
        return run(arguments(command))
    return subprocess.run(
        ["bash", "-c", command], env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ).returncode
