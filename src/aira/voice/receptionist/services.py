"""Which of the business's services a caller means: by name, other name, part of a name, or as misheard."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from aira.voice.receptionist.protocol import ServiceFact
from aira.voice.receptionist.words import normalise, spoken_letters

LIKE = 0.86
SHORTEST_LIKE = 5
LONGEST_PHRASE = 5
_GENERIC = frozenset(
    [
        "treatment",
        "service",
        "session",
        "appointment",
        "visit",
        "the",
        "a",
        "an",
        "and",
        "for",
        "with",
        "of",
        "or",
        "new",
        "full",
        "men",
        "women",
        "man",
        "woman",
        "kid",
        "child",
    ]
)
_REFUSING = ("not", "instead", "than")


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """The services that one mention may mean, one where it is clear."""

    names: tuple[str, ...]
    place: int
    """Where in the utterance, in words."""


def find_services(text: str, services: Sequence[ServiceFact]) -> tuple[ServiceChoice, ...]:
    """The services named in a plain text, in their order; one that is refused ("not a cut") is left out."""
    words = [_stem(word) for word in spoken_letters(text).split()]
    free = [True] * len(words)
    found = _by_label(words, free, services) + _by_part(words, free, services)
    unique: dict[tuple[str, ...], ServiceChoice] = {}
    for choice in sorted(found, key=lambda choice: choice.place):
        if not _is_refused(words, choice.place):
            unique.setdefault(choice.names, choice)
    return tuple(unique.values())


def _by_label(words: list[str], free: list[bool], services: Sequence[ServiceFact]) -> list[ServiceChoice]:
    """Mentions of a whole name or other name, the longest first; words may be joined or split ("check up")."""
    labels = {_joined(label): service.name for service in services for label in (*reversed(service.also), service.name)}
    found = []
    for length in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        for place in range(len(words) - length + 1):
            if not all(free[place : place + length]):
                continue
            name = _labelled("".join(words[place : place + length]), labels)
            if name:
                found.append(ServiceChoice((name,), place))
                free[place : place + length] = [False] * length
    return found


def _labelled(phrase: str, labels: dict[str, str]) -> str | None:
    if phrase in labels:
        return labels[phrase]
    if len(phrase) < SHORTEST_LIKE:
        return None
    likeness, name = max(((SequenceMatcher(None, phrase, label).ratio(), name) for label, name in labels.items()), default=(0.0, ""))
    return name if likeness >= LIKE else None


def _by_part(words: list[str], free: list[bool], services: Sequence[ServiceFact]) -> list[ServiceChoice]:
    """Mentions of a telling word of a longer name; several services may share it."""
    parts: dict[str, list[str]] = {}
    for service in services:
        for word in {_stem(word) for label in (service.name, *service.also) for word in spoken_letters(normalise(label)).split()}:
            if word not in _GENERIC and len(word) > 2:
                parts.setdefault(word, []).append(service.name)
    found: list[ServiceChoice] = []
    taken: set[str] = set()
    for place, word in enumerate(words):
        if not free[place] or word not in parts:
            continue
        names = tuple(name for name in parts[word] if not taken or name in taken) or tuple(parts[word])
        if found and set(names) < set(found[-1].names):
            found[-1] = ServiceChoice(names, found[-1].place)
        elif not found or not set(found[-1].names) & set(names):
            found.append(ServiceChoice(names, place))
        taken = set(names)
    return found


def _is_refused(words: list[str], place: int) -> bool:
    before = [word for word in words[max(0, place - 3) : place] if word not in ("a", "an", "the", "my", "of")]
    return bool(before) and before[-1] in _REFUSING


def _joined(label: str) -> str:
    return "".join(_stem(word) for word in spoken_letters(normalise(label)).split())


def _stem(word: str) -> str:
    """One form for singular and plural, British and American spelling."""
    word = word.replace("colour", "color")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
