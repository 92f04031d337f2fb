"""The carrier's side of the voice server: forms signed and posted, and a server that really listens."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element, fromstring

import httpx

from aira.core.db import Database
from aira.voice.server import VoiceServer, create_app
from aira.voice.signatures import HEADER, sign
from aira.voice.switchboard import Switchboard
from salon import CALLER, NUMBER

SID = "CA00000000000000000000000000000001"


@dataclass
class Carrier:
    """The carrier's side of the webhooks: signs and posts forms."""

    switchboard: Switchboard
    base: str = "http://127.0.0.1:8765"
    form: dict[str, str] = field(default_factory=lambda: {"CallSid": SID, "From": CALLER, "To": NUMBER, "CallStatus": "ringing"})

    def post(self, path: str, *, signature: str | None = "right", host: str = "127.0.0.1", **more: str) -> httpx.Response:
        """Post the form; `signature` is right, or what to send instead."""
        form = {**self.form, **more}
        right = sign(self.switchboard.secret, self.base + path, form)
        headers = {"Host": host, **({HEADER: right if signature == "right" else signature} if signature is not None else {})}
        return asyncio.run(self._post(path, form, headers))

    def ask(self, name: str, **more: str) -> list[Element]:
        """The verbs that a webhook answers."""
        response = self.post(f"/webhooks/twilio/{name}", **more)
        assert response.status_code == 200
        return list(fromstring(response.content))

    def follow(self, url: str, **more: str) -> list[Element]:
        """The verbs that an address in our own TwiML answers, its query and all."""
        return self.ask(url.removeprefix(f"{self.base}/webhooks/twilio/"), **more)

    async def _post(self, path: str, form: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(self.switchboard))
        async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
            return await client.post(path, data=form, headers=headers)


@contextmanager
def running(server: VoiceServer) -> Iterator[str]:
    """Run a server in a thread until the block ends; yields its address once it is ready for calls."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.switchboard.warm:
            assert thread.is_alive(), server.failure
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)


def without_database(switchboard: Switchboard) -> Switchboard:
    """The same switchboard, whose database refuses every connection."""
    gone = Database("postgresql://nobody@127.0.0.1:1/nothing")
    return replace(switchboard, aira=replace(switchboard.aira, database=gone))
