"""Years of billing, with races, kills, gaps, month ends and poor wallets, come out as a small model says, to the cent."""

from dataclasses import replace

import pytest

from aira.core.app import Aira
from billing_model import live_through
from doubles import FrozenClock
from rentals import CarrierOfReleases, run_sql


@pytest.mark.parametrize("seed", [1, 2])
def test_three_years_equal_the_model(aira: Aira, clock: FrozenClock, seed: int) -> None:
    """Forty numbers for thirty-six months; three runs are raced by processes one of which is killed."""
    aira = replace(aira, carrier=CarrierOfReleases())

    differences = live_through(aira, clock, numbers=40, months=36, seed=seed, races=3)

    assert differences == []
    assert run_sql(aira, "select count(distinct status) > 1 from public.business_numbers") is True
