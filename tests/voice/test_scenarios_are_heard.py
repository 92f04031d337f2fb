"""Scenarios are passed as telephone calls too: over the carrier's protocol, with the caller's words heard by the local engine."""

import json

import pytest

from aira.voice.scenarios.__main__ import main

pytestmark = pytest.mark.voice

LEAST_PASSED = 15
MOST_MISHEARD = 0.12


@pytest.mark.timeout(600)
def test_at_least_fifteen_are_passed_with_sound(capsys: pytest.CaptureFixture[str]) -> None:
    """And no more than twelve words in a hundred are misheard on the way."""
    main(["--audio", "--at-once", "7", "--json"])

    report = json.loads(capsys.readouterr().out)
    wrong = {call["name"]: call["wrong"] for call in report["calls"] if call["wrong"]}
    words, errors = (sum(call[name] for call in report["calls"]) for name in ("words", "word_errors"))
    assert report["passed"] >= LEAST_PASSED, wrong
    assert errors / words <= MOST_MISHEARD


@pytest.mark.timeout(300)
def test_a_booking_is_made_through_noise(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten decibels below the caller's speech: day, time, service and name are read back and booked as they were said."""
    code = main(["--audio", "--noise", "10", "--only", "books in one sentence", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert (code, report["passed"]) == (0, 1), report
