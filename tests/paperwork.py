"""Files as businesses upload them, made on the spot."""

import io
import zipfile
from collections.abc import Sequence

import docx
import pymupdf

PRICES = (("Service", "Time", "Price"), ("Haircut", "30 min", "$40"), ("Beard trim", "15 min", "$20"), ("Root colour", "90 min", "$95"))
HOURS = "We are open Tuesday to Friday from nine to six and on Saturday from eight to four. On Sundays and Mondays we are closed."
PARKING = "There are four parking spaces in the courtyard for our clients; the garage on Sixth Street costs three dollars an hour."


def price_list_pdf(prices: Sequence[Sequence[str]] = PRICES, *, title: str = "Price list") -> bytes:
    """One page: a title, a table without rules, a heading and a paragraph."""
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 72), title, fontsize=20)
        for row, cells in enumerate(prices):
            for column, cell in enumerate(cells):
                page.insert_text((72 + 170 * column, 110 + 16 * row), cell, fontsize=11)
        page.insert_text((72, 300), "Opening hours", fontsize=14)
        page.insert_textbox((72, 320, 500, 400), HOURS, fontsize=11)
        return document.tobytes()


def price_list_md(prices: Sequence[Sequence[str]] = PRICES) -> bytes:
    """A title and a table in Markdown, which is quick to read."""
    head, *rows = ["| " + " | ".join(cells) + " |" for cells in prices]
    return "\n".join(["# Price list", "", head, "|---" * len(prices[0]) + "|", *rows, "", "## Opening hours", "", HOURS]).encode()


def text_pdf(*pages: str, **save: object) -> bytes:
    """One page of text for each text; an empty text gives an empty page."""
    with pymupdf.open() as document:
        for text in pages:
            page = document.new_page()
            if text:
                page.insert_textbox((72, 72, 523, 770), text, fontsize=11)
        return document.tobytes(**save)


def scanned_pdf() -> bytes:
    """One page that is a picture of text."""
    with pymupdf.open(stream=text_pdf(HOURS), filetype="pdf") as text, pymupdf.open() as document:
        picture = text[0].get_pixmap(dpi=50)
        document.new_page().insert_image((0, 0, 595, 842), pixmap=picture)
        return document.tobytes()


def mixed_pdf() -> bytes:
    """A page of text, one that is a sharp picture of text, and an empty one."""
    with pymupdf.open(stream=text_pdf(PARKING, HOURS, ""), filetype="pdf") as text, pymupdf.open() as document:
        document.insert_pdf(text, to_page=0)
        document.new_page().insert_image((0, 0, 595, 842), pixmap=text[1].get_pixmap(dpi=200))
        document.new_page()
        return document.tobytes(deflate=True)


def locked_pdf() -> bytes:
    """A PDF that asks for a password."""
    return text_pdf(HOURS, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner")


def handbook_docx() -> bytes:
    """A title, headings, a table, a list, a header."""
    document = docx.Document()
    document.add_heading("Handbook", 0)
    document.add_heading("Parking", 1)
    document.add_paragraph(PARKING)
    document.add_heading("Prices", 1)
    table = document.add_table(rows=0, cols=3)
    for cells in PRICES:
        for cell, text in zip(table.add_row().cells, cells, strict=True):
            cell.text = text
    document.add_heading("Team", 1)
    for name in ("Ann", "Bob"):
        document.add_paragraph(name, style="List Bullet")
    document.sections[0].header.paragraphs[0].text = "Willow Lane, telephone 555-0100"
    return saved(document)


def saved(document: "docx.document.Document") -> bytes:
    """A DOCX as bytes."""
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def docx_with(document_xml: str) -> bytes:
    """A DOCX whose main part is this XML."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(docx.Document()))) as plain, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as changed:
        for part in plain.infolist():
            changed.writestr(part.filename, document_xml if part.filename == "word/document.xml" else plain.read(part))
    return file.getvalue()


def long_text(paragraphs: int, *, about: str = "the salon") -> str:
    """Paragraphs of some forty words, each of them different."""
    return "\n\n".join(
        f"Paragraph {number} tells of {about}. It was written to be long enough for several passages, and it says that rule {number} "
        f"holds on every working day of the year, for every client, without any exception that anybody could think of."
        for number in range(paragraphs)
    )
