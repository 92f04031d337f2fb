"""A web page becomes blocks in the order of its source."""

from aira.kb.html import read_html

PAGE = """<!doctype html><html><head><title>Salon</title><style>p { color: red }</style></head>
<body><nav><ul><li>Prices<li>Opening hours</ul></nav><h1>Salon &amp; Spa</h1><p>Open
daily<br>nine to five</p><script>alert("no")</script>
<table><tr><th>Service<th>Time<th>Price</tr>
<tr><td>Hair<b>cut</b></td><td></td><td>$40</td></tr>
<tr><td><p>Wash</p><p>and dry</p></td><td>5 min</td><td>$5</td></tr></table>
<h2>Team</h2><ul><li>Ann<li>Bob</ul><div hidden>seen</div><noscript>unseen</noscript>tail</body></html>"""


def test_a_page_is_read_in_order():
    """Tables keep empty cells, line breaks stay; scripts, styles and menus, which name what stands elsewhere, are not read."""
    blocks = list(read_html(PAGE))

    assert [(block.kind.value, block.text) for block in blocks] == [
        ("heading", "Salon & Spa"),
        ("paragraph", "Open daily\nnine to five"),
        ("row", "Service | Time | Price"),
        ("row", "Haircut |  | $40"),
        ("row", "Wash and dry | 5 min | $5"),
        ("heading", "Team"),
        ("item", "Ann"),
        ("item", "Bob"),
        ("paragraph", "seen"),
        ("paragraph", "tail"),
    ]
    assert blocks[3].header == "Service | Time | Price"
    assert blocks[6].headings == ("Salon & Spa", "Team")


def test_a_page_larger_than_one_bite_is_read_whole():
    """Tags that are cut by the reader's own steps are put together."""
    page = "".join(f"<p>Paragraph {number}</p>" for number in range(10_000))

    blocks = list(read_html(page))

    assert [block.text for block in blocks] == [f"Paragraph {number}" for number in range(10_000)]


def test_tags_that_are_never_closed_hide_no_body():
    """A style that is never closed ends where the body begins."""
    assert [block.text for block in read_html("<head><noscript><body><p>words</p>")] == ["words"]


def test_a_stray_end_tag_is_nothing():
    """It neither fails nor shows."""
    assert [block.text for block in read_html("</table></td></script><p>words</p></div>")] == ["words"]
