"""The receptionist's side of the conversation: pure decisions on what was heard and what tools answered."""

from aira.voice.receptionist import phrases
from aira.voice.receptionist.calling_back import calls_back, wish_in
from aira.voice.receptionist.dialogue import agenda, policy
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import Event, Facts, Heard, Resumed, Silence, Started, ToolResult
from aira.voice.receptionist.state import Asked, State, Task

PATIENCE = 3
"""Silences in a row after which the call is ended."""


def decide(state: State, event: Event, facts: Facts) -> Decision:
    """The next state and what is to be said and done, for an event in this state.

    Pure: the same arguments give the same decision. A state that has ended decides nothing, unless the caller calls back.
    """
    turn = Turn(state, facts)
    match event:
        case Heard(text) if state.ended and calls_back(text, facts, after_silence=state.fell_silent):
            return _called_back(turn, text)
        case _ if state.ended:
            return state, ()
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


def _called_back(turn: Turn, text: str) -> Decision:
    """Go on after the goodbye with what the caller wants, or ask for it; asked what was said, say what was booked."""
    last = turn.state.booked[-1] if turn.state.booked and turn.state.outcome == "booked" else None
    outcome = "no_need" if turn.state.outcome == "silent" else turn.state.outcome
    turn = turn.having(ended=False, fell_silent=False, outcome=outcome, said=phrases.booked(last, turn.today) if last else "")
    if wish := wish_in(text):
        return policy.heard(turn, wish)
    return turn.ask(Asked.MORE, phrases.WHAT_ELSE) if turn.state.task is Task.NONE else agenda.proceed(turn)


def _silent(turn: Turn, count: int) -> Decision:
    if count >= PATIENCE:
        outcome = "silent" if turn.state.outcome == "no_need" else turn.state.outcome
        return turn.having(fell_silent=True).end(phrases.goodbye(turn.facts), outcome)
    return turn.say(phrases.STILL_THERE).ask(*_question(turn.state))


def _question(state: State) -> tuple[Asked, str]:
    """The question the caller has not answered yet."""
    if state.asked in (Asked.NOTHING, Asked.NEED) or not state.said:
        return Asked.NEED, phrases.HOW_CAN_I_HELP
    return state.asked, state.said


__all__ = ["Decision", "decide"]
