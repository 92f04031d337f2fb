"""Bytes of unknown encoding become clean characters."""

import pytest

from aira.errors import DocumentRefused
from aira.kb.text import clean, decode, join_lines, paragraphs

ENCODED = [
    ("utf-8", "Café – 40 €"),
    ("utf-8-sig", "Café – 40 €"),
    ("utf-16", "Öffnungszeiten täglich"),
    ("utf-16-le", "prices without a mark"),
    ("utf-16-be", "prices without a mark"),
    ("utf-32", "prices with a mark"),
    ("cp1252", "Déjà vu — prix 40 € café naïve"),
    ("cp1252", "Café – £40"),
    ("latin-1", "Öffnungszeiten: täglich 9-17 Uhr, außer Sonntag"),
    ("cp1251", "Стрижка стоит сорок долларов. Мы открыты каждый день с девяти до семнадцати."),
    ("cp1253", "Το κούρεμα κοστίζει σαράντα δολάρια και είμαστε ανοιχτά κάθε μέρα"),
    ("shift_jis", "ヘアカットは四十ドルです。毎日九時から五時まで営業しています。"),
    ("gb18030", "理发四十美元，每天九点到五点营业。理发四十美元，每天九点到五点营业。"),
]


@pytest.mark.parametrize(("encoding", "text"), ENCODED)
def test_the_encoding_is_found(encoding: str, text: str):
    """Marks, strict UTF-8, zero bytes and, at last, a guess that prefers western letters."""
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("content", [bytes(range(256)) * 20, b"\x00\x01\x02\x03" * 500, b"\x89\x01\x02\x03\x04\x05" * 100])
def test_binary_data_is_no_text(content: bytes):
    """Control characters give it away."""
    with pytest.raises(DocumentRefused) as refused:
        decode(content)

    assert refused.value.reason == "unsupported"


def test_nothing_unprintable_is_left():
    """Control characters, soft hyphens, marks of direction, halves of characters and ligatures are gone."""
    assert clean("a\x00b\x1b[31m so\u00adft \u202eright\u202c \ud800 ﬁne\ufeff\r\nnext\u2028line") == "ab[31m soft right fine\nnext\nline"


def test_letters_are_composed():
    """An accent written after its letter is one character with it."""
    assert clean("Cafe\u0301") == "Café"


def test_a_word_without_end_is_broken():
    """Data that was pasted as text does not become one endless word."""
    assert [len(word) for word in clean("x" * 2500).split()] == [1000, 1000, 500]


def test_a_word_divided_at_the_end_of_a_line_is_whole_again():
    """A hyphen before a small letter was put there by the typesetter; before a capital it belongs to the word."""
    assert join_lines("a hair-\ncut by Anna-\nMaria") == "a haircut by Anna- Maria"


def test_lines_of_one_width_are_one_paragraph():
    """Text that was broken at a fixed width is joined."""
    wrapped = ("word " * 13).strip()

    assert paragraphs(f"{wrapped}\n{wrapped}\nthe end.") == [f"{wrapped} {wrapped} the end."]


def test_lines_longer_than_a_screen_are_paragraphs():
    """Nobody breaks a line after 200 characters: each such line is a paragraph."""
    assert paragraphs(f"{'long ' * 50}\nshort") == ["long " * 50, "short"]


def test_short_lines_stay_lines():
    """An address or opening hours keep their lines."""
    assert paragraphs("Monday 9-5\nTuesday 9-5\nSunday closed") == ["Monday 9-5\nTuesday 9-5\nSunday closed"]
