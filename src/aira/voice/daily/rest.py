"""Daily's REST API, as much of it as a dial-in needs: private rooms that expire, meeting tokens, deletion."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from aira.errors import CredentialsRefused, SetupError, VendorError
from aira.ports import Clock
from aira.settings import Settings

DEFAULT_URL: Final = "https://api.daily.co/v1"
TRIES: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.2
ANSWER_SECONDS: Final = 5.0
MOST_LISTED: Final = 100

_PASSING = frozenset({500, 502, 503, 504})
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Room:
    """A room that a telephone call can be put through to."""

    name: str
    url: str
    sip_uri: str
    """Where the carrier dials to, sip:…"""


class DailyRest:
    """The client. 429 is waited out; reading and deleting are also repeated after 5xx and a broken connection.

    `pause` is awaited with the seconds to wait before a request is repeated.
    """

    def __init__(self, settings: Settings, clock: Clock, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        if settings.daily_api_key is None:
            raise SetupError("Daily's key is not set.", hint="Set DAILY_API_KEY to the key of your Daily domain.")
        self._base = settings.daily_api_url or DEFAULT_URL
        self._clock = clock
        self._pause = pause
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.daily_api_key.get_secret_value()}"}, timeout=ANSWER_SECONDS
        )

    async def create_room(self, name: str, *, seconds: float) -> Room:
        """Make a private room with one SIP address for dialling in, gone with all who are in it after `seconds`.

        Raises VendorError, CredentialsRefused.
        """
        properties = {
            "exp": self._in(seconds),
            "eject_at_room_exp": True,
            "enable_chat": False,
            "start_video_off": True,
            "sip": {"display_name": "caller", "video": False, "sip_mode": "dial-in", "num_endpoints": 1},
        }
        answer = await self._ask("POST", "/rooms", json={"name": name, "privacy": "private", "properties": properties})
        try:
            endpoint = str(answer["config"]["sip_uri"]["endpoint"])  # with and without sip: in Daily's own examples
            return Room(name, str(answer["url"]), f"sip:{endpoint.removeprefix('sip:')}")
        except (LookupError, TypeError):
            raise VendorError("Daily made a room without a SIP address.", code="daily_no_sip") from None

    async def meeting_token(self, room: str, *, seconds: float) -> str:
        """A token that lets its bearer into this one room, as its owner, for `seconds`. Raises VendorError, CredentialsRefused."""
        properties = {"room_name": room, "is_owner": True, "exp": self._in(seconds), "user_name": "receptionist"}
        answer = await self._ask("POST", "/meeting-tokens", json={"properties": properties})
        if not isinstance(answer.get("token"), str):
            raise VendorError("Daily gave no meeting token.", code="daily_no_token")
        return str(answer["token"])

    async def delete_room(self, name: str) -> None:
        """Delete a room; one that is not there is no error. Raises VendorError, CredentialsRefused."""
        await self._ask("DELETE", f"/rooms/{name}", gone_is_good=True)

    async def room_names(self, prefix: str) -> list[str]:
        """The names of all rooms that begin with `prefix`. Raises VendorError, CredentialsRefused."""
        found: list[str] = []
        after: dict[str, str] = {}
        while True:
            answer = await self._ask("GET", "/rooms", params={"limit": str(MOST_LISTED), **after})
            page = [room for room in answer.get("data", []) if isinstance(room, dict)]
            found.extend(str(room["name"]) for room in page if str(room.get("name", "")).startswith(prefix))
            if len(page) < MOST_LISTED:
                return found
            after = {"starting_after": str(page[-1].get("id", ""))}

    def _in(self, seconds: float) -> int:
        return int(self._clock.now().timestamp() + seconds)

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, object] | None = None,
        params: dict[str, str] | None = None,
        gone_is_good: bool = False,
    ) -> dict[str, Any]:
        repeatable = method != "POST"
        status = 0
        for turn in range(TRIES):
            if turn:
                await self._pause(FIRST_PAUSE_SECONDS * 2 ** (turn - 1) * _random.uniform(0.9, 1.1))
            try:
                answer = await self._http.request(method, f"{self._base}{path}", json=json, params=params)
            except httpx.TransportError as error:
                if not repeatable or turn == TRIES - 1:
                    raise VendorError(f"Daily did not answer: {type(error).__name__}.", code="daily_unreachable") from error
                continue
            status = answer.status_code
            if status != httpx.codes.TOO_MANY_REQUESTS and not (repeatable and status in _PASSING):
                return _content(answer, gone_is_good=gone_is_good)
        raise VendorError(f"Daily answered {status} again and again.", code=f"daily_{status}")


def _content(answer: httpx.Response, *, gone_is_good: bool) -> dict[str, Any]:
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise CredentialsRefused("Daily refused the key.", hint="Correct DAILY_API_KEY.")
    if gone_is_good and answer.status_code == httpx.codes.NOT_FOUND:
        return {}
    if answer.status_code != httpx.codes.OK:
        raise VendorError(f"Daily answered {answer.status_code}.", code=f"daily_{answer.status_code}")
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise VendorError("Daily's answer cannot be read.", code="daily_unreadable")
    return content
