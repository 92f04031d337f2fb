"""Opening hours are told as they are, special days included."""

from dataclasses import replace
from datetime import date, time

import pytest

from aira.model import OpeningSpan
from aira.voice.receptionist import opening
from aira.voice.receptionist.protocol import SpecialDay
from front_desk import SALON, at


def test_the_week_in_one_sentence() -> None:
    """Days with the same hours together, closed days named."""
    assert opening.every_week(SALON) == (
        "We're open Monday to Friday from nine in the morning to five in the afternoon and "
        "Saturdays from ten in the morning to two in the afternoon, and closed Sundays."
    )


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (24, "Tomorrow, we're open from nine in the morning to five in the afternoon."),
        (26, "We're closed on Thursday, November twenty-sixth for Thanksgiving."),
        (29, "We're closed on Sunday, November twenty-ninth."),
    ],
)
def test_one_day_in_a_sentence(day: int, said: str) -> None:
    """With the reason it is closed for."""
    assert opening.on_day(SALON, date(2026, 11, day)) == said


def test_a_special_day_replaces_the_hours_of_its_weekday() -> None:
    """Half a day before the holiday."""
    facts = replace(SALON, special_days=(SpecialDay(date(2026, 11, 25), time(9), time(12)),))

    assert opening.spans_on(facts, date(2026, 11, 25)) == ((time(9), time(12)),)


@pytest.mark.parametrize(
    ("hour", "said"),
    [
        (10, "Yes, we're open until five in the afternoon."),
        (7, "We're closed right now. We open later today at nine in the morning."),
        (20, "We're closed right now. We open tomorrow at nine in the morning."),
    ],
)
def test_whether_it_is_open_right_now(hour: int, said: str) -> None:
    """And until when, or when again."""
    assert opening.right_now(replace(SALON, now=at(23, hour))) == said


def test_hours_past_midnight_belong_to_the_day_they_begin_on() -> None:
    """One in the night after Friday is Friday's."""
    facts = replace(SALON, hours=(OpeningSpan(5, time(18), time(2)),))

    assert opening.is_open(facts, date(2026, 11, 28), time(1))
    assert not opening.is_open(facts, date(2026, 11, 27), time(1))


@pytest.mark.parametrize(
    ("opens", "closes", "said", "meant"),
    [(9, 17, time(8), time(8)), (9, 20, time(7), time(19)), (6, 20, time(7), None), (9, 17, time(16), time(16))],
)
def test_a_time_without_its_half_of_the_day_is_the_one_that_is_open(opens: int, closes: int, said: time, meant: time | None) -> None:
    """Where both are, the caller has to be asked."""
    facts = replace(SALON, hours=(OpeningSpan(1, time(opens), time(closes)),))

    assert opening.likely_time(facts, date(2026, 11, 23), said) == meant
