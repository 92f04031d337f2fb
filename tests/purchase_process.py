"""One purchase in a process of its own that dies at a given point: `python purchase_process.py DATABASE_URL NUMBER POINT`.

The process kills itself with SIGKILL through the roles that the purchase plays against, the carrier and the clock, so the
code under test is the code that ships. The carrier is the one that the environment names.
"""

import os
import signal
import sys
from dataclasses import replace
from datetime import datetime
from typing import Any

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.adapters.twilio import TwilioCarrier
from aira.core.app import Aira
from aira.core.db import Database
from aira.core.purchases import buy_number
from aira.model import NumberSearch
from aira.ports import Carrier, CarrierAccount, CarrierNumber, CarrierOffer, Webhooks
from aira.settings import Settings, load_settings
from doubles import FrozenClock

POINTS = ("before_intent", "before_look", "before_post", "after_post", "before_completion", "after_completion")
KEY = "order 7"


class MortalCarrier:
    """A carrier during whose work the process may die."""

    def __init__(self, carrier: Carrier, clock: "MortalClock", point: str) -> None:
        self._carrier = carrier
        self._clock = clock
        self._point = point
        self.provider = carrier.provider
        self.public_webhooks = carrier.public_webhooks

    @property
    def account(self) -> CarrierAccount:
        """Our account with the carrier."""
        return self._carrier.account

    def search(self, wanted: NumberSearch) -> list[CarrierOffer]:
        """Numbers for rent."""
        return self._carrier.search(wanted)

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """The look before the purchase."""
        die_if(self._point == "before_look")
        return self._carrier.find(phone_number=phone_number, tag=tag)

    def buy(
        self, phone_number: str, *, tag: str, webhooks: Webhooks, address_sid: str | None = None, bundle_sid: str | None = None
    ) -> CarrierNumber:
        """The purchase."""
        die_if(self._point == "before_post")
        bought = self._carrier.buy(phone_number, tag=tag, webhooks=webhooks, address_sid=address_sid, bundle_sid=bundle_sid)
        die_if(self._point == "after_post")
        self._clock.deadly = self._point == "before_completion"
        return bought

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Not part of a purchase."""
        return self._carrier.configure(sid, webhooks=webhooks, tag=tag)

    def release(self, sid: str) -> None:
        """Not part of a purchase."""
        self._carrier.release(sid)


class MortalClock(FrozenClock):
    """A clock that is asked within transactions; once deadly, whoever asks dies in the middle of one."""

    deadly = False

    def now(self) -> datetime:
        """The instant, or the end."""
        die_if(self.deadly)
        return super().now()


def die_if(condition: bool) -> None:
    """Be gone at once, without a chance to tidy up."""
    if condition:
        os.kill(os.getpid(), signal.SIGKILL)


def purchase_handle(database: Database, settings: Settings, clock: FrozenClock) -> Aira:
    """A handle with what a purchase needs."""
    carrier = TwilioCarrier(settings) if settings.aira_carrier == "twilio" else SimulatedCarrier(database.url)
    rest: Any = None
    return Aira(
        settings=settings,
        database=database,
        carrier=carrier,
        index=rest,
        embedder=rest,
        files=rest,
        mailer=rest,
        texter=None,
        recordings=rest,
        clock=clock,
    )


def main(url: str, number: str, point: str) -> None:
    """Buy the number, or die at the point."""
    clock = MortalClock()
    clock.deadly = point == "before_intent"
    aira = purchase_handle(Database(url), load_settings(), clock)
    buy_number(replace(aira, carrier=MortalCarrier(aira.carrier, clock, point)), number, idempotency_key=KEY)
    die_if(point == "after_completion")


if __name__ == "__main__":
    main(*sys.argv[1:])
