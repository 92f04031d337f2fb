"""Services are known by name, by part of it, by their other names, and as misheard."""

import pytest

from aira.voice.receptionist.protocol import ServiceFact
from aira.voice.receptionist.services import find_services
from aira.voice.receptionist.words import normalise

SERVICES = (
    ServiceFact("Women's haircut", 45, ("ladies cut",)),
    ServiceFact("Men's haircut", 30, ("gents cut",)),
    ServiceFact("Colour treatment", 90, ("highlights",)),
    ServiceFact("Check-up", 30),
    ServiceFact("Beard trim", 15, ("trim",)),
)
CUTS = ("Women's haircut", "Men's haircut")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a trim please", [("Beard trim",)]),
        ("I need a check up", [("Check-up",)]),
        ("some color", [("Colour treatment",)]),
        ("highlight", [("Colour treatment",)]),
        ("a colour treatmant", [("Colour treatment",)]),
        ("a women's haircut", [("Women's haircut",)]),
        ("ladies cut", [("Women's haircut",)]),
        ("a hair cut", [CUTS]),
        ("a haircut and a beard trim", [CUTS, ("Beard trim",)]),
        ("a colour, not a trim", [("Colour treatment",)]),
        ("a massage", []),
        ("tomorrow at ten", []),
    ],
)
def test_what_is_named_is_found(text: str, found: list[tuple[str, ...]]) -> None:
    """In the order in which it was said; several names where a word is shared."""
    assert [choice.names for choice in find_services(normalise(text), SERVICES)] == found


def test_a_business_without_services_has_none_to_find() -> None:
    """Whatever is said."""
    assert find_services("a haircut", ()) == ()
