"""What is read out of a file: blocks of text in reading order, with where they stand."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class BlockKind(StrEnum):
    """What a block is in its document."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    """An entry of a list."""
    ROW = "row"
    """A row of a table, its cells joined by ` | `."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of text that belongs together."""

    kind: BlockKind
    text: str
    page: int | None = None
    """From 1; None in formats without pages."""
    headings: tuple[str, ...] = ()
    """The headings it stands under, outermost first; those of a heading do not hold itself."""
    header: str = ""
    """For a row: the head of its table, which the row repeats in meaning but not in text."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """Everything read out of one file."""

    blocks: list[Block]
    pages_total: int | None = None
    pages_with_text: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost; beyond it the file is refused."""

    file_bytes: int = 50_000_000
    pages: int = 2_000
    characters: int = 5_000_000
    unpacked_bytes: int = 100_000_000
    """Of the parts of a DOCX together."""
    unpacking_ratio: int = 200
    parts: int = 2_000
    recognised_pages: int = 25
    """Pictures of text in a PDF, where they are recognised; each takes a second."""
    memory_bytes: int = 1_000_000_000
    cpu_seconds: int = 40
    wall_seconds: float = 55.0


@dataclass(frozen=True, slots=True)
class Engines:
    """What reads the files that no own code reads."""

    pdf: Literal["pymupdf", "pypdfium2"] = "pymupdf"
    ocr: Literal["off", "tesseract"] = "off"
    """Whether text is recognised on the pages of a PDF that are pictures."""


@dataclass(slots=True)
class Outline:
    """The headings above the place that is being read."""

    _open: list[tuple[float, str]] = field(default_factory=list)

    def enter(self, rank: float, heading: str) -> tuple[str, ...]:
        """Open a heading; those of the same or a higher rank number end. Returns the headings above it."""
        while self._open and self._open[-1][0] >= rank:
            self._open.pop()
        above = self.path
        self._open.append((rank, heading))
        return above

    @property
    def path(self) -> tuple[str, ...]:
        """The open headings, outermost first."""
        return tuple(heading for _, heading in self._open)
