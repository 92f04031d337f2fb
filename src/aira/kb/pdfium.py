"""The lines and ruled tables of a PDF's pages, by PDFium."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import closing
from typing import Protocol

from aira.kb.document import Limits
from aira.kb.layout import Line
from aira.kb.refusal import refusal
from aira.kb.ruled import Box, ruled_tables
from aira.kb.text import clean

_ASCENT, _DESCENT = 0.9, 0.25
"""Of a letter's size above and below the line it stands on."""
_FORCED_BOLD = 1 << 18
_LONGEST_FONT_NAME = 256
_MOST_RULES = 3_000
_PASSWORD_ERROR = 4


class PdfiumPages:
    """PageReader over pypdfium2."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        import pypdfium2

        if b"%%EOF" not in content[-2048:]:
            raise refusal("corrupt", "The PDF ends in the middle; it was not copied or downloaded completely.")
        try:
            self._document = pypdfium2.PdfDocument(content)
            self.total = len(self._document)
        except pypdfium2.PdfiumError as error:
            if error.err_code == _PASSWORD_ERROR:
                raise refusal("encrypted") from None
            raise refusal("corrupt", "The PDF is damaged.") from None
        if not self.total:
            raise refusal("empty", "The PDF has no pages.")
        if self.total > limits.pages:
            raise refusal("too_large", f"The PDF has {self.total:,} pages; up to {limits.pages:,} are read.")

    def lines(self, page: int) -> list[Line]:
        """The lines of a page, counted from 0."""
        import pypdfium2

        try:
            with closing(self._document[page]) as opened, closing(opened.get_textpage()) as text:
                height = opened.get_height()
                lines = [line for number in range(text.count_rects()) if (line := _line(text, number, height)) is not None]
                return ruled_tables(lines, _boxes(opened, height))
        except pypdfium2.PdfiumError:
            raise refusal("corrupt", f"Page {page + 1} of the PDF is damaged.") from None


class _Text(Protocol):
    raw: object

    def count_rects(self) -> int: ...
    def get_rect(self, index: int) -> tuple[float, float, float, float]: ...
    def get_text_bounded(self, left: float, bottom: float, right: float, top: float) -> str: ...
    def get_index(self, x: float, y: float, x_tol: float, y_tol: float) -> int | None: ...
    def close(self) -> None: ...


class _Drawn(Protocol):
    def get_bounds(self) -> tuple[float, float, float, float]: ...


class _Page(Protocol):
    def get_height(self) -> float: ...
    def get_textpage(self) -> _Text: ...
    def get_objects(self, *, filter: tuple[int, ...], max_depth: int) -> Iterator[_Drawn]: ...
    def close(self) -> None: ...


def _line(text: _Text, number: int, height: float) -> Line | None:
    left, bottom, right, top = text.get_rect(number)
    words = clean(text.get_text_bounded(left, bottom, right, top)).replace("\n", " ")
    letter = text.get_index((left + right) / 2, (bottom + top) / 2, (right - left) / 2, top - bottom)
    if not words or letter is None:
        return None
    size, bold, base = _type(text, letter)
    y = height - (base if bottom - size <= base <= top else bottom)
    return Line(left, y - _ASCENT * size, right, y + _DESCENT * size, words, round(size * 2) / 2, bold)


def _type(text: _Text, letter: int) -> tuple[float, bool, float]:
    """The size of a letter in points, whether it is bold, and the height of the line it stands on."""
    from pypdfium2 import raw

    matrix, flags, x, y = raw.FS_MATRIX(), ctypes.c_int(), ctypes.c_double(), ctypes.c_double()
    name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
    scale = math.hypot(matrix.c, matrix.d) if raw.FPDFText_GetMatrix(text.raw, letter, matrix) else 1.0
    raw.FPDFText_GetFontInfo(text.raw, letter, name, _LONGEST_FONT_NAME, flags)
    raw.FPDFText_GetCharOrigin(text.raw, letter, x, y)
    bold = bool(flags.value & _FORCED_BOLD) or b"bold" in name.value.lower()
    return raw.FPDFText_GetFontSize(text.raw, letter) * scale, bold, y.value


def _boxes(page: _Page, height: float) -> list[Box]:
    """Where something is drawn; nothing where that is a picture of thousands of lines."""
    from pypdfium2 import raw

    boxes = []
    for drawn in page.get_objects(filter=(raw.FPDF_PAGEOBJ_PATH,), max_depth=3):
        left, bottom, right, top = drawn.get_bounds()
        boxes.append(Box(left, height - top, right, height - bottom))
        if len(boxes) > _MOST_RULES:
            return []
    return boxes
