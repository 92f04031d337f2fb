"""Files that go wrong, made on the spot: damaged, locked, empty, misnamed, and built to hang or to swell whoever reads them."""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import docx
import pymupdf

from paperwork import HOURS, docx_with, handbook_docx, locked_pdf, price_list_pdf, saved, scanned_pdf, text_pdf

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
NOISE = bytes((number * 7919 + number // 256 * 104729) % 256 for number in range(20_000))


@dataclass(frozen=True)
class BadFile:
    """A name, how the content is made, and the codes that are right for it."""

    name: str
    make: Callable[[], bytes]
    codes: tuple[str, ...]


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return file.getvalue()


def page_with(content: bytes, *, resources: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """A PDF of one page with this compressed content stream."""
    packed = zlib.compress(content, 9)
    return raw_pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> %s >> >>" % resources,
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *more,
    )


def doubling_forms(depth: int = 25) -> bytes:
    """Each form draws the next one twice: 5 KB that draw two to the power of `depth` texts."""
    forms = []
    for level in range(depth):
        number = 6 + level
        last = level == depth - 1
        content = b"BT /F1 8 Tf 10 10 Td (x) Tj ET" if last else b"/X Do /X Do"
        below = b"/Font << /F1 5 0 R >>" if last else b"/XObject << /X %d 0 R >>" % (number + 1)
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << %s >> /Length %d >>" % (below, len(content))
        forms.append(b"%s\nstream\n%s\nendstream" % (head, content))
    return page_with(b"/X Do", resources=b"/XObject << /X 6 0 R >>", more=tuple(forms))


def page_tree_cycle() -> bytes:
    """A page tree that is its own child and promises a thousand million pages."""
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1000000000 >>")


def with_noise(content: bytes) -> bytes:
    """The same file with every hundredth byte changed."""
    changed = bytearray(content)
    for position in range(50, len(changed), 100):
        changed[position] ^= 0x5A
    return bytes(changed)


def archive(parts: dict[str, bytes]) -> bytes:
    """A ZIP archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def many_paragraphs(count: int) -> bytes:
    """A DOCX of so many empty paragraphs, small as a file."""
    return docx_with(f"<w:document {W}><w:body>{'<w:p/>' * count}<w:sectPr/></w:body></w:document>")


def deep_nesting(depth: int) -> bytes:
    """A DOCX of content controls within content controls."""
    opened, closed = "<w:sdt><w:sdtContent>" * depth, "</w:sdtContent></w:sdt>" * depth
    return docx_with(f"<w:document {W}><w:body>{opened}<w:p><w:r><w:t>deep</w:t></w:r></w:p>{closed}</w:body></w:document>")


def entities(declarations: str) -> bytes:
    """A DOCX whose text is an entity declared by itself."""
    text = "<w:p><w:r><w:t>before &x; after</w:t></w:r></w:p>"
    return docx_with(f"<?xml version='1.0'?><!DOCTYPE d [{declarations}]><w:document {W}><w:body>{text}</w:body></w:document>")


def billion_laughs() -> str:
    """Entities that unfold to a thousand million words."""
    names = [f'<!ENTITY x{level} "{f"&x{level - 1};" * 10 if level else "ha"}">' for level in range(10)]
    return "".join(names) + '<!ENTITY x "&x9;">'


def old_word(*, encrypted: bool) -> bytes:
    """The container of an older Word document, or of a DOCX with a password."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE[:2000] + ("EncryptedPackage".encode("utf-16-le") if encrypted else b"") + NOISE[:2000]
    )


def empty_docx() -> bytes:
    """A DOCX without a word."""
    return saved(docx.Document())


def picture() -> bytes:
    """A PNG."""
    with pymupdf.open(stream=text_pdf(HOURS), filetype="pdf") as document:
        return document[0].get_pixmap(dpi=20).tobytes("png")


DAMAGED = [
    BadFile("random.pdf", lambda: NOISE, ("corrupt",)),
    BadFile("random-after-mark.pdf", lambda: b"%PDF-1.7\n" + NOISE, ("corrupt",)),
    BadFile("mark-only.pdf", lambda: b"%PDF-1.7\n", ("corrupt",)),
    BadFile("truncated.pdf", lambda: (lambda pdf: pdf[: len(pdf) // 2])(text_pdf(*[HOURS * 20] * 20)), ("corrupt",)),
    BadFile("noisy.pdf", lambda: with_noise(text_pdf(*[HOURS * 20] * 5)), ("corrupt", "no_text_layer")),
    BadFile("cycle.pdf", page_tree_cycle, ("corrupt", "too_large", "no_text_layer")),
    BadFile(
        "no-pages.pdf", lambda: raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"), ("empty", "corrupt")
    ),
    BadFile("web-page.pdf", lambda: f"<!doctype html><html><p>{HOURS}</p></html>".encode(), ("corrupt",)),
    BadFile("word.pdf", handbook_docx, ("corrupt",)),
    BadFile("text.pdf", HOURS.encode, ("corrupt",)),
    BadFile("locked.pdf", locked_pdf, ("encrypted",)),
    BadFile("scanned.pdf", scanned_pdf, ("no_text_layer",)),
    BadFile("blank.pdf", lambda: text_pdf("", ""), ("no_text_layer",)),
    BadFile("random.docx", lambda: NOISE, ("corrupt",)),
    BadFile("truncated.docx", lambda: handbook_docx()[:-2000], ("corrupt",)),
    BadFile("noisy.docx", lambda: with_noise(handbook_docx()), ("corrupt",)),
    BadFile("pdf.docx", price_list_pdf, ("corrupt",)),
    BadFile("archive.docx", lambda: archive({"readme.txt": b"no document"}), ("corrupt",)),
    BadFile("old.docx", lambda: old_word(encrypted=False), ("unsupported",)),
    BadFile("locked.docx", lambda: old_word(encrypted=True), ("encrypted",)),
    BadFile("empty.docx", empty_docx, ("empty",)),
    BadFile("broken-xml.docx", lambda: docx_with("<w:document><w:body>"), ("corrupt",)),
    BadFile("entity.docx", lambda: entities('<!ENTITY x SYSTEM "file:///etc/passwd">'), ("corrupt",)),
    BadFile("laughs.docx", lambda: entities(billion_laughs()), ("corrupt",)),
    BadFile("empty.txt", lambda: b"", ("empty",)),
    BadFile("blank.txt", lambda: b" \n\t\r\n" * 100, ("empty",)),
    BadFile("zeros.txt", lambda: b"\x00" * 5000, ("empty",)),
    BadFile("random.txt", lambda: NOISE, ("unsupported",)),
    BadFile("picture.txt", picture, ("unsupported",)),
    BadFile("pdf.txt", price_list_pdf, ("unsupported",)),
    BadFile("random.csv", lambda: NOISE, ("unsupported",)),
    BadFile("empty.html", lambda: b"<html><head><title>x</title></head><body><script>var a = 1</script></body></html>", ("empty",)),
    BadFile("only-marks.md", lambda: b"---\n***\n<!-- nothing -->\n", ("empty",)),
]
"""Damaged and misnamed files: told at once."""

HOSTILE = [
    BadFile("doubling.pdf", doubling_forms, ("timeout", "too_complex")),
    BadFile(
        "operators.pdf", lambda: page_with(b"BT /F1 1 Tf " + b"(abcdefgh) Tj " * 6_000_000 + b"ET"), ("timeout", "too_complex", "too_large")
    ),
    BadFile("many-pages.pdf", lambda: text_pdf(*["x"] * 2_001), ("too_large",)),
    BadFile("bomb.docx", lambda: docx_with("<w:document>" + " " * 110_000_000), ("too_complex",)),
    BadFile("ratio.docx", lambda: docx_with("<w:document>" + " " * 30_000_000), ("too_complex",)),
    BadFile("parts.docx", lambda: archive({f"word/{number}.xml": b"<a/>" for number in range(2_100)}), ("too_complex",)),
    BadFile("paragraphs.docx", lambda: many_paragraphs(6_000_000), ("too_complex", "timeout", "empty")),
    BadFile("deep.docx", lambda: deep_nesting(4_000), ("corrupt", "too_complex")),
    BadFile("long.txt", lambda: b"word " * 1_100_000, ("too_large",)),
    # Where a reader has little time and a busy machine, the clock may come first.
    BadFile("verbose.txt", lambda: b"".join(b"Rule %d holds.\n\n" % number for number in range(340_000)), ("too_large", "timeout")),
    BadFile("large.txt", lambda: b"word " * 10_000_100, ("too_large",)),
    BadFile("comments.md", lambda: b"<!--" * 1_300_000, ("too_large",)),
]
"""Files built to hang or to swell."""
