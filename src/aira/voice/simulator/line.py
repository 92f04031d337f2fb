"""The carrier's side of a media stream: Twilio's messages, a packet every 20 ms, the bot's audio played out and its marks returned."""

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from aira.errors import VendorError
from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE
from aira.voice.simulator.caller import Caller
from aira.voice.tape import Tape

OPEN_SECONDS = 10.0
"""How long a server may take to accept a stream."""

_PACKET_SECONDS = PACKET_SAMPLES / TELEPHONE_RATE
_LONGEST_CALL_SECONDS = 600.0
_GOOD_CLOSES = {1000, 1001}


class StreamEnd(StrEnum):
    """Who or what ended a media stream."""

    CALLER = "caller"
    SERVER = "server"
    LOST = "lost"
    """The connection broke without a closing handshake, or the server closed it for an error."""
    CHANGED = "changed"
    """The call was given other TwiML over the REST API."""


class Line:
    """One media stream, from its opening until one side closes it.

    `clock` is the call's, in seconds; `hang_up` is set when the caller hangs up; `alert` is told what the server sends amiss.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        call_sid: str,
        stream_sid: str,
        account_sid: str,
        clock: Callable[[], float] = time.monotonic,
        hang_up: asyncio.Event | None = None,
        alert: Callable[[str], object] = lambda message: None,
    ) -> None:
        self._caller = caller
        self._sids = {"accountSid": account_sid, "callSid": call_sid}
        self._stream_sid = stream_sid
        self._clock = clock
        self._hang_up = hang_up or asyncio.Event()
        self._alert = alert
        self.tape = Tape()
        self.began = 0.0
        """When the stream began, on the call's clock."""
        self.underruns: list[tuple[float, float]] = []
        """Holes in the bot's speech: when on the call's clock, and how many milliseconds."""
        self._marks: deque[tuple[int, str]] = deque()
        self._bot_loud_until = 0
        self._in_sentence = False
        self._sent = 0
        self._paced_from = 0.0

    async def hold(self, url: str, parameters: dict[str, str], *, headers: dict[str, str] | None = None) -> StreamEnd:
        """Hold the call until the stream ends. Raises VendorError where the server does not take the stream."""
        try:
            socket = await connect(url, max_size=2**20, compression=None, open_timeout=OPEN_SECONDS, additional_headers=headers)
        except (OSError, WebSocketException, TimeoutError, ValueError) as error:
            raise VendorError(
                f"The media stream could not be opened: {type(error).__name__}.", hint="Is `aira serve-voice` running?"
            ) from None
        try:
            return await self._talk(socket, parameters)
        except asyncio.CancelledError:
            await self._stop(socket)
            raise
        finally:
            await socket.close()

    async def _talk(self, socket: ClientConnection, parameters: dict[str, str]) -> StreamEnd:
        listening: asyncio.Task[None] | None = None
        try:
            await self._open(socket, parameters)
            listening = asyncio.create_task(self._listen(socket))
            await self._send_packets(socket)
        except ConnectionClosed as closed:
            self._caller_loses_unless_closed(closed)
            return StreamEnd.SERVER if _closed_well(closed) else StreamEnd.LOST
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        return StreamEnd.CALLER

    def _caller_loses_unless_closed(self, closed: ConnectionClosed) -> None:
        if not _closed_well(closed):
            self._caller.line_lost()

    async def _open(self, socket: ClientConnection, parameters: dict[str, str]) -> None:
        start = {
            **self._sids,
            "streamSid": self._stream_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": TELEPHONE_RATE, "channels": 1},
            "customParameters": parameters,
        }
        await self._send(socket, {"event": "connected", "protocol": "Call", "version": "1.0.0"})
        self.began = self._clock()
        self._paced_from = time.monotonic()
        self._caller.line_opens(self.began)
        await self._send(socket, {"event": "start", "start": start})

    async def _send_packets(self, socket: ClientConnection) -> None:
        count = 0
        while not (self._caller.hangs_up or self._hang_up.is_set()) and count * _PACKET_SECONDS < _LONGEST_CALL_SECONDS:
            count += 1
            now = self._clock()
            await self._send_packet(socket, count, self._caller.next_packet(now, self._heard_at(self._bot_loud_until)))
            if (key := self._caller.next_key(now)) is not None:
                await self._send(socket, {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": key}})
            await self._return_marks(socket)
            await asyncio.sleep(max(0.0, self._paced_from + count * _PACKET_SECONDS - time.monotonic()))
        await self._stop(socket)

    async def _send_packet(self, socket: ClientConnection, count: int, payload: bytes) -> None:
        media = {
            "track": "inbound",
            "chunk": str(count),
            "timestamp": str(round(count * _PACKET_SECONDS * 1000)),
            "payload": base64.b64encode(payload).decode(),
        }
        await self._send(socket, {"event": "media", "media": media})
        self.tape.from_caller(payload)
        if self._caller.speaks and self.tape.now > self.tape.played_until:
            self._in_sentence = False  # what the bot says next is an answer, and the time before it no hole

    async def _stop(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            await self._send(socket, {"event": "stop", "stop": self._sids})

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            try:
                self._take(json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError):
                self._alert("Stream - Protocol - Invalid Message")

    def _take(self, message: dict[str, Any]) -> None:
        if message["streamSid"] != self._stream_sid:
            raise ValueError("of another stream")
        match message["event"]:
            case "media":
                self._play(base64.b64decode(message["media"]["payload"], validate=True))
            case "mark":
                self._marks.append((self.tape.played_until, str(message["mark"]["name"])))
                self._in_sentence = False
            case "clear":
                self._clear()
            case other:
                raise ValueError(f"{other} may not be sent")

    def _play(self, packet: bytes) -> None:
        before = self.tape.underrun
        self.tape.from_bot(packet, continued=self._in_sentence)
        if (hole := self.tape.underrun - before) > 0:
            self.underruns.append((round(self._heard_at(self.tape.now - hole), 2), round(hole * 1000 / TELEPHONE_RATE, 1)))
        self._in_sentence = True
        if self._caller.hears(self._clock(), packet):
            self._bot_loud_until = self.tape.played_until

    def _clear(self) -> None:
        self.tape.clear()
        self._bot_loud_until = min(self._bot_loud_until, self.tape.now)
        self._marks = deque((0, name) for _, name in self._marks)
        self._in_sentence = False
        self._caller.silenced(self._clock())

    async def _return_marks(self, socket: ClientConnection) -> None:
        while self._marks and self._marks[0][0] <= self.tape.now:
            _, name = self._marks.popleft()
            await self._send(socket, {"event": "mark", "mark": {"name": name}})

    async def _send(self, socket: ClientConnection, message: dict[str, object]) -> None:
        self._sent += 1
        await socket.send(json.dumps({**message, "sequenceNumber": str(self._sent), "streamSid": self._stream_sid}))

    def _heard_at(self, sample: int) -> float:
        return self.began + sample / TELEPHONE_RATE


def _closed_well(closed: ConnectionClosed) -> bool:
    """Whether the server closed the stream as one does that has finished."""
    return closed.rcvd is not None and closed.rcvd.code in _GOOD_CLOSES
