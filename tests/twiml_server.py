"""A voice server of anybody's: answers each path with the TwiML it was given, holds streams as it was told, keeps what it was asked."""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket

from aira.voice.signatures import HEADER, is_genuine

SECRET = "twilio-auth-token"
Stream = Callable[[WebSocket], Awaitable[None]]


@dataclass
class Reply:
    """One answer, after so many seconds."""

    body: str | bytes
    status: int = 200
    content_type: str = "text/xml"
    delay: float = 0.0


@dataclass
class TwimlServer:
    """What the server answers, and what it was asked: path and form of each request whose signature was right."""

    url: str = ""
    replies: dict[str, deque[Reply]] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def says(self, path: str, *verbs: str) -> None:
        """The path answers these documents one after the other, the last one ever after."""
        self.replies[path] = deque(Reply(f"<Response>{one}</Response>") for one in verbs)

    def answers(self, path: str, *replies: Reply) -> None:
        """The path gives these answers one after the other."""
        self.replies[path] = deque(replies)

    def forms(self, path: str) -> list[dict[str, str]]:
        """What the path was told, request by request."""
        return [form for asked, form in self.asked if asked == path]

    async def answer(self, request: Request) -> Response:
        """Answer by path; a path without a reply is 404."""
        path = request.url.path
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if not is_genuine(SECRET, str(request.url), form, request.headers.get(HEADER)):
            self.forged.append(path)
            return Response(status_code=403)
        self.asked.append((path, form))
        replies = self.replies.get(path)
        if not replies:
            return Response(status_code=404)
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        await self._linger(reply.delay)
        return Response(reply.body, status_code=reply.status, media_type=reply.content_type)

    async def _linger(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.closing.is_set():
            await asyncio.sleep(0.01)

    async def hold(self, websocket: WebSocket) -> None:
        """Hold a stream as the path was told."""
        await self.streams[websocket.url.path](websocket)


@contextmanager
def twiml_server() -> Iterator[TwimlServer]:
    """Run the server for as long as the block runs."""
    ours = TwimlServer()
    app = FastAPI(openapi_url=None)
    app.add_api_route("/{path:path}", ours.answer, methods=["GET", "POST"])
    app.add_api_websocket_route("/{path:path}", ours.hold)
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    ours.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield ours
    finally:
        ours.closing.set()
        server.should_exit = True
        thread.join(10)


async def started(websocket: WebSocket) -> dict[str, object]:
    """Take a stream up to its start message."""
    await websocket.accept()
    while (message := json.loads(await websocket.receive_text()))["event"] != "start":
        pass
    start: dict[str, object] = message["start"]
    return start


async def until(websocket: WebSocket, event: str) -> dict[str, object]:
    """The next message of this kind."""
    while (message := json.loads(await websocket.receive_text()))["event"] != event:
        pass
    found: dict[str, object] = message
    return found
