"""Sentences are kept as sound under their text, a bounded number of them, and what is damaged is not there."""

import os
from pathlib import Path

import numpy as np
import pytest

from aira.voice.audio import TELEPHONE_RATE, Samples
from aira.voice.vendors.clips import MOST_CLIPS, Clips


@pytest.fixture
def clips(tmp_path: Path) -> Clips:
    """A folder that does not exist yet."""
    return Clips(tmp_path / "home" / "clips")


def tone(hertz: float) -> Samples:
    """Half a second."""
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(TELEPHONE_RATE // 2) / TELEPHONE_RATE)).astype(np.int16)


def likeness(one: Samples, other: Samples) -> float:
    """1 where two sounds are the same."""
    return float(np.corrcoef(one, other)[0, 1])


def test_a_sentence_is_found_as_it_was_kept(clips: Clips) -> None:
    """At the telephone's quality, and no other sentence is."""
    clips.keep("Welcome.", tone(300))

    found = clips.find("Welcome.")
    assert found is not None
    assert likeness(found, tone(300)) > 0.999
    assert clips.find("Welcome!") is None


def test_the_newest_sound_of_a_sentence_is_kept(clips: Clips) -> None:
    """A business may change its voice."""
    clips.keep("Welcome.", tone(300))
    clips.keep("Welcome.", tone(600))

    found = clips.find("Welcome.")
    assert found is not None
    assert likeness(found, tone(600)) > 0.999


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all"])
def test_a_damaged_clip_is_not_there(clips: Clips, tmp_path: Path, content: bytes) -> None:
    """A disk that was full is no reason for an error in a call."""
    clips.keep("Welcome.", tone(300))
    (file,) = (tmp_path / "home" / "clips").iterdir()
    file.write_bytes(content)

    assert clips.find("Welcome.") is None


def test_the_oldest_go_first(clips: Clips, tmp_path: Path) -> None:
    """The folder does not grow without end."""
    for number in range(MOST_CLIPS + 3):
        clips.keep(f"Sentence {number}.", tone(300)[:80])
        newest = max((tmp_path / "home" / "clips").iterdir(), key=lambda one: one.stat().st_ctime_ns)
        os.utime(newest, (number, number))

    assert len(list((tmp_path / "home" / "clips").iterdir())) == MOST_CLIPS
    assert [clips.find(f"Sentence {number}.") is not None for number in (1, 2, 3, MOST_CLIPS + 2)] == [False, False, True, True]


def test_what_is_kept_names_nobody(clips: Clips, tmp_path: Path) -> None:
    """File names are no place for what a business says."""
    clips.keep("Welcome to Shear Delight.", tone(300))

    (file,) = (tmp_path / "home" / "clips").iterdir()
    assert "Shear" not in file.name
