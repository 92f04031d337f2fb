"""How long a caller's silence has to last before the bot answers: it depends on whether the words so far sound complete.

A fixed pause is too long after "yes, please" and too short after "my number is five five five". Silence is counted from where voice
detection has heard the speech end, which itself takes 0.2 seconds. English.
"""

import re

COMPLETE_SECONDS = 0.06
"""After a whole question, "yes, please" and the like. Recorded callers pause up to 0.22 seconds inside one, which this leaves them."""
USUAL_SECONDS = 0.45
"""After words that may go on."""
DANGLING_SECONDS = 1.0
"""After words that have to go on: "and", "um", the first half of a telephone number."""

_DANGLING = re.compile(
    r"(?:^|\s)(?:and|or|but|so|because|if|that|than|then|which|with|without|for|from|to|of|on|at|in|by|about|around|until|between|"
    r"the|an|my|your|our|their|this|like|is|are|was|it's|i'm|i'd|i'll|we'd|can|could|would|um+|uh+|er+|erm+|hmm+|well|maybe|actually|"
    r"wait|let me see|let me think|hold on|one moment|you know|i mean)$"
)
_QUESTION = re.compile(
    r"(?:^|[\s,])(?:how|what|what's|when|when's|where|where's|who|why|which|do|does|did|is|are|can|could|may|would|will|have|has|should)\s+\S+.*\?$"
)
_ANSWER = re.compile(
    r"(?:^|\s)(?:yes|yeah|yep|sure|ok|okay|no|nope)\s*"
    r"(?:please|thanks|thank you|that's (?:right|correct|fine)|(?:that )?sounds (?:good|great))$|"
    r"(?:^|\s)(?:good ?bye|bye)$"
)
_DIGIT_WORDS = frozenset(["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double", "triple"])
_NUMBER_INTRODUCED = re.compile(r"\b(?:number|phone|reach me|call me)\b")
_FEWEST_DIGITS = 3
_WHOLE_NUMBER = 10


def pause_after(text: str) -> float:
    """Seconds of silence after which a caller who has said this is answered."""
    spoken = text.strip().lower().replace("’", "'")
    words = re.sub(r"[^\w':\s]+", " ", spoken)
    words = " ".join(words.split())
    if not words or spoken.endswith((",", "-", "…", "...")) or _DANGLING.search(words) or _half_a_number(words):
        return DANGLING_SECONDS
    if _ANSWER.search(words) or _QUESTION.search(spoken):
        return COMPLETE_SECONDS
    return USUAL_SECONDS


def _half_a_number(words: str) -> bool:
    """Whether the words end in digits that look like the beginning of a telephone number."""
    digits = 0
    for word in reversed(words.split()):
        if word in _DIGIT_WORDS:
            digits += 1
        elif word.isdigit():
            digits += len(word)
        else:
            break
    announced = _NUMBER_INTRODUCED.search(words) is not None
    return (1 if announced else _FEWEST_DIGITS) <= digits < _WHOLE_NUMBER
