"""Blocks of a DOCX: the body's XML in order, with what python-docx's paragraphs leave out."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING

from aira.kb.document import Block, BlockKind, Limits, Outline
from aira.kb.refusal import refusal
from aira.kb.table import TableRows
from aira.kb.text import clean

if TYPE_CHECKING:
    from docx.document import Document
    from docx.parts.numbering import NumberingPart
    from lxml.etree import _Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DELETED = {f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}delText", _FALLBACK}
_TEXT_BOX = f"{_W}txbxContent"
_BLANKS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_OLE_MARK = b"\xd0\xcf\x11\xe0"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_TITLE_RANK = 0


def read_docx(content: bytes, limits: Limits) -> Iterator[Block]:
    """Headers, then paragraphs, lists, tables and text boxes in the order of the text, then footers."""
    _check_archive(content, limits)
    reader = _DocxReader(_open(content))
    return reader.read()


def _check_archive(content: bytes, limits: Limits) -> None:
    """Look at the archive's directory before anything is unpacked."""
    if content.startswith(_OLE_MARK):
        if _OLE_ENCRYPTED in content:
            raise refusal("encrypted")
        raise refusal("unsupported", "The file is named .docx but is a document of an older Word (.doc).")
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
            _check_size(parts, limits)
            declares = any(b"<!DOCTYPE" in _head(archive, part) for part in parts if part.filename.endswith(".xml"))
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, zlib.error):
        raise refusal("corrupt", "The file is named .docx but is no Word document, or it is damaged.") from None
    if declares:
        raise refusal("corrupt", "The document's XML declares a type of its own, which no Word document does.")


def _head(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    with archive.open(part) as stream:
        return stream.read(4096)


def _check_size(parts: list[zipfile.ZipInfo], limits: Limits) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    if len(parts) > limits.parts or unpacked > limits.unpacked_bytes or unpacked > packed * limits.unpacking_ratio:
        raise refusal(
            "too_complex", f"The document unpacks to {unpacked // 1_000_000} MB in {len(parts)} parts, which is more than is read."
        )
    if any(part.flag_bits & 1 for part in parts):
        raise refusal("encrypted")


def _open(content: bytes) -> "Document":
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import ErrorTypes, LxmlError

    try:
        return docx.Document(BytesIO(content))
    except (OpcError, LxmlError, KeyError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        if getattr(error, "code", None) == ErrorTypes.ERR_NO_MEMORY or "emory" in str(error):
            raise MemoryError from error
        raise refusal("corrupt", "The file is named .docx but is no Word document, or it is damaged.") from None


class _DocxReader:
    def __init__(self, document: "Document") -> None:
        self._document = document
        self._outline = Outline()
        self._levels = _heading_levels(document)
        self._numbering = _Numbering(document)

    def read(self) -> Iterator[Block]:
        sections = list(self._document.sections)
        yield from self._margin(section.header._element for section in sections if not section.header.is_linked_to_previous)
        yield from self._walk(self._document.element.body)
        yield from self._margin(section.footer._element for section in sections if not section.footer.is_linked_to_previous)

    def _margin(self, elements: "Iterable[_Element]") -> Iterator[Block]:
        seen: set[str] = set()
        for element in elements:
            for block in self._walk(element):
                if block.text not in seen:
                    yield Block(BlockKind.PARAGRAPH, block.text)
                seen.add(block.text)

    def _walk(self, parent: "_Element") -> Iterator[Block]:
        for child in parent:
            if child.tag == f"{_W}p":
                yield from self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                yield from self._table(child)
            elif child.tag not in _DELETED:
                yield from self._walk(child)

    def _paragraph(self, paragraph: "_Element") -> Iterator[Block]:
        text = clean("".join(_text(paragraph)))
        level = self._level(paragraph)
        if text and level is not None:
            title = " ".join(text.split())
            yield Block(BlockKind.HEADING, title, headings=self._outline.enter(level, title))
        elif text:
            mark = self._numbering.mark(paragraph)
            yield Block(BlockKind.ITEM if mark else BlockKind.PARAGRAPH, f"{mark} {text}" if mark else text, headings=self._outline.path)
        for box in _text_boxes(paragraph):
            yield from self._walk(box)

    def _level(self, paragraph: "_Element") -> int | None:
        own = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        if own is not None:
            level = int(own.get(f"{_W}val", "9"))
            return level + 1 if level < 9 else None
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return self._levels.get(style.get(f"{_W}val", "")) if style is not None else None

    def _table(self, table: "_Element") -> Iterator[Block]:
        rows = TableRows(self._outline.path)
        for row in _rows(table):
            yield from rows.add([" ".join(block.text for block in self._walk(cell)) for cell in _cells(row)])


def _rows(table: "_Element") -> "Iterator[_Element]":
    return (row for row in _within(table, {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins"}) if row.tag == f"{_W}tr")


def _cells(row: "_Element") -> "Iterator[_Element]":
    return (cell for cell in _within(row, {f"{_W}sdt", f"{_W}sdtContent"}) if cell.tag == f"{_W}tc")


def _within(parent: "_Element", wrappers: set[str]) -> "Iterator[_Element]":
    for child in parent:
        if child.tag in wrappers:
            yield from _within(child, wrappers)
        else:
            yield child


def _text(parent: "_Element") -> Iterator[str]:
    """The visible text of a paragraph, tracked insertions included, deletions and text boxes not."""
    for child in parent:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _BLANKS:
            yield _BLANKS[child.tag]
        elif child.tag not in _DELETED and child.tag != _TEXT_BOX:
            yield from _text(child)


def _text_boxes(parent: "_Element") -> "Iterator[_Element]":
    """Text boxes anchored in a paragraph; the copy for older programs is left out."""
    for child in parent:
        if child.tag == _TEXT_BOX:
            yield child
        elif child.tag not in _DELETED:
            yield from _text_boxes(child)


def _heading_levels(document: "Document") -> dict[str, int]:
    """Heading level by style id; styles that build on a heading's style count as it."""
    levels: dict[str, int] = {}
    parents: dict[str, str] = {}
    for style in document.styles.element.iter(f"{_W}style"):
        key = style.get(f"{_W}styleId", "")
        name = style.find(f"{_W}name")
        based_on = style.find(f"{_W}basedOn")
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        label = (name.get(f"{_W}val", "") if name is not None else "").lower()
        if based_on is not None:
            parents[key] = based_on.get(f"{_W}val", "")
        if label == "title":
            levels[key] = _TITLE_RANK
        elif label.startswith("heading ") and label[8:].isdigit():
            levels[key] = int(label[8:])
        elif outline is not None and (level := int(outline.get(f"{_W}val", "9"))) < 9:
            levels[key] = level + 1
    for key in parents:
        ancestor, steps = key, 0
        while ancestor not in levels and ancestor in parents and steps < len(parents):
            ancestor, steps = parents[ancestor], steps + 1
        if ancestor in levels:
            levels.setdefault(key, levels[ancestor])
    return levels


class _Numbering:
    """The marks of list entries: a bullet, or the number that Word would show."""

    def __init__(self, document: "Document") -> None:
        self._formats: dict[tuple[str, str], str] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        self._style_lists = {
            style.get(f"{_W}styleId", ""): number
            for style in document.styles.element.iter(f"{_W}style")
            if (number := style.find(f"{_W}pPr/{_W}numPr")) is not None
        }
        numbering = next((part.element for part in _numbering_parts(document)), None)
        if numbering is not None:
            self._read_formats(numbering)

    def mark(self, paragraph: "_Element") -> str:
        """The mark of a paragraph; empty where it is no list entry."""
        number = paragraph.find(f"{_W}pPr/{_W}numPr")
        if number is None:
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            number = self._style_lists.get(style.get(f"{_W}val", "")) if style is not None else None
        if number is None:
            return ""
        key, level = _value(number, "numId"), _value(number, "ilvl") or "0"
        if key == "0":
            return ""
        if self._formats.get((key, level), "decimal") in {"bullet", "none"}:
            return "-"
        depth = int(level) if level.isdigit() else 0
        self._counts[key, depth] += 1
        for deeper in [other for other in self._counts if other[0] == key and other[1] > depth]:
            del self._counts[deeper]
        return f"{self._counts[key, depth]}."

    def _read_formats(self, numbering: "_Element") -> None:
        abstract: dict[str, dict[str, str]] = {}
        for definition in numbering.iter(f"{_W}abstractNum"):
            formats = {level.get(f"{_W}ilvl", ""): _value(level, "numFmt") for level in definition.iter(f"{_W}lvl")}
            abstract[definition.get(f"{_W}abstractNumId", "")] = formats
        for number in numbering.iter(f"{_W}num"):
            for level, kind in abstract.get(_value(number, "abstractNumId"), {}).items():
                self._formats[number.get(f"{_W}numId", ""), level] = kind


def _numbering_parts(document: "Document") -> "Iterator[NumberingPart]":
    from docx.parts.numbering import NumberingPart

    return (
        relation.target_part
        for relation in document.part.rels.values()
        if not relation.is_external and isinstance(relation.target_part, NumberingPart)
    )


def _value(parent: "_Element", name: str) -> str:
    element = parent.find(f"{_W}{name}")
    return element.get(f"{_W}val", "") if element is not None else ""
