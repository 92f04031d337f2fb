"""A server that speaks the part of Daily's published REST API that rooms are made with: rooms and meeting tokens; it fails on request."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "daily-key"


@dataclass
class DailyServer:
    """The domain's rooms and what was asked."""

    url: str = ""
    rooms: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, str, int]] = field(default_factory=list)
    """Method, beginning of the path and status of requests that go wrong, each once."""
    hanging: threading.Event = field(default_factory=threading.Event)
    """Room requests wait until this is set."""

    def fail(self, method: str, path: str, *statuses: int) -> None:
        """Let the next requests of this kind be answered so."""
        self.failures.extend((method, path, status) for status in statuses)

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and content for a request that has shown the key."""
        for failure in self.failures:
            if method == failure[0] and path.startswith(failure[1]):
                self.failures.remove(failure)
                return failure[2], {"error": "told-to-fail"}
        if (method, path) == ("POST", "/rooms"):
            return self._create(body)
        if (method, path) == ("GET", "/rooms"):
            return self._list(query)
        if (method, path) == ("POST", "/meeting-tokens"):
            self.tokens.append(body["properties"])
            return 200, {"token": f"token-{body['properties']['room_name']}"}
        name = path.removeprefix("/rooms/")
        if method == "DELETE" and self.rooms.pop(name, None) is not None:
            return 200, {"deleted": True, "name": name}
        return 404, {"error": "not-found", "info": f"room {name} not found"}

    def _create(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = body["name"]
        if name in self.rooms:
            return 400, {"error": "invalid-request-error", "info": f"a room named {name} already exists"}
        config = {**body["properties"], "sip_uri": {"endpoint": f"{name}@sip.daily.test"}}
        room = {"id": f"id-{name}", "name": name, "privacy": body["privacy"], "url": f"https://clinic.daily.test/{name}", "config": config}
        self.rooms[name] = room
        return 200, room

    def _list(self, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        rooms = list(self.rooms.values())
        if after := query.get("starting_after"):
            rooms = rooms[[room["id"] for room in rooms].index(after[0]) + 1 :]
        return 200, {"total_count": len(self.rooms), "data": rooms[: int(query["limit"][0])]}


@contextmanager
def daily_server() -> Iterator[DailyServer]:
    """Run the server for as long as the block runs."""
    daily = DailyServer()
    daily.hanging.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            del format, args

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            daily.requests.append((self.command, parts.path))
            daily.hanging.wait(30)
            if self.headers["Authorization"] != f"Bearer {KEY}":
                self._send(401, {"error": "authentication-error"})
            else:
                self._send(*daily.answer(self.command, parts.path, parse_qs(parts.query), body))

        do_POST = do_DELETE = do_GET

        def _send(self, status: int, content: dict[str, Any]) -> None:
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    daily.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield daily
    finally:
        daily.hanging.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()
