"""Which of the business's services a caller means: by name, other name, part of a name, or as misheard."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from aira.voice.receptionist.protocol import ServiceFact
from aira.voice.receptionist.words import normalise, spoken_letters

LIKE = 0.86
"""Likeness of spelling from which a phrase is taken for a service's name misheard."""
LONG = 8
LIKE_IF_LONG = 0.8
"""The same for names of at least so many letters, which are seldom like anything else."""
SHORTEST_LIKE = 5
LONGEST_PHRASE = 5
_GENERIC = frozenset(
    {"treatment", "service", "session", "appointment", "visit", "new", "full", "men", "women", "man", "woman", "kid", "child"}
    | {"the", "and", "for", "with", "or"}
)
"""Words too common to stand for a service by themselves."""
_REFUSING = ("not", "instead", "than")


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """The services that one mention may mean, one where it is clear."""

    names: tuple[str, ...]
    place: int
    """Where in the utterance, in words."""


@dataclass(frozen=True, slots=True)
class _Index:
    """The services by what they may be called."""

    labels: dict[str, str]
    """Names and other names without spaces."""
    telling: dict[str, tuple[str, ...]]
    """Words that point to services, alone."""
    words: dict[str, frozenset[str]]
    """All words of a service's names."""


def find_services(text: str, services: tuple[ServiceFact, ...]) -> tuple[ServiceChoice, ...]:
    """The services named in a plain text, in their order; one that is refused ("not a cut") is left out."""
    if not services:
        return ()
    index = _index(services)
    words = [_stem(word) for word in spoken_letters(text).split()]
    free = [True] * len(words)
    found = _by_label(words, free, index) + _by_part(words, free, index)
    unique: dict[tuple[str, ...], ServiceChoice] = {}
    for choice in sorted(found, key=lambda choice: choice.place):
        if not _is_refused(words, choice.place):
            unique.setdefault(choice.names, choice)
    return tuple(unique.values())


def choose_service(text: str, services: tuple[ServiceFact, ...]) -> str | None:
    """The one of few services that shares most words with a plain text, be they ever so common: "the men's one"."""
    words = {_stem(word) for word in spoken_letters(text).split()}
    shared = {name: len(known & words) for name, known in _index(services).words.items()}
    best = [name for name, count in shared.items() if count and count == max(shared.values())]
    return best[0] if len(best) == 1 else None


@lru_cache(maxsize=64)
def _index(services: tuple[ServiceFact, ...]) -> _Index:
    labels: dict[str, str] = {}
    telling: dict[str, tuple[str, ...]] = {}
    words: dict[str, frozenset[str]] = {}
    for service in services:
        named = [[_stem(word) for word in spoken_letters(normalise(label)).split()] for label in (service.name, *service.also)]
        for label in named:
            labels.setdefault("".join(label), service.name)
        words[service.name] = frozenset(word for label in named for word in label)
        for word in words[service.name]:
            if word not in _GENERIC and len(word) > 2:
                telling[word] = (*telling.get(word, ()), service.name)
    return _Index(labels, telling, words)


def _by_label(words: list[str], free: list[bool], index: _Index) -> list[ServiceChoice]:
    """Mentions of a whole name or other name, the longest first; words may be joined or split ("check up")."""
    found = []
    for length in range(min(LONGEST_PHRASE, len(words)), 0, -1):
        for place in range(len(words) - length + 1):
            if not all(free[place : place + length]):
                continue
            name = _labelled("".join(words[place : place + length]), index.labels)
            if name:
                found.append(ServiceChoice((name,), place))
                free[place : place + length] = [False] * length
    return found


def _labelled(phrase: str, labels: dict[str, str]) -> str | None:
    """The service of this name, or of one that begins alike and differs by a letter or two."""
    if phrase in labels or len(phrase) < SHORTEST_LIKE:
        return labels.get(phrase)
    near = [label for label in labels if label[:1] == phrase[:1] and abs(len(label) - len(phrase)) <= 2]
    likeness, name = max(((SequenceMatcher(None, phrase, label).ratio(), labels[label]) for label in near), default=(0.0, ""))
    return name if likeness >= (LIKE_IF_LONG if len(phrase) >= LONG else LIKE) else None


def _by_part(words: list[str], free: list[bool], index: _Index) -> list[ServiceChoice]:
    """Mentions of a telling word of a longer name: words that can mean one service together do, and others of its words decide."""
    found: list[ServiceChoice] = []
    for place, word in enumerate(words):
        names = index.telling.get(word, ()) if free[place] else ()
        both = tuple(name for name in names if found and name in found[-1].names)
        if both:
            found[-1] = ServiceChoice(both, found[-1].place)
        elif names:
            found.append(ServiceChoice(names, place))
    return [ServiceChoice(_likeliest(choice.names, words, index), choice.place) for choice in found]


def _likeliest(names: tuple[str, ...], words: list[str], index: _Index) -> tuple[str, ...]:
    """Those of the services with the most words in the utterance: "women's cut" is one of two cuts."""
    counts = {name: len(index.words[name] & set(words)) for name in names}
    return tuple(name for name in names if counts[name] == max(counts.values()))


def _is_refused(words: list[str], place: int) -> bool:
    before = [word for word in words[max(0, place - 3) : place] if word not in ("a", "an", "the", "my", "of")]
    return bool(before) and before[-1] in _REFUSING


def _stem(word: str) -> str:
    """One form for singular and plural, British and American spelling."""
    word = word.replace("colour", "color")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
