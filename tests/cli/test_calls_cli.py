"""`aira calls`, `trace`, `chat` and `simulate`: what they print, and how they end."""

import json
import socket
import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from aira.adapters.system_clock import SystemClock
from aira.cli.main import run
from aira.core.app import Aira
from aira.core.call_costs import record_usage
from aira.core.call_summaries import sum_up_call
from aira.core.calls import close_call, open_call, record_event, set_recording
from aira.core.documents import ingest_document
from aira.model import Call
from salon import CALLER, NUMBER, Salon, open_salon

SID = "CA00000000000000000000000000000001"
FIELDS = {
    "id", "call_sid", "business_id", "from_number", "to_number", "status", "outcome", "started_at", "ended_at", "duration_seconds",
}  # fmt: skip


@pytest.fixture
def salon(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> Salon:
    """Commands work on the database of the handle, in which there is a salon."""
    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))
    return open_salon(aira)


@pytest.fixture
def call(aira: Aira, salon: Salon) -> Call:
    """A call that is over, at the time of the test's clock."""
    call = open_call(aira, SID, from_number=CALLER, to_number=NUMBER)
    record_event(aira, call.id, "note", "Incoming call: answer.", tool="webhook")
    record_event(aira, call.id, "bot", "Hello.\x1b[2J How can I help you?")
    record_event(aira, call.id, "caller", "How much is a\thaircut?")
    return close_call(aira, SID, outcome="answered", duration_seconds=83)


class TestCalls:
    def test_list_is_one_line_a_call(self, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
        """When, from where, to where, what became of it."""
        assert run(["calls", "list", "--business", "Shear Delight"]) == 0
        assert capsys.readouterr().out == f"2026-11-23T15:00:00Z\t{CALLER}\t{NUMBER}\tmissed\tanswered\t83\t{SID}\n"

    def test_list_with_json_has_the_fields_scripts_count_on(self, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
        """And others."""
        run(["calls", "list", "--json"])

        (listed,) = json.loads(capsys.readouterr().out)
        assert set(listed) >= FIELDS
        assert (listed["id"], listed["duration_seconds"]) == (str(call.id), 83)

    def test_show_takes_an_id_or_a_call_sid(self, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
        """Both name the same call."""
        run(["calls", "show", SID, "--json"])
        run(["calls", "show", str(call.id), "--json"])

        one, other = json.loads("[" + capsys.readouterr().out.replace("}\n{", "},{") + "]")
        assert one == other

    def test_show_tells_what_came_of_it_and_what_it_cost(
        self, aira: Aira, call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Units, prices and sums; amounts are strings, as everywhere."""
        monkeypatch.setenv("AIRA_USAGE_PRICES", '{"carrier_minutes": "0.0085", "local/tts_characters": "0.00001"}')
        record_usage(aira, call.id, "tts_characters", 1000, engine="local")
        sum_up_call(aira, call.id)

        assert run(["calls", "show", SID, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["cost"], shown["currency"], shown["summary"]) == ("0.027", "USD", "Hung up before anybody answered.")
        assert [(one["unit"], one["engine"], one["quantity"], one["cost"]) for one in shown["usage"]] == [
            ("carrier_minutes", "simulated", 2, "0.017"),
            ("tts_characters", "local", 1000, "0.01"),
        ]
        assert run(["calls", "show", SID]) == 0
        assert "2 carrier_minutes (simulated), 1000 tts_characters (local)" in capsys.readouterr().out

    def test_transcript_has_no_control_characters(self, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
        """A caller cannot steer the operator's terminal; notes are left out."""
        assert run(["calls", "transcript", SID]) == 0
        assert capsys.readouterr().out == dedent("""\
            2026-11-23T15:00:00Z\tbot\tHello.[2J How can I help you?
            2026-11-23T15:00:00Z\tcaller\tHow much is a haircut?
            """)

    def test_transcript_with_json_has_role_text_and_time(self, call: Call, capsys: pytest.CaptureFixture[str]) -> None:
        """One object a turn."""
        run(["calls", "transcript", SID, "--json"])

        turns = json.loads(capsys.readouterr().out)
        assert [set(turn) for turn in turns] == [{"role", "text", "at"}] * 2

    def test_recording_is_written_to_a_file(self, aira: Aira, call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """As it was kept."""
        aira.files.put("recordings/1.wav", b"RIFF....", content_type="audio/wav")
        set_recording(aira, call.id, "recordings/1.wav")

        assert run(["calls", "recording", SID, "--output", str(tmp_path / "call.wav"), "--json"]) == 0
        assert (tmp_path / "call.wav").read_bytes() == b"RIFF...."
        assert json.loads(capsys.readouterr().out) == {"output": str(tmp_path / "call.wav"), "size_bytes": 8}

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            (["calls", "show", "CA404"], "error: There is no such call.\nhint: Run `aira calls list` for the calls there are.\n"),
            (["trace", "CA404"], "error: There is no such call.\nhint: Run `aira calls list` for the calls there are.\n"),
            (
                ["calls", "recording", SID, "--output", "call.wav"],
                "error: There is no recording of this call.\nhint: Calls are recorded where AIRA_RECORD_CALLS is on.\n",
            ),
        ],
    )
    def test_what_is_not_there_exits_5(self, call: Call, capsys: pytest.CaptureFixture[str], words: list[str], error: str) -> None:
        """With what to type next."""
        assert run(words) == 5
        assert capsys.readouterr() == ("", error)


def test_trace_tells_what_happened_and_how_long_after_the_ring(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a step."""
    assert run(["trace", SID]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[1], line[2], line[3]) for line in lines] == [
        ("0.0", "call", "The call came in."),
        ("0.0", "webhook", "Incoming call: answer."),
        ("0.0", "bot", "Hello.[2J How can I help you?"),
        ("0.0", "caller", "How much is a haircut?"),
        ("0.0", "call", "The call ended."),
    ]


class TestChat:
    def test_prints_the_turns_and_what_has_changed(self, salon: Salon, capsys: pytest.CaptureFixture[str]) -> None:
        """The conversation on stdout, the rest on stderr."""
        says = ["A haircut next Tuesday at half past two in the afternoon, please.", "Sarah Johnson", "Yes.", "That's all, bye."]

        code = run(["chat", "--business", "Shear Delight", *(word for said in says for word in ("--say", said))])

        out, err = capsys.readouterr()
        assert code == 0
        assert [line.split("\t")[0] for line in out.splitlines()].count("caller") == 4
        assert err.startswith("Outcome: booked.\nBooked: Haircut, ")

    def test_prints_one_object_with_json(self, salon: Salon, capsys: pytest.CaptureFixture[str]) -> None:
        """Transcript, appointments, outcome and delays."""
        run(["chat", "--business", "Shear Delight", "--say", "Where are you?", "--say", "Bye.", "--json"])

        report = json.loads(capsys.readouterr().out)
        assert set(report) >= {"transcript", "appointments", "outcome", "latency_ms"}
        assert set(report["latency_ms"]) == {"turns", "p50", "p95"}
        assert "Main Street" in report["transcript"][2]["text"]

    def test_reads_what_is_typed(
        self, salon: Salon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """Until the input ends."""
        (tmp_path / "typed").write_text("Where are you?\n\nBye.\n")
        with (tmp_path / "typed").open() as typed:
            monkeypatch.setattr("sys.stdin", typed)
            code = run(["chat", "--business", "Shear Delight"])

        assert code == 0
        assert "Main Street" in capsys.readouterr().out

    def test_with_an_unknown_business_exits_5(self, salon: Salon, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody to talk to."""
        assert run(["chat", "--business", "Nobody", "--say", "Hello?"]) == 5


@pytest.mark.voice
def test_a_simulated_call_starts_a_server_where_none_runs(
    aira: Aira, salon: Salon, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One command: server, call, report, recording; the server is gone afterwards."""
    (tmp_path / "prices.md").write_text("# Prices\n\nA colour treatment costs 90 dollars.\n")
    ingest_document(replace(aira, clock=SystemClock()), tmp_path / "prices.md", business=salon.business.id)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("VOICE_AGENT_SERVICE_URL", f"http://127.0.0.1:{port}")
    says = ["--say", "Hi, how much is a colour treatment?", "--say", "That's all, thank you. Goodbye."]

    code = run(["simulate", "call", "--to", NUMBER, *says, "--output", str(tmp_path / "call.wav"), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert (report["outcome"], report["verbs"]) == ("answered", ["Connect", "Hangup"])
    assert "90" in " ".join(turn["text"] for turn in report["transcript"] if turn["role"] == "bot")
    with wave.open(str(tmp_path / "call.wav")) as recording:
        assert (recording.getnchannels(), recording.getframerate()) == (2, 8000)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("command", ["serve-voice", "simulate call --to +14155550123"])
def test_without_the_extra_voice_the_command_names_what_to_install(command: str) -> None:
    """Exit code 3 and the exact command, in a Python that has no Pipecat, FastAPI or websockets."""
    script = (
        "import sys\n"
        "for name in ('fastapi', 'pipecat', 'uvicorn', 'websockets', 'soxr'):\n"
        "    sys.modules[name] = None\n"
        "from aira.cli.main import run\n"
        f"sys.exit(run({command.split()!r}))\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.returncode == 3
    assert "hint: Run `pip install 'aira-receptionist[voice]'`." in done.stderr
