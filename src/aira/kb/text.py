"""From bytes to clean characters."""

import re
import unicodedata

from aira.kb.refusal import refusal

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LIGATURES = {ord(character): unicodedata.normalize("NFKC", character) for character in "ﬀﬁﬂﬃﬄﬅﬆ"}
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters; Postgres and terminals stumble over them
    r"\u00ad\u200b\u2060\ufeff"  # soft hyphen and characters without width
    r"\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of writing
    r"\ud800-\udfff\ufffe\uffff]"  # halves of surrogate pairs and what is no character
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SPACES = re.compile(r"[^\S\n]+")
_MOST_CONTROLS = 0.02
_LONGEST_LINE = 200
_SHORTEST_WRAP = 50
_ENDLESS_WORD = re.compile(r"\S{1000}")
_HYPHENATED = re.compile(r"(\w{2,})[-\u2010]\n(?=[a-z\u00df-\u00ff]{2})")


def clean(text: str) -> str:
    """Composed characters, plain line ends, single spaces; no control characters, ligatures, soft hyphens, endless words."""
    if len(text) < 1000 and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text)).translate(_LIGATURES)
    text = "\n".join(line.strip() for line in _SPACES.sub(" ", _ENDLESS_WORD.sub(r"\g<0> ", text)).split("\n"))
    return unicodedata.normalize("NFC", text).strip()


def join_lines(text: str) -> str:
    """The lines of one paragraph as one line; a word divided at a line's end is whole again."""
    return " ".join(_HYPHENATED.sub(r"\1", text).split())


def paragraphs(text: str) -> list[str]:
    """The paragraphs of lines without a blank one between them.

    Lines broken at a fixed width are one paragraph in one line; lines longer than any screen are a paragraph each;
    others end where they mean to.
    """
    *lines, last = text.split("\n")
    widths = [len(line) for line in lines]
    if not lines:
        return [text]
    if max(*widths, len(last)) > _LONGEST_LINE:
        return [*lines, last]
    if len(lines) > 1 and max(widths) >= _SHORTEST_WRAP and min(widths) * 4 >= max(widths) * 3 and len(last) <= max(widths):
        return [join_lines(text)]
    return [text]


def decode(content: bytes) -> str:
    """The text of a text file in whatever encoding it is; refuses with `unsupported` what is no text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\x00" in content[:4096]:
        return _decode_utf16(content)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_guessed(content)


def _decode_utf16(content: bytes) -> str:
    """Without a byte order mark: western text has its zero bytes in every second place."""
    sample = content[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    text = content.decode("utf-16-be" if even > odd else "utf-16-le", "replace")
    striped = max(even, odd) * 4 >= len(sample) and min(even, odd) * 8 <= max(even, odd)
    if not striped or _CONTROL.search(text[:2048]) is not None:
        raise refusal("unsupported", "The file holds binary data, not text.")
    return text


def _decode_guessed(content: bytes) -> str:
    from charset_normalizer import from_bytes

    if _share_of_controls(content) > _MOST_CONTROLS:
        raise refusal("unsupported", "The file holds binary data, not text.")
    western = content.decode("cp1252", "replace")
    if _reads_as_western(western):  # charset-normalizer takes short western text for eastern European
        return western
    guess = from_bytes(content[:200_000]).best()
    return content.decode(guess.encoding, "replace") if guess is not None else western


def _share_of_controls(content: bytes) -> float:
    sample = content[:4096]
    return sum(byte < 9 or 13 < byte < 32 for byte in sample) / max(len(sample), 1)


def _reads_as_western(text: str) -> bool:
    """Whether letters beyond ASCII stand alone in words of ASCII letters, as accents do, and not in whole words."""
    words = re.findall(r"[^\W\d_]+", text)
    foreign = sum(1 for word in words if sum(not letter.isascii() for letter in word) * 2 > len(word) and len(word) > 1)
    return "\ufffd" not in text and foreign * 10 <= len(words)
