"""The receptionist's side of the conversation: pure decisions on what was heard and what tools answered."""

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue import agenda, policy
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import Event, Facts, Heard, Resumed, Silence, Started, ToolResult
from aira.voice.receptionist.state import Asked, State

PATIENCE = 3
"""Silences in a row after which the call is ended."""


def decide(state: State, event: Event, facts: Facts) -> Decision:
    """The next state and what is to be said and done, for an event in this state.

    Pure: the same arguments give the same decision. A state that has ended decides nothing.
    """
    turn = Turn(state, facts)
    if state.ended:
        return state, ()
    match event:
        case Started():
            return turn.ask(Asked.NEED, phrases.greeting(facts), again=phrases.HOW_CAN_I_HELP)
        case Resumed():
            return turn.say(phrases.BACK_AGAIN).ask(*_question(state))
        case Heard(text):
            return policy.heard(turn, text)
        case Silence(count):
            return _silent(turn, count)
        case ToolResult():
            return agenda.tool_answered(turn, event)


def _silent(turn: Turn, count: int) -> Decision:
    if count >= PATIENCE:
        outcome = "silent" if turn.state.outcome == "no_need" else turn.state.outcome
        return turn.end(phrases.goodbye(turn.facts), outcome)
    return turn.say(phrases.STILL_THERE).ask(*_question(turn.state))


def _question(state: State) -> tuple[Asked, str]:
    """The question the caller has not answered yet."""
    if state.asked in (Asked.NOTHING, Asked.NEED) or not state.said:
        return Asked.NEED, phrases.HOW_CAN_I_HELP
    return state.asked, state.said


__all__ = ["Decision", "decide"]
