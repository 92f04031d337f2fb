"""Number words as digits: `half past three on the fifth` becomes `half past 3 on the 5th`.

Works on the tokens of `words.normalise`. Cardinals become digits, ordinals digits with `th` (`1th`, `22th`: one form for all),
and a run of at least seven digits becomes one telephone token such as `#4155550198`.
"""

from collections.abc import Sequence

UNITS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
CARDINALS = UNITS | TEENS | TENS
ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17,
    "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_REPEATS = {"double": 2, "triple": 3}
_ONE_IS_A_THING_AFTER = _set(
    "this that which another any no every only other the like want need have get find take book make prefer first second third last "
    "next latter good better best right wrong great nice new real different same for"
)
_ONE_IS_A_NUMBER_BEFORE = _set("pm am oclock thirty fifteen forty twenty ten oh o hundred or")
_NOT_A_DAY_BEFORE = _set(
    "one option choice thought time slot thing available appointment opening half two class visit person week day of off all free"
) | frozenset(WEEKDAYS)
_MAKES_A_DAY = _set("the on") | frozenset(MONTHS) | frozenset(WEEKDAYS)
_JOINS = ("-", ",", "plus")
SHORTEST_PHONE = 7
LONGEST_PHONE = 15


def with_digits(tokens: Sequence[str]) -> list[str]:
    """The tokens with number words written as digits and telephone numbers joined."""
    out: list[str] = []
    place = 0
    while place < len(tokens):
        number, length = _number_at(tokens, place, out)
        out.append(number)
        place += length
    return _with_phones(out)


def _number_at(tokens: Sequence[str], place: int, before: Sequence[str]) -> tuple[str, int]:
    """The token that stands for what begins at `place`, and how many tokens it replaces."""
    word = tokens[place]
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    previous = before[-1] if before else ""
    if word in ORDINALS:
        return (f"{ORDINALS[word]}th" if _is_day(word, previous, tokens[place + 1 : place + 3]) else word), 1
    if word in TENS and ORDINALS.get(following, 10) < 10:
        return f"{TENS[word] + ORDINALS[following]}th", 2
    if word in _REPEATS and (following in UNITS or (following.isdigit() and len(following) == 1)):
        return " ".join([str(UNITS.get(following, following))] * _REPEATS[word]), 2
    if word in ("oh", "o"):
        return _oh(tokens, place, previous)
    if word == "one" and not _counts(before, tokens[place + 1 : place + 4]):
        return word, 1
    if word == "couple" and previous == "a":
        return "2", 2 if following == "of" else 1
    return _cardinal_at(tokens, place)


def _cardinal_at(tokens: Sequence[str], place: int) -> tuple[str, int]:
    value, length = _small(tokens, place)
    if value is None:
        return tokens[place], 1
    following = tokens[place + length] if place + length < len(tokens) else ""
    scale = {"hundred": 100, "thousand": 1000}.get(following)
    if scale is None:
        return str(value), length
    value, length = value * scale, length + 1
    skip = 1 if tokens[place + length : place + length + 1] == ["and"] else 0
    more, used = _small(tokens, place + length + skip)
    if more is not None and (scale == 1000 or skip):
        return str(value + more), length + skip + used
    return str(value), length


def _small(tokens: Sequence[str], place: int) -> tuple[int | None, int]:
    """A number below a hundred, in words or digits, and its length in tokens."""
    if place >= len(tokens):
        return None, 0
    word = tokens[place]
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    if word in TENS and UNITS.get(following, 0) > 0:
        return TENS[word] + UNITS[following], 2
    return CARDINALS.get(word), 1


def _oh(tokens: Sequence[str], place: int, previous: str) -> tuple[str, int]:
    """`oh` among numbers is a zero: `nine oh five` is 9 05, `five oh one` in a telephone number is 5 0 1."""
    following = tokens[place + 1] if place + 1 < len(tokens) else ""
    near = previous[-1:].isdigit() or following in UNITS or following in ("oh", "o") or following.isdigit()
    if not near or (not previous[-1:].isdigit() and len(tokens) < SHORTEST_PHONE):
        return tokens[place], 1
    if following in UNITS and previous.isdigit() and int(previous) <= 24:
        return f"0{UNITS[following]}", 2
    return "0", 1


def _counts(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether `one` is a number rather than a thing, as in `this one`, `the later one`, `I'd like one for tomorrow`."""
    previous = before[-1] if before else ""
    following = after[0] if after else ""
    if before[-2:-1] == ["the"] and before[-3:-2] != ["in"] and following not in _ONE_IS_A_NUMBER_BEFORE:
        return False
    if following == "in":
        return list(after[1:3]) in (["the", "morning"], ["the", "afternoon"])
    if following in _ONE_IS_A_NUMBER_BEFORE or following in UNITS or previous.isdigit() or following.isdigit():
        return True
    if previous in ("for", "the") and following in ("", ".", "?", "please", "on"):
        return previous == "for"
    return previous not in _ONE_IS_A_THING_AFTER


def _is_day(word: str, previous: str, following: Sequence[str]) -> bool:
    """Whether an ordinal is a day of the month rather than a place in a row, as in `the second one`, `first of all`."""
    after = following[0] if following else ""
    if after == "of":
        return previous in _MAKES_A_DAY or following[1:2] != ["all"]
    if after in _NOT_A_DAY_BEFORE:
        return False
    if word in ("first", "second", "third"):
        return previous in _MAKES_A_DAY or previous.endswith("th")
    return True


def _with_phones(tokens: Sequence[str]) -> list[str]:
    out: list[str] = []
    place = 0
    flat = " ".join(tokens).split(" ")
    while place < len(flat):
        end = place
        while end < len(flat) and (flat[end].isdigit() or (flat[end] in _JOINS and end + 1 < len(flat) and flat[end + 1].isdigit())):
            end += 1
        run = "".join(token for token in flat[place:end] if token.isdigit())
        after = flat[end] if end < len(flat) else ""
        dated = bool(out) and out[-1] in MONTHS
        if SHORTEST_PHONE <= len(run) <= LONGEST_PHONE and not dated and after not in ("pm", "am", "oclock"):
            out.append(f"#{'+' if flat[place] == 'plus' else ''}{run}")
        else:
            out.extend(token for token in flat[place:end] if token not in ("-", "plus"))
        if end < len(flat):
            out.append(flat[end])
        place = end + 1
    return out
