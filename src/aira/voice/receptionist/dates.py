"""Calendar days as people say them, found in the plain form of `words.normalise`."""

from dataclasses import dataclass
from datetime import date

from aira.voice.receptionist.calendar_days import Days
from aira.voice.receptionist.day_rules import BARE_NUMBER, RULES


@dataclass(frozen=True, slots=True)
class DayMention:
    """Days and where in the text they were said."""

    start: int
    end: int
    days: Days


def find_days(text: str, today: date, *, number_is_day: bool = False) -> list[DayMention]:
    """The days said in a plain text, in their order.

    `number_is_day` reads a bare number as a day of the month, as in the answer to a question for the day.
    """
    found: list[DayMention] = []
    for pattern, read in (*RULES, BARE_NUMBER) if number_is_day else RULES:
        for match in pattern.finditer(text):
            days = read(match, today)
            if days is not None:
                found.append(DayMention(match.start(), match.end(), days))
                text = text[: match.start()] + "_" * (match.end() - match.start()) + text[match.end() :]
    return sorted(found, key=lambda mention: mention.start)
