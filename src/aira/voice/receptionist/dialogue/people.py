"""A person on the line, or a message for one."""

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import TakeMessage
from aira.voice.receptionist.state import Asked, Task


def put_through(turn: Turn, reason: str = "caller asked for a person") -> Decision:
    """Put the caller through where somebody can be reached, else offer to take a message."""
    if turn.facts.transfer_available:
        return turn.transfer(phrases.PUT_THROUGH, reason)
    return turn.say(phrases.NOBODY_THERE).ask(Asked.HELP_BY_MESSAGE, phrases.SHALL_I_TAKE_A_MESSAGE)


def offer(turn: Turn) -> Decision:
    """The way out when talking leads nowhere."""
    if turn.facts.transfer_available:
        return turn.ask(Asked.HELP_BY_PERSON, phrases.PERSON_OR_MESSAGE)
    return turn.ask(Asked.HELP_BY_MESSAGE, phrases.SHALL_I_TAKE_A_MESSAGE)


def proceed(turn: Turn) -> Decision:
    """Ask for the next thing a message needs; leave it when nothing is missing."""
    turn = turn.having(task=Task.MESSAGE)
    state = turn.state
    if state.message is None:
        return turn.ask(Asked.MESSAGE, phrases.WHAT_MESSAGE)
    if state.wish.name is None:
        return turn.ask(Asked.MESSAGE_NAME, phrases.MESSAGE_NAME)
    if state.wish.phone is None and turn.facts.caller_number is None:
        return turn.ask(Asked.MESSAGE_PHONE, phrases.PHONE)
    return leave(turn)


def leave(turn: Turn) -> Decision:
    """Pass the message on with what is known of the caller."""
    state = turn.state
    return turn.use(TakeMessage(text=state.message or "", name=state.wish.name, phone=state.wish.phone))


def left(turn: Turn) -> Turn:
    """The message was left."""
    phone = turn.state.wish.phone
    return turn.having(task=Task.NONE, message=None).achieving("message").say(phrases.message_taken(phone))
