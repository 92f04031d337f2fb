"""The programs in `examples/` do what they say."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from documented import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(autouse=True)
def _own_home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AIRA_HOME", str(tmp_path / "home"))


def _printed(name: str) -> str:
    done = subprocess.run([sys.executable, EXAMPLES / name], env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_script_books_the_next_free_time() -> None:
    """`book_from_script.py` books twice, at two times."""
    first, second = _printed("book_from_script.py"), _printed("book_from_script.py")

    assert first.startswith("Haircut for Ann at ")
    assert second.startswith("Haircut for Ann at ")
    assert first != second


def test_a_carrier_of_ones_own_rents_out_numbers() -> None:
    """`custom_carrier.py` buys through the product's purchase, at the price of its list."""
    assert _printed("custom_carrier.py") == "+14155550100 is rented from carrier 'own' for 1.50 USD a month\n"


def test_a_server_of_anybodys_can_be_rung() -> None:
    """`ring_any_server.py` rings a telephone menu, with and without a key."""
    assert _printed("ring_any_server.py") == "Gather Say Dial Hangup completed\nGather Say Say completed\n"


def test_a_web_service_books_and_refuses() -> None:
    """`embed_in_fastapi.py` answers 201 for a free time and 409 for the same time again."""
    from fastapi.testclient import TestClient

    _printed("book_from_script.py")
    with TestClient(_module("embed_in_fastapi").service) as client:
        start = client.get("/slots", params={"business": "Bella Hair", "service": "Haircut"}).json()[0]["start_time"]
        wish = {"business": "Bella Hair", "service": "Haircut", "start": start, "name": "Ben"}
        answers = [client.post("/appointments", params=wish).status_code for _ in range(2)]
        unknown = client.get("/slots", params={"business": "Nobody"}).status_code

    assert (answers, unknown) == ([201, 409], 404)


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
