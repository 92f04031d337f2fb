"""Telephone numbers said digit by digit or in groups."""

import re

_NUMBER = re.compile(r"#(\+?\d{7,15})\b")
_CALLING = re.compile(
    r"\b(?:this (?:number|one|phone)|(?:the )?(?:same )?number (?:i am|that i am|i have been|you see)? ?(?:calling|on|from|you have)|(?:the )?one (?:i am|that i am)"
    r" (?:calling|on)|(?:the )?same (?:number|one)|my (?:caller id|current number)|use this|call(?:ing)? from)\b"
)


def read_phone(text: str) -> str | None:
    """The number in a plain text, as digits with a leading + where one was said; the last one where several were."""
    found: list[str] = _NUMBER.findall(text)
    return found[-1] if found else None


def means_calling_number(text: str) -> bool:
    """Whether a plain text points to the number that the call comes from."""
    return _CALLING.search(text) is not None
