"""What was misheard is asked again, looked for, spelled; nothing is guessed."""

import pytest

from aira.voice.receptionist.protocol import Book, EndCall, FindSlots, SearchKnowledge, TakeMessage
from front_desk import FrontDesk, at

WISH = "I'd like a haircut tomorrow at ten"


def named_twice() -> FrontDesk:
    """A caller whose name is heard wrong, and wrong again in the correction."""
    return FrontDesk.called().hears(WISH, "Barrier", "No, my name is Mario Lopez", "No, my name is Mario Lopez")


def test_a_time_that_is_none_is_asked_for() -> None:
    """Rather than offering whatever is free."""
    desk = FrontDesk.called().hears("I'd like a haircut tomorrow at times")

    assert desk.last == "Sorry, what time was that?"
    assert desk.hears("at ten").used[-1] == FindSlots("Haircut", at(24, 0), at(25, 0), limit=200)


def test_a_name_refused_twice_is_spelled() -> None:
    """The letters mend the word that sounds like them; the rest of the name stays."""
    desk = named_twice()

    assert "spell" in desk.last
    assert "for Maria Lopez" in desk.hears("M-a-r-i-a.").last


def test_a_yes_with_the_name_in_it_is_a_yes() -> None:
    """The name as it was read back is no correction."""
    desk = FrontDesk.called().hears(WISH, "Ann Lee", "yes, my name is Ann Lee")

    assert isinstance(desk.used[-1], Book)


def test_a_name_is_asked_for_three_times() -> None:
    """Once more, then letter by letter, then help is offered."""
    desk = FrontDesk.called().hears(WISH, "there are nine", "these are no name", "as they are aids")

    assert desk.said[2:] == [
        "Sorry, I didn't get that. Could you say the name once more, please?",
        "Sorry, I didn't get that. Could you spell the name for me, please?",
        "Sorry, I didn't get that. Shall I put you through to someone, or would you like to leave a message?",
    ]


def test_words_that_are_not_understood_are_looked_for() -> None:
    """A single word may name what a document tells; where none does, the bot says it did not understand."""
    desk = FrontDesk.called().hears("parking")

    assert desk.used[-1] == SearchKnowledge("parking")
    assert desk.last.startswith("Free parking is available behind the shop.")
    assert FrontDesk.called().hears("mrrf grrbl").last.startswith("Sorry, I didn't get that.")


def test_an_offer_of_help_that_is_not_answered_is_carried_out() -> None:
    """It is not made for ever."""
    desk = FrontDesk.called(transfer_available=False).hears("mrrf", "grrbl", "fnord", "wibble")

    assert desk.last.endswith("What would you like me to pass on?")


def test_a_wish_in_place_of_an_answer_to_the_offer_is_heard() -> None:
    """`Okay, book me...` is no yes to a message."""
    desk = FrontDesk.called().hears("which one is the cheapest", "ok book me a trim tomorrow at noon")

    assert desk.last == "What name shall I put it under?"


def test_a_farewell_is_no_message() -> None:
    """Nor is a message lost because its caller takes leave before giving a name."""
    leaving = FrontDesk.called().hears("I'd like to leave a message", "that's all thank you, bye")
    late = FrontDesk.called().hears("I'm running ten minutes late for my appointment", "bye")

    assert isinstance(leaving.ended, EndCall)
    assert leaving.messages == []
    assert late.messages == [TakeMessage("I'm running ten minutes late for my appointment")]


@pytest.mark.parametrize("said", ["Dave can't do that", "could we do an hour later", "Wednesday, same time"])
def test_what_was_just_booked_can_be_otherwise(said: str) -> None:
    """The appointment is moved, not a second one made."""
    desk = FrontDesk.called().hears(WISH, "Dave", "yes", said)

    assert "instead" in desk.last or desk.last.startswith("So I'll move your haircut")


def test_two_of_a_kind_are_booked_one_after_the_other() -> None:
    """Two haircuts are two appointments."""
    desk = FrontDesk.called().hears("I need two haircuts tomorrow at ten", "Ian", "yes", "yes")

    assert [one.start for one in desk.appointments] == [at(24, 10), at(24, 10, 30)]


def test_a_day_that_will_not_do_is_not_offered() -> None:
    """Any day but tomorrow is not tomorrow."""
    desk = FrontDesk.called().hears("a haircut any day except today")

    assert "today" not in desk.last.lower()
