"""A server that speaks Twilio's published REST API; `python tests/twilio_server.py --port 9010`.

It can be told to fail: `server.fail("POST", "IncomingPhoneNumbers", kind="drop_after")`, or the same as JSON to `POST /_faults`.
"""

import argparse
import base64
import json
import socket
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from twilio_api import ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN, Account, answer, error


@dataclass
class Fault:
    """The next `times` requests of this method whose path contains `path` go wrong.

    drop_before, drop_after: the connection is cut before or after the work is done. timeout: the work is done and nothing
    is answered. status: nothing is done, `status` and `code` are answered. error_after: the work is done, `status` is answered.
    garbage, shapeless: the work is done, the answer is not JSON or an empty object.
    """

    method: str
    path: str
    kind: str
    times: int = 1
    status: int = 500
    code: int | None = None


class TwilioServer(ThreadingHTTPServer):
    """The server in a thread: `with TwilioServer() as server: ... server.url`."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.account = Account()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._faults: list[Fault] = []

    def __enter__(self) -> "TwilioServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def fail(self, method: str, path: str, **how: Any) -> None:
        """Let requests go wrong, see Fault."""
        self._faults.append(Fault(method, path, **how))

    def next_fault(self, method: str, path: str) -> Fault | None:
        """The fault that is due for this request, used up by asking."""
        with self.lock:
            due = next((one for one in self._faults if one.times and one.method == method and one.path in path), None)
            if due:
                due.times -= 1
            return due


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TwilioServer

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if parts.path == "/_faults":
            self.server.fail(**json.loads(body))
            self.reply(200, {})
        elif not self.authorized():
            self.reply(*error(401, 20003, "Authenticate"))
        else:
            self.act(parts.path, dict(parse_qsl(parts.query or body, keep_blank_values=True)))

    do_GET = do_POST = do_DELETE = handle_any

    def act(self, path: str, fields: dict[str, str]) -> None:
        fault = self.server.next_fault(self.command, path) or Fault(self.command, path, "none")
        if fault.kind == "drop_before":
            self.cut()
        elif path in self.server.account.recordings and fault.kind == "none":
            self.send(200, self.server.account.recordings[path], kind="audio/x-wav")
        elif fault.kind == "status":
            self.reply(*error(fault.status, fault.code, "Told to fail"))
        else:
            with self.server.lock:
                done = answer(self.server.account, self.command, path, fields)
            self.spoil(fault, done)

    def spoil(self, fault: Fault, done: tuple[int, dict[str, Any] | None]) -> None:
        if fault.kind == "none":
            self.reply(*done)
        elif fault.kind == "error_after":
            self.reply(*error(fault.status, fault.code, "Internal server error"))
        elif fault.kind == "garbage":
            self.send(201, b"<html>")
        elif fault.kind == "shapeless":
            self.reply(done[0], {})
        else:
            if fault.kind == "timeout":
                self.server.closing.wait(10)
            self.cut()

    def authorized(self) -> bool:
        known = {f"{ACCOUNT_SID}:{AUTH_TOKEN}", f"{API_KEY_SID}:{API_KEY_SECRET}"}
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        return base64.b64decode(given).decode() in known

    def reply(self, status: int, answer: dict[str, Any] | None) -> None:
        self.send(status, b"" if answer is None else json.dumps(answer).encode())

    def send(self, status: int, content: bytes, *, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        return


def main() -> None:
    """Serve until interrupted, and say how AiRa is pointed here."""
    parser = argparse.ArgumentParser(description="A local server that speaks Twilio's REST API.")
    parser.add_argument("--port", type=int, default=0)
    server = TwilioServer(parser.parse_args().port)
    print(f"AIRA_CARRIER=twilio TWILIO_API_URL={server.url} TWILIO_ACCOUNT_SID={ACCOUNT_SID} TWILIO_AUTH_TOKEN={AUTH_TOKEN}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
