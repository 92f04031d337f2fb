"""Words over a farewell end the call where they are one themselves, and go on with it where the caller has something more to say."""

import pytest

from aira.voice.receptionist import calls_back, decide
from aira.voice.receptionist.protocol import EndCall, Heard, Silence
from front_desk import SALON, FrontDesk

CLOSING = """\
Goodbye.|Bye bye.|Thank you so much, goodbye!|Okay.|Okay, great.|Yes.|Um.|All right then.|Perfect, thank you.|Great, see you then.
See you tomorrow at three.|Thanks, see you on Tuesday at half past two.|Tuesday at three, thanks.|Okay, Tuesday at half past two.
You too.|Same to you.|And you.|You have a nice day.|Have a great weekend.|No.|No, that's all.|Nothing else.|Thank you for your help.
You've been very helpful.|I appreciate it.|Cheers, mate.|Good night.|Good day.|Will do.|Looking forward to it.|I'll be there.|Sorry?
Pardon?|Hello?|Sounds good.|By.|Buy.|No problem.|Wow, that was quick.|Thanks a lot, talk to you later.|It was nice talking to you.
Sorry, wrong number, bye.|I have to go, bye.|That will be all.|God bless.|The|I|It's|And"""
GOING_ON = """\
Wait, one more thing, do you also do beards?|Wait.|Hold on.|One more thing.|Actually, one more question.|Oh, before you go, how much is it?
Do you take cards?|What's the address?|Actually, can we make it four o'clock?|Actually, Wednesday would be better.|I changed my mind.
No, wait, that's the wrong day.|No, I said Thursday.|Can you cancel that?|I'd like to book another one.|And a beard trim for my son.
Can I leave a message?|Can I speak to somebody?|I have a question.|I forgot to ask, is there parking?|Don't hang up.|Is there parking?
Thanks, but do you have parking?|Thank you, and one last thing, are you open on Sunday?|Okay, and what time do you close?
My wife needs one too.|I left my umbrella at your place.|What time was that again?|When was my appointment?|That's the wrong name.
Bye, oh wait, do you sell shampoo?|Yes, I also need a color.|My name is spelled with an H.|Sorry, my name is Sara, not Laura.
Not Tuesday, Wednesday.|Also, do I need to bring anything?|What about tomorrow?|Oh, and my phone number has changed."""


def sentences(table: str) -> list[str]:
    """The sentences of a table."""
    return [sentence for line in table.splitlines() for sentence in line.split("|")]


@pytest.mark.parametrize("words", sentences(CLOSING))
def test_taking_leave_thanks_and_fillers_end_the_call(words: str) -> None:
    """Also with the day and time that were agreed on, or misheard as a stump of a word."""
    assert not calls_back(words, SALON)


@pytest.mark.parametrize("words", sentences(GOING_ON))
def test_questions_wishes_and_corrections_go_on_with_it(words: str) -> None:
    """Also where they begin with a goodbye or thanks."""
    assert calls_back(words, SALON)


@pytest.mark.parametrize("words", ["Hello?", "Yes, I'm here.", "Sorry.", "Tuesday at ten."])
def test_whoever_was_not_heard_is_back_with_any_word(words: str) -> None:
    """As the bot had taken leave of nobody."""
    assert calls_back(words, SALON, after_silence=True)
    assert not calls_back("", SALON, after_silence=True)
    assert not calls_back("Bye.", SALON, after_silence=True)


def left(*lines: str) -> FrontDesk:
    """A call in which the bot has said goodbye."""
    desk = FrontDesk.called().hears(*lines, "that's all, thanks, bye")
    assert desk.ended is not None
    desk.ended = None
    return desk


def test_a_question_over_the_farewell_is_answered() -> None:
    """Without the words that only call the bot back; then the bot asks on, and takes leave again."""
    desk = left().hears("Wait, one more thing, do you also do beards?")

    assert "Beard trim" in desk.last or "beard trim" in desk.last
    assert desk.ended is None
    assert desk.hears("no, thanks, bye").ended == EndCall("answered")


def test_a_bare_wait_is_asked_what_for() -> None:
    """There is nothing to answer yet."""
    assert left().hears("Wait!").last == "What else can I do for you?"


def test_what_was_booked_is_said_again() -> None:
    """Rather than the goodbye."""
    desk = left("a haircut tomorrow at ten", "Ann", "yes").hears("What time was that again?")

    assert desk.last == "You're booked: a haircut tomorrow at ten in the morning."


def test_a_caller_who_was_silent_goes_on_where_they_stopped() -> None:
    """The outcome is no longer that nobody spoke."""
    desk = FrontDesk.called().hears("a haircut").hears_nothing(3)
    assert desk.ended == EndCall("silent")
    desk.ended = None

    desk.hears("Tomorrow at ten.", "Ann", "yes", "bye")

    assert desk.ended == EndCall("booked")


def test_a_farewell_ends_with_a_farewell() -> None:
    """Nothing is decided on late words that ask for nothing, nor on silence."""
    desk = left()

    assert decide(desk.state, Heard("Thanks, bye."), desk.facts) == (desk.state, ())
    assert decide(desk.state, Silence(1), desk.facts) == (desk.state, ())
