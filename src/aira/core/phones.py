"""Telephone numbers as people type them."""

import phonenumbers
from phonenumbers import PhoneNumberFormat

from aira.errors import InvalidInput


def parse_phone_number(text: str, *, region: str | None = None) -> str:
    """A telephone number in E.164; `region` is the country (`US`) that a number without country code belongs to.

    Raises InvalidInput for what cannot be a number.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise _not_a_number() from None
    if not phonenumbers.is_possible_number(number):
        raise _not_a_number()
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _not_a_number() -> InvalidInput:
    return InvalidInput("That is not a telephone number.", hint="Write it with its country code, such as +14155550123.")
