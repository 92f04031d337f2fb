"""Names as callers give them: introduced, as a bare answer, or spelled."""

import re
from difflib import SequenceMatcher

from aira.voice.receptionist.phrase_table import phrase_table, words_in
from aira.voice.receptionist.words import spoken_letters

_TABLE = phrase_table("names")
_BEFORE = words_in("names", "before a name")
_AFTER = words_in("names", "after a name")
_NO_NAMES = words_in("names", "no names") | _AFTER
_TITLES = words_in("names", "titles")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_AS_IN = r"(?:[\s.,\-]+(?:as in|for|like|is for) [a-z]+)?"
_SPELLED = re.compile(rf"(?:(?<!['’])\b(?:double )?[a-z]{_AS_IN}(?:[\s.,\-]+|$)){{3,}}", re.IGNORECASE)
_LETTER = re.compile(rf"(?<!['’])\b(double )?([a-z])\b{_AS_IN}", re.IGNORECASE)
LONGEST_NAME = 5
SAME_SOUND = 0.75
"""Likeness of spelling from which two words may be one name misheard."""


def read_name(said: str, *, asked: bool) -> str | None:
    """The name in what was said, written as names are; `asked` tells that the bot has just asked for one."""
    spelled = _spelled(said)
    rest = _SPELLED.sub(" ", said) if spelled else said
    words = _introduced(rest, asked=asked) or (_bare(rest) if asked else [])
    if spelled and (asked or words):
        return " ".join(_with_spelling(_once(words), spelled))
    return " ".join(_written(word) for word in _once(words)) or None


def _once(words: list[str]) -> list[str]:
    """The words without those said twice in a row: "Bob, Bob Miller"."""
    return [word for place, word in enumerate(words) if not place or word.lower() != words[place - 1].lower()]


def corrected_by_spelling(heard: str, spelled: str) -> str:
    """A name of which one word was spelled: "Maria Lopez" for Mario Lopez and "Maria"; the spelling alone where it is like no word."""
    words = heard.split()
    written = _with_spelling(words, spelled)
    return " ".join(written) if len(written) == len(words) else spelled


def is_same_name(said: str, known: str) -> bool:
    """Whether each word said sounds like a word of the known name; speech-to-text spells names its own way."""
    heard, names = spoken_letters(said).split(), spoken_letters(known).split()
    return bool(heard) and all(any(_alike(word, name) for name in names) for word in heard)


def _alike(one: str, other: str) -> bool:
    return one == other or (len(one) > 2 and one[0] == other[0] and SequenceMatcher(None, one, other).ratio() >= SAME_SOUND)


def _introduced(said: str, *, asked: bool) -> list[str]:
    """The name after "my name is", "this is", and where a name was asked for or is written as one, after "I'm"."""
    for match in reversed(list(_TABLE["introduces"].finditer(said))):
        if words := _taken(said[match.end() :]):
            return words
    for match in reversed(list(_TABLE["says_i_am"].finditer(said))):
        words = _taken(said[match.end() :])
        named = bool(words) and words[0][0].isupper() and words[-1][0].isupper() and _may_begin_name(match, said)
        if words and (asked or named):
            return words
    speaks = _TABLE["speaks"].search(said)
    if speaks and not {word.lower() for word in speaks["name"].split()} & _NO_NAMES:
        return speaks["name"].split()
    return []


def _may_begin_name(match: re.Match[str], said: str) -> bool:
    """Whether what follows can be a name where none was asked for: after "it's" only at the start of the words."""
    return match[0].lower() in ("i am", "i'm", "for") or _TABLE["greets"].fullmatch(said[: match.start()]) is not None


def _taken(said: str) -> list[str]:
    """The words of a name at the start of a text."""
    words: list[str] = []
    first, *others = re.split(r"[,;?!]|\.\s", said)
    if others and first.strip() and others[0].strip().lower().startswith(first.strip().lower()):
        first = others[0]  # "it's Ann, Ann Lee"
    for word in _WORD.findall(first)[:LONGEST_NAME]:
        plain = word.lower()
        if plain in _NO_NAMES or (not words and plain.endswith("ing") and word.islower()):
            break
        if plain not in _TITLES:
            words.append(word)
    return words


def _bare(said: str) -> list[str]:
    """An answer that is nothing but a name."""
    words = _WORD.findall(said)
    while words and words[0].lower() in _BEFORE:
        words.pop(0)
    while words and words[-1].lower() in _AFTER:
        words.pop()
    if not 1 <= len(words) <= LONGEST_NAME or any(word.lower() in _NO_NAMES for word in words) or any(char.isdigit() for char in said):
        return []
    return words


def _spelled(said: str) -> str:
    match = _SPELLED.search(said)
    return "".join(letter * (2 if double else 1) for double, letter in _LETTER.findall(match[0])) if match else ""


def _with_spelling(words: list[str], spelled: str) -> list[str]:
    """The name with the word that was spelled written so; a spelling that is like no word is the last of it."""
    written = [_written(word) for word in words]
    for place, word in enumerate(written):
        if word[0].lower() == spelled[0].lower() and SequenceMatcher(None, word.lower(), spelled.lower()).ratio() > 0.5:
            return [*written[:place], _written(spelled.lower()), *written[place + 1 :]]
    return [*written, _written(spelled.lower())]


def _written(word: str) -> str:
    """Capitals as in names, kept where the writer set them: McDonald, O'Brien, Anne-Marie."""
    if not word.islower() and not word.isupper():
        return word
    return re.sub(r"(?:^|(?<=['’\-]))[^\W\d_]", lambda match: match[0].upper(), word.lower())
