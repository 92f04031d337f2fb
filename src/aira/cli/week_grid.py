"""A week of a calendar on a terminal: days beside each other, time running down."""

from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from aira.cli import render
from aira.cli.appointment_rows import BADGES, row

if TYPE_CHECKING:
    from datetime import date, datetime

    from rich.text import Text

    from aira.core.week import Week
    from aira.model import Appointment

STEP_MINUTES = 30
LABEL_WIDTH = 6
NARROWEST = 9
LONG_DAY = len("Mon 30 Nov")
BAR = "┃"
SHORTEST_NAME = 3
STYLES = {"voice_agent": "green", "cli": "cyan", "ui": "magenta", "api": "yellow", "import": "dim"}
DETAILS = ("when", "service", "customer", "phone", "booked_by", "id")
GAP = "⋮"
EMPTY_ROWS = 2
"""So many rows without anything are drawn; more become one."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    style: str = ""


def print_week(week: "Week") -> None:
    """Print the grid, and below it each appointment with its details."""
    from rich.console import Console

    console = Console(highlight=False)
    for line in week_lines(week, width=console.width):
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    if week.appointments:
        rows = [row(one, week.business.time_zone, this_year=week.first.year) for one in week.appointments]
        render.emit_list(rows, json=False, columns=DETAILS)


def week_lines(week: "Week", *, width: int) -> "list[Text]":
    """The lines of the grid; `width` is that of the terminal, in characters."""
    from datetime import timedelta

    from rich.text import Text

    fitting = min(7, max(1, (width - LABEL_WIDTH) // (NARROWEST + 1)))
    beside = -(-7 // -(-7 // fitting))  # a terminal too narrow for the week gets it in parts of about the same number of days
    column = max(NARROWEST, (width - LABEL_WIDTH) // beside - 1)
    lines = [Text(render.clean(f"{week.business.name} · week of {week.first:%d %B %Y} · {week.business.time_zone}"), style="bold")]
    for first in range(0, 7, beside):
        lines += [Text()] if first else []
        lines += _days_lines(week, [week.first + timedelta(days=offset) for offset in range(first, min(7, first + beside))], column)
    return lines


def _days_lines(week: "Week", days: "list[date]", column: int) -> "list[Text]":
    from rich.text import Text

    head = Text(" " * LABEL_WIDTH)
    for day in days:
        style = "bold reverse" if day == week.now.date() else "bold"
        head.append("│", style="dim").append(format(day, "%a %d %b" if column >= LONG_DAY else "%a %d").ljust(column), style=style)
    lines = [head, Text("─" * LABEL_WIDTH + ("┼" + "─" * column) * len(days), style="dim")]
    closures = [_closure(week, day, column) for day in days]

    def closed_at(row: int) -> list[str]:
        return [said[row] if row < len(said) else "" for said in closures]

    def is_blank(row: tuple[int, int]) -> bool:
        return _is_empty(week, days, row[1]) and not any(closed_at(row[0]))

    for blank, run in groupby(enumerate(_minutes_shown(week)), key=is_blank):
        rows = list(run)
        if blank and len(rows) > EMPTY_ROWS:
            lines.append(Text(GAP.center(LABEL_WIDTH) + ("│" + " " * column) * len(days), style="dim"))
            continue
        for position, minute in rows:
            after_gap = lines[-1].plain.lstrip().startswith(GAP)
            lines.append(_line(week, days, minute, column, closed_at(position), label=minute % 60 == 0 or after_gap))
            if _is_now(week, days, minute):
                lines.append(_now_line(week, days, column))
    return lines


def _is_empty(week: "Week", days: "list[date]", minute: int) -> bool:
    """Whether nobody is open and nobody comes, nor is it now."""
    return not any(_cell(week, day, minute, NARROWEST).text for day in days) and not _is_now(week, days, minute)


def _line(week: "Week", days: "list[date]", minute: int, column: int, closed: list[str], *, label: bool) -> "Text":
    from rich.text import Text

    shown = f"{minute // 60:02}:{minute % 60:02}" if label else ""
    line = Text().append(shown.ljust(LABEL_WIDTH), style="dim")
    for day, said in zip(days, closed, strict=True):
        cell = _cell(week, day, minute, column)
        if said and not cell.text.startswith(BAR):
            cell = _Cell(said, "red")
        text = cell.text if len(cell.text) <= column else cell.text[: column - 1] + "…"
        line.append("│", style="dim").append(text.ljust(column), style=cell.style)
    return line


def _cell(week: "Week", day: "date", minute: int, column: int) -> _Cell:
    start, end = _instant(week, day, minute), _instant(week, day, minute + STEP_MINUTES)
    booked = [one for one in week.appointments if one.start_time < end and one.end_time > start]
    if booked:
        return _booked_cell(week, booked, day, minute, column)
    is_open = any(span.start_time < end and span.end_time > start for span in week.open)
    return _Cell("·" if is_open else "", "dim")


def _booked_cell(week: "Week", booked: "list[Appointment]", day: "date", minute: int, column: int) -> _Cell:
    first = booked[0]
    local = first.start_time.astimezone(week.now.tzinfo)
    begins = local.hour * 60 + local.minute if local.date() == day else 0
    position = minute // STEP_MINUTES - begins // STEP_MINUTES
    lines = [*_headlines(booked, column - len(BAR)), *filter(None, (first.service, first.external_id))]
    text = lines[position] if position < len(lines) else ""
    return _Cell(BAR + render.clean(text).replace("\n", " "), STYLES.get(first.source, ""))


def _headlines(booked: "list[Appointment]", width: int) -> list[str]:
    """Who comes and who booked it, in one line or two; a long name gives way."""
    first = booked[0]
    source = f"[{BADGES.get(first.source, first.source)}]" + (f" +{len(booked) - 1}" if len(booked) > 1 else "")
    name = first.customer_name or "booked"
    room = width - len(source) - 1
    if room < SHORTEST_NAME:
        return [name, source]
    return [(name if len(name) <= room else name[: room - 1] + "…") + " " + source]


def _closure(week: "Week", day: "date", column: int) -> list[str]:
    """What is said at the head of a day with other hours than usual, in as many lines as it takes."""
    of_day = [closure for closure in week.closures if closure.on_date == day]
    if not of_day:
        return []
    word = "closed" if any(closure.opens is None for closure in of_day) else "hours"
    return wrap(render.clean(": ".join(filter(None, (word, of_day[0].reason)))), column)


def _now_line(week: "Week", days: "list[date]", column: int) -> "Text":
    from rich.text import Text

    line = Text().append(f"{week.now:%H:%M}".ljust(LABEL_WIDTH, "─"), style="red")
    for day in days:
        line.append("┼" + ("━" if day == week.now.date() else "─") * column, style="bold red" if day == week.now.date() else "dim red")
    return line


def _is_now(week: "Week", days: "list[date]", minute: int) -> bool:
    shown = week.now.hour * 60 + week.now.minute
    return week.now.date() in days and minute <= shown < minute + STEP_MINUTES


def _minutes_shown(week: "Week") -> range:
    """Minutes since midnight of the rows: from the first opening or appointment of any day to the last end."""
    spans = [(one.start_time, one.end_time) for one in week.open] + [(one.start_time, one.end_time) for one in week.appointments]
    edges = [edge for start, end in spans for edge in _edges(week, start, end)]
    if not edges:
        return range(9 * 60, 17 * 60, STEP_MINUTES)
    return range(min(edges) // STEP_MINUTES * STEP_MINUTES, max(edges), STEP_MINUTES)


def _edges(week: "Week", start: "datetime", end: "datetime") -> tuple[int, int]:
    first, last = start.astimezone(week.now.tzinfo), end.astimezone(week.now.tzinfo)
    if first.date() != last.date():
        return (0, 24 * 60) if (last.hour, last.minute) != (0, 0) else (first.hour * 60 + first.minute, 24 * 60)
    return first.hour * 60 + first.minute, last.hour * 60 + last.minute


def _instant(week: "Week", day: "date", minute: int) -> "datetime":
    from datetime import datetime, time, timedelta

    return datetime.combine(day + timedelta(days=minute // (24 * 60)), time(minute // 60 % 24, minute % 60), week.now.tzinfo)
