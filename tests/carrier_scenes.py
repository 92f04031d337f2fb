"""Carriers that fail on request, the simulated one and Twilio's adapter before a server that speaks Twilio's API."""

from collections.abc import Callable
from dataclasses import dataclass

from twilio.rest import Client

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.adapters.twilio import TwilioCarrier
from aira.adapters.twilio_http import TRIES, TwilioTransport
from aira.ports import Carrier
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

_REQUESTS = {
    "search": ("GET", "AvailablePhoneNumbers"),
    "find": ("GET", "IncomingPhoneNumbers"),
    "buy": ("POST", "IncomingPhoneNumbers.json"),
    "configure": ("POST", "IncomingPhoneNumbers/PN"),
    "release": ("DELETE", "IncomingPhoneNumbers/PN"),
    "account": ("GET", "Balance"),
}
_ANSWERS = {
    "rate_limited": {"kind": "status", "status": 429, "code": 20429},
    "unauthorized": {"kind": "status", "status": 401, "code": 20003},
    "suspended": {"kind": "status", "status": 403, "code": 20005},
}


@dataclass(frozen=True)
class Scene:
    """A carrier, and how to make it fail."""

    carrier: Carrier
    tries: int
    """How often a look is tried that fails."""
    _fail: Callable[[str, str, int], None]

    def fail(self, operation: str, kind: str, times: int = 9) -> None:
        """Let the next requests of an operation go wrong, in a way named as the simulated carrier names it."""
        self._fail(operation, kind, times)


def simulated_scene(url: str) -> Scene:
    """The simulated carrier of a database."""
    carrier = SimulatedCarrier(url)
    return Scene(carrier, 1, lambda operation, kind, times: carrier.rehearse(kind, operation=operation, times=times))


def twilio_scene(server: TwilioServer) -> Scene:
    """Twilio's adapter, with little patience, before a server."""
    transport = TwilioTransport(account=ACCOUNT_SID, api_url=server.url, look_seconds=0.5, change_seconds=0.5, pause=lambda _: None)
    settings = Settings(aira_carrier="twilio", twilio_account_sid=ACCOUNT_SID, twilio_api_url=server.url)

    def fail(operation: str, kind: str, times: int) -> None:
        server.fail(*_REQUESTS[operation], times=times, **_ANSWERS.get(kind, {"kind": kind}))

    return Scene(TwilioCarrier(settings, client=Client(ACCOUNT_SID, AUTH_TOKEN, http_client=transport)), TRIES, fail)
