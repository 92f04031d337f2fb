"""Opening hours are read as people write them, and written so that they can be read again."""

from datetime import time

import pytest
from hypothesis import given, strategies as st

from aira.core.hours import format_hours, parse_hours, parse_spans, parse_time
from aira.errors import InvalidInput
from aira.model import OpeningSpan


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00", "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00"),
        ("sat,sun 9am-5:30pm", "Sat-Sun 09:00-17:30"),
        ("Fri-Mon 22-2", "Mon 22:00-02:00; Fri-Sun 22:00-02:00"),
        ("daily 0-24:00", "Mon-Sun 00:00-24:00"),
        ("Tuesday 8 – 12 ; wed. 12pm-12am", "Tue 08:00-12:00; Wed 12:00-24:00"),
        ("Wed 13-17,9-12", "Wed 09:00-12:00,13:00-17:00"),
    ],
)
def test_hours_are_read(spec: str, written: str):
    """Ranges and lists of days, breaks, nights, and both ways to write a time."""
    assert format_hours(parse_hours(spec)) == written


@pytest.mark.parametrize(
    "spec",
    [
        *("", "Mon", "9-17", "Xyz 9-17", "Mon 9", "Mon 25-26", "Mon 9:60-10", "Mon 0am-3"),
        *("Mon 9-12,11-13", "Mon 22-3,23-24", "Mon-Wed 9-10; Tue 9-11", "Mon,Mon 9-10"),
    ],
)
def test_what_is_no_hours_is_refused_with_an_example(spec: str):
    """Nothing is guessed; the hint shows how hours are written."""
    with pytest.raises(InvalidInput) as refused:
        parse_hours(spec)

    assert "Mon-Fri" in refused.value.hint or "9:30" in refused.value.hint


def test_spans_of_one_day_are_read():
    """A special day has spans without weekdays."""
    assert parse_spans("13:00-17:00, 9-12") == [(time(9), time(12)), (time(13), time(17))]


@pytest.mark.parametrize(
    ("text", "read"), [("9", time(9)), ("09:05", time(9, 5)), ("12am", time(0)), ("12:30pm", time(12, 30)), ("24:00", time(0))]
)
def test_a_time_is_read(text: str, read: time):
    """With or without minutes, by both clocks."""
    assert parse_time(text) == read


edges = st.lists(st.integers(0, 95), min_size=2, max_size=8, unique=True).map(sorted)


@given(st.dictionaries(st.integers(1, 7), edges, min_size=1))
def test_what_is_written_can_be_read_again(week: dict[int, list[int]]):
    """Any week survives being written and read."""
    spans = [
        OpeningSpan(day, time(first // 4, first % 4 * 15), time(last // 4, last % 4 * 15))
        for day, quarters in sorted(week.items())
        for first, last in zip(quarters[::2], quarters[1::2], strict=False)
    ]

    assert parse_hours(format_hours(spans)) == spans
