"""HTTP under twilio-python: timeouts, another host where one is set, and repeats only where repeating is safe.

twilio-python has no timeout of its own, cannot be pointed at another host, and reports failures in three different
classes. This transport hands it good answers only; everything else leaves here as an AiraError.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx
from twilio.http import HttpClient
from twilio.http.response import Response

from aira.adapters.twilio_errors import refusal, unanswered

TRIES: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.1
JITTER: Final = 0.1
CONNECT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 8.0
CHANGE_SECONDS: Final = 30.0
"""A purchase in a country with checks of its own takes Twilio several seconds. All tries of a look and a purchase together
have to end within `aira.core.reconcile.SETTLE_AFTER`."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PASSING = frozenset({500, 502, 503, 504})
_TOO_MANY = 429
_random = random.SystemRandom()


class TwilioTransport(HttpClient):  # type: ignore[misc]  # mypy does not read Twilio's package
    """The HTTP client of a `twilio.rest.Client`.

    GET and DELETE are repeated when the connection fails, and everything is when Twilio says 429, which means that it did
    not look at the request. A POST is never repeated for another reason. `api_url` replaces scheme and host of every
    address; `pause` is called with the seconds to wait.
    """

    def __init__(
        self,
        *,
        account: str,
        api_url: str | None = None,
        look_seconds: float = LOOK_SECONDS,
        change_seconds: float = CHANGE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False)
        self._account = account
        self._api_url = api_url
        self._pause = pause
        self._look = httpx.Timeout(look_seconds, connect=CONNECT_SECONDS)
        self._change = httpx.Timeout(change_seconds, connect=CONNECT_SECONDS)
        # No connection is kept: a POST on one that the other side is just closing has an unknown outcome.
        self._http = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One call of Twilio's API; raises an AiraError for every answer that is not a good one."""
        request = self._http.build_request(
            method,
            self._address(uri),
            params=_given(params),
            data=_given(data),
            headers=headers,
            timeout=self._look if method == "GET" else self._change,
        )
        answer = self._answer(request, httpx.BasicAuth(*auth) if auth else None)
        if answer.status_code >= 300 or not _readable(answer):
            raise refusal(method, answer.status_code, answer.text, account=self._account)
        return Response(answer.status_code, answer.text, dict(answer.headers))

    def _answer(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        repeatable = request.method in {"GET", "DELETE"}
        tries_left = TRIES
        while True:
            tries_left -= 1
            try:
                answer = self._http.send(request, auth=auth)
            except httpx.TransportError as error:
                if not (repeatable and tries_left):
                    raise unanswered(request.method, sent=not isinstance(error, _NOT_SENT), reason=type(error).__name__) from error
            else:
                passing = answer.status_code == _TOO_MANY or (repeatable and answer.status_code in _PASSING)
                if not (passing and tries_left):
                    return answer
            self._pause(FIRST_PAUSE_SECONDS * 2 ** (TRIES - 1 - tries_left) * _random.uniform(1 - JITTER, 1 + JITTER))

    def _address(self, uri: str) -> str:
        if self._api_url is None:
            return uri
        parts = urlsplit(uri)
        return f"{self._api_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _given(values: Mapping[str, object] | None) -> dict[str, str] | None:
    # An empty mapping would make httpx drop the query of the address, which pages of a list carry.
    return {name: str(value) for name, value in (values or {}).items() if value is not None} or None


def _readable(answer: httpx.Response) -> bool:
    if answer.status_code == httpx.codes.NO_CONTENT:
        return True
    try:
        return isinstance(json.loads(answer.text), dict)
    except ValueError:
        return False
