"""A PDF becomes blocks in reading order, its tables row by row."""

from collections.abc import Callable

import pymupdf
import pytest

from aira.errors import DocumentRefused, SetupError
from aira.kb.document import Block, Engines, Limits
from aira.kb.limited import extract
from aira.kb.pdf import read_pdf
from paperwork import HOURS, locked_pdf, mixed_pdf, price_list_pdf, scanned_pdf, text_pdf

LEFT = "The salon was founded by two sisters who wanted to cut hair near the harbour. They moved once. " * 4
RIGHT = "In the other column stands what it costs to have hair coloured, and how long that takes. " * 4


BlocksOf = Callable[[bytes], list[Block]]
ENGINES = [Engines(pdf="pymupdf"), Engines(pdf="pypdfium2")]


@pytest.fixture(params=ENGINES, ids=lambda engines: engines.pdf)
def blocks_of(request: pytest.FixtureRequest) -> BlocksOf:
    """Gives all blocks of a PDF, by each engine."""
    return lambda content: list(read_pdf(content, Limits(), request.param).blocks())


def drawn(draw) -> bytes:
    """A PDF of one page that is drawn by the test."""
    with pymupdf.open() as document:
        draw(document.new_page())
        return document.tobytes()


def test_a_table_without_rules_is_read_by_rows(blocks_of: BlocksOf):
    """Cells that stand beside each other stay together, under the head of the table."""
    blocks = blocks_of(price_list_pdf())

    assert [(block.kind.value, block.text) for block in blocks] == [
        ("heading", "Price list"),
        ("row", "Service | Time | Price"),
        ("row", "Haircut | 30 min | $40"),
        ("row", "Beard trim | 15 min | $20"),
        ("row", "Root colour | 90 min | $95"),
        ("heading", "Opening hours"),
        ("paragraph", HOURS),
    ]
    assert blocks[2].header == "Service | Time | Price"
    assert blocks[-1].headings == ("Price list", "Opening hours")


def test_a_table_with_rules_is_read_by_cells(blocks_of: BlocksOf):
    """A cell of several lines is one cell."""

    def draw(page):
        columns, rows = (72, 230, 330, 430), (100, 124, 160, 184)
        for x in columns:
            page.draw_line((x, rows[0]), (x, rows[-1]))
        for y in rows:
            page.draw_line((columns[0], y), (columns[-1], y))
        table = (("Service", "Time", "Price"), ("Haircut and finish\nwith a wash", "30 min", "$40"), ("Beard", "15 min", "$20"))
        for y, cells in zip(rows, table, strict=False):
            for x, cell in zip(columns, cells, strict=False):
                page.insert_textbox((x + 3, y + 3, x + 150, y + 40), cell, fontsize=11)
        page.insert_text((72, 220), "After the table.", fontsize=11)

    assert [block.text for block in blocks_of(drawn(draw))] == [
        "Service | Time | Price",
        "Haircut and finish with a wash | 30 min | $40",
        "Beard | 15 min | $20",
        "After the table.",
    ]


def test_a_table_goes_on_over_wrapped_cells_and_stops_at_titles(blocks_of: BlocksOf):
    """What a cell could not hold belongs to the row above; a bold line alone begins a new group."""

    def draw(page):
        lines = (
            (("Haircut", 72), ("30 min", 260), ("$40", 400)),
            (("Colour with a long", 72), ("90 min", 260), ("$95", 400)),
            (("description", 72),),
            (("Care", 72),),
            (("Mask", 72), ("20 min", 260), ("$15", 400)),
            (("", 72), ("or more", 260)),
            (("Oil", 72), ("5 min", 260), ("$5", 400)),
        )
        for row, cells in enumerate(lines):
            for text, x in cells:
                page.insert_text((x, 100 + 16 * row), text, fontsize=11, fontname="hebo" if text == "Care" else "helv")

    assert [block.text for block in blocks_of(drawn(draw))] == [
        "Haircut | 30 min | $40",
        "Colour with a long description | 90 min | $95",
        "Care",
        "Mask | 20 min or more | $15",
        "Oil | 5 min | $5",
    ]


def test_columns_are_read_one_after_the_other(blocks_of: BlocksOf):
    """Prose set in two columns does not run across them, even where the lines of one stand lower."""

    def draw(page):
        page.insert_text((60, 60), "Two columns", fontsize=18)
        page.insert_textbox((60, 100, 290, 700), LEFT, fontsize=10)
        page.insert_textbox((310, 106, 540, 700), RIGHT, fontsize=10)

    assert [block.text for block in blocks_of(drawn(draw))] == ["Two columns", LEFT.strip(), RIGHT.strip()]


def test_headings_are_told_by_size_and_bold_type(blocks_of: BlocksOf):
    """Larger letters stand above smaller ones, bold ones of the text's size lowest."""

    def draw(page):
        for y, text, size, font in (
            (72, "Handbook", 22, "helv"),
            (110, "Prices", 16, "helv"),
            (140, "For children", 11, "hebo"),
            (160, "Half of what grown-ups pay, until the day they turn twelve years old.", 11, "helv"),
            (200, "Parking", 16, "helv"),
            (230, "Behind the house, without charge for an hour, on the left of the door.", 11, "helv"),
        ):
            page.insert_text((72, y), text, fontsize=size, fontname=font)

    blocks = blocks_of(drawn(draw))

    assert blocks[3].headings == ("Handbook", "Prices", "For children")
    assert blocks[5].headings == ("Handbook", "Parking")


def test_list_entries_and_leaders(blocks_of: BlocksOf):
    """Each entry is a block, and dots that lead the eye are not read."""

    def draw(page):
        for row, text in enumerate(("1. Ring the bell.", "2. Wait for the door.", "Haircut ............... $40 at all times of the day")):
            page.insert_text((72, 100 + 30 * row), text, fontsize=11)

    blocks = blocks_of(drawn(draw))

    assert [(block.kind.value, block.text) for block in blocks] == [
        ("item", "1. Ring the bell."),
        ("item", "2. Wait for the door."),
        ("paragraph", "Haircut $40 at all times of the day"),
    ]


def test_paragraphs_end_where_their_last_line_is_short(blocks_of: BlocksOf):
    """Without space between them, too."""
    first = "This is the first paragraph, which goes on for more than one line so that its end can be seen by its last line. " * 2

    def draw(page):
        page.insert_textbox(
            (72, 72, 500, 700), f"{first.strip()}\nThe second paragraph begins here and is long enough for a line.", fontsize=11
        )

    assert len(blocks_of(drawn(draw))) == 2


def test_what_every_page_repeats_is_read_once(blocks_of: BlocksOf):
    """Running heads and page numbers do not stand between the sentences."""
    with pymupdf.open() as document:
        for number in range(6):
            page = document.new_page()
            page.insert_text((72, 40), "Willow Lane Handbook", fontsize=9)
            page.insert_textbox(
                (72, 100, 500, 700), f"Rule {number} says something else than all the others do, and it says so at length.", fontsize=11
            )
            page.insert_text((72, 800), f"Page {number + 1} of 6", fontsize=9)
        content = document.tobytes()

    texts = [block.text for block in blocks_of(content)]

    assert texts.count("Willow Lane Handbook") == 1
    assert sum("of 6" in text for text in texts) == 1
    assert sum(text.startswith("Rule") for text in texts) == 6


def test_pages_are_numbered_from_one_and_counted():
    """Each block knows its page; pages without text are told apart."""
    pages = read_pdf(text_pdf("The first page.", "", "The third page."), Limits())

    blocks = list(pages.blocks())

    assert [block.page for block in blocks] == [1, 3]
    assert (pages.total, pages.with_text) == (3, 2)


def test_a_pdf_that_only_its_owner_may_change_is_read(blocks_of: BlocksOf):
    """A password for changes is none for reading."""
    content = text_pdf(HOURS, encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner")

    assert blocks_of(content)[0].text == HOURS


def test_too_many_pages_are_refused():
    """The limit is told."""
    with pytest.raises(DocumentRefused, match="3 pages; up to 2"):
        read_pdf(text_pdf("a", "b", "c"), Limits(pages=2))


@pytest.mark.parametrize("engines", ENGINES, ids=lambda engines: engines.pdf)
def test_what_cannot_be_read_is_told_alike_by_each_engine(engines: Engines):
    """Codes do not depend on who reads."""
    whole = text_pdf(*[HOURS * 20] * 20)
    bad = {"encrypted": locked_pdf(), "no_text_layer": scanned_pdf(), "corrupt": whole[: len(whole) // 2], "too_large": text_pdf("a", "b")}

    codes = []
    for content in bad.values():
        with pytest.raises(DocumentRefused) as refused:
            list(read_pdf(content, Limits(pages=1 if content == bad["too_large"] else 100), engines).blocks())
        codes.append(refused.value.reason)

    assert codes == list(bad)


def test_pictures_of_text_are_read_where_that_is_wanted():
    """A scanned page is read where it stands among others; an empty one stays empty and is counted as such."""
    content = mixed_pdf()

    plain, recognised = (extract("scan.pdf", content, engines=Engines(ocr=ocr)) for ocr in ("off", "tesseract"))

    assert (plain.pages_total, plain.pages_with_text, recognised.pages_with_text) == (3, 1, 2)
    assert [block.page for block in recognised.blocks] == [1, 2]
    assert HOURS in recognised.blocks[1].text


def test_only_so_many_pictures_are_read():
    """Recognising is slow, so that the rest is left and counted."""
    extraction = extract("scan.pdf", mixed_pdf(), Limits(recognised_pages=0), Engines(ocr="tesseract"))

    assert (extraction.pages_total, extraction.pages_with_text) == (3, 1)


def test_engines_that_do_not_go_together_are_told():
    """Before anything is read."""
    with pytest.raises(SetupError, match="PyMuPDF only") as refused:
        extract("scan.pdf", mixed_pdf(), engines=Engines(pdf="pypdfium2", ocr="tesseract"))

    assert "AIRA_OCR=off" in refused.value.hint
