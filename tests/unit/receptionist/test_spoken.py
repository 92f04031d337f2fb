"""Numbers, money, times and dates are said as a receptionist says them."""

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from aira.voice.receptionist import spoken
from aira.voice.receptionist.when import read_when
from aira.voice.receptionist.words import normalise
from front_desk import MONDAY_MORNING

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (time(14, 30), "two thirty in the afternoon"),
        (time(9), "nine in the morning"),
        (time(9, 5), "nine oh five in the morning"),
        (time(12), "noon"),
        (time(0), "midnight"),
        (time(12, 15), "twelve fifteen in the afternoon"),
        (time(17), "five in the afternoon"),
        (time(18, 45), "six forty-five in the evening"),
        (time(23), "eleven at night"),
    ],
)
def test_a_time_of_day(at: time, said: str) -> None:
    """On a clock of twelve hours, with its part of the day."""
    assert spoken.clock(at) == said


@given(st.times())
def test_a_time_that_is_said_is_understood_again(at: time) -> None:
    """The mind reads its own words right."""
    at = at.replace(second=0, microsecond=0)

    assert read_when(normalise(f"tomorrow at {spoken.clock(at)}"), MONDAY_MORNING).at == at


@given(st.dates(date(2026, 11, 24), date(2027, 9, 1)))
def test_a_day_that_is_said_is_understood_again(day: date) -> None:
    """Weekday and date agree, so nothing is assumed."""
    when = read_when(normalise(spoken.day(day, TODAY).removeprefix("tomorrow, ")), MONDAY_MORNING)

    assert (when.day, when.assumed) == (day, frozenset())


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("25", "USD", "twenty-five dollars"),
        ("12.50", "USD", "twelve dollars and fifty cents"),
        ("1", "USD", "one dollar"),
        ("0.01", "GBP", "one penny"),
        ("1250", "EUR", "one thousand two hundred and fifty euros"),
        ("105.20", "GBP", "one hundred and five pounds and twenty pence"),
    ],
)
def test_an_amount(amount: str, currency: str, said: str) -> None:
    """In its currency's words."""
    assert spoken.money(Decimal(amount), currency) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (30, "thirty minutes"),
        (60, "an hour"),
        (90, "an hour and a half"),
        (75, "an hour and a quarter"),
        (130, "two hours and ten minutes"),
    ],
)
def test_a_length_of_time(length: int, said: str) -> None:
    """In hours and minutes."""
    assert spoken.minutes(length) == said


def test_days_near_by_have_short_names() -> None:
    """Others have weekday and date."""
    assert [spoken.near_day(date(2026, 11, day), TODAY) for day in (23, 24, 27)] == [
        "today",
        "tomorrow",
        "Friday, November twenty-seventh",
    ]


def test_a_telephone_number_is_said_in_groups() -> None:
    """Digit by digit."""
    assert spoken.digits("+14155550198") == "four one five, five five five, zero one nine eight"
