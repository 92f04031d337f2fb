"""Choosing the passages that answer a question out of one business's windows."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aira.kb.bm25 import Bm25
from aira.kb.chunk import Passage, Window

if TYPE_CHECKING:
    from aira.kb.bm25 import Scores

WORD_WEIGHT = 0.8
"""What a full match of words is worth beside a cosine of 1."""

EVIDENCE_THRESHOLD = 0.2
"""Of `Ranking.evidence`: what is answerable has as much."""

_EVIDENCE_WORD_WEIGHT = 0.6
_EVIDENCE_PER_LOG_WINDOW = 0.07
"""The best of many windows is better by chance than the best of few."""

_EVIDENCE_WINDOWS = 100
"""Beyond so many it does not count: what is better by chance grows slowly, and many windows blur what is rare in a question."""

_JOIN_FROM = 0.8
"""Of its score: how well a window beside a found one must do to be shown with it."""

_JOIN_WORDS = 250
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a window is: document, passage in it, window in that, each counted from 0."""

    document: int
    passage: int
    window: int


@dataclass(frozen=True, slots=True)
class Match:
    """A stretch of one passage that was found: a window, or neighbouring windows that were both found."""

    document: int
    passage: int
    start: int
    end: int
    """Characters of the passage's text."""
    first: Window
    score: float
    text: str

    @property
    def words(self) -> int:
        """How long it is."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Ranking:
    """Matches, best first; `answerable` is False where nothing found is about the question."""

    answerable: bool
    matches: list[Match]
    evidence: float = 0.0
    """How much the best window is about the question, the more windows the less; what is called answerable is decided by it."""


class WindowRanker:
    """Ranks the windows of one business's documents for questions."""

    def __init__(self, documents: Sequence[Sequence[Passage]]) -> None:
        self._documents = documents
        self.places = [
            Place(document, passage, window)
            for document, passages in enumerate(documents)
            for passage, cut in enumerate(passages)
            for window in range(len(cut.windows))
        ]
        self._bm25 = Bm25(self._passage(place).embedded_text(self._window(place)) for place in self.places)

    def rank(self, query: str, cosines: "Scores", *, limit: int, budget_words: int | None = None) -> Ranking:
        """The best matches: at most `limit`, and of at most `budget_words` words together.

        `cosines` has the similarity of each window, in the order of `places`, to the query.
        """
        if not self.places:
            return Ranking(False, [])
        coverage = self._bm25.coverage(query)
        scores = cosines + np.float32(WORD_WEIGHT) * coverage
        best = int(scores.argmax())
        found = float(cosines[best] + _EVIDENCE_WORD_WEIGHT * coverage[best])
        evidence = found - _EVIDENCE_PER_LOG_WINDOW * math.log(min(len(self.places), _EVIDENCE_WINDOWS))
        return Ranking(evidence >= EVIDENCE_THRESHOLD, list(self._chosen(scores, limit, budget_words)), evidence)

    def _chosen(self, scores: "Scores", limit: int, budget_words: int | None) -> Iterator[Match]:
        left = budget_words
        for number, match in enumerate(self._matches(scores)):
            if limit <= 0 or (left is not None and left <= 0):
                return
            if left is None or match.words <= left or number == 0:
                yield match
                limit -= 1
                left = None if left is None else left - match.words

    def _matches(self, scores: "Scores") -> Iterator[Match]:
        shown: list[Match] = []
        used: set[int] = set()
        for row in _best_rows(scores, _CANDIDATES):
            if row in used or self._is_shown(row, shown):
                continue
            rows = self._neighbours(row, scores, used)
            used.update(rows)
            shown.append(self._match(rows, float(scores[row])))
            yield shown[-1]

    def _neighbours(self, row: int, scores: "Scores", used: set[int]) -> range:
        """The row with those beside it in its section that score nearly as well, up to a length one can listen to."""
        first = last = row
        while True:
            beside = [
                other
                for other in (first - 1, last + 1)
                if 0 <= other < len(self.places)
                and other not in used
                and scores[other] >= scores[row] * _JOIN_FROM
                and self._same_section(row, other)
                and self._words(min(first, other), max(last, other)) <= _JOIN_WORDS
            ]
            if not beside:
                return range(first, last + 1)
            other = max(beside, key=lambda candidate: float(scores[candidate]))
            first, last = min(first, other), max(last, other)

    def _match(self, rows: range, score: float) -> Match:
        place = self.places[rows[0]]
        first = self._window(place)
        end = self._window(self.places[rows[-1]]).end
        text = self._passage(place).text[first.start : end].strip()
        return Match(place.document, place.passage, first.start, end, first, score, f"{first.header}\n{text}" if first.header else text)

    def _is_shown(self, row: int, shown: Sequence[Match]) -> bool:
        """Whether most of a window, which may lie in the overlap of two passages, is in a better match already."""
        place = self.places[row]
        passage, window = self._passage(place), self._window(place)
        start, end = passage.start + window.start, passage.start + window.end
        for match in shown:
            before = self._documents[match.document][match.passage].start
            common = min(end, before + match.end) - max(start, before + match.start)
            if match.document == place.document and 2 * common > end - start:
                return True
        return False

    def _same_section(self, row: int, other: int) -> bool:
        one, two = self.places[row], self.places[other]
        return (one.document, one.passage) == (two.document, two.passage) and self._window(one).heading == self._window(two).heading

    def _words(self, first: int, last: int) -> int:
        place = self.places[first]
        return len(self._passage(place).text[self._window(place).start : self._window(self.places[last]).end].split())

    def _passage(self, place: Place) -> Passage:
        return self._documents[place.document][place.passage]

    def _window(self, place: Place) -> Window:
        return self._passage(place).windows[place.window]


def _best_rows(scores: "Scores", count: int) -> list[int]:
    """The rows of the highest scores, best first; of equal ones the first row first."""
    least = np.partition(scores, -count)[-count] if count < len(scores) else scores.min()
    rows = np.flatnonzero(scores >= least)
    best: list[int] = rows[np.argsort(-scores[rows], kind="stable")[:count]].tolist()
    return best
