"""What comes next: the next step of the task in hand, and what a tool's answer means for it."""

from aira.voice.receptionist import phrases
from aira.voice.receptionist.dialogue import booking, own, people, questions, repair, timing
from aira.voice.receptionist.dialogue.turn import Decision, Turn
from aira.voice.receptionist.protocol import (
    Appointments,
    Book,
    Booked,
    Cancel,
    Done,
    FindAppointments,
    FindSlots,
    Passages,
    Refusal,
    Reschedule,
    SearchKnowledge,
    Slots,
    TakeMessage,
    ToolRequest,
    ToolResult,
)
from aira.voice.receptionist.state import Asked, Task
from aira.voice.receptionist.understand import Hearing, understand

_NEXT_STEP = {
    Task.BOOK: booking.proceed,
    Task.MOVE: own.proceed,
    Task.CANCEL: own.proceed,
    Task.LOOK_UP: own.proceed,
    Task.MESSAGE: people.proceed,
}


def proceed(turn: Turn) -> Decision:
    """Go on with the task in hand; without one, answer what was put off and ask what else there is."""
    step = _NEXT_STEP.get(turn.state.task)
    if step is not None:
        return step(turn)
    if turn.state.question is not None:
        asked = turn.state.question
        reading = understand(asked, Hearing(turn.facts.now, services=turn.facts.services))
        said = questions.from_facts(turn, reading)
        turn = turn.having(question=None)
        if said is None:
            return turn.use(questions.look_up(asked))
        turn = turn.achieving("answered").say(said)
    return turn.ask(Asked.MORE, phrases.ANYTHING_ELSE)


def tool_answered(turn: Turn, event: ToolResult) -> Decision:
    """What a tool's answer leads to."""
    outcome = _outcome(turn, event)
    return proceed(outcome) if isinstance(outcome, Turn) else outcome


def _outcome(turn: Turn, event: ToolResult) -> Decision | Turn:
    if isinstance(event.result, Refusal):
        return _refused(turn, event.request, event.result)
    match event.request, event.result:
        case FindSlots() as request, Slots(starts):
            return timing.slots_found(turn, request, starts)
        case Book() as request, Booked(appointment):
            return booking.booked(turn, request, appointment)
        case FindAppointments() as request, Appointments(appointments):
            return own.found(turn, request, appointments)
        case Reschedule(), Booked(appointment):
            return own.changed(turn, appointment)
        case Cancel(), Done():
            return own.cancelled(turn)
        case SearchKnowledge() as request, Passages() as result:
            return _told(turn, request, questions.from_documents(request, result))
        case TakeMessage(), Done():
            return people.left(turn)
        case _:
            return turn.having(task=Task.NONE).say(phrases.FAILURE)


def _refused(turn: Turn, request: ToolRequest, refusal: Refusal) -> Decision | Turn:
    """A tool did not do what it was asked."""
    match request:
        case FindSlots() | Book():
            return booking.refused(turn, refusal.code)
        case Reschedule() | Cancel() | FindAppointments():
            return own.refused(turn, refusal)
        case SearchKnowledge():
            return _told(turn, request, None)
        case TakeMessage() if refusal.code == "unusable_phone":
            return turn.wishing(phone=None).ask(Asked.MESSAGE_PHONE, phrases.PHONE_AGAIN)
        case TakeMessage():
            return turn.having(task=Task.NONE, message=None).say(phrases.refusal(refusal.code))


def _told(turn: Turn, request: SearchKnowledge, answer: str | None) -> Decision | Turn:
    """The answer, then on with the task; without an answer, a message is offered unless something else is in hand."""
    if turn.state.probing:
        turn = turn.having(probing=False, unclear=0 if answer else turn.state.unclear)
        return turn.achieving("answered").say(answer) if answer else repair.not_understood(turn)
    if answer is not None:
        return turn.achieving("answered").say(answer)
    if turn.state.task is not Task.NONE:
        return turn.say(phrases.I_DONT_KNOW)
    return turn.having(message=f"Question: {request.query}").ask(Asked.HELP_BY_MESSAGE, phrases.I_DONT_KNOW_MESSAGE)
