"""Whatever the carrier answers or fails to answer, a purchase ends in a number paid once, or in no number and no charge."""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aira.core import buy_number, list_numbers, reconcile_numbers, verify_wallet
from aira.core.app import Aira
from aira.core.db import fetch_all
from aira.core.lines import tag_of
from aira.errors import AiraError
from aira.model import NumberStatus
from carrier_scenes import Scene, simulated_scene, twilio_scene
from doubles import FrozenClock
from purchase_books import books, bought, given_up
from rentals import funded_wallet
from twilio_server import TwilioServer

NUMBER = "+14155550123"

ENDS = {
    "drop_before": given_up(),
    "drop_after": bought(),
    "error_after": bought(),
    "timeout": bought(),
    "rate_limited": given_up(),
    "unauthorized": given_up(),
    "suspended": given_up(),
}
_CHARGES_SQL = """
select n.id, count(c.id) as months from public.business_numbers n
left join public.number_charges c on c.business_number_id = n.id and c.status = 'paid' group by n.id
"""


@pytest.fixture(params=["simulated", "twilio"])
def scene(request: pytest.FixtureRequest, database_url: str) -> Iterator[Scene]:
    """A carrier that fails on request."""
    if request.param == "simulated":
        yield simulated_scene(database_url)
    else:
        with TwilioServer() as server:
            yield twilio_scene(server)


@pytest.fixture
def buyer(aira: Aira, scene: Scene) -> Aira:
    """The handle on that carrier; its owner has 100.00 USD."""
    funded_wallet(aira)
    return replace(aira, carrier=scene.carrier)


@pytest.mark.parametrize("kind", ENDS)
def test_after_one_reconcile_the_books_agree(buyer: Aira, scene: Scene, clock: FrozenClock, kind: str) -> None:
    """Refused, dropped, broken or timed out: one reconcile later both sides know the same."""
    scene.fail("buy", kind)
    with contextlib.suppress(AiraError):
        buy_number(buyer, NUMBER)
    clock.move(minutes=2)
    reconciled = reconcile_numbers(buyer, fix=True)

    assert reconciled.unfinished == []
    assert books(buyer) == ENDS[kind]


@pytest.mark.parametrize("operation", ["find", "buy"])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "timeout"])
def test_a_carrier_that_has_recovered_sells_the_number(buyer: Aira, scene: Scene, clock: FrozenClock, operation: str, kind: str) -> None:
    """After the trouble the same number can be bought; whatever happened before is not charged twice."""
    scene.fail(operation, kind, times=scene.tries if operation == "find" else 1)
    with contextlib.suppress(AiraError):
        buy_number(buyer, NUMBER, idempotency_key="first")
    clock.move(minutes=2)
    reconcile_numbers(buyer, fix=True)
    if not list_numbers(buyer):
        buy_number(buyer, NUMBER, idempotency_key="second")

    assert (books(buyer).charged, books(buyer).rented) == (bought().charged, bought().rented)


@pytest.mark.parametrize("seed", range(3))
def test_any_mix_of_failures_ends_with_both_sides_agreeing(aira: Aira, clock: FrozenClock, seed: int) -> None:
    """Twenty purchases with failures drawn at random at every step: each is paid once and rented, or neither."""
    funded_wallet(aira)
    dice = random.Random(seed)
    trouble = simulated_scene(aira.database.url)
    for index in range(20):
        for operation in dice.choices(["find", "buy", "configure", "release"], k=2):
            trouble.fail(operation, dice.choice([*ENDS, "slow"]), times=1)
        with contextlib.suppress(AiraError):
            buy_number(aira, f"+14155550{100 + index // 2}", idempotency_key=f"order {index // dice.choice([1, 2])}")
        clock.move(seconds=dice.choice([1, 90, 200]))
        with contextlib.suppress(AiraError):
            reconcile_numbers(aira, fix=True)
    _end_all_trouble(aira, clock)

    rented = {one.tag for one in aira.carrier.find()}
    assert {tag_of(one.id) for one in list_numbers(aira, ended=True) if one.status is NumberStatus.ACTIVE} == rented
    assert {one.status for one in list_numbers(aira, ended=True)} <= {NumberStatus.ACTIVE, NumberStatus.FAILED, NumberStatus.RELEASED}
    assert _months(aira) == {tag: tag in rented for tag in _months(aira)}
    assert verify_wallet(aira).problems == []
    assert books(aira).held == 0


def _end_all_trouble(aira: Aira, clock: FrozenClock) -> None:
    """The carrier is well again, and reconcile runs twice: once to settle, once for what arrived late."""
    with aira.database.transaction() as connection:
        connection.execute("delete from simulated_carrier.faults")
    clock.move(minutes=2)
    reconcile_numbers(aira, fix=True)
    reconcile_numbers(aira, fix=True)


def _months(aira: Aira) -> dict[str, bool]:
    """By tag, whether a row was charged; more than one month of one row fails."""
    with aira.database.transaction() as connection:
        rows = fetch_all(connection, dict, _CHARGES_SQL)
    assert all(row["months"] <= 1 for row in rows)
    return {tag_of(row["id"]): row["months"] == 1 for row in rows}
