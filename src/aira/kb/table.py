"""Rows of tables as text, so that a price never loses its service."""

from collections.abc import Iterable, Iterator, Sequence

from aira.kb.document import Block, BlockKind
from aira.kb.text import clean

_LONGEST_HEAD_CELL_WORDS = 6


class TableRows:
    """Turns the rows of one table into blocks: `Haircut | 30 min | $40` under the head `Service | Time | Price`."""

    def __init__(self, headings: tuple[str, ...] = (), page: int | None = None) -> None:
        self._headings = headings
        self._page = page
        self._header = ""
        self._first = True

    def add(self, cells: Sequence[str | None]) -> Iterator[Block]:
        """The block of one row; none for a row without text."""
        texts = [" ".join(clean(cell or "").split()) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            row = " | ".join(texts)
            yield Block(BlockKind.ROW, row, page=self._page, headings=self._headings, header=self._header)
            self._header = row if self._first and _is_head(texts) else self._header
            self._first = False


def table_blocks(rows: Iterable[Sequence[str | None]], headings: tuple[str, ...] = (), page: int | None = None) -> Iterator[Block]:
    """The blocks of a whole table."""
    table = TableRows(headings, page)
    for row in rows:
        yield from table.add(row)


def _is_head(cells: list[str]) -> bool:
    """A head names columns: at least two short cells and no figures. `Monday | 9-5` is none."""
    return len(cells) > 1 and all(
        len(cell.split()) <= _LONGEST_HEAD_CELL_WORDS and not any(character.isdigit() for character in cell) for cell in cells
    )
