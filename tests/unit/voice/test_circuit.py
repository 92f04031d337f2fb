"""A vendor that keeps failing is left alone for a while, then tried by one request."""

import pytest

from aira.voice.vendors.circuit import Circuit


def opened(at: float) -> Circuit:
    """A breaker that three failures have opened."""
    circuit = Circuit(most_failures=3, rest_seconds=30)
    for _ in range(3):
        circuit.failed(at)
    return circuit


def test_opens_after_failures_in_a_row() -> None:
    """Two are bad luck; a success between them starts the count again."""
    circuit = Circuit(most_failures=3, rest_seconds=30)
    for fails in (True, True, False, True, True):
        circuit.failed(0) if fails else circuit.succeeded()

    assert circuit.state(0) == "closed"
    circuit.failed(1)
    assert (circuit.state(1), circuit.allows(1)) == ("open", False)


def test_lets_one_request_through_when_it_has_rested() -> None:
    """The others are spared until its outcome is known, or was never told."""
    circuit = opened(0)

    assert [circuit.allows(at) for at in (29.9, 30, 31, 59.9, 60, 61)] == [False, True, False, False, True, False]
    assert circuit.state(61) == "half_open"


@pytest.mark.parametrize(("works", "state"), [(True, "closed"), (False, "open")])
def test_the_one_request_decides(works: bool, state: str) -> None:
    """One success is enough, and so is one failure."""
    circuit = opened(0)
    circuit.allows(30)

    circuit.succeeded() if works else circuit.failed(30)

    assert circuit.state(31) == state
