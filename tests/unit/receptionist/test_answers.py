"""Questions are answered in one or two spoken sentences out of the passages, or not at all."""

import pytest

from aira.voice.receptionist.aloud import aloud
from aira.voice.receptionist.answers import LONGEST_ANSWER, answer
from aira.voice.receptionist.protocol import Passage

PRICES = Passage(
    "Our prices\nService | Duration | Price\nHaircut | 30 min | $25\nColour treatment | 90 min | $85\nBeard trim | 15 min | $12.50",
    "Prices",
)
RULES = Passage(
    "Parking\nFree parking is available behind the shop. The entrance is on Oak Street.\n\n"
    "Cancellation policy\nPlease give us at least 24 hours notice. Late cancellations are charged 50% of the price.\n"
    "We accept cash, Visa and Mastercard. Checks are not accepted.\n"
    "- Dogs are welcome if they are on a leash.\n- Gift vouchers can be bought at the counter from $20.",
    "Good to know",
)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much is a colour treatment?", "A colour treatment is eighty-five dollars and takes ninety minutes."),
        ("how much is a beard trim", "A beard trim is twelve dollars and fifty cents and takes fifteen minutes."),
        ("how long does a haircut take", "A haircut takes thirty minutes."),
        ("do you have parking", "Free parking is available behind the shop. The entrance is on Oak Street."),
        ("can I bring my dog", "Dogs are welcome if they are on a leash."),
        ("do you take credit cards", "We accept cash, Visa and Mastercard."),
        ("do you sell gift vouchers", "Gift vouchers can be bought at the counter from twenty dollars."),
        ("what happens if I cancel late", "Late cancellations are charged fifty percent of the price."),
    ],
)
def test_the_sentence_or_row_that_answers_is_spoken(question: str, said: str) -> None:
    """With prices and lengths as people say them."""
    assert answer(question, (PRICES, RULES)) == said


@pytest.mark.parametrize("question", ["who is the owner", "how much does a massage cost", "how long is the warranty"])
def test_nothing_is_said_that_does_not_stand_there(question: str) -> None:
    """A price is not given for a service that has none, nor a length for what is only named."""
    assert answer(question, (PRICES, RULES)) is None


def test_an_answer_is_short_enough_to_listen_to() -> None:
    """A long sentence is not read out beyond what a caller can follow."""
    passage = Passage("Parking is free. " + "Parking is also possible in the street nearby, " * 20 + "as long as it is before noon.")

    said = answer("is parking free", (passage,))

    assert said == "Parking is free."
    assert len(said) <= LONGEST_ANSWER


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Open Mon-Fri 9:00 AM - 5:00 PM", "Open Monday to Friday nine in the morning to five in the afternoon."),
        ("Sat 10:00-14:00", "Saturday ten in the morning to two in the afternoon."),
        ("Call 415-555-0198 for 10% off.", "Call four one five, five five five, zero one nine eight for ten percent off."),
        ("It costs $20-30 and takes 45 mins", "It costs twenty to thirty dollars and takes forty-five minutes."),
        ("From $1,250.00", "From one thousand two hundred and fifty dollars."),
        ("**Lunch** is at 12:00", "Lunch is at noon."),
        ("Ends 1 hr before closing", "Ends one hour before closing."),
    ],
)
def test_writing_is_read_aloud(written: str, spoken: str) -> None:
    """Symbols, figures and abbreviations in words."""
    assert aloud(written) == spoken
