"""Running calls at Twilio, given something else to do."""

from functools import cached_property
from typing import TYPE_CHECKING

from aira.adapters.twilio import twilio_client
from aira.settings import Settings

if TYPE_CHECKING:
    from twilio.rest import Client


class TwilioCalls:
    """Changes calls over Twilio's REST API; the SDK is loaded at the first change."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def update(self, call_sid: str, twiml: str) -> None:
        """Give a running call another document, once.

        Raises Refused or NotFound where the call is over, OutcomeUnknown where Twilio's answer was lost, SetupError where account or
        keys are not set.
        """
        self._client.calls(call_sid).update(twiml=twiml)

    def check(self) -> None:
        """Raise SetupError where account or keys are not set, before a caller waits for it."""
        _ = self._client

    @cached_property
    def _client(self) -> "Client":
        return twilio_client(self._settings)
