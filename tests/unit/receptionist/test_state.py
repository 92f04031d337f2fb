"""What the mind remembers of a call goes into the journal and comes back."""

import json

from aira.voice.receptionist.protocol import BookedAppointment
from aira.voice.receptionist.state import Asked, State, Task, Wish
from front_desk import FrontDesk, at


def test_a_state_comes_back_equal() -> None:
    """With days, times and appointments."""
    state = State(
        task=Task.MOVE,
        asked=Asked.SLOT,
        wish=Wish(service="Haircut", day=at(24, 9).date(), at=at(24, 9).time(), also_at=(at(24, 10).time(),), start=at(24, 9)),
        offered=(at(24, 9), at(24, 10)),
        target=BookedAppointment("a1", at(25, 9), "Haircut", "Ann", 30),
        waiting=("Colour treatment",),
    )

    assert State.from_json(state.to_json()) == state


def test_a_state_of_another_version_is_still_read() -> None:
    """Unknown fields are left out, missing ones get their defaults."""
    plain = json.loads(State(unclear=1).to_json())
    del plain["offered"]
    plain["mood"] = "good"

    assert State.from_json(json.dumps(plain)) == State(unclear=1)


def test_a_call_goes_on_from_its_journal() -> None:
    """Another bot that is given the state asks what was asked last."""
    desk = FrontDesk.called().hears("a haircut tomorrow at ten")

    resumed = FrontDesk(state=State.from_json(desk.state.to_json())).hears("Sarah Johnson", "yes")

    assert [one.start for one in resumed.appointments] == [at(24, 10)]
