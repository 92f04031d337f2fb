"""Plain text, Markdown and CSV become blocks under their headings."""

import pytest

from aira.errors import DocumentRefused
from aira.kb.document import Block, BlockKind
from aira.kb.plain import read_csv, read_markdown, read_text

MARKDOWN = """# Salon <!-- draft
of a comment -->
Intro with **bold** words, [a page](https://example.com) and `code`.

| Service | Price |
|---|---:|
| Cut | $40 |
| Wash |  |

Time | Note
--- | ---
Monday | closed

Team
----
- Ann
- Bob
  and his dog
1. first

> quoted words here, as somebody said them.

```
# not a heading
a | b
```
***
Last words."""


def shown(blocks) -> list[tuple[str, str]]:
    """Kind and text of each block."""
    return [(block.kind.value, block.text) for block in blocks]


def test_markdown_is_read_in_order():
    """Headings, prose, both kinds of tables, list entries, quotations and code."""
    blocks = list(read_markdown(MARKDOWN))

    assert shown(blocks) == [
        ("heading", "Salon"),
        ("paragraph", "Intro with bold words, a page (https://example.com) and code."),
        ("row", "Service | Price"),
        ("row", "Cut | $40"),
        ("row", "Wash"),
        ("row", "Time | Note"),
        ("row", "Monday | closed"),
        ("heading", "Team"),
        ("item", "- Ann"),
        ("item", "- Bob\nand his dog"),
        ("item", "1. first"),
        ("paragraph", "quoted words here, as somebody said them."),
        ("paragraph", "# not a heading\na | b"),
        ("paragraph", "Last words."),
    ]


def test_blocks_know_what_they_stand_under():
    """A row knows the head of its table, every block the headings above it."""
    rows = list(read_markdown("# Salon\n## Prices\n| Service | Price |\n|---|---|\n| Cut | $40 |\n# Team\nAnn and Bob work here."))

    assert rows[3] == Block(BlockKind.ROW, "Cut | $40", headings=("Salon", "Prices"), header="Service | Price")
    assert rows[-1].headings == ("Team",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[call](tel:+14155550123)", "call (+14155550123)"),
        ("[me@example.com](mailto:me@example.com)", "me@example.com"),
        ("[above](#prices)", "above"),
        ("![a cat](cat.png)", "a cat (cat.png)"),
        ("__strong__ words", "strong words"),
    ],
)
def test_links_and_emphasis_lose_their_marks(text: str, expected: str):
    """What can be said aloud stays."""
    assert [block.text for block in read_markdown(f"{text}.")] == [f"{expected}."]


def test_a_setext_heading_is_a_heading():
    """Underlined by equals signs it is of the first rank."""
    assert shown(read_markdown("Prices\n======\nAll in dollars, all included.")) == [
        ("heading", "Prices"),
        ("paragraph", "All in dollars, all included."),
    ]


def test_a_fence_that_is_never_closed_ends_with_the_file():
    """Its text is kept."""
    assert shown(read_markdown("```\nforgotten words to be kept, all of them")) == [
        ("paragraph", "forgotten words to be kept, all of them")
    ]


def test_a_text_has_paragraphs_and_titles():
    """A title in capitals stands over what follows; a short line without a full stop leads in its own paragraph only."""
    blocks = list(read_text("PRICES\n\nCut\n\nA cut is forty dollars, with a wash before.\n\nA wash alone is five dollars."))

    assert shown(blocks) == [
        ("heading", "PRICES"),
        ("heading", "Cut"),
        ("paragraph", "A cut is forty dollars, with a wash before."),
        ("paragraph", "A wash alone is five dollars."),
    ]
    assert [block.headings for block in blocks] == [(), ("PRICES",), ("PRICES",), ("PRICES",)]


@pytest.mark.parametrize("text", ["Service,Price\r\nCut,$40\r\n,\r\n", "Service;Price\nCut;$40", "Service\tPrice\nCut\t$40"])
def test_a_csv_is_rows_under_its_head(text: str):
    """Whatever divides the cells; empty records are left out."""
    blocks = list(read_csv(text))

    assert [(block.text, block.header) for block in blocks] == [("Service | Price", ""), ("Cut | $40", "Service | Price")]


def test_a_cell_may_hold_lines_and_commas():
    """Quoted cells are one cell."""
    assert [block.text for block in read_csv('name,note\nAnn,"tall, kind\nand quick"\n')][1] == "Ann | tall, kind and quick"


def test_a_first_row_with_figures_is_no_head():
    """`Monday | 9-5` names no columns."""
    assert [block.header for block in read_csv("Monday,9-5\nTuesday,9-5\nSunday,closed")] == ["", "", ""]


def test_a_csv_with_an_endless_cell_is_refused():
    """A quotation mark that is never closed swallows the file."""
    with pytest.raises(DocumentRefused) as refused:
        list(read_csv('a,b\n"' + "x" * 1_100_000))

    assert refused.value.reason == "corrupt"
