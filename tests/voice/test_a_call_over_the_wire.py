"""A caller rings the real server over the carrier's protocol, with real audio in both directions."""

import io
import wave
from pathlib import Path

import numpy as np
import pytest

from aira.core.app import Aira
from aira.core.calls import call_events, find_call, recording
from aira.voice.audio import Samples, resample
from aira.voice.engines import EAR_RATE, shared_ear
from aira.voice.simulator import Utterance, simulate_call
from aira.voice.simulator.caller_voice import spoken
from salon import CALLER, NUMBER, Salon

pytestmark = pytest.mark.voice


def heard_on(recording: Path, *, channel: int) -> str:
    """What a program hears on one side of a recording: 0 is the caller, 1 the bot."""
    frames = np.frombuffer(recording.read_bytes()[44:], dtype="<i2").reshape(-1, 2)
    side: Samples = np.ascontiguousarray(frames[:, channel])
    return shared_ear().transcribe(resample(side, 8000, EAR_RATE)).lower()


def test_a_caller_hears_the_price_that_stands_in_the_document(voice_server: Aira, informed: Salon, tmp_path: Path) -> None:
    """A program that listens to the bot's side hears it too; the bot says goodbye and hangs up, not the caller."""
    report = simulate_call(
        voice_server,
        to_number=NUMBER,
        from_number=CALLER,
        says=["Hi, how much is a colour treatment?", "That's all, thank you. Goodbye."],
        output=tmp_path / "call.wav",
    )

    bot = heard_on(tmp_path / "call.wav", channel=1)
    assert "90" in bot or "ninety" in bot
    assert "goodbye" in bot.replace("-", "")
    assert (report.outcome, report.verbs) == ("answered", ["Connect", "Hangup"])
    assert find_call(voice_server, report.call_sid).status == "completed"
    assert report.greeting_ms is not None
    assert len(report.latency_ms.turns) == 2


@pytest.mark.parametrize("voice_server", [{"aira_record_calls": True}], indirect=True)
def test_a_caller_who_cuts_in_is_listened_to(voice_server: Aira, informed: Salon) -> None:
    """The bot falls silent in the middle of its greeting, notes what was not heard, and answers what was said. All of it is recorded,
    and the caller was told so.
    """
    report = simulate_call(
        voice_server,
        to_number=NUMBER,
        from_number=CALLER,
        says=[Utterance(spoken("Hi, how much is a colour treatment?"), cut_in=2.5), "That's all, thank you. Goodbye."],
    )

    events = call_events(voice_server, find_call(voice_server, report.call_sid).id)
    (cut,) = [event for event in events if event.tool == "barge_in"]
    assert cut.detail["unheard"]
    assert len(report.cut_in_ms) == 1
    assert report.transcript[0].text == "This call is recorded."
    assert "90" in " ".join(turn.text for turn in report.transcript if turn.role == "bot")
    kept = recording(voice_server, report.call_sid)
    with wave.open(io.BytesIO(kept)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (2, 8000)
        assert abs(wav.getnframes() / 8000 - report.duration_seconds) < 5
