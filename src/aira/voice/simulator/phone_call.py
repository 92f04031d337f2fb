"""One call as a carrier makes it: signed webhooks, their TwiML followed verb by verb, callbacks, and the status in the end."""

import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

import httpx

from aira.errors import VendorError
from aira.voice.audio import Samples
from aira.voice.signatures import HEADER, sign
from aira.voice.simulator.caller import Caller, Utterance, longest_silence
from aira.voice.simulator.line import Line

_CALL_PATH = "/webhooks/twilio/call"
_STATUS_PATH = "/webhooks/twilio/status"
_MOST_DOCUMENTS = 20
_ENDINGS = {"Hangup", "Reject"}


@dataclass
class CallRecord:
    """What a simulated call was like, from the caller's side."""

    call_sid: str
    verbs: list[str] = field(default_factory=list)
    """The TwiML verbs that were followed, in order."""
    carrier_said: list[str] = field(default_factory=list)
    """Sentences of the carrier's own voice."""
    dialled: str | None = None
    """Whom the call was transferred to."""
    webhook_ms: list[float] = field(default_factory=list)
    greeting_ms: float | None = None
    delays_ms: list[float] = field(default_factory=list)
    cut_in_ms: list[float] = field(default_factory=list)
    underrun_ms: float = 0.0
    longest_silence_seconds: float = 0.0
    duration_seconds: float = 0.0
    bot: list[Samples] = field(default_factory=list)
    """The bot's side of each media stream, as the caller heard it."""
    recording: bytes | None = None
    """The last media stream as a stereo WAV: caller left, bot right."""


class PhoneCall:
    """A call to a number whose webhooks lead to `url`, signed with the carrier's `secret`.

    `answers` is whether the person answers whom the call is transferred to.
    """

    def __init__(
        self, url: str, *, secret: str, to_number: str, from_number: str | None, utterances: Sequence[Utterance], answers: bool = False
    ) -> None:
        self._url = url
        self._secret = secret
        self._account_sid = f"AC{secrets.token_hex(16)}"
        self._answers = answers
        self._caller = Caller(utterances if isinstance(utterances, deque) else deque(utterances))
        self._hung_up = False
        self.record = CallRecord(f"CA{secrets.token_hex(16)}")
        self._form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.record.call_sid,
            "Direction": "inbound",
            "From": from_number or "+266696687",
            "To": to_number,
        }

    async def place(self) -> CallRecord:
        """Ring, talk, hang up. Raises VendorError where the server does not answer as a voice server does."""
        started = time.monotonic()
        async with httpx.AsyncClient(timeout=15) as client:
            self._client = client
            document: Element | None = await self._ask(_CALL_PATH, {"CallStatus": "ringing"})
            for _ in range(_MOST_DOCUMENTS):
                if document is None:
                    break
                document = await self._follow(document)
            self.record.duration_seconds = round(time.monotonic() - started, 1)
            await self._ask(_STATUS_PATH, {"CallStatus": "completed", "CallDuration": str(round(self.record.duration_seconds))})
        self.record.greeting_ms = self._caller.greeting_ms
        self.record.delays_ms = self._caller.delays_ms
        self.record.cut_in_ms = self._caller.cut_in_ms
        return self.record

    async def _follow(self, document: Element) -> Element | None:
        """Do what the document says; returns the next one, None where the call is over."""
        for verb in document:
            self.record.verbs.append(verb.tag)
            if verb.tag in _ENDINGS or self._hung_up:
                return None
            if verb.tag == "Say":
                self.record.carrier_said.append("".join(verb.itertext()))
            elif verb.tag == "Redirect":
                return await self._ask(verb.text or "", {"CallStatus": "in-progress"})
            elif (result := await self._do(verb)) is not None and verb.get("action"):
                return await self._ask(verb.get("action", ""), result)
        return None

    async def _do(self, verb: Element) -> dict[str, str] | None:
        """Carry a verb out; returns what its action is told, None for verbs without one."""
        if verb.tag == "Connect":
            return await self._connect(verb)
        if verb.tag == "Dial":
            self.record.dialled = "".join(verb.itertext()).strip()
            return {"CallStatus": "in-progress", "DialCallStatus": "completed" if self._answers else "no-answer"}
        if verb.tag == "Record":
            recording = f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}/Recordings/RE{secrets.token_hex(16)}"
            return {"CallStatus": "in-progress", "RecordingUrl": recording, "RecordingDuration": "5"}
        return None

    async def _connect(self, verb: Element) -> dict[str, str]:
        stream = verb.find("Stream")
        if stream is None:
            raise VendorError("The TwiML connects the call to nothing.")
        parameters = {one.get("name", ""): one.get("value", "") for one in stream.findall("Parameter")}
        stream_sid = f"MZ{secrets.token_hex(16)}"
        line = Line(self._caller, call_sid=self.record.call_sid, stream_sid=stream_sid, account_sid=self._account_sid)
        closed_by_server = await line.hold(stream.get("url", ""), parameters)
        self._hung_up = not closed_by_server
        tape = line.tape
        self.record.bot.append(tape.bot())
        self.record.recording = tape.wav()
        self.record.underrun_ms += round(tape.underrun / 8, 1)
        self.record.longest_silence_seconds = max(self.record.longest_silence_seconds, longest_silence(tape.caller(), tape.bot()))
        return {"CallStatus": "in-progress" if closed_by_server else "completed", "StreamSid": stream_sid}

    async def _ask(self, path: str, more: dict[str, str]) -> Element:
        url = urljoin(self._url, path)
        form = {**self._form, **more}
        started = time.perf_counter()
        try:
            response = await self._client.post(url, data=form, headers={HEADER: sign(self._secret, url, form)})
        except httpx.HTTPError as error:
            raise VendorError(
                f"The voice server cannot be reached: {type(error).__name__}.", hint="Start it with `aira serve-voice`."
            ) from None
        self.record.webhook_ms.append(round((time.perf_counter() - started) * 1000, 1))
        if response.status_code == 403:
            raise VendorError(
                "The voice server does not accept the signature.", hint="Use the same TWILIO_AUTH_TOKEN or AIRA_HOME as the server."
            )
        try:
            return fromstring(response.content)  # noqa: S314  # our own server's answer, size-limited by the client
        except ParseError:
            raise VendorError(f"The voice server answered with status {response.status_code} and no TwiML.") from None
