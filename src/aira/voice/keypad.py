"""Keys typed on a telephone, as words that a mind can answer."""

KEYS_SECONDS = 2.0
"""How long the next key is waited for."""
LAST_KEY = "#"
"""The key that ends a number at once."""
PERSON_KEY = "0"
"""The key that asks for a person, as on every switchboard."""

_ASKS_FOR_A_PERSON = "I'd like to speak to a person, please."


def typed(keys: str) -> str:
    """What was typed: digits as one number, a 0 by itself as the wish for a person, nothing where there is no digit.

    A star or hash inside a number means nothing to a receptionist and is left out.
    """
    digits = "".join(key for key in keys if key.isdigit())
    return _ASKS_FOR_A_PERSON if digits == PERSON_KEY else digits
