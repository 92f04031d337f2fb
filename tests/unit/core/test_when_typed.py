"""Days and times are read as an operator types them, and refused where they mean two things."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from aira.core.when_typed import parse_day, parse_moment
from aira.errors import InvalidInput

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def _read(text: str) -> str:
    return parse_moment(text, now=MONDAY, time_zone="America/New_York").astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-12-01 14:00", "2026-12-01 14:00"),
        ("2026-12-01T14:00:00", "2026-12-01 14:00"),
        ("2026-12-01T19:00Z", "2026-12-01 14:00"),
        ("2026-12-01 14:00 +01:00", "2026-12-01 08:00"),
        ("2026-12-01 2pm", "2026-12-01 14:00"),
        ("today 15:30", "2026-11-23 15:30"),
        ("tomorrow 2pm", "2026-11-24 14:00"),
        ("2pm tomorrow", "2026-11-24 14:00"),
        ("Tuesday at 9:30", "2026-11-24 09:30"),
        ("monday 9am", "2026-11-30 09:00"),
        ("next tuesday 14:00", "2026-12-01 14:00"),
        ("on fri noon", "2026-11-27 12:00"),
        ("in 2 days 9:00 am", "2026-11-25 09:00"),
        ("in 1 week midnight", "2026-11-30 00:00"),
        ("dec 1 2pm", "2026-12-01 14:00"),
        ("1st December, 14:00", "2026-12-01 14:00"),
        ("jan 5 8am", "2027-01-05 08:00"),
        ("feb 29 2028 8am", "2028-02-29 08:00"),
        ("14:30", "2026-11-23 14:30"),
    ],
)
def test_a_moment_is_read(text: str, read: str):
    """ISO, relative days, weekdays and dates, with the time before or after, by the clock of the business."""
    assert _read(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-12-01",
        "12/1 2pm",
        "feb 30 2pm",
        "mon 25:00",
        "2026-13-01 10:00",
        "someday 2pm",
        "next 2pm",
        "dec 1 2 3 2pm",
        "9999-12-31 23:59",
        "0001-01-01 00:00",
        "0001-01-01T00:00+14:00",
        "dec 31 9999 2pm",
        "in 999 weeks 2pm",
    ],
)
def test_what_is_no_moment_is_refused(text: str):
    """A day without a time, a date with two meanings and a slip of the finger are not guessed at."""
    with pytest.raises(InvalidInput):
        _read(text)


@pytest.mark.parametrize(
    ("text", "code", "readings"),
    [
        ("2027-03-14 02:30", "nonexistent_local_time", ("2027-03-14T01:30-05:00", "2027-03-14T03:30-04:00")),
        ("nov 1 2026 1:30am", "ambiguous_local_time", ("2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00")),
    ],
)
def test_an_hour_that_the_clock_skips_or_doubles_is_refused_with_both_readings(text: str, code: str, readings: tuple[str, str]):
    """What is offered instead can be typed as it stands, and means one instant."""
    with pytest.raises(InvalidInput) as refused:
        _read(text)

    assert refused.value.reason == code
    assert all(reading in refused.value.hint for reading in readings)
    assert len({parse_moment(reading, now=MONDAY, time_zone="America/New_York") for reading in readings}) == 2


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", 23),
        ("yesterday", 22),
        ("tomorrow", 24),
        ("sunday", 29),
        ("this friday", 27),
        ("2026-11-30", 30),
        ("in 3 days", 26),
        ("nov 28", 28),
        ("this week", 23),
        ("next week", 30),
        ("last week", 16),
    ],
)
def test_a_day_is_read(text: str, day: int):
    """A day needs no time."""
    assert parse_day(text, today=date(2026, 11, 23)) == date(2026, 11, day)


@pytest.mark.parametrize("text", ["", "someday", "2026-02-30", "tomorrow 2pm", "9999-12-31", "0001-01-01", "next week end"])
def test_what_is_no_day_is_refused(text: str):
    """The hint shows how a day is written."""
    with pytest.raises(InvalidInput):
        parse_day(text, today=date(2026, 11, 23))
