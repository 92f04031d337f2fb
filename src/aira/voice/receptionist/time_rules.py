"""How people say times of day: tables of patterns over the plain form of `words.normalise`, the most telling form first.

In the text that the patterns see, dates are blanked out with `_` and times that were read already with `=`.
"""

import re
from dataclasses import dataclass
from datetime import time

HOUR = r"(?P<hour>2[0-4]|1\d|0?\d)"
HOUR_OR_NOON = r"(?P<hour>2[0-4]|1\d|0?\d|noon)"
MINUTE = r"(?P<minute>[0-5]\d)"
HALF = r"(?: (?P<half>pm|am)\b)?"
OCLOCK = rf"(?: oclock)?{HALF}(?!:)"
COUNT = r"(?P<count>5|10|20|25|\d\d?(?= minutes?))(?: minutes?)?"
NEAR_PART = r"(?:morning|afternoon|evening|night|tonight|noon)"
NOT_A_COUNT = (
    r"(?! ?(?:at \d|people|persons?|of us|minutes?|mins?|hours?|days?|weeks?|months?|years?|kids?|child|children|adults?|guests?|percent"
    r"|dollars?|bucks|euros?|pounds?|times?\b|more|things?|questions?|th\b|[\d:/]))"
)
BEFORE_BARE = (
    r"\b(?:at|around|about|by|before|after|from|till|until|past|is|it|say|for|between|not|than|no|maybe|rather|then|said|meant|of|like)"
)
AFTER_BARE = (
    r"(?=$| [.,?_]| (?:on|in|at|this|next|tomorrow|today|tonight|please|or|and|if|would|will|is|works?|for|then|instead|sharp|ish|thanks?"
    r"|because|with|to|till|until|not|the latest|the earliest|latest|earliest|good|sounds|fine|onwards?|should|might|could|does|can|like"
    r"|it|but)\b)"
)


@dataclass(frozen=True, slots=True)
class TimeRule:
    """A pattern whose group `hour` (or `name`) is the time; `minutes` are added to it, times the group `count` where there is one."""

    pattern: re.Pattern[str]
    minutes: int = 0


def _rule(pattern: str, minutes: int = 0) -> TimeRule:
    return TimeRule(re.compile(pattern), minutes)


RULES = (
    _rule(r"\b(?:12 )?(?P<name>noon|midday|midnight)\b"),
    _rule(rf"\b(?:a )?half (?:past|after) {HOUR}{OCLOCK}", 30),
    _rule(rf"\b(?:a )?quarter (?:past|after) {HOUR}{OCLOCK}", 15),
    _rule(rf"\b(?:a )?quarter (?:to|of|till|before) {HOUR_OR_NOON}{OCLOCK}", -15),
    _rule(rf"\b{COUNT} (?:past|after) {HOUR}{OCLOCK}", 1),
    _rule(rf"\b{COUNT} (?:to|till|before) {HOUR_OR_NOON}{OCLOCK}", -1),
    _rule(rf"\b{HOUR}:{MINUTE}(?: (?:oclock|hours?))?{HALF}"),
    _rule(
        rf"(?<![#$\d])\b(?P<hour>2[0-3]|1\d|0?\d)(?P<minute>[0-5][05])(?:(?: oclock| hours?| (?P<half>pm|am)\b)|{AFTER_BARE}){NOT_A_COUNT}"
    ),
    _rule(rf"\b{HOUR} {MINUTE}{OCLOCK}{NOT_A_COUNT}"),
    _rule(rf"\bhalf {HOUR}{HALF}{AFTER_BARE}", 30),
    _rule(rf"\b{HOUR} oclock{HALF}"),
    _rule(rf"\b{HOUR} (?P<half>pm|am)\b"),
    _rule(rf"\b{NEAR_PART} (?:at |around |about )?{HOUR}{NOT_A_COUNT}"),
    _rule(rf"\b{HOUR}(?= (?:in the|at|this|tomorrow|_+) ?(?:early |late )?{NEAR_PART}\b)"),
    _rule(rf"{BEFORE_BARE} {HOUR}{AFTER_BARE}{NOT_A_COUNT}"),
    _rule(rf"\b{HOUR}(?= or [\d=])"),
    _rule(rf"(?<=[\d=m] )(?:or|and|to|till|until|pm or|am or|pm and|pm to|am to) {HOUR}{AFTER_BARE}{NOT_A_COUNT}"),
    _rule(rf"=(?: ,)? (?:no|not|sorry|i mean|i meant|actually|rather|wait|make it)(?: ,)? {HOUR}{AFTER_BARE}{NOT_A_COUNT}"),
    _rule(rf"(?<=_ ){HOUR}{AFTER_BARE}{NOT_A_COUNT}"),
    _rule(rf"^{HOUR}{AFTER_BARE}(?= .*_)"),
)
BARE_ANSWER = _rule(
    rf"(?:^|(?<=[.,] )|\b(?:make|do|take|prefer|want|the|yes|okay|please|book) (?:it )?){HOUR}(?P<minute>[0-5]\d)?{AFTER_BARE}{NOT_A_COUNT}"
)
"""A bare number, or three or four digits, as the answer to a question for the time."""

MISHEARD_HOURS = {"to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8, "won": 1, "tree": 3}
MISHEARD = re.compile(
    rf"(?:\bat (?P<word>to|too|for|ate|won)(?: {MINUTE})?(?: (?P<half>pm|am)| oclock)?(?=$| [.,?]| (?:on|please|tomorrow|_|in the))"
    r"|\b(?P<word2>to|too|for|ate|won|tree)(?: (?P<minute2>[0-5]\d))? (?:oclock|(?P<half2>pm|am))\b)"
)
UNHEARD = re.compile(
    r"_ (?:at|around|about)(?! (?:all|home|work|least|once|first|last|lunch|night|noon|any|the|your|my)\b) [a-z]+(?=$| [.,?]| please)"
)
"""A word after the day where the time should stand, that is none: "tomorrow at times"."""
_NOT = r"\b(?:not|never)(?: (?!before|until|till|after)[a-z]+){0,4}"
_APPROXIMATELY = r"(?: about| around| at)?"
FROM_HEAD = re.compile(
    rf"(?:{_NOT} (?:before|until|till)|\b(?:after|from|past|later than|starting|no earlier than|earliest|between)){_APPROXIMATELY} $"
)
UNTIL_HEAD = re.compile(rf"(?:{_NOT} after|\b(?:by|until|till|no later than|latest|up to)){_APPROXIMATELY} $")
BEFORE_HEAD = re.compile(rf"\b(?:before|earlier than){_APPROXIMATELY} $")
FROM_TAIL = re.compile(r"^(?: in the \w+)? (?:or (?:any ?time )?(?:later|after)\b|and later\b|onwards?\b|at the earliest\b|the earliest\b)")
UNTIL_TAIL = re.compile(r"^(?: in the \w+)? (?:or (?:earlier|before)\b|at the latest\b|the latest\b|latest\b)")

PARTS: tuple[tuple[re.Pattern[str], str, time | None, time | None], ...] = tuple(
    (re.compile(pattern), name, not_before, not_after)
    for pattern, name, not_before, not_after in (
        (r"\b(?:early|earlier in the) morning\b|\bfirst thing(?: in the morning)?\b", "morning", None, time(10)),
        (r"\b(?:late|later in the) morning\b", "morning", time(10), time(12)),
        (r"(?<!good )\bmornings?\b", "morning", None, time(12)),
        (r"\b(?:at |over |during |my )?lunch ?(?:time|break|hour)\b|\b(?:at|over|during) lunch\b", "noon", time(12), time(14)),
        (r"\bafter lunch\b", "afternoon", time(13), time(17)),
        (r"\bafter (?:work|school)\b", "evening", time(16), None),
        (r"\bearly (?:in the )?afternoon\b", "afternoon", time(12), time(15)),
        (r"\b(?:late|later in the) afternoon\b", "afternoon", time(15), time(18)),
        (r"(?<!good )\bafternoons?\b", "afternoon", time(12), time(18)),
        (r"(?<!good )\bevenings?\b|\btonight\b", "evening", time(17), None),
        (r"\b(?:at|in the) night\b", "night", time(18), None),
        (r"\bend of (?:the|my|your) (?:day|afternoon)\b", "evening", time(15), None),
    )
)
"""Pattern, the part's name, and the usual span of wall-clock time; open where None."""
