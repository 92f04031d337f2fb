"""Telephone numbers said digit by digit or in groups."""

import re

from aira.voice.receptionist.phrase_table import phrase_table

_NUMBER = re.compile(r"#(\+?\d{7,15})\b")


def read_phone(text: str) -> str | None:
    """The number in a plain text, as digits with a leading + where one was said; the last one where several were."""
    found: list[str] = _NUMBER.findall(text)
    return found[-1] if found else None


def means_calling_number(text: str) -> bool:
    """Whether a plain text points to the number that the call comes from."""
    return phrase_table("time")["calling_number"].search(text) is not None
