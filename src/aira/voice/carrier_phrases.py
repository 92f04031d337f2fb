"""What the carrier's own voice says to a caller when no bot speaks."""

NOT_SET_UP = "Thank you for calling. This number is not in use yet. Please try again later."
CLOSED_ACCOUNT = "Thank you for calling. This number cannot take calls at the moment."
BUSY = "Thank you for calling. All our lines are busy right now."
LEAVE_MESSAGE = "Please leave your name, your number and your message after the tone, and we will call you back."
MESSAGE_TAKEN = "Thank you. Your message has been passed on. Goodbye."
NO_MESSAGE = "We have not received a message. Goodbye."
TROUBLE = "We are sorry, we have a technical problem."
CALL_AGAIN = "Please call again in a few minutes."
TRANSFERRING = "One moment, I am putting you through."
NOBODY_ANSWERED = "I am sorry, nobody can take your call right now."
ONE_MOMENT = "One moment, please."
GOODBYE = "Goodbye."
TOO_MANY_CALLS = "There have been too many calls from your number. Please try again later."
CLOSED = "Thank you for calling. We are closed at the moment."

_WITHHELD = "a withheld number"


def whisper(
    business: str, *, caller_name: str | None, from_number: str | None, reason: str | None, last_words: str | None
) -> tuple[str, ...]:
    """What the person called hears before they decide: for whom, who and why."""
    number = ", ".join(from_number.removeprefix("+")) if from_number else _WITHHELD
    who = f"{_brief(caller_name, 60)}, calling from {number}" if caller_name else f"a caller from {number}"
    why = [f"{label}: {_ended(_brief(text, 200))}" for label, text in (("Reason", reason), ("They said", last_words)) if text]
    return (f"A call for {business}: {who}.", *why)


PRESS_TO_ACCEPT = "Press 1 to take the call."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(("?", "!")) else f"{sentence}."


def _brief(text: str, most: int) -> str:
    words = " ".join(text.split()).rstrip(".")
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0]
