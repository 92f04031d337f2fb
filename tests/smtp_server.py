"""A mail server on a port of this machine, that keeps what it takes and fails on request."""

import asyncio
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class SmtpServer:
    """A server of aiosmtpd, with a password where one is given; `failing` says what happens to the next messages.

    refuse: 550 to the recipient; busy: 451 to the message; drop: the connection ends after the message is taken;
    drop_early: it ends before.
    """

    def __init__(self, *, password: str | None = None) -> None:
        self.messages: list[EmailMessage] = []
        self.failing: list[str] = []
        self.password = password
        self.port = 0
        self._conversations: set[SMTP] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address for SMTP_URL."""
        user = f"desk:{self.password}@" if self.password else ""
        return f"smtp://{user}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        def conversation() -> SMTP:
            smtp = SMTP(
                _Desk(self),
                hostname="mail.example",
                loop=self._loop,
                authenticator=self._authenticated,
                auth_require_tls=False,
            )
            self._conversations.add(smtp)
            return smtp

        self._server = await self._loop.create_server(conversation, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for smtp in self._conversations:
            _hang_up(smtp)
        await asyncio.sleep(0)  # the connections end with the loop's next step
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    def _authenticated(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        known = LoginPassword(b"desk", (self.password or "").encode())
        return AuthResult(success=given == known, handled=False)


class _Desk:
    """What aiosmtpd asks at each step of a conversation."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._failure = ""

    async def handle_MAIL(self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._server.password is not None and not session.authenticated:
            return "530 a password is needed"
        self._failure = self._server.failing.pop(0) if self._server.failing else ""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 ok"

    async def handle_RCPT(self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self._failure == "refuse":
            return "550 no such person here"
        if self._failure == "drop_early":
            _hang_up(smtp)
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        if self._failure == "busy":
            return "451 try again later"
        self._server.messages.append(message_from_bytes(envelope.original_content or b"", policy=policy.default))
        if self._failure == "drop":
            _hang_up(smtp)
        return "250 taken"


def _hang_up(smtp: SMTP) -> None:
    if smtp.transport is not None:
        smtp.transport.abort()
