"""What leaves by mail and text in tests, and ways to look at it."""

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from icalendar import Calendar

from aira.core.app import Aira
from aira.core.appointments import book_appointment
from aira.core.consents import record_consent
from aira.core.db import fetch_value
from aira.core.notifications import list_notifications, queue_notification
from aira.errors import OutcomeUnknown
from aira.model import Appointment, Business, Notification
from barber import DESK, TUESDAY

ANN, ANN_PHONE = "ann@customer.example", "+12125550123"
"""A customer in New York."""
LOS_ANGELES_PHONE = "+14155550123"

MESSAGE = {"text": "Call me", "caller_name": "Bob", "phone": "+12125550100", "kind": "message", "recording_url": None}


class MemoryTexter:
    """Keeps what it is given. `outcomes` are errors for the next texts; one with the fact `left` is raised after the text left."""

    def __init__(self, *outcomes: Exception) -> None:
        self.sent: list[tuple[str, str]] = []
        self.outcomes = list(outcomes)

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Keep the text."""
        failure = self.outcomes.pop(0) if self.outcomes else None
        if failure is None or (isinstance(failure, OutcomeUnknown) and failure.facts.get("left")):
            self.sent.append((to, body))
        if failure is not None:
            raise failure
        return f"SM{len(self.sent)}"

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The place of the text among those kept."""
        return f"SM{self.sent.index((to, body)) + 1}" if (to, body) in self.sent else None


def book_for_ann(aira: Aira, business: Business, *, start: datetime = TUESDAY, consent: bool = True, phone: str = ANN_PHONE) -> Appointment:
    """A cut for Ann, who gave her address and, with `consent`, agreed to texts."""
    if consent:
        record_consent(aira, phone, business=business.id, granted=True, basis="spoken", evidence="CA1")
    return book_appointment(
        aira, business=business.id, start=start, service="Cut", customer_name="Ann", customer_email=ANN, customer_phone=phone
    )


def queue_message(aira: Aira, business: Business, *, key: str = "call:1", recipient: str = DESK) -> Notification:
    """A caller's message to the owner."""
    return queue_notification(
        aira, "owner_message", channel="email", recipient=recipient, payload=MESSAGE, dedupe_key=key, business=business.id
    )


def mails(aira: Aira, *, to: str | None = None) -> list[EmailMessage]:
    """The mails in the outbox folder, in the order in which they left."""
    files = sorted((aira.settings.aira_home / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    read = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in read if to is None or mail["To"] == to]


def invitations(mails: list[EmailMessage]) -> list[Calendar]:
    """The calendars that mails carry."""
    return [Calendar.from_ical(part.get_content()) for mail in mails for part in mail.walk() if part.get_content_type() == "text/calendar"]


def calendar_of(mails: list[EmailMessage]) -> dict[str, datetime]:
    """When each event begins in the calendar of somebody whose mail program acts on these mails, by UID (RFC 5546).

    What a mail asks for is read from its Content-Type; the newer revision of an event takes the place of the older.
    """
    events: dict[str, tuple[int, str, datetime]] = {}
    for mail in mails:
        for part in mail.walk():
            if part.get_content_type() == "text/calendar":
                event = Calendar.from_ical(part.get_content()).walk("VEVENT")[0]
                uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
                if uid not in events or sequence > events[uid][0]:
                    events[uid] = (sequence, str(part.get_param("method")), event.start)
    return {uid: start for uid, (_, method, start) in events.items() if method == "REQUEST"}


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The plain text or the HTML of a mail."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def only(aira: Aira, channel: str, template: str) -> Notification:
    """The one message of this kind."""
    (found,) = [one for one in list_notifications(aira) if (one.channel, one.template) == (channel, template)]
    return found


def state(aira: Aira, channel: str = "sms", template: str = "appointment_confirmed") -> tuple[str, str | None]:
    """Status and reason of the one message of this kind."""
    found = only(aira, channel, template)
    return found.status, found.last_error


def claim_and_die(aira: Aira) -> None:
    """Take the next message as a process does that is killed before it sends it."""
    with aira.database.transaction() as connection:
        assert fetch_value(connection, "select id from claim_notifications(1, p_now => %(now)s)", {"now": aira.clock.now()})
