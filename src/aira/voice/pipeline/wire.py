"""Twilio's media messages on one side, frames on the other; 8 kHz all the way, and whatever is malformed is passed over."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable

import numpy as np
from fastapi import WebSocket
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    AudioRawFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputTransportMessageFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.transports.websocket.fastapi import (
    FastAPIWebsocketInputTransport,
    FastAPIWebsocketOutputTransport,
    FastAPIWebsocketParams,
    FastAPIWebsocketTransport,
)

from aira.voice.audio import TELEPHONE_RATE, decode_mulaw, encode_mulaw, resample
from aira.voice.pipeline.detection import START_SECONDS, STOP_SECONDS, Change, voice_detection
from aira.voice.tape import Tape

CUSHION_SECONDS = 0.4
"""How far ahead of real time audio is sent, so that a busy event loop is not heard; the carrier drops it when interrupted."""


class Wire(FrameSerializer):
    """Twilio's messages as frames and back; tells of played marks, and tapes what passes."""

    def __init__(self, stream_sid: str, *, played: Callable[[str], Awaitable[None]], tape: Tape | None) -> None:
        super().__init__()
        self._stream_sid = stream_sid
        self._played = played
        self._tape = tape
        self.stopped = False
        """The carrier has said that the stream is over."""

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """A frame of the caller's audio or key; None for everything else, and for what the protocol does not know."""
        try:
            message = json.loads(data)
            event = message["event"]
            if event == "media":
                return self._audio(message["media"]["payload"])
            if event == "mark":
                await self._played(str(message["mark"]["name"]))
            elif event == "dtmf":
                return InputDTMFFrame(button=KeypadEntry(message["dtmf"]["digit"]))
            elif event == "stop":
                self.stopped = True
        except (ValueError, LookupError, TypeError, RecursionError):
            return None  # one bad message is no reason to lose a caller
        return None

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """The message for a frame, None where the carrier is not told of it."""
        if isinstance(frame, AudioRawFrame):
            samples = resample(np.frombuffer(frame.audio, np.int16), frame.sample_rate, TELEPHONE_RATE)
            payload = encode_mulaw(samples)
            if self._tape is not None:
                self._tape.from_bot(payload)
            return json.dumps({"event": "media", "streamSid": self._stream_sid, "media": {"payload": base64.b64encode(payload).decode()}})
        if isinstance(frame, InterruptionFrame):
            if self._tape is not None:
                self._tape.clear()
            return json.dumps({"event": "clear", "streamSid": self._stream_sid})
        if isinstance(frame, OutputTransportMessageFrame):
            return json.dumps({**frame.message, "streamSid": self._stream_sid})
        return None

    def _audio(self, text: str) -> Frame | None:
        payload = base64.b64decode(text, validate=True)
        if not payload:
            return None
        if self._tape is not None:
            self._tape.from_caller(payload)
        return InputAudioRawFrame(audio=decode_mulaw(payload).tobytes(), num_channels=1, sample_rate=TELEPHONE_RATE)


class _Input(FastAPIWebsocketInputTransport):
    """Passes the caller's audio on as it arrives, and says where speech begins and ends in it."""

    def __init__(self, transport: "Transport", client: object, params: FastAPIWebsocketParams, *, name: str | None) -> None:
        super().__init__(transport, client, params, name=name)
        self._detection = voice_detection()

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Send a packet down the pipeline, and after it what it changed."""
        await self.push_frame(frame)
        change = self._detection.hear(np.frombuffer(frame.audio, np.int16))
        if change is Change.STARTED:
            await self.broadcast_frame(VADUserStartedSpeakingFrame, start_secs=START_SECONDS)
        elif change is Change.STOPPED:
            await self.broadcast_frame(VADUserStoppedSpeakingFrame, stop_secs=STOP_SECONDS)


class _Output(FastAPIWebsocketOutputTransport):
    """Sends audio up to `CUSHION_SECONDS` ahead of real time; Pipecat itself sends each packet when it is due."""

    _next_send_time: float
    _send_interval: float

    async def _write_audio_sleep(self) -> None:
        now = time.monotonic()
        self._next_send_time = max(self._next_send_time, now) + self._send_interval
        await asyncio.sleep(max(0.0, self._next_send_time - now - CUSHION_SECONDS))


class Transport(FastAPIWebsocketTransport):
    """A media stream as the two ends of a pipeline."""

    def __init__(self, websocket: WebSocket, wire: Wire) -> None:
        params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=wire)
        super().__init__(websocket, params)
        self._input = _Input(self, self._client, params, name=self._input_name)
        self._output = _Output(self, self._client, params, name=self._output_name)
