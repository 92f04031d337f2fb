"""Somebody who types commands about a barber's calendar."""

import json
from pathlib import Path

import pytest

from aira.cli.main import run

ZONE = "America/New_York"


class Operator:
    """Types commands and reads what comes back."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        code = run(list(words))
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def json(self, *words: str) -> object:
        """What `--json` prints; the command has to succeed."""
        code, out, err = self(*words, "--json")
        assert code == 0, err
        return json.loads(out)


def at_the_barbers(database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    """The command on a world with an owner and a barber, open on weekdays, where a cut takes 45 minutes."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AIRA_HOME", str(home))
    operator = Operator(capsys)
    operator("owners", "add", "ann@example.com")
    operator("businesses", "add", "Barber", "--time-zone", ZONE, "--hours", "Mon-Fri 09:00-17:00", "--email", "desk@barber.example")
    operator("businesses", "services", "add", "Cut", "-b", "Barber", "--minutes", "45", "--price", "35", "--also", "trim, crop")
    return operator
