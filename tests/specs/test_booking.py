"""An appointment is made once, on a time that is free, or refused with the reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aira.core.app import Aira
from aira.core.appointments import (
    book_appointment,
    cancel_appointment,
    complete_appointment,
    find_appointment,
    find_slots,
    list_appointments,
    mark_no_show,
    reschedule_appointment,
    validate_appointment_time,
)
from aira.core.businesses import set_business
from aira.core.closures import add_closure
from aira.core.services import add_resource, add_service, remove_service
from aira.errors import AppointmentRefused, InvalidInput, NotFound, SlotTaken
from aira.model import Business
from barber import TUESDAY, at, open_barber
from doubles import FrozenClock


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber with one chair, open on weekdays with a break at noon."""
    return open_barber(aira)


class TestBooking:
    """Making an appointment."""

    def test_ends_after_the_duration_of_the_service(self, aira: Aira, barber: Business):
        """The service, by any of its names, says how long the appointment takes."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY, service="trim", customer_name="  Ann   Lee ")

        assert (booked.service, booked.end_time - booked.start_time) == ("Cut", timedelta(minutes=45))
        assert (booked.customer_name, booked.resource, booked.status, booked.sequence) == ("Ann Lee", "default", "confirmed", 0)

    def test_without_a_service_takes_the_time_of_the_business(self, aira: Aira, barber: Business):
        """A business that names no service still has a usual length."""
        set_business(aira, barber.id, default_duration_minutes=20)

        booked = book_appointment(aira, business="Barber", start=TUESDAY)

        assert booked.end_time - booked.start_time == timedelta(minutes=20)

    def test_takes_the_first_free_chair_that_serves_it(self, aira: Aira, barber: Business):
        """Two chairs take two appointments at once; a service that one of them serves waits for that one."""
        for name in ("left", "right"):
            add_resource(aira, name, business=barber.id)
        add_service(aira, "Shave", business=barber.id, minutes=30, resources=["right"])

        chairs = [book_appointment(aira, business=barber.id, start=TUESDAY, service=name).resource for name in ("Shave", "Cut")]

        assert chairs == ["right", "left"]
        with pytest.raises(SlotTaken):
            book_appointment(aira, business=barber.id, start=TUESDAY, service="Shave")

    def test_keeps_the_buffers_of_the_service_free(self, aira: Aira, barber: Business):
        """Nothing begins in the quarter of an hour after a cut; right after it, it may."""
        book_appointment(aira, business=barber.id, start=TUESDAY, service="Cut")

        with pytest.raises(SlotTaken):
            book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(minutes=50))
        assert book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(minutes=60)).status == "confirmed"

    def test_repeated_by_the_same_call_is_one_appointment(self, aira: Aira, barber: Business):
        """A tool call that is repeated within a telephone call changes nothing."""
        again = {"business": barber.id, "start": TUESDAY, "service": "Cut", "source": "voice_agent", "external_id": "CA" + "1" * 32}

        made = {book_appointment(aira, **again).id for _ in range(5)}

        assert len(made) == len(list_appointments(aira)) == 1

    def test_of_one_call_may_be_for_two_times(self, aira: Aira, barber: Business):
        """A caller may book for a friend as well."""
        for hours in (0, 3):
            book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(hours=hours), source="voice_agent", external_id="CA1")

        assert len(list_appointments(aira, source="voice_agent")) == 2

    def test_that_is_a_dry_run_keeps_nothing(self, aira: Aira, barber: Business):
        """What would happen is found out by the same code, and undone."""
        would_be = book_appointment(aira, business=barber.id, start=TUESDAY, dry_run=True)

        assert would_be.status == "confirmed"
        assert list_appointments(aira) == []

    def test_wants_a_time_zone(self, aira: Aira, barber: Business):
        """A time without a zone means nothing."""
        with pytest.raises(InvalidInput):
            book_appointment(aira, business=barber.id, start=TUESDAY.replace(tzinfo=None))


class TestRefusing:
    """Each reason has its code."""

    @pytest.mark.parametrize(
        ("start", "code"),
        [
            ("2026-11-23 09:59", "in_past"),
            ("2026-11-23 10:30", "too_soon"),
            ("2027-01-04 10:00", "too_far"),
            ("2026-11-28 10:00", "closed_day"),
            ("2026-11-26 10:00", "closure"),
            ("2026-11-24 08:59", "outside_hours"),
            ("2026-11-24 11:30", "outside_hours"),
            ("2026-11-24 12:15", "outside_hours"),
            ("2026-11-25 10:30", "conflict"),
        ],
    )
    def test_a_time_says_why(self, aira: Aira, barber: Business, start: str, code: str):
        """Past, notice, horizon, closed days, closures, hours and what is taken are told apart."""
        set_business(aira, barber.id, min_notice_minutes=60, max_advance_days=30)
        add_closure(aira, at("2026-11-26 00:00").date(), business=barber.id, reason="Thanksgiving")
        book_appointment(aira, business=barber.id, start=at("2026-11-25 10:00"), service="Cut")

        for attempt in (book_appointment, validate_appointment_time):
            with pytest.raises(AppointmentRefused) as refused:
                attempt(aira, business=barber.id, start=at(start), service="Cut")

            assert (refused.value.reason, refused.value.exit_code) == (code, 4)

    def test_a_length_that_cannot_be(self, aira: Aira, barber: Business):
        """An appointment ends after it begins, and within a day."""
        for end in (TUESDAY, TUESDAY - timedelta(hours=1), TUESDAY + timedelta(hours=25)):
            with pytest.raises(AppointmentRefused) as refused:
                book_appointment(aira, business=barber.id, start=TUESDAY, end=end)

            assert refused.value.reason == "invalid_duration"

    @pytest.mark.parametrize(
        ("what", "code"),
        [
            ({"business": "Nobody"}, "not_found"),
            ({"service": "Massage"}, "unknown_service"),
            ({"resource": "Room 7"}, "unknown_resource"),
        ],
    )
    def test_what_does_not_exist(self, aira: Aira, barber: Business, what: dict[str, str], code: str):
        """A name that means nothing is not found."""
        with pytest.raises(NotFound) as missing:
            book_appointment(aira, **{"business": barber.id, "start": TUESDAY, **what})

        assert missing.value.reason == code

    def test_a_resource_that_does_not_serve_it(self, aira: Aira, barber: Business):
        """Who asks for somebody who does not do this hears of that, not of a time that is taken."""
        for name in ("Maria", "Joe"):
            add_resource(aira, name, business=barber.id)
        add_service(aira, "Colour", business=barber.id, minutes=90, resources=["Maria"])

        with pytest.raises(NotFound) as refused:
            book_appointment(aira, business=barber.id, start=TUESDAY, service="Colour", resource="Joe")

        assert (refused.value.reason, refused.value.message) == ("unknown_resource", "That resource does not serve this service.")

    @pytest.mark.parametrize("email", ["ann", "ann@", "a b@customer.example", "ann@customer"])
    def test_an_address_that_no_mail_would_reach(self, aira: Aira, barber: Business, email: str):
        """A slip in the address is found before a confirmation is sent there."""
        with pytest.raises(InvalidInput):
            book_appointment(aira, business=barber.id, start=TUESDAY, customer_email=email)

    def test_a_valid_time_names_its_end(self, aira: Aira, barber: Business):
        """Asking first tells until when the appointment would go."""
        slot = validate_appointment_time(aira, business=barber.id, start=TUESDAY, service="Cut")

        assert slot.end_time - slot.start_time == timedelta(minutes=45)


class TestChanging:
    """Moving, cancelling and ending an appointment."""

    def test_moving_keeps_identity_and_length(self, aira: Aira, barber: Business):
        """A moved appointment is the same one, in its next revision."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY, service="Cut")

        moved = reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(minutes=30))

        assert moved == replace(booked, start_time=moved.start_time, end_time=moved.end_time, sequence=1)
        assert moved.end_time - moved.start_time == timedelta(minutes=45)

    def test_moving_to_where_it_is_changes_nothing(self, aira: Aira, barber: Business):
        """A repeated request to move makes no new revision."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY)

        assert reschedule_appointment(aira, booked.id, start=TUESDAY) == booked

    def test_what_is_not_offered_any_more_can_still_be_moved(self, aira: Aira, barber: Business):
        """A service that was taken off the list keeps what is booked for it, and finds times for it."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY, service="Cut")
        remove_service(aira, "Cut", business=barber.id)

        moved = reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=4))

        assert (moved.service, moved.end_time - moved.start_time) == ("Cut", timedelta(minutes=45))

    def test_a_refused_move_keeps_the_old_time(self, aira: Aira, barber: Business):
        """Nobody loses a time for one that cannot be had."""
        first, second = (book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(hours=hour)) for hour in (0, 1))

        with pytest.raises(SlotTaken):
            reschedule_appointment(aira, second.id, start=TUESDAY)

        assert find_appointment(aira, second.id) == second
        assert find_appointment(aira, first.id) == first

    def test_moving_takes_another_chair_where_its_own_is_taken(self, aira: Aira, barber: Business):
        """A customer would rather have another chair than no time."""
        for name in ("left", "right"):
            add_resource(aira, name, business=barber.id)
        book_appointment(aira, business=barber.id, start=TUESDAY, resource="left")
        booked = book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(hours=3), resource="left")

        assert reschedule_appointment(aira, booked.id, start=TUESDAY).resource == "right"

    def test_cancelling_frees_the_time_and_is_final(self, aira: Aira, barber: Business):
        """A cancelled appointment stays cancelled, however often it is asked for, and another takes its place."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY)

        cancelled = [cancel_appointment(aira, booked.id, reason="ill") for _ in range(2)]

        assert [(one.status, one.sequence) for one in cancelled] == [("cancelled", 1)] * 2
        assert book_appointment(aira, business=barber.id, start=TUESDAY).id != booked.id
        for change in (
            lambda: reschedule_appointment(aira, booked.id, start=at("2026-11-25 10:00")),
            lambda: mark_no_show(aira, booked.id),
        ):
            with pytest.raises(AppointmentRefused) as refused:
                change()
            assert refused.value.reason == "not_confirmed"

    def test_it_takes_place_only_once_it_has_begun(self, aira: Aira, barber: Business, clock: FrozenClock):
        """Nobody can have come, or not come, before the time."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY)
        with pytest.raises(AppointmentRefused) as refused:
            complete_appointment(aira, booked.id)
        clock.set(TUESDAY + timedelta(minutes=5))

        done = complete_appointment(aira, booked.id)

        assert (refused.value.reason, done.status, done.sequence) == ("not_started", "completed", 0)
        assert mark_no_show(aira, booked.id).status == "no_show"

    def test_an_appointment_is_found_by_the_beginning_of_its_id(self, aira: Aira, barber: Business):
        """As much of an id as a table shows is enough to type."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY)

        assert find_appointment(aira, str(booked.id)[:8]) == booked
        with pytest.raises(NotFound):
            find_appointment(aira, "ffff0000" if not str(booked.id).startswith("ffff") else "00000000")


class TestSlots:
    """Offering times."""

    def test_are_the_first_that_can_be_booked(self, aira: Aira, barber: Business):
        """Slots begin with the opening, step by the grid, and leave out what is taken, with its buffers."""
        book_appointment(aira, business=barber.id, start=at("2026-11-24 09:30"), service="Cut")

        slots = find_slots(aira, business=barber.id, service="Cut", start=at("2026-11-24 00:00"), limit=3)

        assert [slot.start_time for slot in slots] == [at("2026-11-24 10:30"), at("2026-11-24 10:45"), at("2026-11-24 11:00")]

    def test_can_each_be_booked(self, aira: Aira, barber: Business):
        """What is offered is not refused."""
        slots = find_slots(aira, business=barber.id, service="Cut", end=TUESDAY + timedelta(days=7), limit=500)

        refused = []
        for slot in slots:
            try:
                validate_appointment_time(aira, business=barber.id, start=slot.start_time, service="Cut")
            except AppointmentRefused as error:
                refused.append(error.reason)
        assert (len(slots) > 100, refused) == (True, [])

    def test_of_one_part_of_the_day(self, aira: Aira, barber: Business):
        """A caller who wants the afternoon is offered the afternoon, by the clock of the business."""
        afternoon = {"daily_from": TUESDAY.time().replace(hour=15), "daily_to": TUESDAY.time().replace(hour=16)}

        slots = find_slots(aira, business=barber.id, start=TUESDAY, limit=5, **afternoon)

        assert [slot.start_time for slot in slots[:2]] == [at("2026-11-24 15:00"), at("2026-11-24 15:15")]
        assert slots[4].start_time == at("2026-11-25 15:00")

    def test_count_the_time_of_what_is_to_be_moved_as_free(self, aira: Aira, barber: Business):
        """An appointment does not stand in its own way."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY, service="Cut")

        def first(excluding: object) -> object:
            return find_slots(aira, business=barber.id, service="Cut", start=TUESDAY, excluding=excluding, limit=1)[0].start_time

        assert (first(None) > TUESDAY, first(booked.id)) == (True, TUESDAY)

    def test_keep_notice_and_horizon(self, aira: Aira, barber: Business):
        """Nothing is offered too soon or too far ahead."""
        set_business(aira, barber.id, min_notice_minutes=26 * 60, max_advance_days=2)

        slots = find_slots(aira, business=barber.id, end=TUESDAY + timedelta(days=30), limit=500)

        assert (slots[0].start_time, slots[-1].end_time) == (at("2026-11-24 13:00"), at("2026-11-25 17:00"))
