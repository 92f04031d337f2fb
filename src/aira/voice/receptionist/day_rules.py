"""How people say calendar days: a table of patterns and what each means, the most telling form first.

Patterns read the plain form of `words.normalise`; `find_days` in `dates` walks the table.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

from aira.voice.receptionist.calendar_days import (
    ONE_DAY,
    WEEK,
    Assumed,
    Days,
    add_months,
    coming_day_of_month,
    coming_weekday,
    last_of_month,
    matching_weekday,
    month_day,
    nth_weekday,
    weekday_in_week,
)
from aira.voice.receptionist.words import DAY_NAMES, MONTH_NAMES

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match, date], Days | None]]

WEEKDAY = r"(?P<weekday>monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?"
MONTH = r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december)"
DAY = r"(?P<day>[12]?\d|3[01])(?:th)?(?![:\d/]| (?:pm|am|oclock)\b| \d\d\b(?! ?\d\d))"
ORDINAL_DAY = r"(?P<day>[12]?\d|3[01])th"
YEAR = r"(?:(?: ,)? (?:of )?(?P<year>20\d\d|20 [2-9]\d))?"
COUNT = r"(?P<count>\d{1,2}|an?|one|the)"
FROM = rf"(?P<origin>today|tomorrow|now|this|(?:(?:this|next|coming|on) )?{WEEKDAY})"


def _just(day: date | None, *assumed: Assumed) -> Days | None:
    return None if day is None else Days(day, assumed=frozenset(assumed))


def _iso(match: Match, today: date) -> Days | None:
    return _just(month_day(today, int(match["month"]), int(match["day"]), int(match["year"])))


def _slashes(match: Match, today: date) -> Days | None:
    month, day = int(match["month"]), int(match["day"])
    year = int(match["year"]) if match["year"] else None
    if year is not None and year < 100:
        year += 2000
    return _just(month_day(today, month, day, year) if month <= 12 else month_day(today, day, month, year))


def _nth_weekday(match: Match, today: date) -> Days | None:
    place = {"last": -1, "first": 1, "second": 2, "third": 3, "fourth": 4}.get(match["place"]) or int(match["place"][0])
    weekday, month = DAY_NAMES[match["weekday"]], match["month"]
    if month:
        years = (today.year, today.year + 1)
        found = [nth_weekday(date(year, MONTH_NAMES[month], 1), weekday, place) for year in years]
    else:
        ahead = (1, 1) if "next" in match[0] else (0, 1)
        found = [nth_weekday(add_months(today.replace(day=1), months), weekday, place) for months in ahead]
    return _just(next((day for day in found if day is not None and day >= today), None))


def _month_day(match: Match, today: date) -> Days | None:
    year = int(match["year"].replace(" ", "")) if match["year"] else None
    day = month_day(today, MONTH_NAMES[match["month"]], int(match["day"]), year)
    return _checked(day, match.groupdict().get("weekday"))


def _day_of_this_month(match: Match, today: date) -> Days | None:
    ahead = 1 if match["which"] == "next" else 0
    return _checked(coming_day_of_month(today, int(match["day"]), months_ahead=ahead), match["weekday"])


def _weekday_and_ordinal(match: Match, today: date) -> Days | None:
    day, weekday = int(match["day"]), DAY_NAMES[match["weekday"]]
    found = matching_weekday(today, day, weekday)
    return _just(found) if found else _just(coming_day_of_month(today, day), Assumed.MISMATCH)


def _checked(day: date | None, weekday: str | None) -> Days | None:
    if day is not None and weekday and DAY_NAMES[weekday] != day.weekday():
        return _just(day, Assumed.MISMATCH)
    return _just(day)


def _holiday(match: Match, today: date) -> Days | None:
    return _just(_day_of_holiday(match[0], today))


def _day_of_holiday(said: str, today: date) -> date | None:
    month, day = HOLIDAYS[said.replace("years", "year").replace("valentines", "valentine").removesuffix(" day")]
    return month_day(today, month, day)


def _origin(match: Match, today: date) -> date:
    origin = match["origin"]
    if origin.startswith("tomorrow"):
        return today + ONE_DAY
    if match["weekday"] and origin.startswith("next"):
        return weekday_in_week(today, DAY_NAMES[match["weekday"]], 1)
    return coming_weekday(today, DAY_NAMES[match["weekday"]]) if match["weekday"] else today


def _count(said: str | None) -> int:
    return int(said) if said and said.isdigit() else 1


def _later(match: Match, start: date) -> date:
    """`start` and the count of days, weeks or months that the match holds."""
    count, unit = _count(match["count"]), match["unit"]
    if unit == "month":
        month = add_months(start.replace(day=1), count)
        return min(last_of_month(month), month + timedelta(days=start.day - 1))
    return start + count * (WEEK if unit == "week" else 2 * WEEK if unit == "fortnight" else ONE_DAY)


def _span_from(match: Match, today: date) -> Days | None:
    return _just(_later(match, _origin(match, today)))


def _span_ahead(match: Match, today: date) -> Days | None:
    day = _later(match, today)
    if match["weekday"]:
        day = weekday_in_week(day, DAY_NAMES[match["weekday"]], 0)
    return _just(day)


def _week_and_weekday(match: Match, today: date) -> Days | None:
    weeks = 2 if "after" in match["week"] else 0 if match["week"].startswith("this") else 1
    day = weekday_in_week(today, DAY_NAMES[match["weekday"]], weeks)
    return _just(day) if day >= today else None


def _weekday(match: Match, today: date) -> Days | None:
    weekday = DAY_NAMES[match["weekday"]]
    which = match["which"] or ""
    coming = coming_weekday(today, weekday)
    if which in ("next", "the next", "the following", "following"):
        later = weekday_in_week(today, weekday, 1)
        return _just(later, Assumed.WEEK) if later != coming else _just(later)
    if weekday == today.weekday():
        return _just(today if which == "this" else coming, Assumed.WEEK)
    return Days(coming, loose=not which)


def _weekday_beyond_next(match: Match, today: date) -> Days | None:
    return _just(weekday_in_week(today, DAY_NAMES[match["weekday"]], 2), Assumed.WEEK)


def _near_holiday(match: Match, today: date) -> Days | None:
    """So many days or weeks, or the first such weekday, before or after a holiday."""
    name = match["holiday"]
    found = _thanksgiving(match, today) if name == "thanksgiving" else _just(_day_of_holiday(name, today))
    if found is None:
        return None
    way = 1 if match["side"] == "after" else -1
    if match["weekday"]:
        step = next(step for step in range(1, 8) if (found.first + step * way * ONE_DAY).weekday() == DAY_NAMES[match["weekday"]])
        return _just(found.first + step * way * ONE_DAY)
    return _just(found.first + way * _count(match["count"]) * (WEEK if match["unit"] == "week" else ONE_DAY))


def _weekday_after_next(match: Match, today: date) -> Days | None:
    return _just(coming_weekday(today, DAY_NAMES[match["weekday"]]) + WEEK)


def _fixed(days_ahead: int) -> Callable[[Match, date], Days | None]:
    return lambda _, today: _just(today + days_ahead * ONE_DAY)


def _week_span(match: Match, today: date) -> Days | None:
    """A week, or its part: early is Monday to Wednesday, late is Thursday to Saturday."""
    which, part = match["which"], match["part"] or ""
    weeks = 2 if "after next" in match[0] else 1 if which in ("next", "the following") else 0
    early, late = part.startswith(("early", "start", "beginning")), part.startswith(("late", "end"))
    first = weekday_in_week(today, 3 if late else 0, weeks)
    last = weekday_in_week(today, 2 if early else 5 if late else 6, weeks)
    first = max(first, today)
    return Days(first, last) if last >= first else None


def _weekend(match: Match, today: date) -> Days | None:
    saturday = weekday_in_week(today, 5, 1 if match["which"] == "next" else 0)
    return Days(max(saturday, today), saturday + ONE_DAY)


def _month_span(match: Match, today: date) -> Days | None:
    """A month, or its part: early is its first ten days, late its last seven."""
    if match["month"]:
        first = month_day(today.replace(day=1), MONTH_NAMES[match["month"]], 1)
    else:
        first = add_months(today.replace(day=1), 1 if match["which"] == "next" else 0)
    if first is None:
        return None
    part, last = match["part"] or "", last_of_month(first)
    if part.startswith(("late", "end")):
        first = last - timedelta(days=6)
    elif part:
        last = first + timedelta(days=9)
    first = max(first, today)
    return Days(first, last) if last >= first else None


def _bare_day(match: Match, today: date) -> Days | None:
    return _just(coming_day_of_month(today, int(match["day"])))


def _misheard_ninth(_: Match, today: date) -> Days | None:
    return _just(coming_day_of_month(today, 9), Assumed.MISHEARD)


def _misheard_tomorrow(_: Match, today: date) -> Days | None:
    return _just(today + ONE_DAY, Assumed.MISHEARD)


def _thanksgiving(_: Match, today: date) -> Days | None:
    """The fourth Thursday of November."""
    found = (nth_weekday(date(year, 11, 1), 3, 4) for year in (today.year, today.year + 1))
    return _just(next((day for day in found if day is not None and day >= today), None))


def _rule(pattern: str, read: Callable[[Match, date], Days | None]) -> Rule:
    return re.compile(rf"\b(?:{pattern})"), read


HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "new year eve": (12, 31), "new year": (1, 1), "boxing": (12, 26),
    "valentine": (2, 14), "halloween": (10, 31),
}  # fmt: skip
NTH = r"(?:the )?(?P<place>first|second|third|fourth|last|[1-5]th)"
UNIT = r"(?P<unit>day|week|month|fortnight)s?"
WHICH = r"(?P<which>the next|next|this|the following|following|coming)"
WHICH_WEEK = r"(?P<week>the week after next|week after next|the following week|following week|next week|this week)"
HOLIDAY = r"christmas eve|christmas day|christmas|new years? eve|new years? day|boxing day|valentines? day|halloween"
WEEK_PART = r"(?:(?:the )?(?P<part>early|late|later|start of|beginning of|end of|middle of) )?(?:in )?"
NOT_A_DAY = r"(?! (?:floor|street|avenue|time|visit|year)\b)"

RULES: tuple[Rule, ...] = (
    _rule(r"(?P<year>20\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b", _iso),
    _rule(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?:/(?P<year>\d{4}|\d{2}))?(?![\d/])", _slashes),
    _rule(rf"{NTH} {WEEKDAY} (?:of|in) (?:the |this |next )?(?:month|{MONTH})\b", _nth_weekday),
    _rule(rf"(?:{WEEKDAY}(?: ,)? (?:the )?)?{MONTH}(?: ,)? (?:the )?{DAY}{YEAR}", _month_day),
    _rule(rf"(?:{WEEKDAY}(?: ,)? (?:the )?)?(?:the )?{DAY} (?:day )?(?:of |in )?{MONTH}{YEAR}\b", _month_day),
    _rule(rf"(?:{WEEKDAY}(?: ,)? (?:the )?)?(?:the )?{DAY} (?:day )?of (?P<which>this|next|the) month\b", _day_of_this_month),
    _rule(rf"(?P<which>this|next|the) month(?: ,)? (?:on )?(?:the )?{DAY}(?P<weekday>)", _day_of_this_month),
    _rule(rf"(?:this |next |coming )?{WEEKDAY}(?: ,)? (?:which is )?(?:the )?{ORDINAL_DAY}\b", _weekday_and_ordinal),
    _rule(rf"{ORDINAL_DAY}(?: ,)? (?:which is |that is )?(?:a )?{WEEKDAY}\b", _weekday_and_ordinal),
    _rule(
        rf"(?:the )?(?:{WEEKDAY}|(?:{COUNT} )?(?P<unit>day|week)s?) (?P<side>before|after) (?P<holiday>{HOLIDAY}|thanksgiving)\b",
        _near_holiday,
    ),
    _rule(rf"(?:{HOLIDAY})\b", _holiday),
    _rule(r"thanksgiving\b", _thanksgiving),
    _rule(r"(?:the )?day after tomorrow\b", _fixed(2)),
    _rule(rf"{COUNT} {UNIT} (?:from|after) {FROM}\b", _span_from),
    _rule(rf"(?:in|after) (?!the ){COUNT} {UNIT}(?: time)?(?:(?: ,)? (?:on )?(?:a |the )?{WEEKDAY})?\b", _span_ahead),
    _rule(rf"{COUNT} (?P<unit>week|fortnight)s? (?:on |this )?(?P<origin>{WEEKDAY}|tomorrow|today)\b", _span_from),
    _rule(rf"{WEEKDAY} week(?! ?(?:ly|end))\b", _weekday_after_next),
    _rule(rf"(?:the )?{WEEKDAY} after next\b", _weekday_beyond_next),
    _rule(rf"{WHICH_WEEK}(?: ,)? (?:on )?(?:the )?{WEEKDAY}\b", _week_and_weekday),
    _rule(rf"{WEEKDAY}(?: ,)? (?:of |in )?{WHICH_WEEK}\b", _week_and_weekday),
    _rule(rf"(?:{WHICH} )?(?:coming )?{WEEKDAY}\b", _weekday),
    _rule(r"tomorrow\b", _fixed(1)),
    _rule(r"(?:today|tonight|right now|this (?=morning|afternoon|evening|noon|lunch))", _fixed(0)),
    _rule(rf"{WEEK_PART}(?P<which>next|this|the following|the) weekend\b", _weekend),
    _rule(rf"{WEEK_PART}(?P<which>next|this|the following|the) week(?: after next)?\b", _week_span),
    _rule(rf"{WEEK_PART}(?:(?P<which>next|this|the) month|(?:(?<=in )|(?<=of )|(?<=late )|(?<=early )){MONTH})\b", _month_span),
    _rule(rf"(?:the )?{ORDINAL_DAY}{NOT_A_DAY}", _bare_day),
    _rule(r"(?:to|2) ?(?:marl|morrow|morro|moro|mara|marrow|moral|mor|mar|more row)s?\b|tom[ao]r(?!row)[a-z]*\b", _misheard_tomorrow),
    _rule(r"on the night(?! (?:of|before|after)\b)", _misheard_ninth),
)
BARE_NUMBER: Rule = (
    re.compile(rf"^(?:(?:yes|no|okay|on|the|for|maybe|say|make it|how about|let us say|it is|that is|please|,) )*{DAY}(?: please)?$"),
    _bare_day,
)
"""A bare number as the answer to a question for the day."""
