"""Of several purchases of one number at once, one wins; the others are refused and not charged."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest

from aira.core import buy_number, list_numbers, reconcile_numbers
from aira.core.app import Aira
from aira.errors import AiraError, NumberTaken
from aira.model import PhoneNumber
from purchase_books import balances, books, bought
from rentals import funded_wallet

NUMBER = "+14155550123"
RACERS = 6


def _at_once(*acts: Callable[[], object]) -> list[object]:
    """Start all acts together; what each returned or raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except AiraError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


@pytest.fixture
def owners(aira: Aira) -> list[str]:
    """Owners with 100.00 USD each."""
    emails = [f"owner-{number}@example.com" for number in range(RACERS)]
    for email in emails:
        funded_wallet(aira, email=email)
    return emails


def test_of_several_owners_one_gets_the_number(aira: Aira, owners: list[str]) -> None:
    """One wallet pays one month; the others have what they had, and the carrier's record names the winner's row."""
    outcomes = _at_once(*(lambda owner=owner: buy_number(aira, NUMBER, owner=owner) for owner in owners))

    (winner,) = [one for one in outcomes if isinstance(one, PhoneNumber)]
    assert [type(one) for one in outcomes if one is not winner] == [NumberTaken] * (RACERS - 1)
    assert sorted(balances(aira)) == [Decimal("98.85"), *[Decimal(100)] * (RACERS - 1)]
    assert [one.tag for one in aira.carrier.find()] == [f"aira:{winner.id}"]
    assert books(aira) == bought(balance="598.85")


def test_of_several_clicks_with_one_key_all_see_the_same_number(aira: Aira) -> None:
    """The same request sent six times is one purchase."""
    funded_wallet(aira)
    outcomes = _at_once(*[lambda: buy_number(aira, NUMBER, idempotency_key="order 7")] * RACERS)

    assert {one.id if isinstance(one, PhoneNumber) else one for one in outcomes} == {list_numbers(aira)[0].id}
    assert books(aira) == bought()


def test_of_a_purchase_and_a_reconcile_neither_undoes_the_other(aira: Aira) -> None:
    """Reconciling while numbers are bought leaves every one of them bought, charged once and calling us."""
    funded_wallet(aira)
    numbers = [f"+14155550{index}" for index in range(110, 114)]
    buyers = [lambda number=number: buy_number(aira, number) for number in numbers]
    outcomes = _at_once(*buyers, *[lambda: reconcile_numbers(aira, fix=True)] * 2)

    assert [one for one in outcomes if isinstance(one, AiraError)] == []
    assert sorted(books(aira).rented) == [one.phone_number for one in list_numbers(aira)] == numbers
    assert books(aira).charged == [Decimal("1.15")] * 4
