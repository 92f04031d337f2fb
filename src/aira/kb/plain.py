"""Blocks of plain text, Markdown and CSV."""

import csv
import re
from collections.abc import Iterator

from aira.kb.document import Block, BlockKind, Outline
from aira.kb.refusal import refusal
from aira.kb.table import TableRows, table_blocks
from aira.kb.text import clean, paragraphs

_LINE_END = re.compile(r"\r\n?|\n")
_BLANK_LINES = re.compile(r"\n\s*\n")
_LONGEST_TITLE_WORDS = 8
_SENTENCE_ENDS = tuple(".!?:;,…")
_RANK_OF_CAPITALS = 7
_CELL_LIMIT = 1_000_000

_FENCE = re.compile(r"(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_UNDERLINE = re.compile(r"(=+|-{3,})$")
_ITEM = re.compile(r"([-*+•]|\d{1,3}[.)])\s+(?=\S)")
_RULE = re.compile(r"([-*_])(\s*\1){2,}$")
_TABLE_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(<?([^\s()<>]*)>?(?:\s+\"[^\"\n]*\")?\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")


def read_text(text: str) -> Iterator[Block]:
    """Paragraphs are what blank lines divide; a title in capitals stands over all that follows it."""
    outline = Outline()
    for group in _BLANK_LINES.split(clean(text)):
        yield from _prose(group, outline)


def read_csv(text: str) -> Iterator[Block]:
    """Each record a row under the file's first line."""
    text = _LINE_END.sub("\n", text)
    csv.field_size_limit(_CELL_LIMIT)
    try:
        dialect = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        yield from table_blocks(csv.reader(text.splitlines(keepends=True), dialect))
    except csv.Error:
        raise refusal("corrupt", "The file is named .csv but its lines are no table.") from None


def read_markdown(text: str) -> Iterator[Block]:
    """Headings, paragraphs, list entries and tables; marks of emphasis are dropped, code stays as it is."""
    yield from _MarkdownReader().read(_without_comments(clean(text)).split("\n"))


def _prose(text: str, outline: Outline) -> Iterator[Block]:
    for paragraph in paragraphs(text):
        short = "\n" not in paragraph and len(paragraph.split()) <= _LONGEST_TITLE_WORDS and paragraph[-1:] not in _SENTENCE_ENDS
        if short and paragraph.isupper():
            yield Block(BlockKind.HEADING, paragraph, headings=outline.enter(_RANK_OF_CAPITALS, paragraph))
        elif short and paragraph:
            yield Block(BlockKind.HEADING, paragraph, headings=outline.path)
        elif paragraph:
            yield Block(BlockKind.PARAGRAPH, paragraph, headings=outline.path)


class _MarkdownReader:
    def __init__(self) -> None:
        self._outline = Outline()
        self._lines: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._table: TableRows | None = None
        self._fence = ""

    def read(self, lines: list[str]) -> Iterator[Block]:
        for line in lines:
            yield from self._read_line(line)
        yield from self._end_code() if self._fence else self._close()

    def _read_line(self, line: str) -> Iterator[Block]:
        if self._fence or _FENCE.match(line):
            yield from self._read_code(line)
        elif heading := _HEADING.match(line):
            yield from self._close()
            yield self._heading(len(heading[1]), heading[2])
        elif self._lines and len(self._lines) == 1 and self._kind is BlockKind.PARAGRAPH and _UNDERLINE.match(line):
            title = self._lines.pop()
            yield self._heading(1 if line.startswith("=") else 2, title)
        elif not line or _RULE.match(line):
            yield from self._close()
            self._table = None
        elif "|" in line.strip("|") and (line.startswith("|") or self._table is not None or _TABLE_RULE.match(line)):
            yield from self._read_row(line)
        else:
            yield from self._read_prose(line)

    def _read_prose(self, line: str) -> Iterator[Block]:
        self._table = None
        line = line.lstrip("> ")
        if _ITEM.match(line):
            yield from self._close()
            self._kind = BlockKind.ITEM
        self._lines.append(line)

    def _read_row(self, line: str) -> Iterator[Block]:
        """A line of a pipe table; before the rule under the head, an open table's head was read as prose."""
        head = self._lines.pop() if self._lines and _TABLE_RULE.match(line) else ""
        yield from self._close()
        self._table = self._table or TableRows(self._outline.path)
        for row in [head] if _TABLE_RULE.match(line) else [line]:
            yield from self._table.add([_inline(cell) for cell in row.strip("|").split("|")])

    def _read_code(self, line: str) -> Iterator[Block]:
        mark = _FENCE.match(line)
        if not self._fence and mark:
            yield from self._close()
            self._fence = mark[1]
        elif mark and mark[1].startswith(self._fence):
            yield from self._end_code()
        else:
            self._lines.append(line)

    def _end_code(self) -> Iterator[Block]:
        if self._lines:
            yield Block(BlockKind.PARAGRAPH, "\n".join(self._lines), headings=self._outline.path)
        self._lines, self._fence = [], ""

    def _heading(self, rank: int, title: str) -> Block:
        title = _inline(title)
        return Block(BlockKind.HEADING, title, headings=self._outline.enter(rank, title))

    def _close(self) -> Iterator[Block]:
        text = _inline("\n".join(self._lines)).strip()
        if text and self._kind is BlockKind.PARAGRAPH:
            yield from _prose(text, self._outline)
        elif text:
            yield Block(self._kind, text, headings=self._outline.path)
        self._lines, self._kind = [], BlockKind.PARAGRAPH


def _without_comments(text: str) -> str:
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _inline(text: str) -> str:
    return _STRONG.sub(r"\2", _LINK.sub(_link_text, text)).replace("`", "")


def _link_text(link: re.Match[str]) -> str:
    label, target = link[1], link[2].removeprefix("mailto:").removeprefix("tel:")
    return label if target in label or target.startswith("#") else f"{label} ({target})"
