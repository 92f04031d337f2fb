"""A business is open when its clock says so: breaks, nights past midnight, closures, and the days on which clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from aira.core.app import Aira
from aira.core.appointments import book_appointment, find_slots
from aira.core.businesses import opening_hours, set_business, set_hours
from aira.core.closures import add_closure, list_closures, remove_closure
from aira.core.db import fetch_values
from aira.core.hours import format_hours, parse_hours
from aira.errors import AlreadyExists, AppointmentRefused, NotFound
from aira.model import Business
from barber import at, open_barber
from doubles import FrozenClock

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Pacific/Auckland", "Asia/Kathmandu")
"""Clocks that change by an hour, by half an hour, at midnight, in the other half of the year, and not at all."""
WEEK = "Mon 22:00-03:00; Tue-Thu 01:30-02:30,09:00-12:00,12:00-17:00; Fri 20:00-04:00; Sun 00:00-24:00"
SLOT = timedelta(minutes=45)
LENGTHS = "select upper(r) - lower(r) from business_open_ranges(%(id)s, %(day)s) r"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber in New York, open on weekdays with a break at noon."""
    return open_barber(aira)


def _codes(aira: Aira, business: Business, *starts: str) -> list[str]:
    codes = []
    for text in starts:
        start = at(text, zone=business.time_zone)
        try:
            book_appointment(aira, business=business.id, start=start, end=start + SLOT, dry_run=True)
            codes.append("ok")
        except AppointmentRefused as refused:
            codes.append(refused.reason)
    return codes


def test_hours_are_kept_as_they_were_written(aira: Aira, barber: Business):
    """What is set is what is shown, and replaces what stood before."""
    spans = set_hours(aira, barber.id, WEEK)

    assert opening_hours(aira, barber.id) == spans
    assert format_hours(spans) == WEEK


def test_a_booking_lies_within_one_span(aira: Aira, barber: Business):
    """The break at noon and the end of the day are not worked through."""
    assert _codes(aira, barber, "2026-11-24 11:15", "2026-11-24 11:16", "2026-11-24 16:15", "2026-11-24 16:16") == [
        "ok", "outside_hours", "ok", "outside_hours",
    ]  # fmt: skip


def test_spans_that_touch_are_one(aira: Aira, barber: Business):
    """A booking may run from one span into the next where nothing lies between, over midnight too."""
    set_hours(aira, barber.id, "Tue 09:00-12:00,12:00-17:00; Wed 20:00-24:00; Thu 00:00-02:00")

    assert _codes(aira, barber, "2026-11-24 11:45", "2026-11-25 23:45") == ["ok", "ok"]


def test_a_night_belongs_to_the_day_on_which_it_began(aira: Aira, barber: Business):
    """Friday's hours until two in the morning hold on Saturday, even where Saturday itself is closed."""
    set_hours(aira, barber.id, "Fri 18:00-02:00")
    add_closure(aira, date(2026, 11, 28), business=barber.id)

    assert _codes(aira, barber, "2026-11-28 01:15", "2026-11-28 01:30", "2026-11-28 19:00", "2026-11-29 01:00") == [
        "ok", "closure", "closure", "closed_day",
    ]  # fmt: skip


class TestClosures:
    """Dates with other hours."""

    def test_other_hours_replace_the_usual_ones(self, aira: Aira, barber: Business):
        """On a special day only its own spans count, also on a day that is closed otherwise."""
        add_closure(aira, date(2026, 11, 24), business=barber.id, hours="10:00-11:00,15:00-18:00", reason="Half day")
        add_closure(aira, date(2026, 11, 29), business=barber.id, hours="10:00-12:00")

        assert _codes(aira, barber, "2026-11-24 09:00", "2026-11-24 10:00", "2026-11-24 17:00", "2026-11-29 10:00") == [
            "outside_hours", "ok", "ok", "ok",
        ]  # fmt: skip

    def test_a_closed_day_wins_over_other_hours(self, aira: Aira, barber: Business):
        """A day that is closed is closed, whatever else was said about it."""
        add_closure(aira, date(2026, 11, 24), business=barber.id, hours="10:00-12:00")
        add_closure(aira, date(2026, 11, 24), business=barber.id, reason="Flood")

        assert _codes(aira, barber, "2026-11-24 10:00") == ["closure"]

    def test_who_is_booked_then_is_named_and_stays_booked(self, aira: Aira, barber: Business):
        """Closing a day cancels nobody behind anybody's back."""
        inside, outside = (book_appointment(aira, business=barber.id, start=at(f"2026-11-24 {hour}:00")) for hour in (10, 15))

        closing = add_closure(aira, date(2026, 11, 24), business=barber.id, hours="09:00-13:00")

        assert closing.affected == [outside]
        assert inside.status == outside.status == "confirmed"
        assert [(one.opens, one.closes) for one in closing.closures] == [(time(9), time(13))]

    def test_who_is_booked_in_the_night_that_begins_then_is_named(self, aira: Aira, barber: Business):
        """Closing a Friday closes its hours after midnight; what Saturday has of its own is no business of Friday's."""
        set_hours(aira, barber.id, "Fri 18:00-02:00; Sat 08:00-12:00")
        night = book_appointment(aira, business=barber.id, start=at("2026-11-28 01:00"))
        book_appointment(aira, business=barber.id, start=at("2026-11-28 09:00"))
        add_closure(aira, date(2026, 11, 28), business=barber.id)

        closing = add_closure(aira, date(2026, 11, 27), business=barber.id, reason="Flood")

        assert closing.affected == [night]

    def test_are_listed_and_removed(self, aira: Aira, barber: Business):
        """A date gets its usual hours back."""
        add_closure(aira, date(2026, 11, 24), business=barber.id)
        with pytest.raises(AlreadyExists):
            add_closure(aira, date(2026, 11, 24), business=barber.id)

        assert [closure.on_date for closure in list_closures(aira, business=barber.id)] == [date(2026, 11, 24)]
        assert list_closures(aira, business=barber.id, since=date(2026, 11, 25)) == []
        remove_closure(aira, date(2026, 11, 24), business=barber.id)
        assert _codes(aira, barber, "2026-11-24 10:00") == ["ok"]
        with pytest.raises(NotFound):
            remove_closure(aira, date(2026, 11, 24), business=barber.id)


class TestClocksThatChange:
    """Summer time begins and ends while the business is open."""

    @pytest.mark.parametrize(
        ("day", "hours"), [("2027-03-28", 2), ("2027-10-31", 4), ("2027-06-06", 3)], ids=["an hour less", "an hour more", "as usual"]
    )
    def test_a_night_shift_is_as_long_as_its_night(self, aira: Aira, day: str, hours: int):
        """From one to four in the morning are two hours in March, four in October."""
        berlin = open_barber(aira, hours="Sun 01:00-04:00", time_zone="Europe/Berlin")

        with aira.database.transaction() as connection:
            (span,) = fetch_values(connection, LENGTHS, {"id": berlin.id, "day": day})

        assert span == timedelta(hours=hours)

    def test_an_hour_that_is_shown_twice_is_open_twice(self, aira: Aira, clock: FrozenClock):
        """A shift from half past one to half past two has two hours when the clock goes back in between."""
        clock.set(datetime(2027, 10, 30, tzinfo=UTC))
        berlin = open_barber(aira, hours="Sun 02:00-03:00", time_zone="Europe/Berlin")

        slots = find_slots(aira, business=berlin.id, end=clock.now() + timedelta(days=2), limit=50)

        assert (slots[0].start_time, slots[-1].end_time) == (datetime(2027, 10, 31, 0, tzinfo=UTC), datetime(2027, 10, 31, 2, tzinfo=UTC))

    def test_an_hour_that_is_skipped_cannot_be_booked(self, aira: Aira, clock: FrozenClock):
        """Between two and three in the morning nothing happens on the day the clock goes forward."""
        clock.set(datetime(2027, 3, 27, tzinfo=UTC))
        berlin = open_barber(aira, hours="Sun 02:00-03:00", time_zone="Europe/Berlin")

        assert find_slots(aira, business=berlin.id, end=clock.now() + timedelta(days=2)) == []

    @pytest.mark.parametrize("zone", ZONES)
    def test_every_slot_of_two_years_is_that_of_the_wall_clock(self, aira: Aira, clock: FrozenClock, zone: str):
        """Every offer of two years is what a person with a wall clock and the opening hours would offer."""
        clock.set(datetime(2026, 1, 1, tzinfo=UTC))
        business = open_barber(aira, hours=WEEK, time_zone=zone)
        set_business(aira, business.id, slot_minutes=30, max_advance_days=730)
        end = datetime(2027, 12, 30, tzinfo=UTC)

        offered = find_slots(aira, business=business.id, service="Cut", start=clock.now(), end=end, limit=100_000)

        expected = _wall_clock_slots(ZoneInfo(zone), clock.now(), end)
        assert len(expected) > 9_000
        assert [slot.start_time for slot in offered] == expected


def _wall_clock_slots(zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """Half-hourly starts of 45 minutes in WEEK, found minute by minute on a wall clock."""
    spans = list(_spans(zone, start.astimezone(zone).date() - timedelta(days=2), end.astimezone(zone).date() + timedelta(days=1)))
    open_minutes = {opens + minute * MINUTE for opens, closes in spans for minute in range((closes - opens) // MINUTE)}
    starts = {opens + step * 30 * MINUTE for opens, closes in spans for step in range(-((opens - closes) // (30 * MINUTE)))}
    return sorted(t for t in starts if start <= t < end and all(t + minute * MINUTE in open_minutes for minute in range(45)))


def _spans(zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """A time that the clock shows twice opens at the first and closes at the second; one that it skips comes later."""
    for day in (first + timedelta(days=count) for count in range((last - first).days + 1)):
        for span in parse_hours(WEEK):
            if span.weekday == day.isoweekday():
                opens = datetime.combine(day, span.opens, zone).astimezone(UTC)
                closing = datetime.combine(day + timedelta(days=span.closes <= span.opens), span.closes, zone)
                closes = max(closing.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
                if opens < closes:
                    yield opens, closes
