"""BM25 over one business's windows, as a share of what a question could reach there."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

_SATURATION = 1.2
_LENGTH_WEIGHT = 0.75
_WORD = re.compile(r"[^\W_]+")
_STOP_WORDS = {
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does", "for",
    "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "many", "me", "much", "my",
    "no", "not", "of", "on", "or", "our", "out", "please", "she", "should", "so", "some", "tell", "than", "that", "the", "their",
    "them", "there", "they", "this", "to", "up", "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will",
    "with", "would", "you", "your",
}  # fmt: skip


def terms(text: str) -> list[str]:
    """The words of a text in lower case and singular."""
    return [_singular(word) for word in _WORD.findall(text.lower())]


class Bm25:
    """Okapi BM25 whose rareness of a word is that within these texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts = [Counter(terms(text)) for text in texts]
        self._size = len(counts)
        lengths = np.array([sum(count.values()) for count in counts], np.float32)
        relative = lengths / max(float(lengths.mean()), 1.0) if counts else lengths
        postings: dict[str, tuple[list[int], list[int]]] = {}
        for row, count in enumerate(counts):
            for term, times in count.items():
                rows, frequencies = postings.setdefault(term, ([], []))
                rows.append(row)
                frequencies.append(times)
        self._postings = {term: self._weighed(rows, frequencies, relative) for term, (rows, frequencies) in postings.items()}

    def coverage(self, query: str) -> "Scores":
        """A score a text, from 0 to 1: its BM25, as a share of the best that each word of the query has among the texts.

        A word that no text has counts as one that a single text could have had.
        """
        scores = np.zeros(self._size, np.float32)
        reachable = 0.0
        for term in _asked(query):
            if posting := self._postings.get(term):
                rows, weights, best = posting
                scores[rows] += weights
                reachable += best
            else:
                reachable += self._rareness(0)
        return scores / np.float32(reachable) if reachable else scores

    def _weighed(self, rows: Sequence[int], frequencies: Sequence[int], relative: "Scores") -> "tuple[NDArray[np.int32], Scores, float]":
        places = np.array(rows, np.int32)
        times = np.array(frequencies, np.float32)
        damped = times + _SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * relative[places])
        weights = (self._rareness(len(rows)) * (_SATURATION + 1) * times / damped).astype(np.float32)
        return places, weights, float(weights.max())

    def _rareness(self, texts_with_it: int) -> float:
        return math.log(1 + (self._size - texts_with_it + 0.5) / (texts_with_it + 0.5))


def _asked(query: str) -> set[str]:
    words = set(terms(query))
    return words - _STOP_WORDS or words


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
