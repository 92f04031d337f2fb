"""Vendors of speech and language on this machine: each speaks its vendor's published protocol, and fails on request.

One server speaks all of them: OpenAI's chat completions, transcriptions and speech; Cartesia's and Deepgram's WebSockets; Deepgram's
Aura; ElevenLabs's stream with timestamps. What it says is a tone as long as the text, so that a test hears who spoke.
"""

import asyncio
import base64
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

FAULTS = ("refuse", "429", "500", "hang", "die", "garbage")
"""refuse: nobody listens at the address. hang: taken and never answered. die: the connection ends in mid-answer. garbage: status 200
and rubbish.
"""
RUBBISH = b"<html><body>" + b"Bad gateway. Please try again later. " * 400 + b"</body></html>"
SECONDS_A_LETTER = 0.04
FIRST, SECOND = 300.0, 600.0
"""The pitches of two vendors' tones."""
TOKENS = {"prompt_tokens": 300, "completion_tokens": 20}
"""What every answer of the model is said to have used."""

Think = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
"""The deltas of a model's answer to these messages."""


@dataclass
class Vendors:
    """A server of every protocol; `fault` is how it fails, None while it works."""

    url: str = ""
    pitch: float = FIRST
    fault: str | None = None
    words: str = "Hello."
    """What the caller is heard to say; told once, then nothing until it is set again."""
    think: Think = field(default=lambda messages: [{"content": "Certainly."}])
    asked: list[tuple[str, Any]] = field(default_factory=list)
    """Path and content of each request."""

    def hear(self) -> str:
        """The words, once."""
        words, self.words = self.words, ""
        return words

    def tone(self, text: str, rate: int) -> bytes:
        """The sound of a text."""
        times = np.arange(int(rate * SECONDS_A_LETTER * sum(map(str.isalnum, text)))) / rate
        return (4000 * np.sin(2 * np.pi * self.pitch * times)).astype("<i2").tobytes()

    def application(self) -> web.Application:
        """The routes."""
        app = web.Application()
        app.router.add_post("/chat/completions", self._chat)
        app.router.add_post("/audio/transcriptions", self._transcription)
        app.router.add_post("/audio/speech", self._openai_speech)
        app.router.add_post("/v1/speak", self._aura)
        app.router.add_post("/v1/text-to-speech/{voice}/stream/with-timestamps", self._elevenlabs)
        app.router.add_get("/v1/listen", self._deepgram)
        app.router.add_get("/tts/websocket", self._cartesia)
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._taken(request)

        async def lines() -> AsyncIterator[bytes]:
            for delta in [{"role": "assistant", "content": ""}, *self.think(body["messages"])]:
                yield _line({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            yield _line({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            if body["stream_options"]["include_usage"]:
                yield _line({"choices": [], "usage": TOKENS})
            yield b"data: [DONE]\n\n"

        return await self._answer(request, lines(), content_type="text/event-stream", pieces_before_death=2)

    async def _transcription(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.asked.append((request.path, form["model"]))
        assert isinstance(form["file"], web.FileField)
        form["file"].file.close()
        await self._refuse_or_hang()
        body = RUBBISH if self.fault == "garbage" else json.dumps({"text": self.hear()}).encode()
        response = web.StreamResponse(headers={"Content-Length": str(len(body))})
        response.content_type = "application/json"
        await response.prepare(request)
        if self.fault == "die":
            await response.write(body[:5])
            self._hang_up(request)
        else:
            await response.write(body)
        return response

    async def _openai_speech(self, request: web.Request) -> web.StreamResponse:
        body = await self._taken(request)
        assert body["response_format"] == "pcm"
        return await self._answer(request, _cut(self.tone(body["input"], 24000), 9601), content_type="audio/pcm")

    async def _aura(self, request: web.Request) -> web.StreamResponse:
        body = await self._taken(request)
        sound = self.tone(body["text"], int(request.query["sample_rate"]))
        return await self._answer(request, _cut(sound, 3201), content_type="audio/l16")

    async def _elevenlabs(self, request: web.Request) -> web.StreamResponse:
        body = await self._taken(request)
        rate = int(request.query["output_format"].removeprefix("pcm_"))

        async def lines() -> AsyncIterator[bytes]:
            async for piece in _cut(self.tone(body["text"], rate), 3200):
                yield json.dumps({"audio_base64": base64.b64encode(piece).decode(), "alignment": None}).encode() + b"\n"

        return await self._answer(request, lines(), content_type="application/json")

    async def _cartesia(self, request: web.Request) -> web.StreamResponse:
        await self._refuse()
        line = web.WebSocketResponse()
        await line.prepare(request)
        async for message in line:
            if message.type is not WSMsgType.TEXT:
                break
            said = json.loads(message.data)
            self.asked.append((request.path, said))
            if said.get("transcript"):
                await self._say_cartesia(request, line, said)
        return line

    async def _say_cartesia(self, request: web.Request, line: web.WebSocketResponse, said: dict[str, Any]) -> None:
        if self.fault == "hang":
            return
        count = 0
        async for piece in _cut(self.tone(said["transcript"], said["output_format"]["sample_rate"]), 3200):
            count += 1
            if self.fault == "garbage":
                piece = np.random.default_rng(count).bytes(len(piece))
            if self.fault == "die" and count == 2:
                self._hang_up(request)
                return
            data = base64.b64encode(piece).decode()
            await line.send_json({"type": "chunk", "data": data, "context_id": said["context_id"], "done": False})
        await line.send_json({"type": "done", "context_id": said["context_id"], "done": True})

    async def _deepgram(self, request: web.Request) -> web.StreamResponse:
        await self._refuse()
        line = web.WebSocketResponse()
        await line.prepare(request)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                kind = json.loads(message.data)["type"]
                self.asked.append((request.path, kind))
                if kind == "CloseStream":
                    break
                if kind == "Finalize":
                    await self._tell_deepgram(request, line)
        return line

    async def _tell_deepgram(self, request: web.Request, line: web.WebSocketResponse) -> None:
        if self.fault == "die":
            self._hang_up(request)
        elif self.fault == "garbage":
            await line.send_str(RUBBISH.decode())
        elif self.fault != "hang":
            alternative = {"transcript": self.hear(), "confidence": 0.9, "words": []}
            results = {
                "type": "Results",
                "channel_index": [0, 1],
                "duration": 1.0,
                "start": 0.0,
                "is_final": True,
                "speech_final": False,
                "from_finalize": True,
                "channel": {"alternatives": [alternative]},
                "metadata": {
                    "request_id": "0b5ab8c1-2f5d-4e0a-9c1e-000000000000",
                    "model_info": {"name": "nova-3", "version": "1", "arch": "nova"},
                    "model_uuid": "0b5ab8c1-2f5d-4e0a-9c1e-000000000001",
                },
            }
            await line.send_json(results)

    async def _taken(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.asked.append((request.path, body))
        await self._refuse_or_hang()
        return body

    async def _refuse_or_hang(self) -> None:
        await self._refuse()
        if self.fault == "hang":
            await asyncio.sleep(3600)

    async def _refuse(self) -> None:
        if self.fault in {"429", "500"}:
            raise web.HTTPTooManyRequests if self.fault == "429" else web.HTTPInternalServerError

    async def _answer(
        self, request: web.Request, pieces: AsyncIterator[bytes], *, content_type: str, pieces_before_death: int = 1
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = content_type
        await response.prepare(request)
        if self.fault == "garbage":
            await response.write(RUBBISH)
            return response
        count = 0
        async for piece in pieces:
            if self.fault == "die" and count == pieces_before_death:
                self._hang_up(request)
                break
            count += 1
            await response.write(piece)
        return response

    @staticmethod
    def _hang_up(request: web.Request) -> None:
        if request.transport is not None:
            request.transport.close()


@contextmanager
def vendor_server(vendors: Vendors | None = None) -> Iterator[Vendors]:
    """Run a server in a thread of its own for as long as the block runs."""
    vendors = vendors or Vendors()
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(vendors.application(), shutdown_timeout=0)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        vendors.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield vendors
    finally:
        asyncio.run_coroutine_threadsafe(_stop(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def deserted_address() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def _line(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def _stop(runner: web.AppRunner) -> None:
    """Stop listening, and let go of whoever is still being answered or left hanging."""
    for site in list(runner.sites):
        await site.stop()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await runner.cleanup()


async def _cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]
        await asyncio.sleep(0)
