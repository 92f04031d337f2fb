"""The e-mail that carries a message: headers, text, HTML and, to a customer, the appointment as a calendar file."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from uuid import UUID

from aira.core.calendars import invitation
from aira.core.messages import Words
from aira.errors import InvalidInput
from aira.model import Appointment, Business

_ADDRESS = re.compile(r"([^\s@<>\",;:()\[\]\\]+)@([A-Za-z0-9._-]+)")


def compose_mail(
    notification_id: UUID,
    recipient: str,
    words: Words,
    *,
    sender: str,
    now: datetime,
    business: Business | None = None,
    appointment: Appointment | None = None,
    cancelled: bool = False,
) -> EmailMessage:
    """A mail to one recipient; `sender` is the address of AIRA_MAIL_FROM, under which a business's own name stands.

    Its Message-ID is fixed by the notification, so that a mail sent twice is shown once. With an `appointment` the mail carries
    its invitation, or its cancellation. Raises InvalidInput for a recipient that is no address.
    """
    message = EmailMessage()
    name, address = parseaddr(sender)
    message["From"] = Address(display_name=business.name if business is not None else name, addr_spec=address)
    message["To"] = _recipient(recipient)
    message["Subject"] = words.subject
    message["Message-ID"] = f"<{notification_id}@{address.rpartition('@')[2]}>"
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    if business is not None and business.email and appointment is not None:
        message["Reply-To"] = _recipient(business.email)
    message.set_content(words.text)
    if words.html:
        message.add_alternative(words.html, subtype="html")
    if appointment is not None and business is not None:
        _attach_invitation(message, business, appointment, organizer=business.email or address, now=now, cancelled=cancelled)
    return message


def _attach_invitation(
    message: EmailMessage, business: Business, appointment: Appointment, *, organizer: str, now: datetime, cancelled: bool
) -> None:
    method, file = invitation(business, appointment, organizer=organizer, stamp=now, cancelled=cancelled)
    message.add_alternative(file.decode(), subtype="calendar", params={"method": method})
    message.add_attachment(file, maintype="application", subtype="ics", filename="appointment.ics")


def _recipient(text: str) -> Address:
    match = _ADDRESS.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("The recipient is not an e-mail address.", code="recipient_invalid")
    return Address(username=match[1], domain=match[2])
