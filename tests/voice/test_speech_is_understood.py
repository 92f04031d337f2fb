"""The local speech engines hear what callers say over a telephone line, and say what a program can hear."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aira.voice.audio import TELEPHONE_RATE, Samples, decode_mulaw, encode_mulaw, read_wav, resample
from aira.voice.engines import EAR_RATE, VOICE_RATE, shared_ear, shared_voice, trimmed
from aira.voice.simulator import caller_voice
from aira.voice.simulator.caller_voice import makeshift_voice, spoken

pytestmark = pytest.mark.voice

CLIPS = (Path(__file__).parents[1] / "audio", Path(caller_voice.__file__).parent / "clips")
SAME = str.maketrans({"-": " ", "’": "'", ".": " ", ",": " ", "?": " ", "!": " "})
SPELLINGS = {
    "color": "colour",
    "good bye": "goodbye",
    "p m": "pm",
    "2:30": "two thirty",
    "3:30": "three thirty",
    "half past 2": "half past two",
}


def clips() -> dict[str, tuple[Samples, str]]:
    """All recorded clips: name, samples at the ear's rate, words."""
    found = {}
    for folder in CLIPS:
        for name, words in json.loads((folder / "words.json").read_text("utf-8")).items():
            found[name] = (read_wav(folder / f"{name}.wav", rate=EAR_RATE), words)
    return found


def plain(text: str) -> list[str]:
    """Words without punctuation and case, in one spelling."""
    flat = " ".join(text.lower().translate(SAME).split())
    for one, other in SPELLINGS.items():
        flat = flat.replace(one, other)
    return flat.split()


def errors(heard: list[str], said: list[str]) -> int:
    """The fewest words to change, add or drop to make one of the other (Levenshtein)."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(heard, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(said, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


@cache
def hear(name: str) -> str:
    """What the engine hears in a clip with a breath of silence around it."""
    samples, _ = clips()[name]
    return shared_ear().transcribe(np.concatenate([np.zeros(4000, np.int16), samples, np.zeros(8000, np.int16)]))


def test_at_most_twelve_words_in_a_hundred_are_wrong() -> None:
    """Over all clips, on the sound as it came over the line."""
    wrong = sum(errors(plain(hear(name)), plain(words)) for name, (_, words) in clips().items())
    total = sum(len(plain(words)) for _, words in clips().values())

    assert total > 150
    assert wrong / total <= 0.12


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("book-haircut", "haircut"),
        ("book-haircut", "tomorrow"),
        ("change-time", "three"),
        ("my-name", "sarah johnson"),
        ("yes-please", "yes"),
        ("no-thanks", "no"),
        ("cancel", "cancel"),
        ("next-tuesday-ten", "tuesday"),
        ("speak-to-person", "person"),
    ],
)
def test_the_words_that_decide_are_heard(name: str, word: str) -> None:
    """What is booked, when, for whom, yes or no."""
    assert word in " ".join(plain(hear(name)))


def over_the_line(samples: Samples, rate: int) -> str:
    """What the engine hears of a sound after a telephone line."""
    line = decode_mulaw(encode_mulaw(resample(samples, rate, TELEPHONE_RATE)))
    return " ".join(plain(shared_ear().transcribe(resample(line, TELEPHONE_RATE, EAR_RATE))))


def test_the_bot_is_heard_over_the_line() -> None:
    """A price and a time come through."""
    sound = np.concatenate(list(shared_voice().speak("A colour treatment costs ninety dollars. Shall I book it for three thirty?")))

    heard = over_the_line(sound, VOICE_RATE)
    assert "ninety" in heard or "90" in heard
    assert "three thirty" in heard or "3 30" in heard


def test_a_simulated_caller_without_a_clip_is_heard() -> None:
    """The makeshift voice is deeper than the bot's and understood as well."""
    heard = over_the_line(makeshift_voice("I would like to book a haircut for Friday morning."), TELEPHONE_RATE)

    assert "haircut" in heard
    assert "friday" in heard


def test_a_clip_is_used_for_its_words_only() -> None:
    """Whatever the punctuation; other words are spoken anew."""
    assert np.array_equal(spoken("yes please"), spoken("Yes, please."))
    assert len(spoken("Yes, please, at four.")) != len(spoken("Yes, please."))


def test_silence_around_a_sentence_is_cut_off() -> None:
    """A caller waits for the first word, not for the engine's silence before it."""
    silence = np.zeros(VOICE_RATE // 2, np.int16)
    word = np.full(VOICE_RATE // 4, 8000, np.int16)

    cut = trimmed(np.concatenate([silence, word, silence]))
    assert np.flatnonzero(cut)[0] <= VOICE_RATE // 25
    assert len(cut) < VOICE_RATE // 2


def test_nothing_is_heard_in_silence() -> None:
    """No words are made up."""
    assert shared_ear().transcribe(np.zeros(EAR_RATE, np.int16)) == ""
