"""Times said relative to the present ("in two hours") or to the time that is spoken of ("an hour later", "the day after")."""

import re
from dataclasses import dataclass
from datetime import timedelta

from aira.voice.receptionist.phrase_table import phrase_table


@dataclass(frozen=True, slots=True)
class Shift:
    """A move away from the time that is spoken of; `drift` is +1 for just "later" and -1 for just "earlier"."""

    days: int = 0
    minutes: int = 0
    drift: int = 0


_TABLE = phrase_table("time")
_BACKWARDS = ("earlier", "before", "before that", "sooner", "forward")


def find_offset(text: str) -> timedelta | None:
    """How far from now, in "in an hour and a half" or "forty five minutes from now"."""
    match = _TABLE["from_now"].search(text)
    return timedelta(minutes=_minutes(match["ahead"] or match["from_now"])) if match else None


def find_shift(text: str) -> tuple[Shift | None, str]:
    """The relative move in a plain text, and the text with it blanked out."""
    days = _TABLE["by_days"].search(text)
    if days:
        return _days(days), _without(text, days)
    span = _TABLE["by_time"].search(text)
    if span and (span["way"] or span["push"]):
        backwards = span["way"] in _BACKWARDS or (span["push"] or "").startswith("forward")
        return Shift(minutes=_minutes(span["amount"]) * (-1 if backwards else 1)), _without(text, span)
    for name, drift in (("drift_later", 1), ("drift_earlier", -1)):
        match = _TABLE[name].search(text)
        if match:
            return Shift(drift=drift), _without(text, match)
    return None, text


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + "~" * (match.end() - match.start()) + text[match.end() :]


def _days(match: re.Match[str]) -> Shift:
    way = match["way"] or match["side"] or "after"
    unit = match["unit"] or match["which"] or match["same"] or "day"
    count = int(match["count"]) if match["count"] and match["count"].isdigit() else 1
    return Shift(days=(-1 if way in _BACKWARDS else 1) * count * (7 if unit == "week" else 1))


def _minutes(amount: str) -> int:
    numbers = [int(number) for number in re.findall(r"\d+", amount)]
    if "hour" not in amount:
        return numbers[0]
    if amount.startswith(("half an", "a half", "an half")):
        return 30
    if "quarter of" in amount:
        return 15
    hours = 60 * (numbers[0] if numbers else 1)
    if "and a" in amount:
        return hours + (30 if amount.endswith("half") or "and a half" in amount else 15)
    return hours + (numbers[1] if len(numbers) > 1 else 0)
