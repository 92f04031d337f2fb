"""Whatever is said, the mind answers, uses one tool at a time, and never books what was not read back and confirmed."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings, strategies as st

from aira.voice.receptionist import decide
from aira.voice.receptionist.consent import Answer
from aira.voice.receptionist.dialogue.turn import Decision
from aira.voice.receptionist.protocol import (
    Book,
    Cancel,
    EndCall,
    Event,
    Heard,
    Refusal,
    Reschedule,
    Say,
    Silence,
    Started,
    ToolResult,
    Transfer,
)
from aira.voice.receptionist.state import Asked, State
from aira.voice.receptionist.understand import Hearing, understand
from front_desk import SALON, FrontDesk, at

LINES = [
    line
    for line in (Path(__file__).parent / "utterances.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith(("#", "["))
]
OFTEN = [
    "a haircut",
    "tomorrow at ten",
    "Sarah Johnson",
    "yes",
    "no",
    "the first one",
    "make it eleven",
    "4155550142",
    "a colour",
    "Friday",
]
MOST_STEPS = 8
"""Decisions that one utterance may need: searches widen twice, a booking is followed by the next service."""
talk = st.lists(st.one_of(st.sampled_from(OFTEN), st.sampled_from(OFTEN), st.sampled_from(LINES), st.text(max_size=60)), max_size=14)
refusals = st.sampled_from([None, None, None, "conflict", "too_soon", "database_unreachable", "not_found"])


def well_formed(before: State, decision: Decision) -> bool:
    """Something is done, sentences are sentences, and at most one tool, transfer or end stands last."""
    _, actions = decision
    others = [action for action in actions if not isinstance(action, Say)]
    spoken = all(action.text.strip() and "None" not in action.text for action in actions if isinstance(action, Say))
    return (bool(actions) or before.ended) and spoken and len(others) <= 1 and (not others or actions[-1] is others[0])


def confirmed(before: State, event: Event, decision: Decision, desk: FrontDesk) -> bool:
    """A write follows only a yes to the question that read exactly this back."""
    write = decision[1][-1]
    if not isinstance(write, Book | Reschedule | Cancel):
        return True
    asked = {Book: Asked.BOOKING, Reschedule: Asked.MOVING, Cancel: Asked.CANCELLING}[type(write)]
    if before.asked is not asked or not isinstance(event, Heard):
        return False
    reading = understand(event.text, Hearing(desk.facts.now, before.asked, before.wish, desk.facts.services))
    same = not isinstance(write, Book) or (write.start, write.name, write.service) == (
        before.wish.start,
        before.wish.name,
        before.wish.service,
    )
    return reading.answer is Answer.YES and same


def steps(desk: FrontDesk, event: Event) -> Sequence[tuple[State, Event, Decision]]:
    """The decisions that follow an event until the mind waits for the caller."""
    taken = []
    following: Event | None = event
    while following is not None and len(taken) <= MOST_STEPS:
        before = desk.state
        decision = decide(before, following, desk.facts)
        taken.append((before, following, decision))
        desk.state = decision[0]
        last = decision[1][-1] if decision[1] else None
        waits = last is None or isinstance(last, Say | EndCall | Transfer)
        following = None if waits else ToolResult(last, desk.run(last))
    return taken


@settings(max_examples=150, deadline=None)
@given(talk, st.booleans(), st.booleans(), refusals)
def test_every_turn_is_answered_and_nothing_is_written_without_a_yes(
    lines: list[str], known: bool, reachable: bool, refusal: str | None
) -> None:
    """For any words in any order, with and without a calling number, a person, and a calendar that refuses."""
    desk = FrontDesk.called(caller_number="+14155550123" if known else None, transfer_available=reachable)
    desk.refusing = refusal
    for line in lines:
        for before, event, decision in (taken := steps(desk, Heard(line))):
            assert well_formed(before, decision)
            assert confirmed(before, event, decision, desk)
        assert len(taken) <= MOST_STEPS
        if desk.state.ended:
            break


@given(st.text(max_size=300))
def test_any_text_is_heard_in_any_state(text: str) -> None:
    """No line of a bad connection brings the mind down."""
    for asked in Asked:
        decision = decide(State(asked=asked, offered=(at(24, 9), at(24, 10))), Heard(text), SALON)

        assert well_formed(State(), decision)


@given(talk)
def test_the_same_words_lead_to_the_same_call(lines: list[str]) -> None:
    """A decision depends on nothing but state, event and facts."""
    calls = []
    for _ in range(2):
        desk = FrontDesk.called()
        for line in lines:
            if desk.ended is None:
                desk.hears(line)
        calls.append((desk.said, desk.state))

    assert calls[0] == calls[1]


def test_an_ended_call_decides_nothing() -> None:
    """Late words fall into silence."""
    desk = FrontDesk.called().hears("bye")

    assert decide(desk.state, Heard("hello?"), desk.facts) == (desk.state, ())
    assert decide(desk.state, Silence(1), desk.facts) == (desk.state, ())


def test_a_tool_that_fails_never_ends_in_silence() -> None:
    """Each tool's failure has its sentence."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten", "Ann")
    requests = [*desk.used, Book("Haircut", at(24, 10), "Ann", None), Cancel("a1"), Reschedule("a1", at(24, 10))]

    answers = [decide(desk.state, ToolResult(request, Refusal("vendor_failed")), desk.facts)[1] for request in requests]

    assert all(isinstance(actions[0], Say) for actions in answers)
    assert isinstance(decide(State(), Started(), SALON)[1][0], Say)
