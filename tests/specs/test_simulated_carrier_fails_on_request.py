"""The simulated carrier keeps its books apart from ours, and fails in every way that an operator wants to see."""

from dataclasses import replace

import pytest

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.core import rehearse_carrier
from aira.core.app import Aira
from aira.core.lines import line_webhooks
from aira.errors import AiraError, DatabaseError, InvalidInput, OutcomeUnknown, Refused, SchemaOutdated
from aira.model import NumberSearch
from carrier_scenes import twilio_scene
from twilio_server import TwilioServer

NUMBER = "+14155550123"


def test_its_acts_are_committed_whatever_ours_do(aira: Aira) -> None:
    """A number bought within a transaction of ours that is rolled back stays bought, as it would at a vendor."""
    with aira.database.transaction(dry_run=True):
        aira.carrier.buy(NUMBER, tag="aira:1", webhooks=line_webhooks(aira))

    assert [one.phone_number for one in aira.carrier.find()] == [NUMBER]


def test_a_rehearsal_is_over_after_as_many_acts_as_were_asked_for(aira: Aira) -> None:
    """Two failures, then all is well; other operations were never touched."""
    rehearse_carrier(aira, "drop-before", operation="release", times=2)
    outcomes = [_outcome(aira) for _ in range(3)]

    assert outcomes == [OutcomeUnknown, OutcomeUnknown, None]
    assert len(aira.carrier.search(NumberSearch(limit=1))) == 1


@pytest.mark.parametrize(
    "wish",
    [{"kind": "explode"}, {"kind": "slow", "operation": "dial"}, {"kind": "slow", "times": 0}, {"kind": "slow", "delay_ms": 60_001}],
)
def test_what_cannot_be_rehearsed_is_refused(aira: Aira, wish: dict[str, str]) -> None:
    """Unknown failures, unknown operations and endless delays are usage errors."""
    with pytest.raises(InvalidInput):
        rehearse_carrier(aira, **wish)


def test_a_real_carrier_does_not_fail_on_request(aira: Aira) -> None:
    """Rehearsals are for the simulated carrier."""
    with TwilioServer() as server, pytest.raises(Refused) as caught:
        rehearse_carrier(replace(aira, carrier=twilio_scene(server).carrier), "slow")
    assert caught.value.reason == "not_simulated"


def test_a_database_without_its_tables_is_named_as_such(empty_database_url: str) -> None:
    """The remedy is a migration."""
    with pytest.raises(SchemaOutdated):
        SimulatedCarrier(empty_database_url).find()


def test_a_database_that_is_gone_is_named_as_such() -> None:
    """The records of the simulated carrier are in the database."""
    with pytest.raises(DatabaseError):
        SimulatedCarrier("postgresql://postgres@127.0.0.1:1/aira").find()


def _outcome(aira: Aira) -> type[AiraError] | None:
    try:
        aira.carrier.release("PN0")
    except AiraError as error:
        return type(error)
    return None
