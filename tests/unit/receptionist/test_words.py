"""Speech-to-text's many spellings are brought to one plain form."""

import pytest
from hypothesis import given, strategies as st

from aira.voice.receptionist.words import normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("How 'bout 2.30 p. M.., on the fifth?", "how about 2:30 pm , on the 5th ?"),
        ("to-morrow at 1115", "tomorrow at 1115"),
        ('11 o"clock', "11 oclock"),
        ("nine oh five", "9 05"),
        ("twenty-first of twenty twenty seven", "21th of 20 27"),
        ("two thousand twenty six", "2026"),
        ("fourteen hundred", "1400"),
        ("a couple of weeks", "a 2 weeks"),
        ("Um, uh-huh. Thats right", "yes . that is right"),
        ("I'd like one for tomorrow", "i would like one for tomorrow"),
        ("the later one, or at one", "the later one , or at 1"),
        ("one second, the second one", "1 second , the second one"),
        ("the second of January", "the 2th of january"),
        ("first of all", "first of all"),
        ("I can't, won't and shouldn't", "i can not , will not and should not"),
        ("my number is four one five, five five five, oh one nine eight", "my number is #4155550198"),
        ("it's +1 (415) 555-0198", "it is #+14155550198"),
        ("double five five oh one nine eight", "#5550198"),
        ("it costs $12.50", "it costs $12.50"),
        ("um", ""),
    ],
)
def test_a_text_has_one_plain_form(text: str, plain: str) -> None:
    """Numbers as digits, contractions written out, hesitation gone."""
    assert normalise(text) == plain


@given(st.text(max_size=200))
def test_any_text_has_a_plain_form(text: str) -> None:
    """Of single-spaced words, whatever the caller's line made of it."""
    plain = normalise(text)

    assert plain == " ".join(plain.split())
