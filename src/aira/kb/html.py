"""Blocks of a web page."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from aira.kb.document import Block, BlockKind, Outline
from aira.kb.table import TableRows
from aira.kb.text import clean

_HIDDEN = {"script", "style", "template", "noscript", "svg", "head", "iframe", "object", "nav"}
_BREAKS = {
    "address", "article", "aside", "blockquote", "body", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "header", "hr",
    "main", "ol", "p", "pre", "section", "table", "ul",
}  # fmt: skip
_SPACES = re.compile(r"\s+")
_FEED_CHARACTERS = 65_536


def read_html(text: str) -> Iterator[Block]:
    """Headings, paragraphs, list entries and table rows of the visible text, in the order of the source."""
    reader = _HtmlReader()
    for start in range(0, len(text), _FEED_CHARACTERS):
        reader.feed(text[start : start + _FEED_CHARACTERS])
        yield from reader.take()
    reader.close()
    reader.end_block()
    yield from reader.take()


class _HtmlReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = Outline()
        self._blocks: list[Block] = []
        self._text: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._rank = 0
        self._hidden: list[str] = []
        self._table = TableRows()
        self._row: list[str] | None = None
        self._in_cell = False

    def take(self) -> list[Block]:
        """The blocks finished since the last call."""
        blocks, self._blocks = self._blocks, []
        return blocks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            if tag == "nav":  # the only one of them that ends a paragraph
                self.end_block()
            self._hidden.append(tag)
        elif tag == "br":
            self._text.append("\n")
        elif tag == "body":
            self._hidden.clear()
        elif tag == "tr":
            self.end_block()
            self._row = []
        elif tag in {"td", "th"}:
            self._end_cell()
            self._in_cell = True
        elif tag == "li" or _is_heading(tag) or tag in _BREAKS:
            self._start_block(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:
                del self._hidden[self._hidden.index(tag) :]
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "li" or _is_heading(tag) or tag in _BREAKS:
            self.end_block()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._text.append(_SPACES.sub(" ", data))

    def end_block(self) -> None:
        """What was collected becomes a block."""
        if self._row is not None:
            self._text.append("\n")
            return
        text = "\n".join(line for line in clean("".join(self._text)).split("\n") if line)
        if text and self._kind is BlockKind.HEADING:
            text = " ".join(text.split())
            self._blocks.append(Block(self._kind, text, headings=self._outline.enter(self._rank, text)))
        elif text:
            self._blocks.append(Block(self._kind, text, headings=self._outline.path))
        self._text, self._kind = [], BlockKind.PARAGRAPH

    def _start_block(self, tag: str) -> None:
        self.end_block()
        if tag == "table":
            self._table = TableRows(self._outline.path)
        if self._row is None and tag == "li":
            self._kind = BlockKind.ITEM
        elif self._row is None and _is_heading(tag):
            self._kind, self._rank = BlockKind.HEADING, int(tag[1])

    def _end_cell(self) -> None:
        if self._row is not None and self._in_cell:
            self._row.append("".join(self._text))
            self._text = []
        self._in_cell = False

    def _end_row(self) -> None:
        self._end_cell()
        row, self._row = self._row, None
        self._blocks.extend(self._table.add(row or []))


def _is_heading(tag: str) -> bool:
    return len(tag) == 2 and tag[0] == "h" and tag[1] in "123456"
