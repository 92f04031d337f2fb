"""Vendors that answer rubbish with status 200 have failed as well: what cannot be speech is no speech, what cannot be words are none."""

import numpy as np
import pytest

from aira.voice.audio import TELEPHONE_RATE, Samples
from aira.voice.simulator.caller_voice import spoken
from aira.voice.vendors.plausible import broke_off, is_noise, is_silent, is_transcript

PAGE = b"<html><body>Bad gateway. Please try again later.</body></html>" * 40
ERROR = b'{"error": {"message": "insufficient credits", "type": "quota"}}' * 40


def as_sound(content: bytes) -> Samples:
    """Bytes read as 16-bit samples."""
    return np.frombuffer(content[: len(content) // 2 * 2], np.int16)


@pytest.mark.parametrize("content", [PAGE, ERROR, np.random.default_rng(3).bytes(8000)], ids=["page", "json", "compressed"])
def test_what_is_no_sound_is_noise(content: bytes) -> None:
    """A page, an error, an MP3 read as samples: never played to a caller."""
    assert is_noise(as_sound(content))


@pytest.mark.parametrize("gain", [0.1, 1.0, 2.0])
def test_speech_is_none(gain: float) -> None:
    """Loud or soft."""
    samples = np.clip(spoken("Yes, please.").astype(np.float64) * gain, -32768, 32767).astype(np.int16)

    assert not is_noise(samples)
    assert not is_silent(samples)


def test_nothing_is_neither() -> None:
    """Before the first piece has come nothing is decided."""
    assert not is_noise(np.zeros(0, np.int16))


def test_silence_is_no_speech() -> None:
    """Nor is the hiss of an empty line."""
    hiss = np.random.default_rng(5).normal(0, 5, TELEPHONE_RATE).astype(np.int16)

    assert is_silent(np.zeros(TELEPHONE_RATE, np.int16))
    assert is_silent(hiss)


@pytest.mark.parametrize(
    ("text", "seconds", "off"),
    [
        ("A colour treatment costs ninety dollars.", 2.4, False),
        ("A colour treatment costs ninety dollars.", 0.9, False),  # as fast as anybody speaks
        ("A colour treatment costs ninety dollars.", 0.5, True),
        ("No.", 0.1, False),
        ("...", 0.0, False),
    ],
)
def test_too_little_sound_for_a_text_broke_off(text: str, seconds: float, off: bool) -> None:
    """Measured by its letters: marks take no time."""
    assert broke_off(text, seconds) is off


@pytest.mark.parametrize(
    ("text", "seconds", "plausible"),
    [
        ("", 1.0, True),
        ("How much is a colour treatment?", 1.6, True),
        ("Señora Müller, à neuf heures", 2.0, True),
        ("<html>", 3.0, False),
        ("How\x00 much", 2.0, False),
        ("How much \ufffd\ufffd", 2.0, False),
        ("word " * 40, 1.0, False),
    ],
)
def test_a_transcript_could_have_been_said(text: str, seconds: float, plausible: bool) -> None:
    """In this time, by a person."""
    assert is_transcript(text, seconds) is plausible
