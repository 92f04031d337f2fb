"""A Word document is read in the order of its text, with everything that is visible in it."""

import docx
from docx.oxml import parse_xml

from aira.kb.document import Block, Limits
from aira.kb.docx import read_docx
from paperwork import PARKING, docx_with, handbook_docx, saved

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)


def blocks_of(content: bytes) -> list[Block]:
    """All blocks of a DOCX."""
    return list(read_docx(content, Limits()))


def body(*parts: str) -> bytes:
    """A DOCX whose body is this XML."""
    return docx_with(f"<w:document {NAMES}><w:body>{''.join(parts)}<w:sectPr/></w:body></w:document>")


def run(text: str) -> str:
    """A run of text."""
    return f"<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>"


def test_a_document_is_read_in_order():
    """Header, title, headings, table, list."""
    blocks = blocks_of(handbook_docx())

    assert [(block.kind.value, block.text) for block in blocks] == [
        ("paragraph", "Willow Lane, telephone 555-0100"),
        ("heading", "Handbook"),
        ("heading", "Parking"),
        ("paragraph", PARKING),
        ("heading", "Prices"),
        ("row", "Service | Time | Price"),
        ("row", "Haircut | 30 min | $40"),
        ("row", "Beard trim | 15 min | $20"),
        ("row", "Root colour | 90 min | $95"),
        ("heading", "Team"),
        ("item", "- Ann"),
        ("item", "- Bob"),
    ]
    assert blocks[6].header == "Service | Time | Price"
    assert blocks[6].headings == ("Handbook", "Prices")


def test_insertions_are_read_and_deletions_are_not():
    """The document counts as if all tracked changes were accepted."""
    text = f"<w:p>{run('The price is ')}<w:ins>{run('$45')}</w:ins><w:del><w:r><w:delText>$40</w:delText></w:r></w:del>{run('.')}</w:p>"

    assert [block.text for block in blocks_of(body(text))] == ["The price is $45."]


def test_content_controls_are_read():
    """Around paragraphs, around rows and within a line."""
    row = (
        f"<w:tr><w:tc><w:p>{run('Cut')}</w:p></w:tc><w:sdt><w:sdtContent><w:tc><w:p>{run('$40')}</w:p></w:tc></w:sdtContent></w:sdt></w:tr>"
    )
    inner = f"<w:sdt><w:sdtContent>{run('words')}</w:sdtContent></w:sdt>"
    parts = (
        f"<w:sdt><w:sdtContent><w:p>{run('Controlled ')}{inner}</w:p></w:sdtContent></w:sdt>",
        f"<w:tbl><w:sdt><w:sdtContent>{row}</w:sdtContent></w:sdt></w:tbl>",
    )

    assert [block.text for block in blocks_of(body(*parts))] == ["Controlled words", "Cut | $40"]


def test_a_text_box_is_read_once():
    """Word writes it twice, the second time for older programs."""
    box = f"<v:textbox><w:txbxContent><w:p>{run('In a box')}</w:p></w:txbxContent></v:textbox>"
    choice = f"<mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"

    assert [block.text for block in blocks_of(body(f"<w:p>{run('Beside')}<w:r>{choice}</w:r></w:p>"))] == ["Beside", "In a box"]


def test_breaks_tabs_and_hyphens_are_read():
    """Lines stay lines, tabs are blanks, field codes are not read."""
    text = (
        f"<w:p>{run('Monday')}<w:r><w:tab/></w:r>{run('9')}<w:r><w:noBreakHyphen/></w:r>{run('5')}<w:r><w:br/></w:r>{run('Sunday closed')}"
    )
    code = "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"

    assert [block.text for block in blocks_of(body(text + code))] == ["Monday 9-5\nSunday closed"]


def test_headings_are_known_by_outline_and_by_style():
    """A style that builds on a heading, and a paragraph that names its own level."""
    document = docx.Document()
    style = document.styles.add_style("House title", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Prices", style="House title")
    own = document.add_paragraph("For children")
    own._p.get_or_add_pPr().append(parse_xml(f"<w:outlineLvl {NAMES} w:val='3'/>"))
    document.add_paragraph("Half of it.")

    assert blocks_of(saved(document))[-1].headings == ("Prices", "For children")


def test_numbered_lists_count():
    """Each level by itself, and again from one under the next entry."""
    document = docx.Document()
    for text, style in (("Wash", "List Number"), ("Warm", "List Number 2"), ("Cold", "List Number 2"), ("Cut", "List Number")):
        document.add_paragraph(text, style=style)

    assert [block.text for block in blocks_of(saved(document))] == ["1. Wash", "1. Warm", "2. Cold", "2. Cut"]


def test_a_paragraph_taken_out_of_its_list_has_no_mark():
    """Word writes list number nought."""
    text = f"<w:p><w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='0'/></w:numPr></w:pPr>{run('Free')}</w:p>"

    assert [block.text for block in blocks_of(body(text))] == ["Free"]


def test_headers_and_footers_of_several_sections_are_read_once():
    """A header that goes on in the next section is the same header."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Willow Lane"
    document.add_paragraph("First.")
    second = document.add_section()
    second.header.is_linked_to_previous = False
    second.header.paragraphs[0].text = "Willow Lane"
    second.footer.paragraphs[0].text = "Telephone 555-0100"
    document.add_paragraph("Second.")

    assert [block.text for block in blocks_of(saved(document))] == ["Willow Lane", "First.", "Second.", "Telephone 555-0100"]
