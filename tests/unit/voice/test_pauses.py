"""How long the bot waits depends on whether the caller's words sound complete."""

import pytest

from aira.voice.keypad import typed
from aira.voice.pauses import COMPLETE_SECONDS, DANGLING_SECONDS, USUAL_SECONDS, pause_after


@pytest.mark.parametrize(
    "words",
    [
        "How much is a colour treatment?",
        "Hi, how much is a colour treatment?",
        "Do you sell gift cards for the cinema?",
        "Actually, could we make it three thirty?",
        "Yes, please.",
        "yes please",
        "No, thanks.",
        "Yes, that's right.",
        "That's all, thank you. Goodbye.",
    ],
)
def test_whole_questions_and_answers_are_answered_at_once(words: str) -> None:
    """Nobody goes on after them."""
    assert pause_after(words) == COMPLETE_SECONDS


@pytest.mark.parametrize(
    "words",
    [
        "I'd like to book a haircut and",
        "I'd like an appointment on",
        "Um",
        "Well,",
        "Let me think",
        "My number is five five five",
        "My number is 2 1 2",
        "It's 212 555",
        "four one five five five",
        "",
        "Tomorrow at",
        "Hold on…",
    ],
)
def test_words_that_have_to_go_on_are_waited_for(words: str) -> None:
    """Half a telephone number, a conjunction, a filler."""
    assert pause_after(words) == DANGLING_SECONDS


@pytest.mark.parametrize(
    "words",
    [
        "Yes.",
        "No.",
        "Hi.",
        "I'd like to book a haircut.",
        "Tomorrow at half past two.",
        "At 2:30.",
        "at two thirty",
        "My name is Sarah Johnson.",
        "That's all.",
        "It's 212 555 0143.",
        "My number is two one two five five five zero one four three",
    ],
)
def test_everything_else_takes_the_usual_pause(words: str) -> None:
    """A no may become a "no, thanks"; a time of day ends in a number and is whole."""
    assert pause_after(words) == USUAL_SECONDS


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("2125550143#", "2125550143"),
        ("0", "I'd like to speak to a person, please."),
        ("0#", "I'd like to speak to a person, please."),
        ("00", "00"),
        ("*", ""),
        ("#", ""),
        ("4*2", "42"),
    ],
)
def test_keys_become_words(keys: str, words: str) -> None:
    """A number as it is, a zero as the wish for a person."""
    assert typed(keys) == words
