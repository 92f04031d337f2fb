"""The documents of the demo's business, made on the spot."""

from pathlib import Path

PRICES = (
    ("Haircut", "30 min", "$25"),
    ("Colour treatment", "90 min", "$85"),
    ("Highlights", "120 min", "$110"),
    ("Beard trim", "15 min", "$12"),
)
PRICE_IN_PDF = "85"
"""The price of a colour treatment, which stands in the PDF and nowhere else."""


def write_price_list(path: Path) -> Path:
    """A PDF with a ruled table of prices."""
    import pymupdf

    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 90), "Bella Hair: price list", fontsize=20)
        page.insert_text((72, 120), "All prices include washing and styling.", fontsize=11)
        for row, cells in enumerate((("Service", "Duration", "Price"), *PRICES)):
            for column, cell in enumerate(cells):
                box = pymupdf.Rect(72 + column * 150, 140 + row * 26, 222 + column * 150, 166 + row * 26)
                page.draw_rect(box)
                page.insert_textbox(pymupdf.Rect(box.x0 + 6, box.y0 + 6, box.x1, box.y1), cell, fontsize=11)
        document.save(path)
    return path


def write_house_rules(path: Path) -> Path:
    """A DOCX with what callers ask besides prices."""
    import docx

    document = docx.Document()
    document.add_heading("Good to know", level=1)
    document.add_heading("Parking", level=2)
    document.add_paragraph("Customers park free of charge behind the building. The entrance is on Mill Lane.")
    document.add_heading("Children", level=2)
    document.add_paragraph("Children under twelve pay half the price of a haircut. Please tell us their age when booking.")
    document.add_heading("Pets", level=2)
    document.add_paragraph("Small dogs are welcome as long as they stay on a lead.")
    document.save(str(path))
    return path


def write_corrupt_pdf(path: Path) -> Path:
    """A file that says it is a PDF and is none."""
    path.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 40)
    return path
