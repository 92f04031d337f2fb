"""The example at the end of each command's help works as it stands, in a world that has what it names."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from aira.cli.main import run
from conftest import on_database
from documented import all_commands, arguments, example_of
from example_world import build_example_world

LASTING = ("aira serve-voice", "aira worker", "aira monitor")
"""Commands that run until they are told to stop."""
UP = ("Ready", "Working", "Watching")
"""How they say that they are up."""
ELSEWHERE = {"aira demo", "aira simulate call"}
"""Performed by tests of their own, because they take as long as a call."""

EXAMPLES = {path: example_of(docstring) for path, docstring in all_commands()}


@pytest.fixture(scope="module")
def world(postgres_url: str, _template: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a database and the folder of files that every example gets a copy of."""
    name = f"example_world_{uuid4().hex}"
    _template.execute(f"create database {name} template migrated strategy file_copy")
    home = tmp_path_factory.mktemp("world")
    build_example_world(on_database(postgres_url, name), home=home)
    return name, home


@pytest.fixture
def copied_world(
    world: tuple[str, Path], postgres_url: str, _template: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Commands work on a copy of the world."""
    name = f"example_{uuid4().hex}"
    _template.execute(f"create database {name} template {world[0]} strategy file_copy")
    shutil.copytree(world[1], tmp_path / "home")
    monkeypatch.setenv("DATABASE_URL", on_database(postgres_url, name))
    monkeypatch.setenv("AIRA_HOME", str(tmp_path / "home"))
    (tmp_path / "cwd" / "prices.md").write_text("# Prices\n\nA colour treatment costs $85.\n")
    yield
    _template.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("path", EXAMPLES)
def test_every_command_has_an_example(path: str) -> None:
    """A command's help ends with an example of that command."""
    example = EXAMPLES[path]

    assert example is not None
    assert example.startswith(path)


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path not in ELSEWHERE and path not in LASTING])
def test_the_example_runs(path: str, copied_world: None, capsys: pytest.CaptureFixture[str]) -> None:
    """It exits 0 and prints no error."""
    code = run(arguments(str(EXAMPLES[path])))

    captured = capsys.readouterr()
    assert (code, "error:" in captured.err) == (0, False), captured.err


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path in LASTING])
def test_the_example_of_a_lasting_command_stops_when_told(path: str, copied_world: None) -> None:
    """It starts, and ends with exit code 0 on SIGTERM."""
    command = [sys.executable, "-m", "aira", *arguments(str(EXAMPLES[path]))]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            first = next((line for line in process.stderr if line.startswith(UP)), None)
            time.sleep(2)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=90)
        finally:
            process.kill()

    assert first is not None
    assert process.returncode == 0
