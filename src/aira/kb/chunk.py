"""Cutting a document into passages, which are stored, counted and cited, and these into windows, which are embedded and found."""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aira.kb.document import Block, BlockKind

TokenSpans = Callable[[str], Sequence[tuple[int, int]]]
"""Start and end, in characters, of each word piece of a text."""

_WORD = re.compile(r"\S+")
_SPACE = re.compile(r"\s+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*\s+(?=[^a-z\s])|[。！？]+\s*|\n+")
_HEADING_SEPARATOR = " > "
_LONGEST_LEAD_IN = 200
_LISTED = {BlockKind.ROW, BlockKind.ITEM}


@dataclass(frozen=True, slots=True)
class Cutting:
    """How documents are cut. Changing it asks for indexing the documents anew."""

    chunk_words: int = 500
    chunk_overlap: int = 50
    window_tokens: int = 200
    context_tokens: int = 24
    """Word pieces of the headings, and again of the table's head, that are read before a window's own text."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a passage small enough for the encoder to read whole."""

    start: int
    end: int
    """Characters of the passage's text."""
    page: int | None = None
    heading: str | None = None
    """The headings it stands under, its own included, outermost first, joined by ` > `."""
    context: str = ""
    """The headings above it, as far as they are embedded with it."""
    header: str = ""
    """The head of its table where the window begins below it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk: at most `chunk_words` words, which begin with at most `chunk_overlap` words of the chunk before."""

    text: str
    start: int
    """Characters of the document's text before it."""
    page: int | None
    heading: str | None
    windows: tuple[Window, ...]

    def embedded_text(self, window: Window) -> str:
        """What the encoder reads of a window: the headings above it, the head of its table, its own text."""
        return "\n".join(part for part in (window.context, window.header, self.text[window.start : window.end].strip()) if part)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a block and where it lies in a text."""

    start: int
    end: int
    block: Block

    @property
    def leads_in(self) -> bool:
        """Whether it says little without what follows it."""
        return self.block.kind is BlockKind.HEADING or (self.end - self.start <= _LONGEST_LEAD_IN and self.block.text.endswith((":", "?")))


def cut_passages(blocks: Iterable[Block], token_spans: TokenSpans, cutting: Cutting) -> Iterator[Passage]:
    """Passages in the order of the document, each fully covered by its windows; no more blocks are taken than the next one needs.

    A passage ends where a block ends if one does in its last fifth, else at a sentence, else at a word; its overlap
    with the one before begins at a sentence where there is one.
    """
    text = _Text()
    for block in blocks:
        text.add(block)
        while text.words > cutting.chunk_words:
            yield text.passage(token_spans, cutting)
    if text.words:
        yield text.passage(token_spans, cutting)


def document_text(blocks: Iterable[Block]) -> str:
    """The text that passages are cut from: blank lines between blocks, rows and list entries line by line."""
    text = _Text()
    for block in blocks:
        text.add(block)
    return text.body()


class _Text:
    """The document's text from the beginning of the next passage on, as far as blocks have come."""

    def __init__(self) -> None:
        self.words = 0
        self._before = 0
        self._parts: list[str] = []
        self._length = 0
        self._stretches: list[_Stretch] = []

    def add(self, block: Block) -> None:
        """Lay a block out behind the others."""
        if self._stretches:
            together = block.kind in _LISTED and self._stretches[-1].block.kind is block.kind
            self._append("\n" if together else "\n\n")
        self._stretches.append(_Stretch(self._length, self._length + len(block.text), block))
        self._append(block.text)
        self.words += sum(1 for _ in _WORD.finditer(block.text))

    def body(self) -> str:
        """All of it."""
        self._parts = ["".join(self._parts)]
        return self._parts[0]

    def passage(self, token_spans: TokenSpans, cutting: Cutting) -> Passage:
        """Cut the next passage off; its overlap stays."""
        text = self.body()
        start, end, following, words = _passage_span(text, self._stretches, cutting)
        self.words -= words
        body = text[start:end]
        inside = [
            _Stretch(max(stretch.start - start, 0), min(stretch.end, end) - start, stretch.block)
            for stretch in self._stretches
            if stretch.start < end and stretch.end > start
        ]
        windows = tuple(_cut_windows(body, inside, _Ruler(token_spans(body)), token_spans, cutting))
        passage = Passage(body, self._before + start, inside[0].block.page, _heading(inside[0].block), windows)
        self._forget(following)
        return passage

    def _append(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)

    def _forget(self, characters: int) -> None:
        self._parts = [self.body()[characters:]]
        self._before += characters
        self._length -= characters
        self._stretches = [
            _Stretch(stretch.start - characters, stretch.end - characters, stretch.block)
            for stretch in self._stretches
            if stretch.end > characters
        ]


def _passage_span(text: str, stretches: Sequence[_Stretch], cutting: Cutting) -> tuple[int, int, int, int]:
    """Where the first passage of a text starts and ends and the next one starts, and how many words lie before that."""
    words = [match.span() for match in islice(_WORD.finditer(text), cutting.chunk_words + 1)]
    if len(words) <= cutting.chunk_words:
        return words[0][0], words[-1][1], len(text), len(words)
    starts = [start for start, _ in words]
    block_starts = {bisect_left(starts, stretch.start) for stretch in stretches}
    sentence_ends = _SENTENCE_END.finditer(text, 0, words[-1][1])
    sentence_starts = block_starts | {bisect_left(starts, match.end()) for match in sentence_ends}
    last = _last_of(block_starts, sentence_starts, within=range(cutting.chunk_words, cutting.chunk_words - cutting.chunk_words // 5, -1))
    overlap = range(last - cutting.chunk_overlap, last + 1)
    following = next((word for word in overlap if word in sentence_starts), overlap[0])
    return words[0][0], words[last - 1][1], words[following][0], following


def _last_of(*kinds_of_starts: set[int], within: range) -> int:
    return next((word for starts in kinds_of_starts for word in within if word in starts), within[0])


class _Ruler:
    """Measures a text in word pieces."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def count(self, start: int, end: int) -> int:
        """Word pieces between two characters."""
        return max(bisect_left(self._starts, end) - bisect_right(self._ends, start), 0)

    def reach(self, start: int, pieces: int) -> int:
        """The first character after this many word pieces from `start`; there are more than that."""
        return self._starts[bisect_right(self._ends, start) + pieces]


def _cut_windows(body: str, stretches: Sequence[_Stretch], ruler: _Ruler, token_spans: TokenSpans, cutting: Cutting) -> Iterator[Window]:
    joined: list[_Stretch] = []
    for stretch in stretches:
        for piece in _pieces(body, stretch, ruler, cutting.window_tokens):
            if joined and not _belongs(joined, piece, ruler, cutting.window_tokens):
                yield _window(joined, token_spans, cutting)
                joined = []
            joined.append(piece)
    yield _window(joined, token_spans, cutting)


def _pieces(body: str, stretch: _Stretch, ruler: _Ruler, limit: int) -> Iterator[_Stretch]:
    """A block in parts of about the same length, cut at lines and sentences, else words, else inside a word."""
    start, end = stretch.start, stretch.end
    while (rest := ruler.count(start, end)) > limit:
        aim = math.ceil(rest / math.ceil(rest / limit))
        reach = ruler.reach(start, limit)
        cut = _cut_near(body, start, ruler.reach(start, aim), reach)
        yield _Stretch(start, cut, stretch.block)
        start = cut
    yield _Stretch(start, end, stretch.block)


def _cut_near(body: str, start: int, aim: int, reach: int) -> int:
    nearest = start + (aim - start) // 2
    for boundary in (_SENTENCE_END, _SPACE):
        cuts = [match.end() for match in boundary.finditer(body, nearest, reach) if match.end() <= reach]
        if cuts:
            return min(cuts, key=lambda cut: abs(cut - aim))
    return max(aim, start + 1)


def _belongs(joined: Sequence[_Stretch], piece: _Stretch, ruler: _Ruler, limit: int) -> bool:
    """Whether a piece continues the window: the rows of a table, the entries of a list, and what a heading or question leads in."""
    if ruler.count(joined[0].start, piece.end) > limit:
        return False
    if all(before.leads_in for before in joined):
        return True
    return piece.block.kind in _LISTED and joined[-1].block.kind is piece.block.kind


def _window(pieces: Sequence[_Stretch], token_spans: TokenSpans, cutting: Cutting) -> Window:
    block = pieces[0].block
    return Window(
        pieces[0].start,
        pieces[-1].end,
        page=block.page,
        heading=_heading(block),
        context=_last_words(_HEADING_SEPARATOR.join(block.headings), token_spans, cutting.context_tokens),
        header=_first_words(block.header, token_spans, cutting.context_tokens),
    )


def _heading(block: Block) -> str | None:
    path = (*block.headings, block.text) if block.kind is BlockKind.HEADING else block.headings
    return _HEADING_SEPARATOR.join(path) or None


def _last_words(text: str, token_spans: TokenSpans, pieces: int) -> str:
    spans = token_spans(text)
    return text if len(spans) <= pieces else text[spans[-pieces][0] :]


def _first_words(text: str, token_spans: TokenSpans, pieces: int) -> str:
    spans = token_spans(text)
    return text if len(spans) <= pieces else text[: spans[pieces - 1][1]]
