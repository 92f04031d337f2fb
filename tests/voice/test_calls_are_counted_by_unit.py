"""What a call used stands in its books under the name of who did it: seconds heard, tokens of a model, characters spoken."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from aira.cli.main import run
from aira.core.app import Aira
from aira.core.call_costs import call_cost
from aira.voice.chat import ChatReport, hold_chat
from aira.voice.engines import shared_ear, shared_voice
from aira.voice.vendors.clips import APOLOGY
from chat_server import ChatServer, Reply, chat_server
from fault_calls import Case, hold
from salon import Salon
from vendor_servers import TOKENS, vendor_server

TUESDAY = datetime(2026, 11, 24, 10, 0)


@pytest.fixture
def model() -> Iterator[ChatServer]:
    """A language model's endpoint."""
    with chat_server() as server:
        yield server


@pytest.fixture
def asking(aira: Aira, model: ChatServer) -> Aira:
    """A handle whose mind is that model."""
    chosen = {"aira_mind": "llm", "openai_base_url": model.url, "aira_llm_model": "test-model", "aira_llm_deadline": 5.0}
    return replace(aira, settings=aira.settings.model_copy(update=chosen))


def used(aira: Aira, report: ChatReport) -> dict[str, float]:
    """Quantity by unit, all by the model."""
    usage = call_cost(aira, report.call_sid).usage
    assert {one.engine for one in usage} <= {"test-model"}
    return {one.unit: one.quantity for one in usage}


class TestTokens:
    def test_are_those_that_the_model_reports(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """Summed up over the turns."""
        model.will_say(
            Reply(("We open at nine.",), tokens=(320, 9), says_it_is_done=True), Reply(("Yes.",), tokens=(350, 2), says_it_is_done=True)
        )

        report = hold_chat(asking, business=salon.business.id, says=["When do you open?", "On Tuesday, too?"])

        assert used(asking, report) == {"llm_input_tokens": 670, "llm_output_tokens": 11}

    def test_of_a_model_that_reports_none_are_not_made_up(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """The books have nothing rather than a guess."""
        model.will_say(Reply(("We open at nine.",)))

        assert used(asking, hold_chat(asking, business=salon.business.id, says=["When do you open?"])) == {}

    def test_that_come_late_hold_no_answer_up(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """Once the model has said that it is done, the answer stands, whatever it used: no other mind takes over."""
        hasty = replace(asking, settings=asking.settings.model_copy(update={"aira_llm_deadline": 0.5}))
        model.will_say(Reply(("We open at nine.",), says_it_is_done=True, ends_late=True))

        report = hold_chat(hasty, business=salon.business.id, says=["When do you open?"])

        assert [turn.text for turn in report.transcript if turn.role == "bot"][1:] == ["We open at nine."]


@pytest.mark.voice
def test_a_call_over_vendors_is_counted_and_priced(
    aira: Aira, salon: Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By each vendor's own measure; `aira calls show` says what it cost."""
    shared_ear(), shared_voice()
    with vendor_server() as first, vendor_server() as second:
        outcome = asyncio.run(hold(aira, Case("none", "", TUESDAY), second, first, tmp_path, business=salon.business.id))

    usage = {(one.unit, one.engine): one.quantity for one in call_cost(aira, outcome.call_sid).usage}
    said = [body["transcript"] for path, body in first.asked if path == "/tts/websocket" and body.get("transcript", APOLOGY) != APOLOGY]
    answers = usage["llm_output_tokens", "gemini-3.6-flash"] / TOKENS["completion_tokens"]
    assert set(usage) == {
        ("stt_seconds", "deepgram"),
        ("llm_input_tokens", "gemini-3.6-flash"),
        ("llm_output_tokens", "gemini-3.6-flash"),
        ("tts_characters", "cartesia"),
    }
    assert 0.5 * outcome.duration < usage["stt_seconds", "deepgram"] <= outcome.duration + 1
    assert answers == int(answers) >= 3
    assert usage["llm_input_tokens", "gemini-3.6-flash"] == answers * TOKENS["prompt_tokens"]
    assert usage["tts_characters", "cartesia"] == sum(map(len, said))

    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_USAGE_PRICES", '{"deepgram/stt_seconds": "0.0001", "llm_output_tokens": "0.01"}')
    assert run(["calls", "show", outcome.call_sid, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    heard, written = usage["stt_seconds", "deepgram"], answers * TOKENS["completion_tokens"]
    assert float(shown["cost"]) == pytest.approx(heard * 0.0001 + written * 0.01, abs=0.0001)
