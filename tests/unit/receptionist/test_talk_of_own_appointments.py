"""A caller's own appointments are told, moved and cancelled only once two facts agree."""

import pytest

from aira.voice.receptionist.protocol import BookedAppointment, Cancel, EndCall
from front_desk import FrontDesk, at

HAIRCUT = BookedAppointment("a1", at(27, 10), "Haircut", "Sarah Johnson", 30)
BEARD = BookedAppointment("b1", at(30, 14), "Beard trim", "Sarah Johnson", 15)


def call(*appointments: BookedAppointment, **changes: object) -> FrontDesk:
    """A call by a customer who has these appointments."""
    desk = FrontDesk.called(**changes)
    desk.appointments.extend(appointments)
    return desk


def test_an_appointment_is_moved_after_the_name() -> None:
    """The old time and the new one are read back."""
    desk = call(HAIRCUT).hears("I need to move my appointment", "Sarah Johnson", "Monday at eleven", "yes", "bye")

    assert desk.said[1:4] == [
        "Under what name is the appointment?",
        "What day and time would you like instead?",
        "So I'll move your haircut from Friday, November twenty-seventh at ten in the morning to Monday, November thirtieth, "
        "at eleven in the morning. Is that right?",
    ]
    assert [one.start for one in desk.appointments] == [at(30, 11)]
    assert desk.ended == EndCall("rescheduled")


def test_the_day_proves_as_well_as_the_name() -> None:
    """And the rest of the sentence says where to."""
    desk = call(HAIRCUT).hears("please move my Friday appointment to Monday at eleven", "yes")

    assert [one.start for one in desk.appointments] == [at(30, 11)]


def test_a_new_time_instead_of_the_name_is_kept_until_the_name_is_told() -> None:
    """Who is asked for a name and says when they want to come has said where the appointment goes, not where it is."""
    desk = call(HAIRCUT).hears("I need to move my appointment", "to Monday at eleven", "Sarah Johnson", "yes")

    assert desk.said[2].startswith("I can't find an appointment on that day")
    assert desk.said[2].endswith("Under what name is the appointment?")
    assert desk.said[3].startswith("So I'll move your haircut from Friday, November twenty-seventh at ten in the morning to Monday")
    assert [one.start for one in desk.appointments] == [at(30, 11)]


def test_the_time_of_the_appointment_instead_of_the_name_is_not_where_it_goes() -> None:
    """The day proves it, and where to is asked."""
    desk = call(HAIRCUT).hears("I need to move my appointment", "it's on Friday at ten", "Monday at eleven", "yes")

    assert desk.said[2] == "What day and time would you like instead?"
    assert [one.start for one in desk.appointments] == [at(30, 11)]


def test_a_day_without_an_appointment_is_no_end() -> None:
    """A slip of the tongue is mended by the name."""
    desk = call(HAIRCUT).hears("cancel my appointment on Monday", "Sarah Johnson", "yes")

    assert desk.appointments == []


def test_a_name_may_be_misspelled_by_the_line() -> None:
    """It has to sound the same."""
    desk = call(HAIRCUT).hears("cancel my appointment please", "sara jonson", "yes please")

    assert desk.appointments == []
    assert desk.last == (
        "Your haircut on Friday, November twenty-seventh at ten in the morning is cancelled. Is there anything else I can do for you?"
    )


def test_somebody_elses_appointment_stays_unknown() -> None:
    """No word of it is said, and nothing is cancelled."""
    desk = call(HAIRCUT).hears("cancel the appointment", "Bob Smith")

    assert desk.last.startswith("I can't find a coming appointment under that name for the number you're calling from.")
    assert desk.appointments == [HAIRCUT]
    assert not any(isinstance(request, Cancel) for request in desk.used)


def test_without_a_calling_number_nothing_is_looked_up() -> None:
    """A name alone is no proof."""
    desk = call(HAIRCUT, caller_number=None).hears("cancel my appointment, this is Sarah Johnson")

    assert desk.last.startswith("I can only look up appointments for the number they were made from")
    assert desk.used == []


def test_no_to_the_question_keeps_the_appointment() -> None:
    """Whatever was said before."""
    desk = call(HAIRCUT).hears("cancel my appointment", "Sarah", "no, keep it")

    assert desk.appointments == [HAIRCUT]
    assert desk.last == "All right, I've left everything as it was. Is there anything else I can do for you?"


@pytest.mark.parametrize("choice", ["the second one", "the beard trim", "the one on Monday", "the one at two"])
def test_several_appointments_are_listed_and_one_is_chosen(choice: str) -> None:
    """By place, service, day or time."""
    desk = call(HAIRCUT, BEARD).hears("cancel my appointment", "Sarah", choice, "yes")

    assert desk.appointments == [HAIRCUT]


def test_an_appointment_is_told_and_then_moved_by_an_hour() -> None:
    """What was told in this call needs no second proof."""
    desk = call(HAIRCUT, BEARD).hears("when is my appointment", "this is Sarah", "can you move the second one an hour later", "yes")

    assert desk.said[2].startswith("You have a haircut on Friday, November twenty-seventh at ten in the morning; and a beard trim")
    assert sorted(one.start for one in desk.appointments) == [at(27, 10), at(30, 15)]


def test_the_own_time_is_free_when_an_appointment_moves() -> None:
    """A quarter of an hour later overlaps only with itself."""
    desk = call(HAIRCUT).hears("move my appointment", "Sarah", "fifteen minutes later", "yes")

    assert [one.start for one in desk.appointments] == [at(27, 10, 15)]


def test_what_was_just_booked_can_be_cancelled() -> None:
    """That one is meant."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "yes", "actually cancel that", "yes")

    assert desk.appointments == []


def test_a_move_that_is_refused_asks_for_another_time() -> None:
    """And the appointment stays where it was."""
    desk = call(HAIRCUT).hears("move my appointment", "Sarah", "Monday at eleven")
    desk.refusing = "too_soon"

    desk.hears("yes")

    assert desk.last == "I'm afraid that's too short notice for us. What other day or time would suit you?"
    assert desk.appointments == [HAIRCUT]
