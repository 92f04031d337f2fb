"""Text messages over Twilio."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from aira.adapters.twilio import twilio_client
from aira.errors import OutcomeUnknown, TextRefused
from aira.settings import Settings

if TYPE_CHECKING:
    from twilio.rest import Client


class TwilioTexter:
    """Sends texts from one of our numbers (E.164), or from a messaging service where `sender` starts with MG."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Hand the text over; returns Twilio's message sid, SM….

        Raises TextRefused where it may not be sent, OutcomeUnknown where it may have been, other VendorErrors where it was not.
        """
        if not sender:
            raise TextRefused(
                "There is no number to send this text from.",
                code="sender_missing",
                hint="Buy a number that can text: `aira numbers search --sms`.",
            )
        origin = {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
        message = self._client.messages.create(to=to, body=body, **origin, **self._report())
        if not message.sid:
            raise OutcomeUnknown("Twilio's answer does not name the message.")
        return str(message.sid)

    def find(self, *, to: str, body: str, since: datetime) -> str | None:
        """The sid of a text with exactly this body that Twilio took for this recipient at `since` or later; None without one."""
        sent = self._client.messages.list(to=to, date_sent_after=since - timedelta(days=1), limit=200)
        taken = (
            one for one in sent if one.body == body and one.date_created is not None and one.date_created >= since - timedelta(seconds=5)
        )
        return next((str(one.sid) for one in taken), None)

    def _report(self) -> dict[str, str]:
        """Where Twilio tells what becomes of the text; it takes no address that it cannot reach."""
        base = self._settings.voice_agent_service_url
        return {"status_callback": f"{base}/webhooks/twilio/message"} if base.startswith("https://") else {}

    @cached_property
    def _client(self) -> "Client":
        return twilio_client(self._settings)
