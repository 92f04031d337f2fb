"""The voice server: HTTP and media streams in one process, warmed up before it says it is ready, drained before it stops."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from aira.core.calendars import FEED_PATH
from aira.voice import webhooks
from aira.voice.calendar_feed import send_calendar
from aira.voice.daily.front import Rooms
from aira.voice.document_hook import receive_document
from aira.voice.lag import Lag
from aira.voice.log import quiet_vendors
from aira.voice.processes import listen
from aira.voice.stream import hold_stream
from aira.voice.switchboard import Switchboard
from aira.voice.vendors.models import language_models
from aira.voice.warm_up import warm_up

LARGEST_MESSAGE = 64 * 1024
"""Bytes of one WebSocket message; a packet of audio has about 300."""

_CUT_SECONDS = 5.0
"""How long calls that have been cut off may take to let go."""

logger = logging.getLogger(__name__)


def create_app(switchboard: Switchboard, *, warmed: Callable[["asyncio.Task[None]"], None] = lambda warming: None) -> FastAPI:
    """The application: webhooks, media streams, health and metrics. It warms itself up when it is started, and says so."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(_warm(switchboard))
        warming.add_done_callback(warmed)
        yield
        await asyncio.wait([warming])
        if switchboard.model is not None:
            await switchboard.model.aclose()
        if switchboard.rooms is not None:
            await switchboard.rooms.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.switchboard = switchboard
    for path in webhooks.PATHS:
        app.add_api_route(path, _webhook, methods=["POST"])
    app.add_api_websocket_route(webhooks.STREAM, _stream)
    app.add_api_route("/process-document", _document, methods=["POST"])
    app.add_api_route(FEED_PATH, _calendar, methods=["GET", "HEAD"])
    app.add_api_route("/health", _health, methods=["GET"])
    app.add_api_route("/ready", _ready, methods=["GET"])
    app.add_api_route("/metrics", _metrics, methods=["GET"])
    return app


class VoiceServer(uvicorn.Server):
    """uvicorn, except that a first SIGTERM or Ctrl-C lets running calls finish, which uvicorn itself would cut off."""

    def __init__(self, switchboard: Switchboard, *, host: str, port: int, when_ready: Callable[[], None] = lambda: None) -> None:
        quiet_vendors()
        self.switchboard = switchboard
        self.failure: BaseException | None = None
        """Why the server could not get ready."""
        self._when_ready = when_ready
        self._parent = os.getppid()
        self._draining: asyncio.Task[None] | None = None
        super().__init__(
            uvicorn.Config(
                create_app(switchboard, warmed=self._warmed),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                ws="websockets-sansio",
                ws_max_size=LARGEST_MESSAGE,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=5,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, stop on the second."""
        # uvicorn's own handler would raise the signal again in the end, and what runs beside the server be left behind.
        if self.switchboard.draining:
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True
        else:
            if self.switchboard.active:
                logger.warning("Draining. Calls that are on: %d; another signal cuts them off.", self.switchboard.active)
            self.switchboard.draining = True
            asyncio.get_running_loop().call_soon_threadsafe(self._drain)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: how late is the loop, how do we stand, is the parent still there?"""
        self.switchboard.lag.tick(asyncio.get_running_loop().time())
        self.switchboard.post()
        if self.switchboard.board is not None and os.getppid() != self._parent and self._draining is None:
            logger.warning("The process that started this one is gone: draining.")
            self._drain()
        return await super().on_tick(counter)

    def _warmed(self, warming: "asyncio.Task[None]") -> None:
        self.failure = None if warming.cancelled() else warming.exception()
        if self.failure is None:
            self._when_ready()
        else:
            self.should_exit = True

    def _drain(self) -> None:
        self._draining = asyncio.create_task(self._stop_when_drained())

    async def _stop_when_drained(self) -> None:
        draining = asyncio.create_task(self.switchboard.drained())
        await asyncio.wait({draining}, timeout=self.switchboard.aira.settings.aira_drain_timeout)
        if not draining.done():
            logger.warning("Cutting off the calls that have not ended in time: %d.", self.switchboard.active)
            await self.switchboard.cut_off()
            await asyncio.wait({draining}, timeout=_CUT_SECONDS)
        self.should_exit = True


def serve(
    switchboard: Switchboard, *, host: str, port: int, listening: socket.socket | None = None, when_ready: Callable[[], None] = lambda: None
) -> None:
    """Answer calls until SIGTERM or Ctrl-C, then until the running calls have ended; `listening` is a socket to use instead of a port.

    Raises SetupError where the port is taken or a setting is missing, MissingExtra where a speech engine is.
    """
    with listening or listen(host, port) as listening:
        server = VoiceServer(switchboard, host=host, port=port, when_ready=when_ready)
        server.run(sockets=[listening])
    if server.failure is not None:
        raise server.failure


async def _warm(switchboard: Switchboard) -> None:
    started = time.perf_counter()
    if switchboard.aira.settings.aira_mind == "llm":
        switchboard.model = language_models(switchboard.aira.settings)
    if switchboard.aira.settings.aira_transport == "daily":
        switchboard.rooms = switchboard.rooms or Rooms(switchboard)
        await switchboard.rooms.open()
    else:
        await warm_up(switchboard.aira, switchboard.speech)
    switchboard.lag = Lag()  # warming up was not lag
    switchboard.warm = True
    switchboard.post()
    logger.info("Ready after %.1f s.", time.perf_counter() - started)


def _switchboard(connection: Request | WebSocket) -> Switchboard:
    switchboard: Switchboard = connection.app.state.switchboard
    return switchboard


async def _webhook(request: Request) -> Response:
    return await webhooks.answer(request, _switchboard(request))


async def _stream(websocket: WebSocket) -> None:
    await hold_stream(websocket, _switchboard(websocket))


async def _document(request: Request) -> Response:
    return await receive_document(request, _switchboard(request).aira)


async def _calendar(request: Request) -> Response:
    return await send_calendar(request, _switchboard(request).aira)


async def _health(_: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


async def _ready(request: Request) -> Response:
    switchboard = _switchboard(request)
    return Response(f"{switchboard.state}\n", status_code=200 if switchboard.accepts else 503, media_type="text/plain")


async def _metrics(request: Request) -> Response:
    switchboard = _switchboard(request)
    switchboard.measure()
    return Response(generate_latest(switchboard.meters.gathered(alone=switchboard.board is None)), media_type=CONTENT_TYPE_LATEST)
