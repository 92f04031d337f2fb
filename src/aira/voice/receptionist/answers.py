"""The sentence or table row of a document that answers a question, in words that can be spoken."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from aira.voice.receptionist import spoken
from aira.voice.receptionist.aloud import aloud
from aira.voice.receptionist.phrase_table import word_lists, words_in
from aira.voice.receptionist.protocol import Passage
from aira.voice.receptionist.words import normalise, spoken_letters

LONGEST_ANSWER = 260
"""Characters; longer answers are cut at a sentence."""
SHORT_ANSWER = 60
"""Characters up to which an answer takes the next sentence along where that goes on about the same."""
ALIKE = 0.8
_GOES_ON = re.compile(r"(?:It|They|This|That|These|The)\b")
_EMPTY = words_in("meanings", "empty")
_MONEY = r"[$£€]\s?\d|\b\d+(?:\.\d\d)?\s?(?:dollars|euros|pounds|usd|eur|gbp)\b|\bfree\b|\bno charge\b"
_LENGTH = r"\b\d+\s?(?:min|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?)\b|\b(?:hour|minutes|days|weeks)\b"
_TIME = r"\d{1,2}[:.]\d{2}|\b\d{1,2}\s?[ap]\.?m|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\bdays?\b|\bhours\b"
_KINDS = tuple(
    (re.compile(asked), re.compile(answered, re.IGNORECASE))
    for asked, answered in (
        (r"\b(?:how much|cost|price|charge|fee|expensive|rate|pay for)\b", _MONEY),
        (r"\bhow long\b", _LENGTH),
        (r"\b(?:when|what time|hours|how (?:early|late))\b", _TIME),
        (r"\b(?:phone|call|number|reach)\b", r"\+?\d[\d\-(). ]{6,}\d"),
    )
)
"""Kinds of question, and what a sentence must hold to answer one."""
_TELLING = ((re.compile(r"\b(?:take|accept)\b"), re.compile(r"\b(?:accept|take|pay)", re.IGNORECASE)),)
"""Words of a question that say nothing by themselves, and those of a sentence that is the likelier answer to it."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
_BULLET = re.compile(r"^\s*(?:[-*•▪◦·–]|\d{1,2}[.)])\s+")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or table row, with what stands around it."""

    text: str
    around: str
    """The heading, and the sentence before it."""
    header: tuple[str, ...] = ()
    following: str = ""


def answer(question: str, passages: Sequence[Passage]) -> str | None:
    """One or two spoken sentences out of the passages that answer the question; None where none of them is about it."""
    asked = normalise(question)
    wanted = _content(asked)
    kinds = [kind for ask, kind in _KINDS if ask.search(asked)]
    telling = [kind for ask, kind in _TELLING if ask.search(asked)]
    best, best_score = None, 0.0
    for rank, passage in enumerate(passages):
        for unit in _units(passage):
            score = _score(unit, wanted, kinds)
            score = score - 0.1 * rank + (0.5 if score and any(kind.search(unit.text) for kind in telling) else 0.0)
            if score > best_score:
                best, best_score = unit, score
    return _spoken(best, asked) if best else None


def _units(passage: Passage) -> Iterator[_Unit]:
    header: tuple[str, ...] = ()
    heading = passage.heading or ""
    for block in _blocks(passage.text):
        if " | " in block:
            cells = tuple(cell.strip() for cell in block.strip("| ").split("|"))
            if not header and not any(char.isdigit() for char in block):
                header = cells
                continue
            yield _Unit(" | ".join(cells), heading, header)
            continue
        header = ()
        if _is_heading(block):
            heading = f"{passage.heading or ''} {block}"
            continue
        sentences = [sentence.strip() for sentence in _SENTENCE_END.split(block) if sentence.strip()]
        for place, sentence in enumerate(sentences):
            before = sentences[place - 1] if place else ""
            after = sentences[place + 1] if place + 1 < len(sentences) else ""
            yield _Unit(sentence, f"{heading} {before}", following=after)


def _is_heading(block: str) -> bool:
    return len(block) < 60 and not block.endswith((".", "!", "?", ":")) and not any(char.isdigit() for char in block)


def _blocks(text: str) -> Iterator[str]:
    """Lines of a table, list entries and headings by themselves, the lines of a paragraph joined."""
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = _BULLET.sub("", line.replace("\t", " | ")).strip()
        alone = not stripped or " | " in stripped or _BULLET.match(line) is not None
        if alone and paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if alone and stripped:
            yield stripped
        elif not alone:
            if paragraph and len(paragraph[-1]) < 60 and not paragraph[-1].endswith((",", "-")) and stripped[:1].isupper():
                yield " ".join(paragraph)
                paragraph = []
            paragraph.append(stripped)


def _score(unit: _Unit, wanted: Sequence[str], kinds: Sequence[re.Pattern[str]]) -> float:
    own, around = _content(normalise(unit.text)), _content(normalise(unit.around))
    hits = sum(1.0 if _has(own, word) else _kinship(own, word) or (0.5 if _has(around, word) else 0.0) for word in wanted)
    if not hits:
        return 0.0
    matching = [kind for kind in kinds if kind.search(unit.text)]
    if kinds and not matching:
        return 0.0
    density = hits / (len(wanted) + 0.05 * len(own))
    question = unit.text.rstrip().endswith("?")
    return hits + density + len(matching) - (1.5 if question else 0.0) - (0.6 if unit.text.endswith(":") or len(own) < 2 else 0.0)


def _content(text: str) -> list[str]:
    return [_stem(word) for word in spoken_letters(text).split() if word not in _EMPTY and not (len(word) == 1 and not word.isdigit())]


def _stem(word: str) -> str:
    word = word.replace("colour", "color").replace("centre", "center")
    for ending, least in (
        ("ations", 9),
        ("ation", 8),
        ("ings", 7),
        ("ing", 6),
        ("led", 7),
        ("ied", 6),
        ("ies", 5),
        ("ed", 5),
        ("es", 6),
        ("s", 4),
        ("ly", 6),
    ):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
    return word.removesuffix("e") if len(word) > 4 else word


def _has(words: Sequence[str], wanted: str) -> bool:
    return any(
        word == wanted
        or (
            len(wanted) > 4
            and (
                word.startswith(wanted)
                or (wanted.startswith(word) and len(word) > 4)
                or SequenceMatcher(None, word, wanted).ratio() > ALIKE
            )
        )
        for word in words
    )


def _kinship(words: Sequence[str], wanted: str) -> float:
    """How much the words belong to a circle of meaning of the one wanted: 0 to 0.9."""
    shared = max((sum(other in words for other in circle) for circle in _CIRCLES if wanted in circle), default=0)
    return min(0.9, 0.6 + 0.1 * shared) if shared else 0.0


def _spoken(unit: _Unit, asked: str) -> str | None:
    if " | " in unit.text:
        return aloud(_row(unit, asked))
    text = unit.text
    if text.endswith("?"):
        text = unit.following
    elif len(text) < SHORT_ANSWER and _GOES_ON.match(unit.following):
        text = f"{text} {unit.following}"
    if not text:
        return None
    return aloud(text if len(text) <= LONGEST_ANSWER else _SENTENCE_END.split(text)[0])


def _row(unit: _Unit, asked: str) -> str:
    """A table row as a sentence: its first cell, then what was asked for, else every cell with the name of its column."""
    cells = unit.text.split(" | ")
    head, rest = _with_article(cells[0]), [cell for cell in cells[1:] if cell.strip("-– ")]
    price = next((cell for cell in rest if re.search(r"[$£€]", cell)), None)
    length = next((cell for cell in rest if re.search(r"\d\s?(?:min|h|hour)", cell, re.IGNORECASE)), None)
    if re.search(r"\bhow long\b", asked) and length:
        return f"{head} takes {length}."
    if price and (length is None or len(rest) <= 2):
        return f"{head} is {price}" + (f" and takes {length}." if length else ".")
    named = [f"{column}: {cell}" if column else cell for column, cell in zip([*unit.header[1:], *[""] * len(rest)], rest, strict=False)]
    return f"{head}: {', '.join(named) if len(rest) > 1 else ''.join(rest)}."


def _with_article(name: str) -> str:
    noun = spoken.a(name)
    return noun[:1].upper() + noun[1:]


_CIRCLES = tuple(frozenset(_stem(word) for word in circle.split()) for circle in word_lists("meanings")["circles"])
