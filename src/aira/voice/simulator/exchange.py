"""Twilio's REST face for simulated calls: a server on this machine that a voice server reaches by TWILIO_API_URL.

It changes calls that are on (`POST Calls/{sid}.json` with Twiml, Url or Status) and serves what was recorded (`Recordings/{sid}`).
"""

import base64
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlsplit

_CALL = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Calls/(CA[0-9a-f]{32})(?:\.json)?")
_RECORDING = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Recordings/(RE[0-9a-f]{32})(\.wav|\.json|)")
_ENDINGS = {"completed", "canceled"}

Answer = tuple[int, dict[str, object] | bytes | None]


@dataclass(frozen=True, slots=True)
class Change:
    """What a call that is on is to do from now on: TwiML of its own, TwiML at an address, or nothing where it shall end."""

    twiml: str | None = None
    url: str | None = None
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class _Line:
    status: Callable[[], str]
    change: Callable[[Change], None]


class Exchange:
    """An account at the simulated carrier: `with Exchange(secret=TOKEN) as exchange:` serves at `exchange.url`.

    Requests authenticate with account and secret as at Twilio; media of recordings need no password, as is Twilio's default. `kept` is
    told address and WAV of each recording, for servers that fetch it in another way.
    """

    def __init__(
        self,
        *,
        secret: str,
        account_sid: str | None = None,
        port: int = 0,
        kept: Callable[[str, bytes], object] = lambda url, wav: None,
    ) -> None:
        self.secret = secret
        self.account_sid = account_sid or f"AC{secrets.token_hex(16)}"
        self._port = port
        self._kept = kept
        self._server: _Server | None = None
        self._calls: dict[str, _Line] = {}
        self._over: dict[str, str] = {}
        self._recordings: dict[str, tuple[str, bytes, float]] = {}
        self._unfetched: set[str] = set()
        self._fetched = threading.Condition()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The value for TWILIO_API_URL."""
        return f"http://127.0.0.1:{self.start().server_port}"

    def start(self) -> "_Server":
        """Begin to serve, if it does not yet."""
        if self._server is None:
            self._server = _Server(self, self._port)
        return self._server

    def close(self) -> None:
        """Serve no longer."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def connect(self, call_sid: str, *, status: Callable[[], str], change: Callable[[Change], None]) -> None:
        """A call is on: its status can be asked, and it can be changed from the server's thread."""
        self._calls[call_sid] = _Line(status, change)

    def disconnect(self, call_sid: str) -> None:
        """A call is over."""
        line = self._calls.pop(call_sid)
        self._over[call_sid] = line.status()

    def keep(self, call_sid: str, wav: bytes, seconds: float) -> str:
        """Keep a recording; returns its address, the RecordingUrl."""
        sid = f"RE{secrets.token_hex(16)}"
        self._recordings[sid] = (call_sid, wav, seconds)
        self._unfetched.add(sid)
        url = f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Recordings/{sid}"
        self._kept(url, wav)
        return url

    def wait_until_fetched(self, seconds: float) -> bool:
        """Wait until every recording has been fetched once; False where that takes longer."""
        with self._fetched:
            return self._fetched.wait_for(lambda: not self._unfetched, seconds)

    def answer(self, method: str, path: str, form: dict[str, str], *, known: bool) -> Answer:
        """The answer to a request; `known` is whether it authenticated as this account."""
        if (match := _RECORDING.fullmatch(path)) and match[1] == self.account_sid and (known or match[3] != ".json"):
            return self._recording(method, match[2], match[3])
        if not known:
            return _error(401, 20003, "Authenticate")
        if (match := _CALL.fullmatch(path)) and match[1] == self.account_sid:
            return self._update(match[2], form) if method == "POST" else self._describe(match[2])
        return _error(404, 20404, f"The requested resource {path} was not found")

    def _update(self, sid: str, form: dict[str, str]) -> Answer:
        line = self._calls.get(sid)
        if line is None:
            if sid in self._over:
                return _error(400, 21220, "Call is not in-progress. Cannot redirect.")
            return _error(404, 20404, f"The requested resource /Calls/{sid} was not found")
        if form.get("Status") in _ENDINGS:
            line.change(Change())
        elif form.get("Twiml") or form.get("Url"):
            line.change(Change(form.get("Twiml"), form.get("Url"), form.get("Method", "POST")))
        else:
            return _error(400, 20001, "Twiml, Url or Status is wanted")
        return self._describe(sid)

    def _describe(self, sid: str) -> Answer:
        if sid in self._calls:
            status = self._calls[sid].status()
        elif sid in self._over:
            status = self._over[sid]
        else:
            return _error(404, 20404, f"The requested resource /Calls/{sid} was not found")
        return 200, {"sid": sid, "account_sid": self.account_sid, "status": status, "date_updated": formatdate()}

    def _recording(self, method: str, sid: str, form: str) -> Answer:
        if sid not in self._recordings:
            return _error(404, 20404, f"The requested resource /Recordings/{sid} was not found")
        call_sid, wav, seconds = self._recordings[sid]
        if method == "DELETE":
            del self._recordings[sid]
            return 204, None
        if form == ".json":
            return 200, {"sid": sid, "call_sid": call_sid, "duration": str(round(seconds)), "status": "completed"}
        with self._fetched:
            self._unfetched.discard(sid)
            self._fetched.notify_all()
        return 200, wav


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, exchange: Exchange, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.exchange = exchange
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        exchange = self.server.exchange
        credentials = base64.b64encode(f"{exchange.account_sid}:{exchange.secret}".encode()).decode()
        known = self.headers.get("Authorization") == f"Basic {credentials}"
        self._reply(*exchange.answer(self.command, parts.path, form, known=known))

    do_GET = do_POST = do_DELETE = _any

    def _reply(self, status: int, answer: dict[str, object] | bytes | None) -> None:
        content = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "audio/x-wav" if isinstance(answer, bytes) else "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: addresses name calls."""


def _error(status: int, code: int, message: str) -> Answer:
    return status, {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
