"""How a receptionist says numbers, money, times and dates."""

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal

from aira.voice.receptionist.numbers import MONTHS, ORDINALS, TEENS, TENS, UNITS, WEEKDAYS

_SMALL = {value: word for word, value in (UNITS | TEENS).items()}
_TENS = {value: word for word, value in TENS.items() if word != "fourty"}
_ORDINALS = {value: word for word, value in ORDINALS.items()}
_CURRENCIES = {
    "USD": ("dollar", "cent"), "CAD": ("dollar", "cent"), "AUD": ("dollar", "cent"), "NZD": ("dollar", "cent"), "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"), "CHF": ("franc", "centime"),
}  # fmt: skip
_PLURALS = {"penny": "pence"}


def number(value: int) -> str:
    """A whole number from 0 to 999,999 in words."""
    if value < 20:
        return _SMALL[value]
    if value < 100:
        tens, units = value // 10 * 10, value % 10
        return _TENS[tens] + (f"-{_SMALL[units]}" if units else "")
    size, word = (1000, "thousand") if value >= 1000 else (100, "hundred")
    head, rest = divmod(value, size)
    return f"{number(head)} {word}" + (f" {'and ' if rest < 100 else ''}{number(rest)}" if rest else "")


def ordinal(value: int) -> str:
    """A day of the month in words: first, twenty-second."""
    if value in _ORDINALS:
        return _ORDINALS[value]
    return f"{_TENS[value // 10 * 10]}-{_ORDINALS[value % 10]}"


def clock(at: time) -> str:
    """A time of day: `two thirty in the afternoon`, `noon`, `nine oh five in the morning`."""
    if at.minute == 0 and at.hour in (0, 12):
        return "noon" if at.hour else "midnight"
    part = "in the morning" if at.hour < 12 else "in the afternoon" if at.hour < 18 else "in the evening" if at.hour < 22 else "at night"
    return f"{bare_clock(at)} {part}"


def bare_clock(at: time) -> str:
    """A time of day without its half: `two thirty`."""
    hour = number((at.hour - 1) % 12 + 1)
    if at.minute == 0:
        return hour
    return f"{hour} {'oh ' if at.minute < 10 else ''}{number(at.minute)}"


def day(which: date, today: date) -> str:
    """A day with its weekday and date, and `today` or `tomorrow` before them where it is; the year where it is another one."""
    near = {0: "today, ", 1: "tomorrow, "}.get((which - today).days, "")
    year = f", {_year(which.year)}" if abs((which - today).days) > 300 else ""
    return f"{near}{weekday(which)}, {MONTHS[which.month - 1].capitalize()} {ordinal(which.day)}{year}"


def near_day(which: date, today: date) -> str:
    """A day by the shortest name that is clear: `today`, `tomorrow`, else weekday and date."""
    return {0: "today", 1: "tomorrow"}.get((which - today).days) or day(which, today)


def capital(text: str) -> str:
    """The text with a capital at its start, everything else as it was."""
    return text[:1].upper() + text[1:]


def weekday(which: date) -> str:
    """The day's name."""
    return WEEKDAYS[which.weekday()].capitalize()


def money(amount: Decimal, currency: str) -> str:
    """An amount as people say it: `twenty-five dollars`, `twelve dollars and fifty cents`."""
    whole, part = int(amount), int(amount * 100) % 100
    unit, cent = _CURRENCIES.get(currency, (currency, "cent"))
    units = f"{number(whole)} {_counted(unit, whole)}" if whole or not part else ""
    cents = f"{number(part)} {_counted(cent, part)}" if part else ""
    return " and ".join(words for words in (units, cents) if words)


def minutes(length: int) -> str:
    """A length of time: `thirty minutes`, `an hour and a half`."""
    hours, rest = divmod(length, 60)
    if not hours:
        return f"{number(rest)} {_counted('minute', rest)}"
    if hours == 1:
        return "an hour" + ({0: "", 30: " and a half", 15: " and a quarter"}.get(rest) or (f" and {minutes(rest)}" if rest else ""))
    return f"{number(hours)} hours" + (f" and {minutes(rest)}" if rest else "")


def series(items: Sequence[str], joint: str = "and") -> str:
    """Items in one breath: `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {joint} {items[-1]}" if items else ""


def digits(phone: str) -> str:
    """A telephone number digit by digit, in groups."""
    plain = phone.removeprefix("+")
    tail = plain[-10:] if len(plain) >= 10 else plain
    groups = [tail[:3], tail[3:6], tail[6:]] if len(tail) == 10 else [tail[:3], tail[3:]]
    return ", ".join(" ".join(_SMALL[int(digit)] for digit in group) for group in groups if group)


def a(noun: str) -> str:
    """The noun in lower case with its article: `a haircut`, `an eye test`; plural and named things as they are."""
    low = noun if any(char.isupper() for char in noun[1:]) else noun[:1].lower() + noun[1:]
    if low.endswith("s") and not low.endswith("ss"):
        return low
    return f"{'an' if low[:1] in 'aeiou' else 'a'} {low}"


def _counted(noun: str, count: int) -> str:
    return noun if count == 1 else _PLURALS.get(noun, f"{noun}s")


def _year(year: int) -> str:
    head, tail = divmod(year, 100)
    return number(year) if tail < 10 else f"{number(head)} {number(tail)}"
