"""What a voice server does before its first call, so that the first caller waits no longer than the hundredth."""

import asyncio
import base64
import importlib
import json
from collections.abc import AsyncGenerator, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import WebSocket

from aira.core.app import Aira
from aira.core.calls import list_calls
from aira.settings import Settings
from aira.voice.audio import MULAW_SILENCE, PACKET_SAMPLES, resample

if TYPE_CHECKING:
    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

_SENTENCE = "Good morning."
_PACKETS = 25


async def warm_up(aira: Aira, speech: "Callable[[], tuple[STTService, TTSService]] | None" = None) -> None:
    """Load the speech engines, the sentence model and Pipecat, open the database, and hold one call with nobody.

    `speech` makes other services than the settings name.
    """
    await asyncio.to_thread(_load, aira, engines=speech is None)
    if speech is not None:
        await rehearse(*speech())
    elif aira.settings.aira_stt == "local" and aira.settings.aira_tts == "local":
        from aira.voice.speech import hearing, speaking

        await rehearse(hearing(aira.settings), speaking(aira.settings))


async def rehearse(hearing: "STTService", speaking: "TTSService") -> None:
    """Hold one call with nobody: a first pipeline in a process takes a second longer than those that follow."""
    from aira.voice.pipeline import run_call

    line = _Line()
    await line.websocket.accept()
    await run_call(line.websocket, _Greeting(), stream_sid="MZ", hearing=hearing, speaking=speaking)


def _load(aira: Aira, *, engines: bool) -> None:
    importlib.import_module("aira.voice.pipeline")  # two seconds that must not hold up the event loop
    list_calls(aira, limit=1)
    aira.embedder.embed([_SENTENCE])
    if engines:
        _load_engines(aira.settings)


def _load_engines(settings: Settings) -> None:
    """Also those that only take over from a vendor: a caller who has waited for the vendor waits for no loading."""
    from aira.voice.engines import EAR_RATE, VOICE_RATE, ear_is_here, shared_ear, shared_voice, voice_is_here

    sound = np.zeros(VOICE_RATE, np.int16)
    if settings.aira_tts == "local" or voice_is_here():
        sound = next(shared_voice().speak(_SENTENCE))
    if settings.aira_stt == "local" or ear_is_here():
        shared_ear().transcribe(resample(sound, VOICE_RATE, EAR_RATE))


class _Greeting:
    """A conversation that is over after one sentence."""

    ended = False
    may_go_on = False

    async def start(self) -> AsyncGenerator[str, None]:
        self.ended = True
        yield _SENTENCE

    async def hear(self, text: str) -> AsyncGenerator[str, None]:
        for _ in text[:0]:
            yield _SENTENCE

    def silence(self) -> AsyncGenerator[str, None]:
        return self.hear("")

    async def interrupted(self, unheard: list[str]) -> None:
        del unheard

    async def measured(self, latency_ms: dict[str, float]) -> None:
        del latency_ms


class _Line:
    """A media stream of half a second of silence that returns the marks it is sent."""

    def __init__(self) -> None:
        self._messages: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._messages.put_nowait({"type": "websocket.connect"})
        payload = base64.b64encode(MULAW_SILENCE * PACKET_SAMPLES).decode()
        for _ in range(_PACKETS):
            self._put({"event": "media", "media": {"payload": payload}})
        self.websocket = WebSocket({"type": "websocket", "path": "/", "headers": []}, receive=self._messages.get, send=self._send)

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        text = message.get("text") or "{}"
        if json.loads(text).get("event") == "mark":
            self._put(json.loads(text))
        if message["type"] == "websocket.close":
            self._messages.put_nowait({"type": "websocket.disconnect", "code": 1000})

    def _put(self, message: object) -> None:
        self._messages.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
