"""Public holidays are closed days, for whoever imports them, and cancel nobody."""

from datetime import date, time

import pytest

from aira.core.app import Aira
from aira.core.appointments import book_appointment, find_appointment
from aira.core.closures import add_closure, list_closures
from aira.core.holiday_closures import import_holidays
from aira.errors import InvalidInput
from aira.model import Business
from barber import at, open_barber


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber in New York, on a Monday in November 2026."""
    return open_barber(aira)


def test_holidays_become_closed_days_with_their_names(aira: Aira, barber: Business):
    """Those of the country and of its part, under the name that callers hear."""
    closing = import_holidays(aira, business=barber.id, country="us", subdivision="ny", year=2027)

    reasons = {closure.on_date: closure.reason for closure in closing.added}
    assert reasons[date(2027, 11, 25)] == "Thanksgiving Day"
    assert reasons[date(2027, 2, 12)] == "Lincoln's Birthday"
    assert {(closure.opens, closure.closes) for closure in closing.added} == {(None, None)}
    assert list_closures(aira, business=barber.id) == closing.added


def test_holidays_are_named_in_the_language_of_the_calls(aira: Aira, barber: Business):
    """The receptionist says them in English."""
    closing = import_holidays(aira, business=barber.id, country="DE", subdivision="BY", year=2027)

    assert {closure.on_date: closure.reason for closure in closing.added}[date(2027, 3, 26)] == "Good Friday"


def test_holidays_leave_alone_what_is_over_or_was_said_before(aira: Aira, barber: Business):
    """A day with hours of its own keeps them, and nobody closes the past."""
    add_closure(aira, date(2026, 12, 25), business=barber.id, hours="10:00-12:00")

    closing = import_holidays(aira, business=barber.id, country="US", year=2026)

    assert [closure.on_date for closure in closing.added] == [date(2026, 11, 26)]
    assert [(closure.on_date, closure.opens) for closure in closing.kept] == [(date(2026, 12, 25), time(10))]


def test_holidays_may_be_imported_again(aira: Aira, barber: Business):
    """The second import adds nothing and still names who is booked."""
    booked = book_appointment(aira, business=barber.id, start=at("2026-11-26 10:00"))
    first, second = (import_holidays(aira, business=barber.id, country="US", year=2026) for _ in range(2))

    assert (second.added, second.kept) == ([], first.added)
    assert first.affected == second.affected == [booked]
    assert find_appointment(aira, booked.id).status == "confirmed"


def test_holidays_are_only_shown_in_a_rehearsal(aira: Aira, barber: Business):
    """With dry_run the same is told and nothing is closed."""
    booked = book_appointment(aira, business=barber.id, start=at("2026-11-26 10:00"))
    shown = import_holidays(aira, business=barber.id, country="US", year=2026, dry_run=True)

    assert ([closure.on_date for closure in shown.added], shown.affected) == ([date(2026, 11, 26), date(2026, 12, 25)], [booked])
    assert list_closures(aira, business=barber.id) == []


@pytest.mark.parametrize(("country", "subdivision", "year"), [("XX", None, 2027), ("US", "ZZ", 2027), ("US", None, 2400)])
def test_holidays_of_a_place_or_year_that_is_not_known_are_refused(
    aira: Aira, barber: Business, country: str, subdivision: str | None, year: int
):
    """A slip of the fingers closes nothing."""
    with pytest.raises(InvalidInput):
        import_holidays(aira, business=barber.id, country=country, subdivision=subdivision, year=year)

    assert list_closures(aira, business=barber.id) == []
