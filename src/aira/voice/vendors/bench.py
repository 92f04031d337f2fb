"""A Pipecat service by itself: given frames one by one, and asked for what it makes of them, without a pipeline around it.

In a pipeline a service that fails pushes an error somewhere, tries to connect again for a while on its own, and stays silent. Here its
owner sees every frame and error, and throws the service away after the first failure.
"""

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import ErrorFrame, Frame, StartFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup

from aira.errors import VendorError

PATIENCE_SECONDS = 0.05
"""How long the closing of a connection is waited for before it goes on by itself."""


class Bench:
    """One service with its wires ending here."""

    def __init__(self, service: FrameProcessor) -> None:
        self.service = service
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()
        _End(self._frames).link(service)
        service.link(_End(self._frames))

    async def start(self, setup: FrameProcessorSetup) -> None:
        """Set the service up, which connects it, and start it. Raises VendorError at once where a service would try again by itself."""
        connecting = asyncio.create_task(self.service.setup(setup))
        failing = asyncio.create_task(self.take())
        try:
            await asyncio.wait({connecting, failing}, return_when=asyncio.FIRST_COMPLETED)
            if failing.done():
                failing.result()
            await connecting
        finally:
            for task in (connecting, failing):
                task.cancel()
            await asyncio.gather(connecting, failing, return_exceptions=True)
        await self.service.queue_frame(StartFrame())

    async def put(self, frame: Frame) -> None:
        """Give the service a frame."""
        await self.service.queue_frame(frame)

    async def take(self) -> Frame:
        """The next frame that the service has made. Raises VendorError where it is an error."""
        frame = await self._frames.get()
        if isinstance(frame, ErrorFrame):
            raise failure(_reason(frame))
        return frame

    async def close(self) -> None:
        """Disconnect the service and end its tasks; a connection that is gone already is no failure."""
        await asyncio.gather(self.service.cleanup(), return_exceptions=True)


class Benches:
    """Keeps a service at hand: connected ahead of its first use, and a new one after the old was thrown away."""

    def __init__(self, make: Callable[[], FrameProcessor]) -> None:
        self._make = make
        self._opening: asyncio.Task[Bench] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> Bench | None:
        """The service, where it is connected."""
        if self._opening is None or not self._opening.done() or self._opening.exception() is not None:
            return None
        return self._opening.result()

    def begin(self, setup: FrameProcessorSetup) -> None:
        """Begin to connect, unless that is done."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._opened(setup))

    async def get(self) -> Bench:
        """The service, as soon as it is connected."""
        if self._opening is None:
            raise failure("not_begun")
        return await asyncio.shield(self._opening)

    async def throw_away(self) -> None:
        """Close the service, in whatever state it is; a caller does not wait for a vendor that says its goodbyes slowly."""
        opening, self._opening = self._opening, None
        if opening is not None:
            closing = asyncio.create_task(_closed(opening))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            await asyncio.wait({closing}, timeout=PATIENCE_SECONDS)

    async def _opened(self, setup: FrameProcessorSetup) -> Bench:
        bench = Bench(self._make())
        try:
            await bench.start(setup)
        except BaseException:
            await bench.close()
            raise
        return bench


async def _closed(opening: "asyncio.Task[Bench]") -> None:
    opening.cancel()
    (bench,) = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(bench, Bench):
        await bench.close()


class _End(FrameProcessor):
    """The end of a wire: keeps what arrives."""

    def __init__(self, frames: asyncio.Queue[Frame]) -> None:
        super().__init__()
        self._frames = frames

    async def queue_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM, callback: object = None) -> None:
        """Keep the frame for the owner."""
        del direction, callback
        self._frames.put_nowait(frame)


def failure(reason: str) -> VendorError:
    """A vendor's failure, by its reason in a word."""
    return VendorError("The speech vendor did not answer.", hint="Look at AIRA_STT, AIRA_TTS and the vendor's key.", code=reason)


def _reason(frame: ErrorFrame) -> str:
    told = (frame.exception, getattr(frame.exception, "response", None))  # a WebSocket's handshake is refused with a response
    status = next((getattr(one, name) for one in told for name in ("status_code", "status") if hasattr(one, name)), None)
    return f"status_{status}" if isinstance(status, int) else "error"
