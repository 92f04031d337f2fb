"""Questions are answered from what the business says of itself and its documents, and from nothing else."""

import pytest

from aira.voice.receptionist.protocol import SearchKnowledge
from front_desk import FrontDesk

MORE = "Is there anything else I can do for you?"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how much is a haircut", "A haircut is twenty-five dollars and takes thirty minutes."),
        ("what does a trim cost", "A haircut is twenty-five dollars and takes thirty minutes."),
        (
            "what are your prices",
            "A haircut twenty-five dollars, a colour treatment eighty-five dollars and a beard trim twelve dollars and fifty cents.",
        ),
        (
            "what time do you close on Saturday",
            "On Saturday, November twenty-eighth, we're open from ten in the morning to two in the afternoon.",
        ),
        ("are you open on Thanksgiving", "We're closed on Thursday, November twenty-sixth for Thanksgiving."),
        ("are you open right now", "Yes, we're open until five in the afternoon."),
        ("where are you", "We're at 12 Oak Street."),
        ("do you do highlights", "Yes, we do a colour treatment for eighty-five dollars. It takes an hour and a half."),
        ("what services do you offer", "We offer haircut, colour treatment and beard trim."),
    ],
)
def test_the_facts_answer_without_a_search(question: str, answer: str) -> None:
    """Prices and hours as people say them."""
    desk = FrontDesk.called().hears(question)

    assert desk.last == f"{answer} {MORE}"
    assert desk.used == []


def test_other_questions_are_looked_up() -> None:
    """In the caller's own words."""
    desk = FrontDesk.called().hears("Do you have parking?")

    assert desk.used == [SearchKnowledge("Do you have parking?")]
    assert desk.last == f"Free parking is available behind the shop. {MORE}"


def test_what_nobody_knows_is_not_invented() -> None:
    """A message is offered, and holds the question."""
    desk = FrontDesk.called().hears("do you have wifi", "yes please", "Bob")

    assert desk.said[1] == "I'm afraid I don't know that. Shall I take a message, so that someone can get back to you?"
    assert [(message.text, message.name) for message in desk.messages] == [("Question: do you have wifi", "Bob")]


def test_a_question_amid_a_booking_leads_back_to_it() -> None:
    """Answered first, then the same thing is asked again."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "do you have parking")

    assert desk.last == "Free parking is available behind the shop. What name shall I put it under?"


def test_an_unknown_answer_amid_a_booking_does_not_stop_it() -> None:
    """The caller hears that it is not known."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "do you have wifi")

    assert desk.last == "I'm afraid I don't know that. What name shall I put it under?"


def test_a_price_and_a_wish_in_one_breath() -> None:
    """Both are served."""
    desk = FrontDesk.called().hears("how much is a haircut and can I book one for tomorrow at ten")

    assert desk.last == "A haircut is twenty-five dollars and takes thirty minutes. What name shall I put it under?"


def test_what_was_asked_about_is_what_is_booked() -> None:
    """The service need not be said twice."""
    desk = FrontDesk.called().hears("how much is a colour", "book it for tomorrow at ten", "Ann")

    assert desk.last.startswith("So that's a colour treatment tomorrow")


@pytest.mark.parametrize(
    ("first", "follow_up", "answer"),
    [
        ("are you open tomorrow", "and on Sunday?", "We're closed on Sunday, November twenty-ninth."),
        ("how much is a haircut", "what about a beard trim", "A beard trim is twelve dollars and fifty cents and takes fifteen minutes."),
    ],
)
def test_a_question_may_be_asked_again_of_something_else(first: str, follow_up: str, answer: str) -> None:
    """With only the new part said."""
    assert FrontDesk.called().hears(first, follow_up).last == f"{answer} {MORE}"


def test_a_question_on_the_machine_is_answered_honestly() -> None:
    """Whatever the caller hopes to hear."""
    assert FrontDesk.called().hears("am I talking to a computer").last.startswith("I'm an automated assistant")
