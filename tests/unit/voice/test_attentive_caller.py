"""The caller of a scenario that is played with sound listens: answers, repeats and corrects as people on the telephone do."""

from aira.voice.scenarios.attentive import PATIENCE, Attentive
from aira.voice.scenarios.scenario import Entry, Expected, Scenario

GREETING = "Thank you for calling Shear Delight. I'm the automated assistant. How can I help you?"
OFFER = "Tomorrow, I have nine or ten thirty in the morning. Which would you like?"
NAME = "What name shall I put it under?"
RIGHT = "So that's a haircut tomorrow, Tuesday, November twenty-fourth, at ten in the morning, for Ann Lee. Shall I book it?"
MORE = "You're booked. Is there anything else I can do for you?"


def caller(*says: str, at: str = "+1 10:00") -> Attentive:
    """A caller who wants a haircut tomorrow at ten for Ann Lee."""
    return Attentive(Scenario(name="books", says=says, expect=Expected((Entry(at, "Haircut", "Ann Lee"),))))


def straight() -> Attentive:
    """The same, in the scenario's usual turns, the first of them said."""
    one = caller("I'd like a haircut tomorrow at ten", "Ann Lee", "yes", "bye")
    assert one.reply(GREETING) == "I'd like a haircut tomorrow at ten"
    return one


def test_goes_through_the_turns_where_all_goes_well() -> None:
    """And has nothing to say in the end."""
    one = straight()

    assert [one.reply(bot) for bot in (NAME, RIGHT, MORE, "Goodbye!")] == ["Ann Lee", "yes", "bye", None]


def test_says_again_what_was_not_understood() -> None:
    """Not the next turn."""
    one = straight()

    assert "I'd like a haircut tomorrow at ten" in str(one.reply("Sorry, I didn't get that. How can I help you?"))
    assert one.reply(NAME) == "Ann Lee"


def test_answers_what_is_asked_before_going_on() -> None:
    """The time once more, where the bot has not heard it; the name, where that is asked again."""
    one = straight()

    assert one.reply(OFFER) == "Tomorrow, at ten in the morning."
    assert one.reply(NAME) == "Ann Lee"
    assert one.reply("Sorry, I didn't get that. Could you spell the name for me, please?") == "A, N, N."


def test_corrects_a_time_that_was_read_back_wrong() -> None:
    """And says yes only to the right one."""
    one = straight()
    one.reply(NAME)

    assert one.reply(RIGHT.replace("ten in the morning", "two in the afternoon")) == "No, Tomorrow, at ten in the morning."
    assert one.reply(RIGHT) == "yes"


def test_corrects_a_name_that_was_read_back_wrong() -> None:
    """With a sentence around it, which is heard better than the name alone."""
    one = straight()
    one.reply(NAME)

    assert one.reply(RIGHT.replace("Ann Lee", "Amblee")) == "No, my name is Ann Lee."


def test_a_time_of_its_own_that_is_changed_later_is_right_until_then() -> None:
    """A caller who says ten and then eleven corrects neither."""
    one = caller("I'd like a haircut tomorrow at ten", "Ann Lee", "no make it eleven", "yes", "bye", at="+1 11:00")
    one.reply(GREETING)
    one.reply(NAME)

    assert one.reply(RIGHT) == "no make it eleven"
    assert one.reply(RIGHT.replace("ten in", "eleven in")) == "yes"


def test_an_offer_that_is_taken_becomes_the_time_that_is_wanted() -> None:
    """Whatever was wished for before."""
    one = caller("I'd like a haircut tomorrow at eight in the evening", "the second one", "Ann Lee", "yes", "bye", at="+1 10:30")
    one.reply(GREETING)

    assert [one.reply(bot) for bot in (OFFER, NAME, RIGHT.replace("ten in", "ten thirty in"))] == ["the second one", "Ann Lee", "yes"]


def test_turns_that_answer_a_question_behind_them_are_left_out() -> None:
    """A yes is no answer to whether there is anything else."""
    one = caller("I'd like a haircut tomorrow at ten", "Ann Lee", "yes", "yes", "bye")
    for bot in (GREETING, NAME, RIGHT):
        one.reply(bot)

    assert one.reply(MORE) == "bye"


def test_patience_has_an_end() -> None:
    """After that it goes through the turns regardless."""
    one = straight()

    answers = [one.reply("Sorry, I didn't get that. How can I help you?") for _ in range(PATIENCE + 1)]

    assert answers[-1] == "Ann Lee"
