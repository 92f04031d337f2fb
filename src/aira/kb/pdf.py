"""Blocks of a PDF, by MuPDF."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypedDict

from aira.kb.document import Block, BlockKind, Limits, Outline
from aira.kb.layout import ITEM_MARK, Line, Paragraph, Table, arrange
from aira.kb.refusal import refusal
from aira.kb.table import table_blocks
from aira.kb.text import clean

_SAMPLE_PAGES = 20
_HEADING_SIZE = 1.15
_LONGEST_HEADING_WORDS = 20
_MOST_RULES = 3_000
_MOST_RULED_PAGES = 500
_BOLD = 16  # flag of a MuPDF span
_DIGITS = re.compile(r"\d+")


class PageReader(Protocol):
    """What an engine gives: the lines of each page, tables that are drawn with rules as one line each."""

    total: int

    def lines(self, page: int) -> list[Line]:
        """The lines of a page, counted from 0."""


def read_pdf(content: bytes, limits: Limits) -> "PdfPages":
    """Open a PDF; its blocks are read page by page. Refuses what is encrypted, damaged, too long or has no text."""
    return PdfPages(_MuPdf(content, limits))


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


class _MuPdf:
    """PageReader over PyMuPDF."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        import pymupdf

        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        pymupdf.no_recommend_layout()
        self._flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
        self._ruled_pages = 0
        with _refusing("The PDF is damaged."):
            self._document = pymupdf.open(stream=content, filetype="pdf")
            self.total: int = self._document.page_count
        self._check(content, limits)

    def lines(self, page: int) -> list[Line]:
        with _refusing(f"Page {page + 1} of the PDF is damaged."):
            loaded = self._document.load_page(page)
            lines = [line for block in loaded.get_text("dict", flags=self._flags)["blocks"] for line in map(_line, block.get("lines", ()))]
            tables = self._ruled_tables(loaded)
        free = [line for line in lines if line is not None and not any(_inside(line, table) for table in tables)]
        return [*free, *tables]

    def _check(self, content: bytes, limits: Limits) -> None:
        if self._document.needs_pass and not self._document.authenticate(""):
            raise refusal("encrypted")
        if self._document.is_repaired and b"%%EOF" not in content[-2048:]:
            raise refusal("corrupt", "The PDF ends in the middle; it was not copied or downloaded completely.")
        if not self.total:
            raise refusal("corrupt" if self._document.is_repaired else "empty", "The PDF has no pages.")
        if self.total > limits.pages:
            raise refusal("too_large", f"The PDF has {self.total:,} pages; up to {limits.pages:,} are read.")

    def _ruled_tables(self, page: "_Page") -> list[Line]:
        if not 4 <= len(page.get_cdrawings()) <= _MOST_RULES or self._ruled_pages >= _MOST_RULED_PAGES:
            return []
        self._ruled_pages += 1
        return [line for table in page.find_tables().tables if (line := _ruled(table)) is not None]


@contextmanager
def _refusing(sentence: str) -> Iterator[None]:
    """MuPDF's errors as a refusal; a lack of memory, which it reports as one of them, as a MemoryError."""
    import pymupdf

    try:
        yield
    except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError) as error:
        if isinstance(error, pymupdf.mupdf.FzErrorSystem) or "alloc" in str(error):
            raise MemoryError from error
        raise refusal("corrupt", sentence) from None


class _RawSpan(TypedDict):
    text: str
    size: float
    flags: int
    font: str


class _RawLine(TypedDict):
    bbox: tuple[float, float, float, float]
    spans: list[_RawSpan]


class _RuledTable(Protocol):
    bbox: tuple[float, float, float, float]

    def extract(self) -> list[list[str | None]]: ...


class _FoundTables(Protocol):
    tables: list[_RuledTable]


class _Page(Protocol):
    def get_cdrawings(self) -> list[object]: ...
    def find_tables(self) -> _FoundTables: ...


def _line(raw: _RawLine) -> Line | None:
    text = clean("".join(span["text"] for span in raw["spans"])).replace("\n", " ")
    if not text:
        return None
    longest = max(raw["spans"], key=lambda span: len(span["text"]))
    bold = bool(longest["flags"] & _BOLD) or "bold" in longest["font"].lower()
    return Line(*raw["bbox"], text, round(longest["size"] * 2) / 2, bold)


def _ruled(table: _RuledTable) -> Line | None:
    rows = tuple(tuple(" ".join((cell or "").split()) for cell in row) for row in table.extract())
    filled = [sum(bool(cell) for cell in row) for row in rows]
    if sum(count > 1 for count in filled) < 2:
        return None
    x0, y0, x1, y1 = table.bbox
    return Line(x0, y0, x1, y1, "", 0.0, rows=rows)


def _inside(line: Line, table: Line) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return table.x0 <= x <= table.x1 and table.y0 <= y <= table.y1
