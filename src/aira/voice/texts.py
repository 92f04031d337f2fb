"""Text messages: what a person writes to one of our numbers, and what the carrier reports of a text that was sent."""

from collections.abc import Mapping

from aira.adapters.twilio_errors import reported_reason
from aira.core.aio import in_thread
from aira.core.app import Aira
from aira.core.businesses import find_business
from aira.core.consents import keyword_consent, may_be_an_answer, record_consent
from aira.core.heard import first_time
from aira.core.notifications import queue_notification, record_delivery
from aira.core.owners import find_owner
from aira.errors import NotFound
from aira.model import Business


def _receive_text(aira: Aira, form: Mapping[str, str]) -> None:
    sid, sender, text = form["MessageSid"], form.get("From", ""), form.get("Body", "").replace("\0", "").strip()
    if not text or not first_time(aira, "twilio", f"sms:{sid}", kind="sms"):
        return
    try:
        business = find_business(aira, form["To"])
    except NotFound:
        return
    granted = keyword_consent(text)
    if granted is not None:
        record_consent(aira, sender, business=business.id, granted=granted, basis="keyword", evidence=sid)
    if may_be_an_answer(text) and (recipient := business.email or _owner_address(aira, business)):
        payload = {"kind": "sms", "text": text[:4000], "caller_name": None, "phone": sender, "recording_url": None, "may_text": granted}
        queue_notification(
            aira, "owner_message", channel="email", recipient=recipient, payload=payload, dedupe_key=f"sms:{sid}", business=business.id
        )


def _owner_address(aira: Aira, business: Business) -> str:
    """Where the owner signs in, for a business without an address of its own."""
    return find_owner(aira, business.user_id).email if business.user_id is not None else ""


def _receive_report(aira: Aira, form: Mapping[str, str]) -> None:
    error = reported_reason(form["ErrorCode"]) if form.get("ErrorCode") else None
    record_delivery(aira, form["MessageSid"], status=form.get("MessageStatus", ""), error=error, sender=form.get("From"))


receive_text = in_thread(_receive_text)
"""Keep the consent that a keyword gives or ends; pass on to the owner what may be meant for a person. A repeat of the same text changes
nothing."""
receive_report = in_thread(_receive_report)
"""Note what became of a text message that was sent."""
