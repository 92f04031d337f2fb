"""Where the mind cannot help, a person or a message can; callers are never held against their will."""

import pytest

from aira.voice.receptionist.protocol import EndCall, Resumed, Transfer
from front_desk import FrontDesk


def test_a_person_is_put_through_where_there_is_one() -> None:
    """At once, without questions."""
    desk = FrontDesk.called().hears("can I speak to a person")

    assert (desk.last, desk.ended) == ("One moment, I'll put you through.", Transfer("caller asked for a person"))


def test_where_nobody_is_there_a_message_is_taken() -> None:
    """What, who, and where to call back."""
    desk = FrontDesk.called(transfer_available=False, caller_number=None)

    desk.hears(
        "let me talk to the manager",
        "yes",
        "my invoice is wrong",
        "Paul Jones",
        "four one five five five five zero one four two",
        "no, bye",
    )

    assert desk.said[1] == "I'm afraid nobody can come to the phone right now. Shall I take a message?"
    assert [(one.text, one.name, one.phone) for one in desk.messages] == [("my invoice is wrong", "Paul Jones", "4155550142")]
    assert desk.ended == EndCall("message")


def test_a_message_in_the_wish_is_not_asked_again() -> None:
    """Only who leaves it."""
    desk = FrontDesk.called().hears("please tell Maria I'll be ten minutes late for my appointment", "this is Paul")

    assert [(one.text, one.name) for one in desk.messages] == [("please tell Maria I'll be ten minutes late for my appointment", "Paul")]


def test_unclear_twice_offers_a_person_or_a_message() -> None:
    """Once is asked again."""
    desk = FrontDesk.called().hears("blah purple", "fribble")

    assert desk.said[1:] == [
        "Sorry, I didn't get that. How can I help you?",
        "Sorry, I didn't get that. Shall I put you through to someone, or would you like to leave a message?",
    ]


def test_clear_words_in_between_start_the_count_anew() -> None:
    """Two unclear turns must follow each other."""
    desk = FrontDesk.called().hears("blah purple", "a haircut", "fribble")

    assert desk.last == "Sorry, I didn't get that. What day and time would suit you?"


def test_silence_is_asked_twice_and_then_left() -> None:
    """With the open question, and a goodbye."""
    desk = FrontDesk.called().hears("a haircut").hears_nothing(3)

    assert desk.said[-3:] == [
        "I can't hear you. What day and time would suit you?",
        "I can't hear you. What day and time would suit you?",
        "Thank you for calling Shear Delight. Goodbye!",
    ]
    assert desk.ended == EndCall("silent")


def test_abuse_is_warned_of_once() -> None:
    """Then the call ends."""
    desk = FrontDesk.called().hears("you idiot", "shut up you stupid machine")

    assert desk.said[1] == "I'd like to help you, but please let us stay polite. How can I help you?"
    assert desk.ended == EndCall("abusive")


def test_a_wrong_number_is_let_go_kindly() -> None:
    """Without questions."""
    desk = FrontDesk.called().hears("oh sorry, wrong number")

    assert desk.last == "No problem at all. Thank you for calling Shear Delight. Goodbye!"
    assert desk.ended == EndCall("no_need")


def test_a_caller_may_take_time() -> None:
    """The question stays open."""
    desk = FrontDesk.called().hears("a haircut", "let me check my calendar", "tomorrow at ten")

    assert desk.said[2:] == ["Of course, take your time.", "What name shall I put it under?"]


def test_goodbye_before_the_yes_asks_once_more() -> None:
    """Nothing is booked by a goodbye."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann", "okay thanks, that's all, bye")

    assert desk.last.startswith("Before you go: So that's a haircut tomorrow")
    assert desk.appointments == []


def test_a_call_that_was_cut_off_goes_on() -> None:
    """With the question that was open."""
    desk = FrontDesk.called().hears("a haircut").goes_on(Resumed())

    assert desk.last == "Sorry about that, we were cut off for a moment. What day and time would suit you?"


@pytest.mark.parametrize(
    ("greeting", "disclosure", "first"),
    [
        (None, True, "Thank you for calling Shear Delight. I'm the automated assistant. How can I help you?"),
        ("Shear Delight, hello!", True, "Shear Delight, hello! I'm the automated assistant. How can I help you?"),
        (
            "Hi, this is Shear Delight's virtual assistant. What can I do?",
            True,
            "Hi, this is Shear Delight's virtual assistant. What can I do?",
        ),
        (None, False, "Thank you for calling Shear Delight. How can I help you?"),
    ],
)
def test_the_greeting_says_that_a_machine_speaks(greeting: str | None, disclosure: bool, first: str) -> None:
    """Unless the business's own says so, or it is switched off."""
    assert FrontDesk.called(greeting=greeting, ai_disclosure=disclosure).last == first
