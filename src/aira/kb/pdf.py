"""Blocks of a PDF, out of the lines that an engine finds on its pages."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from aira.kb.document import Block, BlockKind, Engines, Limits, Outline
from aira.kb.layout import ITEM_MARK, Line, Paragraph, Table, arrange
from aira.kb.refusal import refusal
from aira.kb.table import table_blocks
from aira.kb.text import clean

_SAMPLE_PAGES = 20
_HEADING_SIZE = 1.15
_LONGEST_HEADING_WORDS = 20
_DIGITS = re.compile(r"\d+")


class PageReader(Protocol):
    """What an engine gives: the lines of each page, tables that are drawn with rules as one line each."""

    total: int

    def lines(self, page: int) -> list[Line]:
        """The lines of a page, counted from 0."""


def read_pdf(content: bytes, limits: Limits, engines: Engines = Engines()) -> "PdfPages":  # noqa: B008 - frozen
    """Open a PDF; its blocks are read page by page. Refuses what is encrypted, damaged, too long or has no text."""
    if engines.pdf == "pypdfium2":
        from aira.kb.pdfium import PdfiumPages

        return PdfPages(PdfiumPages(content, limits))
    from aira.kb.mupdf import MuPdfPages

    return PdfPages(MuPdfPages(content, limits, engines))


class PdfPages:
    """The pages of one PDF, to be read once from the first to the last."""

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader
        self.total = reader.total
        self.with_text = 0

    def blocks(self) -> Iterator[Block]:
        """Blocks in reading order; headings are told by the size of their letters and by bold type."""
        step = max(self.total // _SAMPLE_PAGES, 1)
        sample = [self._reader.lines(page) for page in range(0, self.total, step)]
        body = _body(sample)
        repeated = _repeated(sample)
        outline = Outline()
        for page in range(self.total):
            lines = self._reader.lines(page)
            self.with_text += bool(lines)
            yield from _page_blocks(_without(lines, repeated), page + 1, body, outline)
        if not self.with_text:
            raise refusal("no_text_layer")


def _page_blocks(lines: Sequence[Line], page: int, body: tuple[float, bool], outline: Outline) -> Iterator[Block]:
    for part in arrange(lines):
        if isinstance(part, Table):
            yield from table_blocks(part.rows, outline.path, page)
            continue
        text = clean(part.text)
        if text and _is_heading(part, body):
            title = " ".join(text.split())
            yield Block(BlockKind.HEADING, title, page, outline.enter(-part.size + (0.25 if part.size <= body[0] * 1.05 else 0), title))
        elif text:
            yield Block(BlockKind.ITEM if ITEM_MARK.match(text) else BlockKind.PARAGRAPH, text, page, outline.path)


def _is_heading(part: Paragraph, body: tuple[float, bool]) -> bool:
    size, bold = body
    if part.lines > 3 or len(part.text.split()) > _LONGEST_HEADING_WORDS or part.text.endswith((".", ",", ";")):
        return False
    return any(letter.isalpha() for letter in part.text) and (part.size >= _HEADING_SIZE * size or (part.bold and not bold))


def _body(sample: Sequence[Sequence[Line]]) -> tuple[float, bool]:
    """The size of letters, in half points, and whether they are bold, in which most of the text is set."""
    letters: Counter[tuple[float, bool]] = Counter()
    for lines in sample:
        for line in lines:
            letters[line.size, line.bold] += len(line.text)
    return letters.most_common(1)[0][0] if letters else (0.0, False)


def _repeated(sample: Sequence[Sequence[Line]]) -> dict[str, int]:
    """Lines that stand at the head or foot of most pages, figures aside, each with how often it may still be read."""
    seen = Counter(key for lines in sample for key in {_key(line) for line in _edges(lines)})
    return {key: 1 for key, pages in seen.items() if pages >= 3 and pages * 2 > len(sample)}


def _without(lines: Sequence[Line], repeated: dict[str, int]) -> list[Line]:
    edges = {id(line) for line in _edges(lines)}
    kept = []
    for line in lines:
        key = _key(line)
        if id(line) in edges and key in repeated:
            repeated[key] -= 1
            if repeated[key] < 0:
                continue
        kept.append(line)
    return kept


def _edges(lines: Sequence[Line]) -> list[Line]:
    """The lines at the head and at the foot of a page that stand apart from its text."""
    rows = sorted(lines, key=lambda line: line.y0)
    head = [line for line in rows if line.y0 < rows[0].y0 + line.size / 2]
    foot = [line for line in rows if line.y0 > rows[-1].y0 - line.size / 2]
    between = rows[len(head) : len(rows) - len(foot)]
    if not between:
        return rows
    apart_above = between[0].y0 - rows[0].y1 > rows[0].size
    apart_below = rows[-1].y0 - max(line.y1 for line in between) > rows[-1].size
    return (head if apart_above else []) + (foot if apart_below else [])


def _key(line: Line) -> str:
    return _DIGITS.sub("0", line.text)
