"""E-mail: into a folder of .eml files, or over SMTP."""

import os
import re
import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aira.errors import CredentialsRefused, InvalidInput, OutcomeUnknown, Refused, SetupError, VendorError
from aira.settings import Settings

TIMEOUT_SECONDS = 20.0

_UNSAFE = re.compile(r"[^A-Za-z0-9._@-]+")


class OutboxMailer:
    """Writes each message as an .eml file, named by its Message-ID: sent again, it takes the place of the first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> str:
        """Write the message; returns the file's name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = _UNSAFE.sub("_", message["Message-ID"].strip("<>")) + ".eml"
        unfinished = self._folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(message.as_bytes(policy=policy.SMTP))
        unfinished.replace(self._folder / name)
        return name


class SmtpMailer:
    """Sends over the SMTP server of `SMTP_URL`: smtp://user:password@host:587, with STARTTLS wherever the server offers it, or smtps://…:465."""

    def __init__(self, settings: Settings) -> None:
        if settings.smtp_url is None:
            raise SetupError("AIRA_MAIL=smtp needs SMTP_URL.", hint="Set SMTP_URL=smtp://user:password@host:587.", setting="SMTP_URL")
        url = urlsplit(settings.smtp_url.get_secret_value())
        if url.scheme not in {"smtp", "smtps"} or not url.hostname:
            raise SetupError(
                "SMTP_URL is not the address of a mail server.", hint="Set SMTP_URL=smtp://user:password@host:587.", setting="SMTP_URL"
            )
        self._encrypted = url.scheme == "smtps"
        self._host = url.hostname
        self._port = url.port or (465 if self._encrypted else 587)
        self._user = unquote(url.username or "")
        self._password = unquote(url.password or "")

    def send(self, message: EmailMessage) -> str:
        """Hand the message to the server; returns its Message-ID.

        Raises CredentialsRefused, Refused where the server takes no mail for this recipient, OutcomeUnknown where the connection
        broke after the message was on its way, VendorError where it was not.
        """
        recipients = [address for _, address in getaddresses(message.get_all("To", []))]
        if not recipients:
            raise InvalidInput("The message has no recipient.")
        try:
            with self._connected() as server:
                self._deliver(server, message, recipients)
        except smtplib.SMTPAuthenticationError:
            raise CredentialsRefused("The mail server refused the user or password of SMTP_URL.", hint="Correct SMTP_URL.") from None
        except (smtplib.SMTPException, OSError) as error:
            raise VendorError(f"The mail server {self._host} did not take the message: {type(error).__name__}.") from error
        return str(message["Message-ID"])

    def _connected(self) -> smtplib.SMTP:
        if self._encrypted:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)

    def _deliver(self, server: smtplib.SMTP, message: EmailMessage, recipients: list[str]) -> None:
        server.ehlo()
        if not self._encrypted and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if self._user:
            server.login(self._user, self._password)
        try:
            server.send_message(message, to_addrs=recipients)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(500 <= code < 600 for code in codes):
                raise Refused("The mail server takes no mail for this recipient.", code="recipient_refused") from None
            raise
        except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
            raise OutcomeUnknown("The connection to the mail server broke while the message was on its way.", hint="") from error
