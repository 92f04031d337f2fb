"""A caller at the wire: the carrier's signed webhooks and media stream, followed by hand, so that a test sees every step.

What is said next is asked of `says` whenever the bot has finished; whatever the carrier does after a stream is the server's TwiML.
"""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from aira.voice.audio import decode_mulaw, loudness
from aira.voice.signatures import HEADER, sign
from aira.voice.simulator.caller import packets
from aira.voice.simulator.caller_voice import spoken

PACKET = 0.02
LOUD = 300.0
POLITE_SECONDS = 0.4
"""Silence after which the caller takes the bot to have finished."""

Says = Callable[[], Awaitable[str | None]]


@dataclass
class WireCaller:
    """One call. `says` gives the next words, `keys 0` for a key, None to hang up.

    `url` is the public address; `stream_at` and `asks_at` are where streams and requests really arrive, where that is elsewhere.
    """

    url: str
    secret: str
    to_number: str
    says: Says
    from_number: str = "+12025550143"
    stream_at: str | None = None
    asks_at: str | None = None
    call_sid: str = field(default_factory=lambda: f"CA{secrets.token_hex(16)}")
    verbs: list[str] = field(default_factory=list)
    recovered_ms: list[float] = field(default_factory=list)
    """From each loss of the line to the first sound after it, the bot's or the carrier's."""
    on_line: asyncio.Event = field(default_factory=asyncio.Event)
    """The bot has been heard."""
    _lost_at: float | None = None
    _bot_until: float = 0.0
    _hung_up: bool = False

    async def place(self) -> None:
        """Ring and follow what the server says until the call is over."""
        async with httpx.AsyncClient(timeout=15) as self._client:
            document: Element | None = await self._ask("/webhooks/twilio/call", CallStatus="ringing")
            while document is not None:
                document = await self._follow(document)
            await self._ask("/webhooks/twilio/status", CallStatus="completed", CallDuration="30")

    async def _follow(self, document: Element) -> Element | None:
        for verb in document:
            self.verbs.append(verb.tag)
            if verb.tag == "Connect":
                await self._connect(verb)
                if self._hung_up:
                    return None
                return await self._ask(verb.get("action", ""), CallStatus="in-progress")
            if verb.tag == "Dial":
                return await self._ask(verb.get("action", ""), DialCallStatus="completed")
            if verb.tag in {"Say", "Record"}:
                self._sounds()
            if verb.tag == "Record":
                return await self._ask(verb.get("action", ""), RecordingUrl="https://api.twilio.com/RE1", RecordingDuration="5")
        return None

    async def _connect(self, verb: Element) -> None:
        (stream,) = verb.findall("Stream")
        parameters = {one.get("name", ""): one.get("value", "") for one in stream.findall("Parameter")}
        with suppress(OSError, WebSocketException):
            url = stream.get("url", "")
            if self.stream_at is not None:
                url = self.stream_at.replace("http", "ws") + urlsplit(url).path
            async with connect(url, compression=None, open_timeout=10) as socket:
                start = {"streamSid": "MZ1", "callSid": self.call_sid, "customParameters": parameters}
                await socket.send(json.dumps({"event": "connected"}))
                await socket.send(json.dumps({"event": "start", "start": start}))
                await self._talk(socket)
        if not self._hung_up:
            self._lost_at = time.monotonic()

    async def _talk(self, socket: ClientConnection) -> None:
        listening = asyncio.create_task(self._listen(socket))
        self._due = time.monotonic()
        self._bot_until = self._due + 5.0  # it speaks first
        try:
            while True:
                await self._wait_for_bot(socket)
                words = await self.says()
                if words is None:
                    self._hung_up = True
                    await socket.send(json.dumps({"event": "stop", "stop": {"callSid": self.call_sid}}))
                    return
                self._bot_until = time.monotonic() + 30.0
                await self._say(socket, words)
                self._bot_until = time.monotonic() + 5.0
        except ConnectionClosed:
            return
        finally:
            listening.cancel()

    async def _say(self, socket: ClientConnection, words: str) -> None:
        if words.startswith("keys "):
            for key in words.removeprefix("keys "):
                await socket.send(json.dumps({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": key}}))
            return
        for packet in packets(spoken(words)):
            await self._send(socket, packet)

    async def _wait_for_bot(self, socket: ClientConnection) -> None:
        while time.monotonic() < self._bot_until + POLITE_SECONDS:
            await self._send(socket, b"\xff" * 160)

    async def _send(self, socket: ClientConnection, packet: bytes) -> None:
        await socket.send(json.dumps({"event": "media", "media": {"payload": base64.b64encode(packet).decode()}}))
        self._due = max(self._due + PACKET, time.monotonic() - 1.0)
        await asyncio.sleep(max(0.0, self._due - time.monotonic()))

    async def _listen(self, socket: ClientConnection) -> None:
        played_until = 0.0
        with suppress(ConnectionClosed):
            async for text in socket:
                message = json.loads(text)
                now = time.monotonic()
                if message["event"] == "media":
                    packet = base64.b64decode(message["media"]["payload"])
                    played_until = max(now, played_until) + len(packet) / 8000
                    if loudness(decode_mulaw(packet)) > LOUD:
                        self._bot_until = played_until
                        self._sounds()
                elif message["event"] == "mark":
                    asyncio.get_running_loop().call_later(
                        max(0.0, played_until - now), lambda text=text: asyncio.ensure_future(_answer(socket, text))
                    )
                elif message["event"] == "clear":
                    played_until = now

    def _sounds(self) -> None:
        self.on_line.set()
        if self._lost_at is not None:
            self.recovered_ms.append((time.monotonic() - self._lost_at) * 1000)
            self._lost_at = None

    async def _ask(self, path: str, **more: str) -> Element:
        """What the server answers; where it does not, the number's fallback is asked, as the carrier does."""
        url = path if path.startswith("http") else self.url + path
        try:
            return await self._post(url, more)
        except httpx.TransportError:
            if "/status" in url:
                return Element("Response")
            self._lost_at = self._lost_at or time.monotonic()
            return await self._post(f"{self.url}/webhooks/twilio/fallback", {"ErrorCode": "11200", "ErrorUrl": url})

    async def _post(self, url: str, more: dict[str, str]) -> Element:
        where = url if self.asks_at is None else self.asks_at + urlsplit(url).path
        form = {"CallSid": self.call_sid, "From": self.from_number, "To": self.to_number, **more}
        response = await self._client.post(where, data=form, headers={HEADER: sign(self.secret, url, form)})
        return fromstring(response.content)


async def _answer(socket: ClientConnection, mark: str) -> None:
    with suppress(ConnectionClosed):
        await socket.send(mark)
