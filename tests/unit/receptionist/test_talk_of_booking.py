"""Booking is a conversation: one question at a time, real offers, and nothing booked that was not read back and confirmed."""

from datetime import UTC, timedelta

import pytest

from aira.voice.receptionist.protocol import Book, FindSlots, ServiceFact
from front_desk import MONDAY_MORNING, SALON, FrontDesk, at


def booked(desk: FrontDesk) -> list[tuple[str | None, object, str | None]]:
    """What stands in the calendar: service, start and name."""
    return [(one.service, one.start, one.name) for one in desk.appointments]


def test_a_whole_wish_needs_only_name_and_yes() -> None:
    """Service, day and time in one sentence are not asked again."""
    desk = FrontDesk.called().hears("I'd like a haircut tomorrow at ten", "Sarah Johnson", "yes please", "no that's all, thanks")

    assert desk.said == [
        "Thank you for calling Shear Delight. I'm the automated assistant. How can I help you?",
        "What name shall I put it under?",
        "So that's a haircut tomorrow, Tuesday, November twenty-fourth, at ten in the morning, for Sarah Johnson. Shall I book it?",
        "You're booked: a haircut tomorrow at ten in the morning. Is there anything else I can do for you?",
        "Thank you for calling Shear Delight. Goodbye!",
    ]
    assert booked(desk) == [("Haircut", at(24, 10), "Sarah Johnson")]
    assert desk.ended is not None
    assert desk.state.outcome == "booked"


def test_what_is_missing_is_asked_one_at_a_time() -> None:
    """Service, then day and time, then name."""
    desk = FrontDesk.called().hears("I'd like to make an appointment", "a trim", "Friday", "the second one", "it's Tom")

    assert desk.said[1:-1] == [
        "What can I book for you: a haircut, a colour treatment or a beard trim?",
        "What day and time would suit you?",
        "Friday, November twenty-seventh, I have nine or ten thirty in the morning. Which would you like?",
        "What name shall I put it under?",
    ]


@pytest.mark.parametrize(
    ("wish", "offer"),
    [
        ("tomorrow afternoon", "Tomorrow, I have noon or one thirty in the afternoon. Which would you like?"),
        ("sometime next week", "Monday, November thirtieth, I have nine or ten thirty in the morning. Which would you like?"),
        ("as soon as possible", "Today, I have ten or eleven thirty in the morning. Which would you like?"),
        ("any time after two tomorrow", "Tomorrow, I have two or three thirty in the afternoon. Which would you like?"),
        (
            "on Wednesday before ten",
            "Wednesday, November twenty-fifth, I have nine or nine forty-five in the morning. Which would you like?",
        ),
    ],
)
def test_a_vague_time_gets_two_concrete_offers(wish: str, offer: str) -> None:
    """On the day and in the part of it that was said."""
    assert FrontDesk.called().hears(f"a haircut {wish}").last == offer


def test_a_taken_time_gets_the_nearest_free_ones() -> None:
    """One before and one after it."""
    desk = FrontDesk.called()
    desk.taken.add(at(27, 10))

    desk.hears("a haircut on Friday at ten")

    assert desk.last == (
        "I'm afraid ten in the morning on Friday, November twenty-seventh is taken. "
        "Friday, November twenty-seventh, I have nine forty-five or ten fifteen in the morning. Which would you like?"
    )


@pytest.mark.parametrize(
    ("choice", "hour", "minute"),
    [
        ("the first one", 9, 45),
        ("the later one please", 10, 15),
        ("ten fifteen works", 10, 15),
        ("9:45", 9, 45),
        ("either is fine", 9, 45),
        ("no, what about three", 15, 0),
        ("an hour later", 11, 15),
        ("neither, make it noon", 12, 0),
    ],
)
def test_an_offer_is_taken_or_moved_in_the_callers_words(choice: str, hour: int, minute: int) -> None:
    """By place, by time, or by another wish."""
    desk = FrontDesk.called()
    desk.taken.add(at(27, 10))

    desk.hears("a haircut on Friday at ten", choice, "Ann", "yes")

    assert booked(desk) == [("Haircut", at(27, hour, minute), "Ann")]


def test_no_to_both_offers_asks_for_another_time() -> None:
    """And a time alone then means the same day."""
    desk = FrontDesk.called().hears("a haircut tomorrow morning", "no, neither works", "at four")

    assert desk.said[-2:] == ["What other day or time would suit you?", "What name shall I put it under?"]
    assert desk.state.wish.start == at(24, 16)


def test_a_full_day_leads_to_the_next_free_one() -> None:
    """The caller hears why."""
    desk = FrontDesk.called()
    desk.taken = {at(24, 9) + timedelta(minutes=15 * step) for step in range(40)}

    desk.hears("a haircut tomorrow")

    assert desk.last == (
        "I'm afraid we're fully booked tomorrow. "
        "Wednesday, November twenty-fifth, I have nine or ten thirty in the morning. Which would you like?"
    )


def test_a_closed_day_is_named_with_its_reason() -> None:
    """And the same time on the next open day is offered."""
    assert FrontDesk.called().hears("a haircut on Thursday at ten").last == (
        "We're closed on Thursday, November twenty-sixth for Thanksgiving. "
        "Friday, November twenty-seventh, I have ten or ten fifteen in the morning. Which would you like?"
    )


def test_a_time_outside_the_hours_is_told_so() -> None:
    """With the hours of that day and what is nearest."""
    assert FrontDesk.called().hears("a haircut on Saturday at five").last == (
        "That's outside our hours; we're open from ten in the morning to two in the afternoon that day. "
        "Saturday, November twenty-eighth, I have one fifteen or one thirty in the afternoon. Which would you like?"
    )


def test_a_past_time_is_told_so() -> None:
    """What is left of the day is offered."""
    assert FrontDesk.called().hears("a haircut today at nine am").last.startswith("That time has already passed. Today, I have")


def test_too_far_ahead_is_told_so() -> None:
    """With the number of days that can be booked."""
    desk = FrontDesk.called(max_advance_days=30).hears("a haircut on the first of March at ten")

    assert desk.last == "We take bookings up to thirty days ahead. What day would you like?"


@pytest.mark.parametrize(
    ("change", "read_back"),
    [
        ("no, Wednesday", "a haircut on Wednesday, November twenty-fifth, at ten in the morning, for Ann"),
        ("yes but make it eleven", "a haircut tomorrow, Tuesday, November twenty-fourth, at eleven in the morning, for Ann"),
        ("an hour later please", "a haircut tomorrow, Tuesday, November twenty-fourth, at eleven in the morning, for Ann"),
        ("no, the day after", "a haircut on Wednesday, November twenty-fifth, at ten in the morning, for Ann"),
        ("actually a colour treatment", "a colour treatment tomorrow, Tuesday, November twenty-fourth, at ten in the morning, for Ann"),
        ("no, my name is Anna Lee", "a haircut tomorrow, Tuesday, November twenty-fourth, at ten in the morning, for Anna Lee"),
    ],
)
def test_a_change_after_the_read_back_is_read_back_again(change: str, read_back: str) -> None:
    """And not booked before it is confirmed."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", change)

    assert desk.last == f"So that's {read_back}. Shall I book it?"
    assert desk.appointments == []


def test_another_time_is_taken_wherever_it_is_said() -> None:
    """Even when something else was asked, and put as a question."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "actually can we make it four", "Ann", "yes")

    assert booked(desk) == [("Haircut", at(24, 16), "Ann")]


def test_a_plain_no_to_the_read_back_asks_what_to_change() -> None:
    """And the part that is named is asked again."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "no", "the name", "Anna Lee", "correct")

    assert desk.said[-4:-2] == ["Sorry. What shall I change?", "What name shall I put it under?"]
    assert booked(desk) == [("Haircut", at(24, 10), "Anna Lee")]


def test_a_question_in_place_of_the_yes_is_answered_and_the_read_back_repeated() -> None:
    """Moving on is no consent."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "where are you?")

    assert desk.last.startswith("We're at 12 Oak Street. So that's a haircut tomorrow")
    assert desk.appointments == []


def test_a_question_with_the_yes_is_answered_after_the_booking() -> None:
    """Both are done."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "yes, and what's your address?")

    assert "You're booked" in desk.last
    assert "12 Oak Street" in desk.last


def test_two_services_in_one_wish_are_booked_one_after_the_other() -> None:
    """The second begins when the first ends; each is read back."""
    desk = FrontDesk.called().hears("a colour and a beard trim on Friday at two", "Tom", "yes", "yes")

    assert booked(desk) == [("Colour treatment", at(27, 14), "Tom"), ("Beard trim", at(27, 15, 30), "Tom")]


def test_just_booked_can_be_changed_at_once() -> None:
    """Without proof, as the caller has just made it."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "yes", "actually can we make it four", "yes")

    assert booked(desk) == [("Haircut", at(24, 16), "Ann")]
    assert desk.last == "Done: your haircut is now tomorrow at four in the afternoon. Is there anything else I can do for you?"


def test_a_wish_can_be_dropped() -> None:
    """Nothing is booked then."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "oh never mind", "bye")

    assert desk.appointments == []
    assert desk.said[-2] == "All right, I've left everything as it was. Is there anything else I can do for you?"


def test_the_calendar_may_say_no_in_the_last_moment() -> None:
    """Then the nearest free times are offered again."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann")
    desk.refusing = "conflict"
    desk.taken.add(at(24, 10))

    desk.hears("yes")

    assert desk.last.startswith("I'm afraid that time has just been taken.")
    assert "nine forty-five or ten fifteen in the morning" in desk.last


def test_a_failing_calendar_is_no_booking() -> None:
    """The caller hears a sentence and is offered to leave a message."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann")
    desk.refusing = "database_unreachable"

    desk.hears("yes")

    assert desk.last == ("I'm sorry, I can't do that at the moment because of a technical problem. Shall I take a message?")


def test_without_a_calling_number_one_is_asked_and_read_back() -> None:
    """Digit by digit."""
    desk = FrontDesk.called(caller_number=None).hears(
        "a haircut tomorrow at ten", "Ann", "four one five five five five zero one four two", "yes"
    )

    assert desk.said[-2].endswith("for Ann, and your number is four one five, five five five, zero one four two. Shall I book it?")
    assert [request.phone for request in desk.used if isinstance(request, Book)] == ["4155550142"]


@pytest.mark.parametrize(
    ("wish", "question"),
    [
        ("a haircut tomorrow at to", "Sorry, did you say two in the afternoon?"),
        ("a haircut on Friday December 3rd at ten", "Just to be sure: do you mean Thursday, December third?"),
        ("a haircut on the night", "Just to be sure: do you mean Wednesday, December ninth?"),
    ],
)
def test_what_may_be_misheard_is_asked_back(wish: str, question: str) -> None:
    """Not guessed; a yes takes it."""
    desk = FrontDesk.called().hears(wish)

    assert desk.last == question
    assert desk.used == []
    assert any(isinstance(request, FindSlots) for request in desk.hears("yes").used)


def test_a_time_that_may_be_morning_or_evening_is_asked() -> None:
    """Where the business is open at both."""
    hours = tuple(
        type(SALON.hours[0])(day, SALON.hours[0].opens.replace(hour=6), SALON.hours[0].closes.replace(hour=22)) for day in range(1, 8)
    )

    desk = FrontDesk.called(hours=hours).hears("a haircut tomorrow at seven", "in the evening", "Ann")

    assert desk.said[1] == "Is that seven in the morning or seven in the evening?"
    assert desk.state.wish.start == at(24, 19)


def test_a_time_that_clocks_skip_is_not_booked() -> None:
    """The caller hears why and is asked again."""
    night = FrontDesk.called(now=at(13, 10, month=3).replace(year=2027), hours=(), max_advance_days=10)

    night.hears("a haircut on March 14th at 2:30 am")

    assert night.last == "The clocks are put forward over that time, so it doesn't exist that day. What time would you like?"


def test_a_time_that_comes_twice_is_asked() -> None:
    """The first and the second are an hour apart."""
    night = FrontDesk.called(now=at(30, 10, month=10), hours=())

    night.hears("a haircut on November 1st at 1:30 am", "the second")

    assert night.said[1] == "The clocks are put back that night, so that time comes twice. Would you like the first or the second?"
    assert night.state.wish.start is not None
    assert night.state.wish.start.astimezone(UTC).hour == 6


def test_a_word_that_several_services_share_is_asked() -> None:
    """With the names to choose from."""
    services = (ServiceFact("Women's cut", 45), ServiceFact("Men's cut", 30))

    desk = FrontDesk.called(services=services).hears("a cut tomorrow at ten", "the men's one", "Tom")

    assert desk.said[1] == "Do you mean a women's cut or a men's cut?"
    assert desk.state.wish.service == "Men's cut"


def test_a_business_without_services_books_appointments() -> None:
    """Nothing is asked that has no answer."""
    desk = FrontDesk.called(services=()).hears("I'd like an appointment tomorrow at ten", "Ann", "yes")

    assert booked(desk) == [(None, at(24, 10), "Ann")]


def test_a_weekday_means_the_week_that_is_spoken_of() -> None:
    """Tuesday, after next week was offered, is next week's."""
    desk = FrontDesk.called().hears("a haircut sometime next week", "what about Tuesday")

    assert desk.last == "Tuesday, December first, I have nine or ten thirty in the morning. Which would you like?"


def test_the_same_question_may_be_heard_again() -> None:
    """Word for word, and the greeting only as its question."""
    desk = FrontDesk.called().hears("what was that", "a haircut tomorrow at ten", "sorry?")

    assert (desk.said[1], desk.said[3]) == ("How can I help you?", "What name shall I put it under?")
    assert desk.facts.now == MONDAY_MORNING
