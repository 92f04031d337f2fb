"""A voice message is fetched from the carrier, kept, and mailed with the recording; a carrier that fails delays it, and loses nothing."""

from dataclasses import replace
from email.message import EmailMessage

import pytest

from aira.adapters.simulated_recordings import SimulatedRecordings
from aira.core.app import Aira
from aira.core.calls import call_messages, find_call, open_call, take_message
from aira.core.db import fetch_value, fetch_values
from aira.core.jobs import run_waiting_jobs
from aira.core.notifications import deliver_due, list_notifications
from aira.core.voicemail import keep_recording
from aira.errors import VendorError
from aira.model import CallMessage
from doubles import FrozenClock
from salon import CALLER, NUMBER, OWNER_EMAIL, open_salon

URL = f"https://api.twilio.com/2010-04-01/Accounts/AC{'5e' * 16}/Recordings/RE{'0a' * 16}"
WAV = b"RIFF" + bytes(1000)


class Outbox:
    """A mailer that keeps what the salon is sent; letters about money go to another address."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> str:
        if message["To"] == OWNER_EMAIL:
            self.sent.append(message)
        return "accepted"


@pytest.fixture
def outbox() -> Outbox:
    """Where mail ends."""
    return Outbox()


@pytest.fixture
def aira(aira: Aira, outbox: Outbox) -> Aira:
    """A handle with a salon, whose clock is the database's, as jobs become due by that."""
    with aira.database.transaction() as connection:
        aira.clock.set(fetch_value(connection, "select now()"))
    open_salon(aira)
    return replace(aira, mailer=outbox)


@pytest.fixture
def message(aira: Aira) -> CallMessage:
    """A voice message that the carrier has just reported."""
    call = open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER)
    return take_message(aira, call.id, "Voice message of 12 seconds.", kind="voicemail", recording_url=URL)


def record(aira: Aira) -> None:
    """The simulated carrier has the recording."""
    SimulatedRecordings(aira.database.url).keep(URL, WAV)


def test_with_the_recording_attached(aira: Aira, message: CallMessage, outbox: Outbox) -> None:
    """Fetched by a job, kept in the file store, and sent at once."""
    record(aira)
    run_waiting_jobs(aira)

    (mail,) = outbox.sent
    (attached,) = mail.iter_attachments()
    assert (mail["To"], attached.get_filename(), attached.get_content_type(), attached.get_content()) == (
        OWNER_EMAIL,
        "message.wav",
        "audio/wav",
        WAV,
    )
    (kept,) = call_messages(aira, message.business_id)
    assert aira.files.get(str(kept.recording_key)) == WAV


def test_is_what_the_call_achieved(aira: Aira, message: CallMessage) -> None:
    """A call that no bot took is not without outcome."""
    assert find_call(aira, "CA1").outcome == "voicemail"


def test_waits_for_a_carrier_that_is_slow(aira: Aira, message: CallMessage, outbox: Outbox) -> None:
    """The job is tried again, and the mail waits for it."""
    run_waiting_jobs(aira)
    with aira.database.transaction() as connection:
        attempts = fetch_values(connection, "select attempts from jobs.procrastinate_jobs where task_name = 'aira.keep_recording'")

    assert (attempts, outbox.sent) == ([1], [])
    record(aira)
    keep_recording(aira, message.id)
    run_waiting_jobs(aira)
    assert [len(list(mail.iter_attachments())) for mail in outbox.sent] == [1]


def test_is_announced_with_a_link_where_the_carrier_fails_for_long(
    aira: Aira, message: CallMessage, outbox: Outbox, clock: FrozenClock
) -> None:
    """After a quarter of an hour the owner is told all the same; the recording follows into the file store."""
    with pytest.raises(VendorError):
        keep_recording(aira, message.id)
    clock.move(minutes=15)
    deliver_due(aira)

    (mail,) = outbox.sent
    assert list(mail.iter_attachments()) == []
    assert URL in mail.get_body(("plain",)).get_content()
    record(aira)
    assert keep_recording(aira, message.id) == f"{message.business_id}/voicemail/{message.id}.wav"


def test_is_fetched_once_and_announced_once(aira: Aira, message: CallMessage, outbox: Outbox) -> None:
    """A job may run twice, a carrier may report twice."""
    record(aira)
    take_message(aira, message.call_id, "Voice message of 12 seconds.", kind="voicemail", recording_url=URL)
    for _ in range(2):
        keep_recording(aira, message.id)
        run_waiting_jobs(aira)

    assert (
        len(outbox.sent),
        len(call_messages(aira, message.business_id)),
        len(list_notifications(aira, business=message.business_id)),
    ) == (1, 1, 1)


def test_two_messages_of_one_length_are_two(aira: Aira, message: CallMessage) -> None:
    """Not the words make a voice message, but the recording."""
    take_message(aira, message.call_id, message.text, kind="voicemail", recording_url=URL.replace("0a", "0b"))

    assert len(call_messages(aira, message.business_id)) == 2


def test_leaves_without_a_recording_that_was_deleted(aira: Aira, message: CallMessage, outbox: Outbox) -> None:
    """The news counts, not the file."""
    record(aira)
    aira.files.delete(str(keep_recording(aira, message.id)))
    deliver_due(aira)

    assert [list(mail.iter_attachments()) for mail in outbox.sent] == [[]]
