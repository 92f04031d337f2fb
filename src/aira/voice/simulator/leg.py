"""One end of a call: who it is, what is still to be said or pressed there, and how time passes for it."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aira.voice.audio import Samples
from aira.voice.simulator.caller import Caller
from aira.voice.simulator.exchange import Exchange
from aira.voice.simulator.record import Alert, CallRecord, Step
from aira.voice.simulator.timeline import Timeline
from aira.voice.simulator.turns import Person
from aira.voice.simulator.webhook import Webhooks

WORDS_A_SECOND = 2.5
"""Pace of the carrier's own voice."""


class Clock:
    """Seconds since a call began. The carrier's own parts (its voice, ringing, pauses) go `haste` times as fast as in life."""

    def __init__(self, haste: float) -> None:
        self.haste = haste
        self._began = time.monotonic()

    def __call__(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._began


@dataclass
class Leg:
    """One end of a call, as its TwiML is followed there."""

    form: dict[str, str]
    """What every webhook is told."""
    caller: Caller
    record: CallRecord
    webhooks: Webhooks
    exchange: Exchange
    clock: Clock
    timeline: Timeline
    persons: Callable[[str], Person]
    """Who answers a number or SIP address."""
    is_main: bool = True
    message: Samples | None = None
    """What is left after a tone; None for the next turn."""
    hang_up: asyncio.Event = field(default_factory=asyncio.Event)
    document_url: str = ""
    status: str = "ringing"

    @property
    def sid(self) -> str:
        """The leg's CallSid."""
        return self.form["CallSid"]

    @property
    def over(self) -> bool:
        """Whether this end has hung up."""
        return self.hang_up.is_set() or self.caller.hangs_up

    def told(self, **more: str) -> dict[str, str]:
        """The form of a webhook, with the call's present status."""
        return {**self.form, "CallStatus": "completed" if self.over else self.status, **more}

    def step(self, verb: str, detail: str = "") -> None:
        """Note a verb of the main leg; verbs on the other one are not the caller's."""
        if self.is_main:
            self.record.steps.append(Step(round(self.clock(), 2), verb, detail))

    def alert(self, code: int, message: str, url: str) -> None:
        """Note what Twilio's debugger would show."""
        self.record.alerts.append(Alert(round(self.clock(), 2), code, message, url))

    async def wait(self, seconds: float, *, sounds: bool = False) -> None:
        """Let time pass at the carrier's pace, until it is over or this end hangs up; `sounds` says that something is heard meanwhile."""
        began = self.clock()
        try:
            await asyncio.wait_for(self.hang_up.wait(), seconds / self.clock.haste)
        except TimeoutError:
            pass
        finally:
            if sounds and self.is_main:
                self.timeline.add_voice(began, self.clock())


def new_sid(prefix: str) -> str:
    """A fresh identifier in Twilio's form: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)
