"""Names and numbers are taken as callers give them: introduced, answered, spelled, grouped."""

import pytest

from aira.voice.receptionist import is_same_customer
from aira.voice.receptionist.names import read_name
from aira.voice.receptionist.phones import means_calling_number, read_phone
from aira.voice.receptionist.words import normalise


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sarah Johnson", "Sarah Johnson"),
        ("um yeah it's lee ann", "Lee Ann"),
        ("Dr. Jane Doe", "Jane Doe"),
        ("it's for my son Max", "Max"),
        ("put it under McDonald", "McDonald"),
        ("under the name of o'brien please", "O'Brien"),
        ("it's J O H N", "John"),
        ("Smith, S M Y T H E", "Smythe"),
        ("J as in John O E", "Joe"),
        ("it's Sarah with an h", "Sarah"),
        ("his name is Leo", "Leo"),
        ("yes please", None),
        ("what?", None),
        ("tomorrow at 3", None),
        ("I'm looking for a haircut", None),
        ("that's wrong", None),
    ],
)
def test_an_answer_to_the_question_for_a_name(text: str, name: str | None) -> None:
    """A name, or None where there is none in it."""
    assert read_name(text, asked=True) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is sarah johnson", "Sarah Johnson"),
        ("hello this is Pete", "Pete"),
        ("Maria Lopez speaking", "Maria Lopez"),
        ("my name's Kim and I'd like to book", "Kim"),
        ("I'm Carl", "Carl"),
        ("I'm fine", None),
        ("this is great", None),
        ("Sarah Johnson", None),
    ],
)
def test_a_name_nobody_asked_for_must_be_introduced(text: str, name: str | None) -> None:
    """Bare words are no name then."""
    assert read_name(text, asked=False) == name


@pytest.mark.parametrize(
    ("said", "known", "same"),
    [
        ("Sarah", "Sarah Johnson", True),
        ("sara jonson", "Sarah Johnson", True),
        ("Johnson", "Sarah Johnson", True),
        ("José", "Jose Garcia", True),
        ("Bob", "Sarah Johnson", False),
        ("Sarah Smith", "Sarah Johnson", False),
        ("", "Sarah Johnson", False),
    ],
)
def test_a_name_is_the_same_when_it_sounds_so(said: str, known: str, same: bool) -> None:
    """Every word that was said must be one of the name's."""
    assert is_same_customer(said, known) is same


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("four one five five five five zero one nine eight", "4155550198"),
        ("it's 415-555-0198", "4155550198"),
        ("plus one four one five, double five five, oh one nine eight", "+14155550198"),
        ("five five five twelve", None),
        ("tomorrow at 3:30 on 12/15", None),
    ],
)
def test_a_number_is_read_however_it_is_grouped(text: str, phone: str | None) -> None:
    """From seven digits on."""
    assert read_phone(normalise(text)) == phone


def test_a_caller_may_point_to_the_number_that_calls() -> None:
    """Instead of saying it."""
    assert means_calling_number(normalise("just use the number I'm calling from"))
