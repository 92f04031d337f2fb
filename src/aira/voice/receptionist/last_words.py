"""What another voice asked last, read from its words: all the built-in mind has when it takes a call over from an LLM."""

import re

from aira.voice.receptionist.state import Asked
from aira.voice.receptionist.words import normalise

_MORE = re.compile(
    r"\b(?:any ?thing|any ?more|something|what|any ?one|nothing) (?:else|more|further)\b|\bany ?(?:more|other|further) (?:\w+ )?(?:help|assistance|questions?|tasks?|thing)\b"
    r"|\bthat be all\b|\b(?:assist|help) (?:you )?further\b|\bhelp you with(?: any ?thing)? ?\?"
)
_FAILED = re.compile(
    r"\b(?:sorry|unfortunately|unable|could not|can not|was not able|were not able|not available|unavailable|no (?:availability|openings?|slots?)|booked up|not be (?:booked|made|achieved)|unsuccessful|failed|do(?:es)? not have)\b"
)
_ENDED = re.compile(
    _FAILED.pattern + r"|\b(?:is|are|has|have|been|was|now|successfully) (?:\w+ ){0,2}(?:booked|confirmed|scheduled|reserved|made|set)\b"
)
_CONFIRM = re.compile(
    r"\b(?:confirm\w*|correct|is that (?:right|okay|fine)|is (?:it|that|this) (?:right|okay|fine|correct)|okay (?:with|for) you|right \?|you (?:want|would like|wish)|shall i book|should i book|setting|booking)\b"
)
_WANTS_BOOKING = re.compile(
    r"\b(?:do|would|shall|should|can|could|may|are|want|like|will|think)\b.*\b(?:book\w*|schedul\w*|make|reserve|set up|appointments?|appt|visit|appoinment)\b"
)
_ASKS_TIME = re.compile(r"\b(?:what|which)(?: \w+){0,3} time\b|\btime (?:do|would|works|is best)\b|\bat what\b|\bwhen\b")
_ASKS_DAY = re.compile(
    r"\b(?:what|which)(?: \w+){0,3} (?:day|date)\b|\b(?:day|date) (?:do|would|works|is best|and time)\b|\bon (?:what|which)\b|\bwhen\b"
)


def asked_by(said: str, *, states_time: bool) -> Asked:
    """The question in a turn of speech; `states_time` tells that it names a day or time of day."""
    text = normalise(said)
    if _MORE.search(text):
        return Asked.MORE
    if states_time:
        proposes = _FAILED.search(text) and not _CONFIRM.search(text)
        return Asked.SLOT if proposes else Asked.BOOKING
    if _ASKS_DAY.search(text):
        return Asked.WHEN if _ASKS_TIME.search(text) else Asked.DAY
    if _ASKS_TIME.search(text):
        return Asked.TIME
    if _ENDED.search(text):
        return Asked.MORE
    if _WANTS_BOOKING.search(text):
        return Asked.WANTS_BOOKING
    return Asked.BOOKING if _CONFIRM.search(text) else Asked.NOTHING
