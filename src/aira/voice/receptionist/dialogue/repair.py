"""What was not understood: asked again, a name in other ways; then a person or a message is offered."""

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue import people
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.state import Asked

_NAMES = (Asked.NAME, Asked.MESSAGE_NAME)
_HELP = (Asked.HELP_BY_PERSON, Asked.HELP_BY_MESSAGE)


def not_understood(turn: Turn) -> Decision:
    """Ask again once, for a name twice and the second time letter by letter; then offer help, and if that is not answered, give it."""
    count, asked = turn.state.unclear + 1, turn.state.asked
    turn = turn.having(unclear=count, probing=False)
    if count >= 2 and asked in _HELP:
        return people.put_through(turn, "caller was not understood") if turn.facts.transfer_available else people.proceed(turn)
    if asked in _NAMES and count <= 2:
        return turn.say(phrases.SORRY).ask(asked, phrases.NAME_AGAIN if count == 1 else phrases.NAME_SPELLED)
    if count >= 2:
        return people.offer(turn.having(unclear=0, message=None).say(phrases.SORRY))
    if asked is Asked.WHAT_CHANGE:
        return turn.say(phrases.SORRY).ask(asked, phrases.WHAT_CHANGE_AGAIN)
    return turn.say(phrases.SORRY).ask(asked, turn.state.said or phrases.HOW_CAN_I_HELP)
