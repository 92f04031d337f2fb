"""One call as Twilio makes it: signed webhooks, their TwiML followed, changed over the REST API in between, the status in the end."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from aira.errors import VendorError
from aira.ports import Webhooks as Addresses
from aira.voice.audio import Samples
from aira.voice.simulator.caller import Caller
from aira.voice.simulator.exchange import Change, Exchange
from aira.voice.simulator.interpreter import Interpreter
from aira.voice.simulator.leg import Clock, Leg, new_sid
from aira.voice.simulator.listening import Go
from aira.voice.simulator.record import CallRecord
from aira.voice.simulator.timeline import Timeline
from aira.voice.simulator.turns import CallerTurn, Person
from aira.voice.simulator.webhook import Limits, RetrievalError, Webhooks, parsed

WITHHELD = "+266696687"
"""What Twilio puts where a caller withholds their number: ANONYMOUS on the keys."""


def addresses_at(url: str) -> Addresses:
    """The webhooks of a voice server of ours at this address."""
    base = f"{url.rstrip('/')}/webhooks/twilio"
    return Addresses(f"{base}/call", f"{base}/fallback", f"{base}/status", f"{base}/sms")


class PhoneCall:
    """A call to a number whose webhooks are `url`, the base of a voice server of ours, or any `Webhooks` of a number at Twilio.

    `utterances` are the caller's turns; `message` is what they leave after a tone, the next turn by default; `hangs_up_after` ends the
    call from the caller's side after so many seconds. `persons` are who answers the numbers and SIP addresses that are dialled, `person`
    stands for any other. `haste` is how many times faster than in life the carrier's own parts go: its voice, ringing, pauses, waiting
    for keys; media streams always keep the pace of speech.
    Without an `exchange`, the account that the webhooks are signed for, the call has one of its own that ends with it.
    """

    def __init__(
        self,
        url: str | Addresses,
        *,
        secret: str = "",
        to_number: str,
        from_number: str | None,
        utterances: Sequence[CallerTurn] = (),
        message: Samples | None = None,
        hangs_up_after: float | None = None,
        person: Person | None = None,
        persons: Mapping[str, Person] | None = None,
        exchange: Exchange | None = None,
        haste: float = 1.0,
        limits: Limits | None = None,
    ) -> None:
        self._addresses = url if isinstance(url, Addresses) else addresses_at(url)
        self._own_exchange = exchange is None
        self._exchange = exchange or Exchange(secret=secret)
        self._message = message
        self._hangs_up_after = hangs_up_after
        self._persons = dict(persons or {})
        self._person = person or Person()
        self._haste = haste
        self._limits = limits or Limits()
        self._caller = Caller(utterances if isinstance(utterances, deque) else deque(utterances))
        self._timeline = Timeline()
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        self.record = CallRecord(new_sid("CA"))
        self._form = {
            "AccountSid": self._exchange.account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.record.call_sid,
            "Direction": "inbound",
            "From": from_number or WITHHELD,
            "To": to_number,
            "Caller": from_number or WITHHELD,
            "Called": to_number,
        }

    async def place(self) -> CallRecord:
        """Ring, talk, hang up. Whatever the server does wrong is in the record's `alerts`, as Twilio's debugger would show it."""
        leg = self._leg()
        loop = asyncio.get_running_loop()

        def change(wanted: Change) -> None:
            loop.call_soon_threadsafe(self._changes.put_nowait, wanted)

        self._exchange.connect(leg.sid, status=lambda: leg.status, change=change)
        try:
            await self._hold(leg)
        finally:
            self._exchange.disconnect(leg.sid)
            await leg.webhooks.close()
            if self._own_exchange:
                self._exchange.close()
        return self.record

    async def _hold(self, leg: Leg) -> None:
        hanging_up = asyncio.create_task(self._hang_up_in_time(leg))
        try:
            await self._follow(leg)
        finally:
            hanging_up.cancel()
            await asyncio.gather(hanging_up, return_exceptions=True)
        self._close(leg)
        if self._addresses.status_callback_url:
            form = {**leg.told(), "CallStatus": leg.status, "CallDuration": str(round(self.record.duration_seconds))}
            with suppress(RetrievalError):
                await leg.webhooks.fetch(self._addresses.status_callback_url, form)

    async def _follow(self, leg: Leg) -> None:
        """Follow the number's TwiML, and from each change over the REST API on that which it names instead."""
        interpreter = Interpreter(leg, fallback_url=self._addresses.voice_fallback_url or None)
        start: Go | Element | None = Go(self._addresses.voice_url, leg.told())
        while start is not None:
            following = asyncio.create_task(interpreter.run(start, base=leg.document_url or self._addresses.voice_url))
            changing = asyncio.create_task(self._changes.get())
            done, _ = await asyncio.wait({following, changing}, return_when=asyncio.FIRST_COMPLETED)
            for task in (following, changing):
                if task not in done:
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
            if following in done:
                following.result()
                return
            start = self._changed(leg, changing.result())

    def _changed(self, leg: Leg, change: Change) -> Go | Element | None:
        """Where a call that was changed goes on; None where it was ended."""
        if change.twiml is not None:
            leg.step("(changed)", "TwiML over the REST API")
            try:
                return parsed(change.twiml.encode(), "")
            except RetrievalError as error:
                leg.alert(error.code, error.message, error.url)
        elif change.url is not None:
            leg.step("(changed)", change.url)
            return Go(urljoin(self._addresses.voice_url, change.url), leg.told(), change.method)
        else:
            leg.step("(ended)", "over the REST API")
        self.record.ended_by = "server"
        return None

    async def _hang_up_in_time(self, leg: Leg) -> None:
        if self._hangs_up_after is not None:
            await asyncio.sleep(self._hangs_up_after)
            leg.hang_up.set()

    def _close(self, leg: Leg) -> None:
        record, caller = self.record, self._caller
        record.duration_seconds = round(leg.clock(), 1)
        if leg.status in ("ringing", "in-progress"):
            leg.status = "completed" if leg.status == "in-progress" else "failed" if record.ended_by == "carrier" else "no-answer"
        record.status = leg.status
        record.greeting_ms, record.delays_ms, record.cut_in_ms = caller.greeting_ms, caller.delays_ms, caller.cut_in_ms
        unanswered = bool(record.bot) and caller.awaits_answer
        record.longest_silence_seconds = round(self._timeline.longest_silence(leg.clock() if unanswered else None), 2)
        record.recording = self._timeline.wav()

    def _leg(self) -> Leg:
        clock = Clock(self._haste)
        webhooks = Webhooks(self._exchange.secret, limits=self._limits, clock=clock, noted=self.record.requests.append)
        shared = (self.record, webhooks, self._exchange, clock, self._timeline, self._who)
        return Leg(self._form, self._caller, *shared, message=self._message)

    def _who(self, address: str) -> Person:
        return self._persons.get(address, self._person)


def must_have_been_answered(record: CallRecord) -> None:
    """Raise VendorError, with what to do, where the server has not answered the call as a voice server does."""
    if record.ended_by != "carrier" or record.steps:
        return
    first = record.requests[0]
    if first.status is None:
        raise VendorError("The voice server cannot be reached.", hint="Start it with `aira serve-voice`.")
    if first.status == 403:
        raise VendorError(
            "The voice server does not accept the signature.", hint="Use the same TWILIO_AUTH_TOKEN or AIRA_HOME as the server."
        )
    raise VendorError(f"The voice server answered with status {first.status} and no TwiML.")
