"""Days and times are understood as callers say them and as speech-to-text writes them."""

from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aira.voice.receptionist.calendar_days import Assumed
from aira.voice.receptionist.offsets import Shift
from aira.voice.receptionist.when import When, instants, read_when
from aira.voice.receptionist.words import normalise
from front_desk import MONDAY_MORNING, ZONE

TABLE = (Path(__file__).parent / "spoken_times.txt").read_text(encoding="utf-8").split("\n[")
PHRASES = [line.split(" = ") for section in TABLE[1:-1] for line in section.splitlines()[1:] if line]
EMPTY = [line for line in TABLE[-1].splitlines()[1:] if line]


def said(text: str, **asked: bool) -> When:
    """What the text says on the morning of Monday 23 November 2026."""
    return read_when(normalise(text), MONDAY_MORNING, **asked)


def shown(when: When) -> str:
    """Day and time as the table writes them."""
    day = "-" if when.day is None else when.day.isoformat().removeprefix("2026-")
    return f"{day} {when.clock:%H:%M}"


@pytest.mark.parametrize(("text", "meant"), PHRASES)
def test_a_phrase_means_its_day_and_time(text: str, meant: str) -> None:
    """To the minute."""
    assert shown(said(text)) in meant.split(" | ")


@pytest.mark.parametrize("text", EMPTY)
def test_other_words_mean_no_time(text: str) -> None:
    """Names, counts and numbers of telephones are no times."""
    assert not said(text).says_something


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("next week", date(2026, 11, 30), date(2026, 12, 6)),
        ("early next week", date(2026, 11, 30), date(2026, 12, 2)),
        ("this weekend", date(2026, 11, 28), date(2026, 11, 29)),
        ("sometime in December", date(2026, 12, 1), date(2026, 12, 31)),
        ("the end of the month", date(2026, 11, 24), date(2026, 11, 30)),
    ],
)
def test_a_span_of_days_has_two_ends(text: str, first: date, last: date) -> None:
    """And never begins before today."""
    when = said(text)

    assert (when.day, when.until) == (first, last)


@pytest.mark.parametrize(
    ("text", "not_before", "not_after"),
    [
        ("tomorrow morning", None, time(12)),
        ("in the afternoon", time(12), time(18)),
        ("around lunchtime on Friday", time(12), time(14)),
        ("not until four", time(16), None),
        ("before noon", None, time(12)),
        ("from 2 to 4 pm", time(14), time(16)),
        ("between ten and two", time(10), time(14)),
        ("by five at the latest", None, time(17)),
    ],
)
def test_a_vague_time_is_a_window(text: str, not_before: time | None, not_after: time | None) -> None:
    """Open where no bound was said."""
    when = said(text)

    assert (when.at, when.not_before, when.not_after) == (None, not_before, not_after)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("an hour later", Shift(minutes=60)),
        ("could we push it back half an hour", Shift(minutes=30)),
        ("fifteen minutes earlier", Shift(minutes=-15)),
        ("the day after", Shift(days=1)),
        ("same time next week", Shift(days=7)),
        ("two days later", Shift(days=2)),
        ("something later", Shift(drift=1)),
        ("that's too late", Shift(drift=-1)),
    ],
)
def test_a_relative_time_is_a_shift(text: str, shift: Shift) -> None:
    """Away from the time that is spoken of."""
    assert said(text).shift == shift


@pytest.mark.parametrize(
    ("text", "assumed"),
    [
        ("tomorrow at four", {Assumed.HALF_OF_DAY}),
        ("next Friday at 4 pm", {Assumed.WEEK}),
        ("Friday December 3rd at 4 pm", {Assumed.MISMATCH}),
        ("tomorrow at to", {Assumed.MISHEARD, Assumed.HALF_OF_DAY}),
        ("on the night at noon", {Assumed.MISHEARD}),
        ("tomorrow at 16:00", set()),
        ("tomorrow at four in the afternoon", set()),
    ],
)
def test_what_was_not_said_is_noted(text: str, assumed: set[Assumed]) -> None:
    """So that the mind can ask."""
    assert said(text).assumed == assumed


def test_the_answer_to_a_question_may_be_a_bare_number() -> None:
    """Twelve is a day where the day was asked, an hour where the time was."""
    as_day, as_time = said("the 12", asks_day=True), said("make it 3", asks_time=True)

    assert (as_day.day, as_time.at) == (date(2026, 12, 12), time(15))


def test_what_is_refused_is_not_wished_for() -> None:
    """But remembered as refused."""
    when = said("not Tuesday")

    assert (when.day, when.refused_days) == (None, (date(2026, 11, 24),))


def test_in_a_move_the_first_day_is_the_old_one() -> None:
    """From Monday to Friday is no span then."""
    when = said("move my appointment from Monday at two to Friday at four", moving=True)

    assert (when.from_day, when.from_time) == (date(2026, 11, 30), time(14))
    assert (when.day, when.at) == (date(2026, 11, 27), time(16))


def test_a_second_time_named_is_kept_as_another_that_would_do() -> None:
    """Ten or eleven."""
    when = said("tomorrow at ten or eleven")

    assert (when.at, when.other_times) == (time(10), (time(11),))


@pytest.mark.parametrize(
    ("day", "at", "count"), [(date(2026, 11, 1), time(1, 30), 2), (date(2027, 3, 14), time(2, 30), 0), (date(2026, 11, 23), time(2, 30), 1)]
)
def test_a_time_on_the_wall_is_one_instant_two_or_none(day: date, at: time, count: int) -> None:
    """Where clocks are put back it comes twice, where they are put forward it does not come."""
    moments = instants(day, at, ZONE)

    assert len({moment.astimezone(ZoneInfo("UTC")) for moment in moments}) == count
    assert all(moment.replace(tzinfo=None) == datetime.combine(day, at) for moment in moments)
