"""Whatever vendor fails, however it fails, wherever the call has got to: the caller is answered in the same turn."""

from datetime import datetime
from pathlib import Path

import pytest

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from fault_calls import DEADLINE, KINDS, PHASES, Case, booking_times, held
from salon import Salon
from vendor_servers import FAULTS

pytestmark = pytest.mark.voice

AT_ONCE = 6
"""Calls that are held at the same time."""
AFTER_DEADLINE = 2.5
LONGEST_SILENCE = 4.0
TUESDAY = datetime(2026, 11, 24, 10, 0)


def test_every_turn_is_answered_and_no_silence_is_long(aira: Aira, salon: Salon, tmp_path: Path) -> None:
    """Hearing, thinking and speaking, each failing in six ways, at the greeting, a question, a booking and the goodbye; and each caller
    gets the appointment, once.
    """
    faults = [(kind, fault) for kind in KINDS for fault in FAULTS]
    cases = [Case(kind, fault, at) for (kind, fault), at in zip(faults, booking_times(TUESDAY, len(faults)), strict=True)]

    outcomes = held(aira, cases, tmp_path, business=salon.business.id, at_once=AT_ONCE)

    told = {(case.kind, case.fault): one for case, one in zip(cases, outcomes, strict=True)}
    assert {cell: sorted(one.answered) for cell, one in told.items()} == {cell: sorted(PHASES) for cell in told}
    late = {cell: one.answered for cell, one in told.items() if max(one.answered.values()) > DEADLINE + AFTER_DEADLINE}
    assert late == {}
    assert {cell: one.longest_silence for cell, one in told.items() if one.longest_silence > LONGEST_SILENCE} == {}
    assert {one.next_step for one in outcomes} == {"hang_up"}
    assert len(list_appointments(aira, business=salon.business.id)) == len(cases)


@pytest.mark.parametrize("fault", ["refuse", "hang"])
def test_where_no_vendor_is_left_a_person_or_the_voicemail_takes_the_call(aira: Aira, salon: Salon, tmp_path: Path, fault: str) -> None:
    """Before four seconds are over the stream has ended, and the journal says how the call goes on."""
    (outcome,) = held(aira, [Case("all", fault, TUESDAY)], tmp_path, business=salon.business.id, at_once=1)

    assert outcome.duration <= LONGEST_SILENCE
    assert outcome.next_step == "transfer"
