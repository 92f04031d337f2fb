"""The carrier's side of a media stream: Twilio's messages, a packet every 20 ms, the bot's audio played out and its marks returned."""

import asyncio
import base64
import binascii
import json
import time
from collections import deque

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from aira.errors import VendorError
from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE
from aira.voice.simulator.caller import Caller
from aira.voice.tape import Tape

_PACKET_SECONDS = PACKET_SAMPLES / TELEPHONE_RATE
_LONGEST_CALL_SECONDS = 600.0


class Line:
    """One media stream, from its opening until one side closes it."""

    def __init__(self, caller: Caller, *, call_sid: str, stream_sid: str, account_sid: str) -> None:
        self._caller = caller
        self._call_sid = call_sid
        self._stream_sid = stream_sid
        self._account_sid = account_sid
        self.tape = Tape()
        self._marks: deque[tuple[int, str]] = deque()
        self._bot_loud_until = 0
        self._in_sentence = False
        self._started = 0.0
        self._sent = 0

    async def hold(self, url: str, parameters: dict[str, str]) -> bool:
        """Hold the call. True where the server closed the stream, False where the caller hung up.

        Raises VendorError where the server does not take the stream.
        """
        try:
            async with connect(url, max_size=2**20, compression=None, open_timeout=10) as socket:
                await self._open(socket, parameters)
                listening = asyncio.create_task(self._listen(socket))
                try:
                    closed_by_server = await self._talk(socket)
                finally:
                    listening.cancel()
                    (heard,) = await asyncio.gather(listening, return_exceptions=True)
                    if isinstance(heard, VendorError):
                        raise heard
                return closed_by_server
        except (OSError, WebSocketException, TimeoutError) as error:
            raise VendorError(
                f"The media stream could not be opened: {type(error).__name__}.", hint="Is `aira serve-voice` running?"
            ) from None

    async def _open(self, socket: ClientConnection, parameters: dict[str, str]) -> None:
        start = {
            "accountSid": self._account_sid,
            "streamSid": self._stream_sid,
            "callSid": self._call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": TELEPHONE_RATE, "channels": 1},
            "customParameters": parameters,
        }
        await self._send(socket, {"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self._send(socket, {"event": "start", "start": start})
        self._started = time.monotonic()

    async def _talk(self, socket: ClientConnection) -> bool:
        """Send packets until the caller hangs up; True where the server was first."""
        try:
            await self._send_packets(socket)
        except ConnectionClosed:
            return True
        return False

    async def _send_packets(self, socket: ClientConnection) -> None:
        count = 0
        while not self._caller.hangs_up and self._now() < _LONGEST_CALL_SECONDS:
            payload = self._caller.next_packet(self._now(), self._bot_loud_until / TELEPHONE_RATE)
            count += 1
            media = {
                "track": "inbound",
                "chunk": str(count),
                "timestamp": str(round(count * _PACKET_SECONDS * 1000)),
                "payload": base64.b64encode(payload).decode(),
            }
            await self._send(socket, {"event": "media", "media": media})
            self.tape.from_caller(payload)
            await self._return_marks(socket)
            await asyncio.sleep(max(0.0, self._started + count * _PACKET_SECONDS - time.monotonic()))
        await self._send(socket, {"event": "stop", "stop": {"accountSid": self._account_sid, "callSid": self._call_sid}})

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = json.loads(text)
            match message.get("event"):
                case "media":
                    self._play(message["media"]["payload"])
                case "mark":
                    self._marks.append((self.tape.played_until, message["mark"]["name"]))
                    self._in_sentence = False
                case "clear":
                    self._clear()

    def _play(self, payload: str) -> None:
        try:
            packet = base64.b64decode(payload, validate=True)
        except binascii.Error:
            raise VendorError("The server sent audio that is none.") from None
        self.tape.from_bot(packet, continued=self._in_sentence)
        self._in_sentence = True
        if self._caller.hears(self._now(), packet):
            self._bot_loud_until = self.tape.played_until

    def _clear(self) -> None:
        self.tape.clear()
        self._bot_loud_until = min(self._bot_loud_until, self.tape.now)
        self._marks = deque((0, name) for _, name in self._marks)
        self._in_sentence = False
        self._caller.silenced(self._now())

    async def _return_marks(self, socket: ClientConnection) -> None:
        while self._marks and self._marks[0][0] <= self.tape.now:
            _, name = self._marks.popleft()
            await self._send(socket, {"event": "mark", "mark": {"name": name}})

    async def _send(self, socket: ClientConnection, message: dict[str, object]) -> None:
        self._sent += 1
        await socket.send(json.dumps({**message, "sequenceNumber": str(self._sent), "streamSid": self._stream_sid}))

    def _now(self) -> float:
        return time.monotonic() - self._started
