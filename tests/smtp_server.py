"""A mail server on a port of this machine, that keeps what it takes and fails on request."""

import socketserver
import threading
from base64 import b64decode
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self


class SmtpServer:
    """Speaks SMTP (RFC 5321) with plain authentication; `failing` says what happens to the next messages.

    refuse: 550 to the recipient; busy: 451 to the message; drop: the connection ends after the message is taken;
    drop_early: it ends before.
    """

    def __init__(self, *, password: str | None = None) -> None:
        self.messages: list[EmailMessage] = []
        self.failing: list[str] = []
        self.password = password
        self._server = _Listener(("127.0.0.1", 0), _Conversation)
        self._server.mail = self

    @property
    def url(self) -> str:
        """The address for SMTP_URL."""
        user = f"desk:{self.password}@" if self.password else ""
        return f"smtp://{user}127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mail: SmtpServer


class _Conversation(socketserver.StreamRequestHandler):
    server: _Listener

    def handle(self) -> None:
        self.failure = self.server.mail.failing.pop(0) if self.server.mail.failing else ""
        self.reply("220 mail.example")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            if not self.answer(verb.upper(), rest):
                return

    def reply(self, text: str) -> bool:
        self.wfile.write(f"{text}\r\n".encode())
        return True

    def answer(self, verb: str, rest: str) -> bool:
        """Answer one command; False ends the conversation."""
        match verb:
            case "EHLO" | "HELO":
                return self.reply("250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN")
            case "AUTH":
                given = b64decode(rest.split()[-1]).decode().split("\0")
                return self.reply("235 welcome" if given[1:] == ["desk", self.server.mail.password] else "535 no")
            case "RCPT" if self.failure == "refuse":
                return self.reply("550 no such person here")
            case "DATA":
                return self.take()
            case "QUIT":
                self.reply("221 bye")
                return False
            case _:
                return self.reply("250 ok")

    def take(self) -> bool:
        if self.failure == "drop_early":
            return False
        self.reply("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        if self.failure == "busy":
            return self.reply("451 try again later")
        self.server.mail.messages.append(message_from_bytes(b"".join(lines), policy=policy.default))
        return False if self.failure == "drop" else self.reply("250 taken")
