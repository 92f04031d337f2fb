"""Written text as it is read aloud: prices, times, ranges and abbreviations in words."""

import re
from collections.abc import Callable
from datetime import time
from decimal import Decimal

from aira.voice.receptionist import spoken

_SYMBOLS = {"$": "USD", "£": "GBP", "€": "EUR"}
_DAYS = {
    "mon": "Monday", "tue": "Tuesday", "tues": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "thur": "Thursday", "thurs": "Thursday",
    "fri": "Friday", "sat": "Saturday", "sun": "Sunday",
}  # fmt: skip
_SHORT_DAY = r"(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)"
_ANY_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_COUNTED = r"(?:minutes?|hours?|days?|weeks?|months?|years?|percent|people|to)"
_CLOCK = r"(?:[01]?\d|2[0-3])(?::[0-5]\d)?\s?(?:[ap]\.?m\.?)|(?:[01]?\d|2[0-3]):[0-5]\d"


def aloud(text: str) -> str:
    """The text with everything that a voice would stumble over written out."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = " ".join(text.split()).strip(" |-–—:;")
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _price(match: re.Match[str]) -> str:
    amount = Decimal(match["amount"].replace(",", ""))
    return spoken.money(amount, _SYMBOLS[match["symbol"]]) if amount < 1_000_000 else match[0]


def _prices(match: re.Match[str]) -> str:
    low, high = Decimal(match["low"]), Decimal(match["high"])
    return f"{spoken.number(int(low))} to {spoken.money(high, _SYMBOLS[match['symbol']])}"


def _clock(match: re.Match[str]) -> str:
    said = re.fullmatch(r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s?(?P<half>[ap])?.*", match[0], re.IGNORECASE)
    if said is None:
        return match[0]
    hour, half = int(said["hour"]), (said["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return spoken.clock(time(hour % 24, int(said["minute"] or 0)))


def _range(match: re.Match[str]) -> str:
    return f"{match[1]} to {match[2]}"


def _count(match: re.Match[str]) -> str:
    value = int(match[1])
    return f"{spoken.number(value)}{match[2]}"


def _hours(match: re.Match[str]) -> str:
    return f"{match[1]} {'hour' if match[1] == '1' else 'hours'}"


def _phone(match: re.Match[str]) -> str:
    return spoken.digits(re.sub(r"\D", "", match[0]))


def _day(match: re.Match[str]) -> str:
    return _DAYS[match[1].lower()]


Replacement = str | Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"[*_#`]+"), ""),
    (re.compile(r"(?<![\d$£€])(?:\+?1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b"), _phone),
    (re.compile(rf"\b({_SHORT_DAY})\.?(?=\s?[-–—,/&:]|\s|$)"), _day),
    (re.compile(rf"\b({_ANY_DAY})s?\s?[-–—]\s?({_ANY_DAY}s?)"), _range),
    (re.compile(rf"({_CLOCK})\s?[-–—]\s?({_CLOCK})", re.IGNORECASE), _range),
    (re.compile(r"(?P<symbol>[$£€])\s?(?P<low>\d{1,5})\s?[-–—]\s?[$£€]?\s?(?P<high>\d{1,5}(?:\.\d\d)?)\b"), _prices),
    (re.compile(r"(?P<symbol>[$£€])\s?(?P<amount>\d{1,3}(?:,\d{3})+(?:\.\d\d)?|\d+(?:\.\d\d)?)(?![\d])"), _price),
    (re.compile(rf"\b(?:{_CLOCK})(?![\d])", re.IGNORECASE), _clock),
    (re.compile(r"\b(\d+)\s?-?\s?min(?:ute)?s?\b\.?", re.IGNORECASE), r"\1 minutes"),
    (re.compile(r"\b(\d+)\s?(?:hrs?|h)\b\.?", re.IGNORECASE), _hours),
    (re.compile(r"\s?%"), " percent"),
    (re.compile(r"\s&\s"), " and "),
    (re.compile(r"\b(\d{1,6})(?=\s?[-–—]\s?\d{1,4}\s)\s?[-–—]\s?"), r"\1 to "),
    (re.compile(rf"(?<![\d.,/:#\-])\b(\d{{1,3}})( {_COUNTED})\b"), _count),
    (re.compile(r"\be\.g\.,?"), "for example"),
    (re.compile(r"\s+\|\s+"), ", "),
)  # fmt: skip
