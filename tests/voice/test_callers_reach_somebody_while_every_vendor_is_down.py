"""Every vendor of speech and language may be down at once: a caller hears why, and reaches a person, the voicemail or the bot itself."""

import numpy as np
import pytest

from aira.core.app import Aira
from aira.core.calls import find_call, transcript
from aira.core.vendor_failures import vendor_failures
from aira.voice import carrier_phrases as phrases
from aira.voice.simulator import CallRecord
from aira.voice.vendors.clips import APOLOGY
from doubles import FrozenClock
from down_calls import Case, rung_while_down
from salon import Salon, open_salon
from vendor_servers import SECONDS_A_LETTER

pytestmark = pytest.mark.voice

LOUD = 300
VOICEMAIL = ["Say", "Say", "Record", "Say", "Hangup"]


def seconds_heard(record: CallRecord) -> float:
    """How long the bot was heard."""
    return float(sum(np.count_nonzero(np.abs(side) > LOUD) for side in record.bot)) / 8000


@pytest.mark.parametrize("fault", ["500", "hang"])
def test_a_caller_hears_the_apology_that_was_kept(aira: Aira, fault: str) -> None:
    """And greeting and apology whole, in the voice that worked in an earlier call; then they may leave a message."""
    open_salon(aira)

    record = rung_while_down(aira, Case(fault))

    assert record.verbs == ["Connect", *VOICEMAIL]
    assert (record.streams, record.alerts) == (["server"], [])
    apology = SECONDS_A_LETTER * sum(map(str.isalnum, APOLOGY))
    assert seconds_heard(record) > 0.9 * apology + 1


def test_a_caller_whom_nobody_ever_greeted_hears_the_carrier(aira: Aira) -> None:
    """Nothing was kept, as no vendor has worked yet: the carrier's own voice apologises."""
    open_salon(aira)

    record = rung_while_down(aira, Case("refuse", known=False))

    assert record.verbs == ["Connect", *VOICEMAIL]
    assert record.carrier_said[0] == phrases.NOBODY_ANSWERED


def test_a_person_takes_the_call_where_there_is_one(aira: Aira, salon: Salon) -> None:
    """Before it is left to the voicemail."""
    record = rung_while_down(aira, Case("429", known=False))

    assert record.verbs == ["Connect", "Say", "Dial", *VOICEMAIL]
    assert find_call(aira, record.call_sid).next_step == "transfer"


def test_engines_of_our_own_go_on_without_any_vendor(aira: Aira, informed: Salon, clock: FrozenClock) -> None:
    """The caller gets the answer out of the documents, and the journal has who failed."""

    record = rung_while_down(aira, Case("hang", engines=True, known=False))

    assert record.verbs == ["Connect", "Hangup"]
    call = find_call(aira, record.call_sid)
    assert "90" in " ".join(turn.text for turn in transcript(aira, call.id) if turn.role == "bot")
    clock.set(call.started_at)
    assert {(one.kind, one.reason) for one in vendor_failures(aira)} == {("tts", "too_slow"), ("stt", "too_slow")}
