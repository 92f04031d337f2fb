"""From lines of text on a page to the order in which a person reads them: columns, tables, paragraphs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from aira.kb.text import join_lines

_CELL_GAP = 1.5  # of a letter's size: what is further apart on a line are two cells
_GUTTER = 1.2
_DEEPEST_COLUMNS = 3
_LEADERS = re.compile(r"\s*(?:[.·…_]\s?){4,}\s*")
ITEM_MARK = re.compile(r"(?:[•‣▪●◦○–\-*]|\(?\d{1,2}[.)]|[a-z]\))\s+(?=\S)")


@dataclass(frozen=True, slots=True)
class Line:
    """A run of text on one baseline; coordinates in points from the top left. `rows` holds a table drawn with rules instead."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    size: float
    bold: bool = False
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that belong together, as one text."""

    text: str
    size: float
    bold: bool
    lines: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells."""

    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class _Row:
    """What stands on one height of the page, from left to right."""

    cells: list[Line]

    @property
    def top(self) -> float:
        return min(cell.y0 for cell in self.cells)

    @property
    def bottom(self) -> float:
        return max(cell.y1 for cell in self.cells)


def arrange(lines: Sequence[Line], depth: int = 0) -> Iterator[Paragraph | Table]:
    """The paragraphs and tables of a page in reading order: columns one after the other, tables row by row."""
    rows = _rows(lines)
    at = 0
    while at < len(rows):
        end, gutters = _side_by_side(rows, at)
        columns = _columns(rows[at:end], gutters)
        if rows[at].cells[0].rows:
            yield Table([list(row) for row in rows[at].cells[0].rows])
            at += 1
        elif gutters and _is_table(columns):
            yield from _table(rows[at:end], gutters)
            at = end
        elif gutters and depth < _DEEPEST_COLUMNS and min(len(column) for column in columns) >= 3:
            for column in columns:
                yield from arrange(column, depth + 1)
            at = end
        else:
            end = _prose_end(rows, at)
            yield from _paragraphs(rows[at:end])
            at = end


def _rows(lines: Sequence[Line]) -> list[_Row]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.y0 + line.y1, line.x0)):
        middle = (line.y0 + line.y1) / 2
        if rows and not line.rows and not rows[-1][0].rows and abs(middle - _middle(rows[-1][0])) < 0.4 * max(line.size, rows[-1][0].size):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_Row(_merge_close(sorted(row, key=lambda line: line.x0))) for row in rows]


def _middle(line: Line) -> float:
    return (line.y0 + line.y1) / 2


def _merge_close(cells: Sequence[Line]) -> list[Line]:
    merged: list[Line] = []
    for cell in cells:
        before = merged[-1] if merged else None
        if before is not None and cell.x0 - before.x1 < _CELL_GAP * max(cell.size, before.size):
            blank = "" if cell.x0 - before.x1 < 0.15 * cell.size else " "
            size, bold = max(before.size, cell.size), before.bold and cell.bold
            merged[-1] = Line(
                before.x0, min(before.y0, cell.y0), cell.x1, max(before.y1, cell.y1), before.text + blank + cell.text, size, bold
            )
        else:
            merged.append(cell)
    return merged


def _side_by_side(rows: Sequence[_Row], start: int) -> tuple[int, list[float]]:
    """Where the rows from `start` that share a vertical white stripe end, and the middles of their stripes."""
    taken: list[tuple[float, float]] = []
    gutters: list[float] = []
    end = start
    while end < len(rows) and not any(cell.rows for cell in rows[end].cells):
        taken = _union([*taken, *((cell.x0, cell.x1) for cell in rows[end].cells)])
        least = _GUTTER * median(cell.size for row in rows[start : end + 1] for cell in row.cells)
        stripes = [(left[1] + right[0]) / 2 for left, right in pairwise(taken) if right[0] - left[1] >= least]
        if end > start and not stripes:
            break
        gutters = stripes
        end += 1
    while (
        end > start
        and len(rows[end - 1].cells) == 1
        and end - 1 > start
        and len(rows[start].cells) > 1
        and _starts_left(rows[end - 1], gutters)
    ):
        end -= 1
    several = sum(len(row.cells) > 1 for row in rows[start:end])
    offset = gutters and not several and end - start > 6
    if (several >= 2 and len(rows[start].cells) > 1) or offset:
        return end, gutters
    return start, []


def _starts_left(row: _Row, gutters: Sequence[float]) -> bool:
    return not gutters or row.cells[0].x0 < gutters[0]


def _union(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    united: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(end, united[-1][1]))
        else:
            united.append((start, end))
    return united


def _columns(rows: Sequence[_Row], gutters: Sequence[float]) -> list[list[Line]]:
    columns: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for row in rows:
        for cell in row.cells:
            columns[_column(cell, gutters)].append(cell)
    return columns


def _column(cell: Line, gutters: Sequence[float]) -> int:
    return sum(cell.x0 > gutter for gutter in gutters)


def _is_table(columns: Sequence[Sequence[Line]]) -> bool:
    """Short cells of unlike width make a table; lines that fill their column are prose set in columns."""
    words = sorted(median(len(cell.text.split()) for cell in column) for column in columns if column)
    ragged = [column for column in columns if column and _fill(column) < 0.75]
    return words[0] <= 2 or (words[-2] <= 5 and bool(ragged))


def _fill(column: Sequence[Line]) -> float:
    width = max(cell.x1 for cell in column) - min(cell.x0 for cell in column)
    return median((cell.x1 - cell.x0) / width for cell in column) if width else 1.0


def _table(rows: Sequence[_Row], gutters: Sequence[float]) -> Iterator[Paragraph | Table]:
    """Rows of cells.

    A line that leaves the first column empty, or goes on in it in small letters, belongs to the row above; a bold line alone is a title.
    """
    table: list[list[str]] = []
    for row in rows:
        cells = [""] * (len(gutters) + 1)
        for cell in row.cells:
            column = _column(cell, gutters)
            cells[column] = f"{cells[column]} {_tidy(cell.text)}".strip()
        alone = row.cells[0]
        if len(row.cells) == 1 and alone.bold and cells[0]:
            if table:
                yield Table(table)
            table = []
            yield Paragraph(_tidy(alone.text), alone.size, alone.bold, 1)
        elif table and (not cells[0] or (len(row.cells) == 1 and cells[0][0].islower())):
            table[-1] = [f"{above} {below}".strip() for above, below in zip(table[-1], cells, strict=True)]
        else:
            table.append(cells)
    if table:
        yield Table(table)


def _prose_end(rows: Sequence[_Row], start: int) -> int:
    end = start + 1
    while end < len(rows) and not rows[end].cells[0].rows and not _side_by_side(rows, end)[1]:
        end += 1
    return end


def _paragraphs(rows: Sequence[_Row]) -> Iterator[Paragraph]:
    lines = [_one_line(row) for row in rows]
    right, left = max(line.x1 for line in lines), min(line.x0 for line in lines)
    gaps = [below.y0 - above.y1 for above, below in pairwise(lines)]
    usual = median(gaps) if gaps else 0.0
    group: list[Line] = []
    for line in lines:
        if group and _begins(line, group[-1], usual, left, right):
            yield _paragraph(group, right - left)
            group = []
        group.append(line)
    yield _paragraph(group, right - left)


def _begins(line: Line, above: Line, usual: float, left: float, right: float) -> bool:
    """Whether a line begins a paragraph."""
    if abs(line.size - above.size) > 0.1 * above.size or line.bold != above.bold or ITEM_MARK.match(line.text):
        return True
    if line.y0 - above.y1 > usual + 0.35 * line.size:
        return True
    ended = above.text.rstrip().endswith((".", "!", "?", ":"))
    return ended and (above.x1 < right - 0.2 * (right - left) or line.x0 > left + line.size)


def _one_line(row: _Row) -> Line:
    first, last = row.cells[0], row.cells[-1]
    text = " ".join(_tidy(cell.text) for cell in row.cells)
    return Line(first.x0, row.top, last.x1, row.bottom, text, max(cell.size for cell in row.cells), all(cell.bold for cell in row.cells))


def _paragraph(lines: Sequence[Line], width: float) -> Paragraph:
    text = "\n".join(line.text for line in lines)
    meant = len(lines) > 1 and all(line.x1 - line.x0 < 0.7 * width for line in lines[:-1])
    return Paragraph(text if meant else join_lines(text), lines[0].size, all(line.bold for line in lines), len(lines))


def _tidy(text: str) -> str:
    return _LEADERS.sub(" ", text).strip()
