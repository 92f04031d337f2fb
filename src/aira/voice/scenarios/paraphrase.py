"""The same turn in other words: hesitation, politeness, other spellings of speech-to-text, other ways to say yes and no.

Seed 0 leaves a scenario as it is written; the same seed always gives the same words.
"""

import random
import re

WHOLE = {
    "yes": ("yes please", "yeah", "that's right", "correct", "sounds good", "yep, that works", "Yes."),
    "no": ("no thanks", "nope", "no, thank you", "not really"),
    "bye": ("goodbye", "that's all, thanks", "no that's it, bye", "nothing else, thank you"),
}
"""Turns that may be said in quite other words."""
SWAPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bI'd like\b", ("I want", "I need", "I would like")),
    (r"\bI need\b", ("I'd like", "I have")),
    (r"\bcan I\b", ("could I", "may I")),
    (r"\bcan you\b", ("could you", "would you")),
    (r"\bhow much is\b", ("what does", "how much would")),
    (r"(?<!can't )\bmake it\b", ("let's make it", "can we make it")),
    (r"\bmove\b", ("reschedule", "change")),
    (r"\bmy name is\b", ("this is", "it's")),
    (r"\bhi\b", ("hello", "good morning", "hey there")),
)
AFTER = {r"\bwhat does ([^?.,]+)": r"what does \1 cost", r"\bhow much would ([^?.,]+)": r"how much would \1 be"}
"""Repairs of grammar after a swap."""
FILLERS = ("um ", "uh ", "well, ", "okay so ", "er, ")
ENDINGS = (" please", " thanks", "")
NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
           "eleven": "11", "twelve": "12"}  # fmt: skip
_NUMBER = "|".join(NUMBERS)
_MINUTES = {"thirty": "30", "fifteen": "15", "forty five": "45", "forty-five": "45"}


def paraphrased(line: str, *, scenario: str, place: int, seed: int) -> str:
    """A turn of a scenario in the words of this seed."""
    if seed == 0:
        return line
    chance = random.Random(f"{scenario}/{place}/{seed}")  # noqa: S311  # the same words each time are wanted
    if line in WHOLE:
        return chance.choice(WHOLE[line])
    for change in (_swapped, _digits, _hesitant, _transcribed):
        if chance.random() < 0.6:
            line = change(line, chance)
    return line


def _swapped(line: str, chance: random.Random) -> str:
    for pattern, others in SWAPS:
        if re.search(pattern, line, re.IGNORECASE):
            line = re.sub(pattern, chance.choice(others), line, count=1, flags=re.IGNORECASE)
            break
    for pattern, repaired in AFTER.items():
        line = re.sub(pattern + r"(?! (?:cost|be))", repaired, line)
    return line


def _digits(line: str, chance: random.Random) -> str:
    """Times in figures, as speech-to-text writes them: `at two thirty` is `at 2:30`, `2.30` or `230`."""
    joint = chance.choice((":", "."))
    minutes = "|".join(_MINUTES)

    def timed(match: re.Match[str]) -> str:
        return f"at {NUMBERS[match[1].lower()]}{joint}{_MINUTES[match[2].lower()]}"

    def full(match: re.Match[str]) -> str:
        return f"at {NUMBERS[match[1].lower()]}" + chance.choice(("", " o'clock", ":00"))

    line = re.sub(rf"\bat ({_NUMBER}) ({minutes})\b", timed, line, flags=re.IGNORECASE)
    return re.sub(rf"\bat ({_NUMBER})\b(?! (?:{minutes}|oh|fifteen|twenty|ten))", full, line, flags=re.IGNORECASE)


def _hesitant(line: str, chance: random.Random) -> str:
    return chance.choice(FILLERS) + line[:1].lower() + line[1:] if not line[:1].isdigit() else line


def _transcribed(line: str, chance: random.Random) -> str:
    """Capitals and points as an engine sets them, or none at all."""
    sentence = f"{line[:1].upper()}{line[1:]}"
    return chance.choice((line.lower(), sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."))
