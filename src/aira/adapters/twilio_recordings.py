"""Recordings that Twilio made for us, fetched with our own credentials."""

import re
from typing import Final

import httpx

from aira.errors import CredentialsRefused, InvalidInput, SetupError, VendorError
from aira.settings import Settings

LARGEST_BYTES: Final = 20 * 1024 * 1024
"""Two minutes at the carrier's 16 bits and 8 kHz are 2 MB."""

_NAMED: Final = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Recordings/(RE[0-9a-fA-F]{32})")


def recording_of(url: str) -> tuple[str, str]:
    """Account and sid in the address of a recording. Raises InvalidInput for any other address."""
    match = _NAMED.fullmatch(httpx.URL(url).path)
    if match is None:
        raise InvalidInput("That is not the address of a recording.", code="not_a_recording")
    return match[1], match[2]


class TwilioRecordings:
    """Fetches from the host of the settings only, so that credentials go nowhere else whatever address a recording is said to have."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def fetch(self, url: str) -> bytes:
        """The recording as WAV. Raises VendorError where it is not ready or cannot be had, CredentialsRefused, SetupError."""
        account, sid = recording_of(url)
        base = self._settings.twilio_api_url or "https://api.twilio.com"
        address = f"{base}/2010-04-01/Accounts/{account}/Recordings/{sid}.wav"
        try:
            # Twilio forwards to its store; httpx does not send our credentials on to another host.
            with httpx.stream("GET", address, auth=self._credentials(), timeout=20, follow_redirects=True) as answer:
                if answer.status_code in {401, 403}:
                    raise CredentialsRefused
                if answer.status_code != httpx.codes.OK:
                    raise VendorError("Twilio does not hand out the recording.", code=f"recording_{answer.status_code}")
                return _within_limit(answer)
        except httpx.HTTPError as error:
            raise VendorError(f"The recording could not be fetched: {type(error).__name__}.") from error

    def _credentials(self) -> tuple[str, str]:
        settings = self._settings
        name = settings.twilio_api_key_sid or settings.twilio_account_sid
        secret = settings.twilio_api_key_secret if settings.twilio_api_key_sid else settings.twilio_auth_token
        if not name or secret is None:
            raise SetupError("Twilio's account and keys are not set.")
        return name, secret.get_secret_value()


def _within_limit(answer: httpx.Response) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if len(content) > LARGEST_BYTES:
            raise VendorError("The recording is larger than any message can be.", code="recording_too_large")
    return bytes(content)
