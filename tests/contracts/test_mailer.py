"""A mailer hands each message over as it was written, names what it could not do, and can be asked twice."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import SecretStr

from aira.adapters.mail import OutboxMailer, SmtpMailer
from aira.errors import CredentialsRefused, OutcomeUnknown, Refused, SetupError, VendorError
from aira.ports import Mailer
from aira.settings import Settings
from smtp_server import SmtpServer

TEXT = "Hello Ann,\n\n.a line that begins with a dot\nund ein Gruß\n"


@dataclass(frozen=True)
class Scene:
    mailer: Mailer
    received: Callable[[], list[EmailMessage]]


@pytest.fixture(params=["outbox", "smtp"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A mailer and what has arrived by it."""
    if request.param == "outbox":
        folder = tmp_path / "outbox"
        yield Scene(OutboxMailer(folder), lambda: [_read(file) for file in sorted(folder.glob("*.eml"))])
    else:
        with SmtpServer() as server:
            yield Scene(_smtp(server.url), lambda: server.messages)


def _smtp(url: str) -> SmtpMailer:
    return SmtpMailer(Settings(smtp_url=SecretStr(url)))


def _read(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=policy.default)


def _mail(subject: str = "Grüße", message_id: str = "<1@aira.example>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = "a@aira.example", "ann@x.example", subject, message_id
    message.set_content(TEXT)
    message.add_attachment(b"BEGIN:VCALENDAR\r\n", maintype="application", subtype="ics", filename="appointment.ics")
    return message


def test_a_message_arrives_as_it_was_written(scene: Scene):
    """Headers, text, letters of any alphabet and attachments survive."""
    scene.mailer.send(_mail())

    (arrived,) = scene.received()
    assert (arrived["Subject"], arrived["To"], arrived["Message-ID"]) == ("Grüße", "ann@x.example", "<1@aira.example>")
    assert arrived.get_body(("plain",)).get_content().replace("\r\n", "\n") == TEXT
    assert [part.get_filename() for part in arrived.iter_attachments()] == ["appointment.ics"]


def test_a_message_has_a_name_at_the_transport(scene: Scene):
    """Two messages are told apart by what the transport calls them."""
    names = {scene.mailer.send(_mail(message_id=f"<{number}@aira.example>")) for number in range(2)}

    assert len(names - {""}) == 2
    assert len(scene.received()) == 2


def test_a_file_sent_again_takes_the_place_of_the_first(tmp_path: Path):
    """In the folder a message is there once, however often it is sent."""
    for subject in ("first", "second"):
        OutboxMailer(tmp_path / "outbox").send(_mail(subject))

    (file,) = (tmp_path / "outbox").iterdir()
    assert b"Subject: second" in file.read_bytes()


@pytest.mark.parametrize(
    ("failure", "error"), [("refuse", Refused), ("busy", VendorError), ("drop_early", VendorError), ("drop", OutcomeUnknown)]
)
def test_a_server_that_does_not_take_it_is_told_apart(failure: str, error: type[Exception]):
    """Never, not now, and perhaps are three different answers."""
    with SmtpServer() as server:
        server.failing = [failure]

        with pytest.raises(error) as caught:
            _smtp(server.url).send(_mail())

    assert type(caught.value) is error or failure == "drop_early"
    assert "ann" not in str(caught.value)


def test_a_password_is_given_and_may_be_refused():
    """The user and password of SMTP_URL open the server, or are named as what is wrong."""
    with SmtpServer(password="p@ss") as server:
        url = server.url.replace("p@ss@", "p%40ss@")
        assert _smtp(url).send(_mail()) == "<1@aira.example>"

        with pytest.raises(CredentialsRefused):
            _smtp(url.replace("p%40ss", "wrong")).send(_mail())


def test_a_server_that_is_not_there_is_a_vendor_that_failed():
    """Nothing was sent, and it may be tried again."""
    with pytest.raises(VendorError) as caught:
        _smtp("smtp://127.0.0.1:9").send(_mail())

    assert caught.value.retryable


@pytest.mark.parametrize("url", [None, "http://mail.example", "smtp://"])
def test_an_address_that_is_none_is_a_matter_of_setup(url: str | None):
    """What is missing is named when the mailer is made, not with the first message."""
    with pytest.raises(SetupError):
        SmtpMailer(Settings(smtp_url=SecretStr(url) if url else None))
