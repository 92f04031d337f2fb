"""A purchase whose process is killed at any step costs nobody a cent or a number: reconcile ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import purchase_process
from aira.adapters.twilio import TwilioCarrier
from aira.core import buy_number, list_numbers, reconcile_numbers
from aira.core.app import Aira
from aira.core.lines import line_webhooks, tag_of
from aira.settings import Settings
from doubles import FrozenClock
from purchase_books import books, bought, given_up, under_way, untouched
from purchase_process import KEY, POINTS
from rentals import funded_wallet
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

NUMBER = "+14155550123"

AFTER_THE_KILL = {
    "before_intent": untouched(),
    "before_look": under_way(),
    "before_post": under_way(),
    "after_post": under_way(NUMBER),
    "before_completion": under_way(NUMBER),
    "after_completion": bought(),
}
AFTER_RECONCILE = {
    "before_intent": untouched(),
    "before_look": given_up(),
    "before_post": given_up(),
    "after_post": bought(),
    "before_completion": bought(),
    "after_completion": bought(),
}


@pytest.fixture(params=["simulated", "twilio"])
def scene(request: pytest.FixtureRequest, aira: Aira) -> Iterator[Aira]:
    """A handle whose carrier outlives the process that buys; its owner has 100.00 USD."""
    funded_wallet(aira)
    if request.param == "simulated":
        yield aira
        return
    with TwilioServer() as server:
        settings = Settings(
            aira_home=aira.settings.aira_home,
            aira_carrier="twilio",
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=AUTH_TOKEN,
            twilio_api_url=server.url,
        )
        yield replace(aira, settings=settings, carrier=TwilioCarrier(settings))


def _die_while_buying(aira: Aira, point: str, folder: Path) -> None:
    settings = aira.settings
    twilio = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_API_URL": settings.twilio_api_url or ""}
    environment = {**os.environ, "PYTHONPATH": str(Path(purchase_process.__file__).parent), "AIRA_CARRIER": settings.aira_carrier, **twilio}
    command = [sys.executable, purchase_process.__file__, aira.database.url, NUMBER, point]
    died = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)

    assert died.returncode == -signal.SIGKILL, died.stderr


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_step_and_reconciled(scene: Aira, clock: FrozenClock, tmp_path: Path, point: str) -> None:
    """The money is held or spent but never gone; one reconcile ends in a number paid once, or in no number and no charge."""
    _die_while_buying(scene, point, tmp_path)
    left = books(scene)
    clock.move(minutes=2)
    reconciled = reconcile_numbers(scene)

    assert left == AFTER_THE_KILL[point]
    assert books(scene) == AFTER_RECONCILE[point]
    assert reconciled.unfinished == []


@pytest.mark.parametrize("point", ["before_look", "after_post", "before_completion"])
def test_killed_and_repeated(scene: Aira, tmp_path: Path, point: str) -> None:
    """The same command with the same key ends the purchase, whatever was done of it."""
    _die_while_buying(scene, point, tmp_path)
    buy_number(scene, NUMBER, idempotency_key=KEY)

    assert books(scene) == bought()


@pytest.mark.parametrize("point", ["after_post", "before_completion"])
def test_killed_after_the_purchase_and_reconciled_at_once(scene: Aira, tmp_path: Path, point: str) -> None:
    """A number that is there needs no waiting: it is completed in the first second."""
    _die_while_buying(scene, point, tmp_path)
    reconcile_numbers(scene)

    assert books(scene) == bought()


def test_killed_before_the_purchase_and_reconciled_at_once(scene: Aira, tmp_path: Path) -> None:
    """A number that is not there may still come: the money stays held, and reconcile says that it is not done."""
    _die_while_buying(scene, "before_post", tmp_path)
    reconciled = reconcile_numbers(scene)

    assert books(scene) == under_way()
    assert [finding.outcome for finding in reconciled.unfinished] == ["waiting"]


def test_carried_out_after_it_was_given_up(scene: Aira, clock: FrozenClock, tmp_path: Path) -> None:
    """A number that arrives after its purchase was given up is not charged, and is given back."""
    _die_while_buying(scene, "before_post", tmp_path)
    clock.move(minutes=2)
    reconcile_numbers(scene)
    (number,) = list_numbers(scene, ended=True)
    scene.carrier.buy(NUMBER, tag=tag_of(number.id), webhooks=line_webhooks(scene))
    late = books(scene)
    found = reconcile_numbers(scene)
    fixed = reconcile_numbers(scene, fix=True)

    assert late == replace(given_up(), rented=[NUMBER])
    assert [(finding.kind, finding.outcome) for finding in found.findings] == [("late_orphan", "fixable")]
    assert [(finding.kind, finding.outcome) for finding in fixed.findings] == [("late_orphan", "fixed")]
    assert books(scene) == replace(given_up(), numbers=["released"])
