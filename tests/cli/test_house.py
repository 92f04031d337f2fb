"""The command line keeps its manners: streams, exit codes, start-up."""

import io
import json
import subprocess
import sys

import pytest

from aira.cli import render
from aira.cli.main import run
from aira.errors import InvalidInput

HEAVY = {
    "pydantic", "rich", "asyncio", "httpx", "psycopg", "twilio", "pinecone", "supabase", "pymupdf", "docx", "numpy", "onnxruntime",
    "sentence_transformers", "torch", "pipecat", "starlette", "fastapi",
}  # fmt: skip


def test_help_loads_no_heavy_module():
    """`aira --help` starts without the libraries that only some commands need."""
    script = (
        "import sys\n"
        "from aira.cli.main import run\n"
        "code = run(['--help'])\n"
        f"loaded = sorted(set(sys.modules) & {HEAVY!r})\n"
        "sys.exit(str(loaded) if loaded or code else 0)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_a_wrong_command_exits_2_with_a_hint(capsys):
    """A usage error names what is wrong on stderr and leaves stdout empty."""
    code = run(["wallets"])

    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.startswith("error: No such command 'wallets'")
    assert "hint: `aira --help`" in captured.err


def test_a_usage_error_is_an_object_with_json(capsys):
    """With --json a program reads the error as one object on stderr."""
    code = run(["init", "--nothing-of-the-kind", "--json"])

    error = json.loads(capsys.readouterr().err)["error"]
    assert code == 2
    assert set(error) == {"code", "message", "hint", "retryable"}


def test_control_characters_and_markup_of_callers_reach_no_terminal():
    """A caller's words cannot steer the operator's terminal."""
    hostile = "\x1b[2J[/bold][link=evil]hello\x07\u202e"

    assert render.clean(hostile) == "[2J[/bold][link=evil]hello"


def test_spending_without_a_terminal_needs_yes(monkeypatch):
    """Where nobody can be asked, the answer must be on the command line."""
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(InvalidInput) as caught:
        render.confirm("Spend 1.15 USD?", yes=False)

    assert caught.value.hint == "Add --yes to the command."


def test_init_writes_what_the_flags_say(tmp_path, monkeypatch, capsys):
    """`aira init` with flags asks nothing and keeps what stood in .env."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("AIRA_SMS=off\nAIRA_MAIL=smtp\n")

    code = run(["init", "--carrier", "simulated", "--database-url", "embedded", "--mail", "outbox", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {"file": ".env", "settings": ["AIRA_CARRIER", "AIRA_MAIL"]}
    assert (tmp_path / ".env").read_text() == 'AIRA_SMS=off\nAIRA_CARRIER="simulated"\nAIRA_MAIL="outbox"\n'


def test_init_names_the_flag_that_is_missing(tmp_path, monkeypatch, capsys):
    """Without a terminal, a needed answer is asked for by the name of its flag."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    code = run(["init", "--carrier", "twilio"])

    assert code == 2
    assert "Add --twilio-account-sid to the command." in capsys.readouterr().err
    assert not (tmp_path / ".env").exists()
