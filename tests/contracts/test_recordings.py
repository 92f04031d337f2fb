"""What the carrier recorded can be fetched, by Twilio's API and from the simulated carrier alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from aira.adapters.simulated_recordings import SimulatedRecordings
from aira.adapters.twilio_recordings import LARGEST_BYTES, TwilioRecordings
from aira.errors import CredentialsRefused, InvalidInput, SetupError, VendorError
from aira.ports import Recordings
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN
from twilio_server import TwilioServer

SID = "RE" + "0a" * 16
URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{SID}"
PATH = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{SID}.wav"


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    """Twilio's API on this machine."""
    with TwilioServer() as server:
        yield server


def of_twilio(server: TwilioServer, **changes: object) -> TwilioRecordings:
    """The adapter, pointed there."""
    given = {"twilio_account_sid": ACCOUNT_SID, "twilio_auth_token": AUTH_TOKEN, "twilio_api_url": server.url, **changes}
    return TwilioRecordings(Settings(**given))


@dataclass
class Side:
    """An implementation, and how its carrier records."""

    recordings: Recordings
    record: Callable[[bytes], None]


@pytest.fixture(params=["twilio", "simulated"])
def side(request: pytest.FixtureRequest, twilio: TwilioServer) -> Side:
    """Each implementation."""
    if request.param == "twilio":
        return Side(of_twilio(twilio), lambda wav: twilio.account.recordings.update({PATH: wav}))
    simulated = SimulatedRecordings(request.getfixturevalue("database_url"))
    return Side(simulated, lambda wav: simulated.keep(URL, wav))


class TestEvery:
    def test_recording_comes_as_it_was_made(self, side: Side) -> None:
        """Byte for byte."""
        side.record(b"RIFF" + bytes(range(256)) * 50)

        assert side.recordings.fetch(URL) == b"RIFF" + bytes(range(256)) * 50

    def test_recording_that_is_not_there_may_come_later(self, side: Side) -> None:
        """The carrier reports a recording before it can be had."""
        with pytest.raises(VendorError) as caught:
            side.recordings.fetch(URL)

        assert caught.value.retryable

    @pytest.mark.parametrize(
        "url", ["https://attacker.example/steal", "file:///etc/passwd", f"{URL}/../../Keys", f"{URL}?x=/Recordings/RE1", ""]
    )
    def test_address_of_something_else_is_refused(self, side: Side, url: str) -> None:
        """A webhook cannot make us fetch what is no recording."""
        side.record(b"RIFF")
        if "?" in url:
            assert side.recordings.fetch(url) == b"RIFF"
        else:
            with pytest.raises(InvalidInput):
                side.recordings.fetch(url)


class TestTwilio:
    def test_gets_its_credentials_at_its_own_host_only(self, twilio: TwilioServer) -> None:
        """Whatever host the address of a recording names, the settings' host is asked."""
        twilio.account.recordings[PATH] = b"RIFF"

        assert of_twilio(twilio).fetch(URL.replace("api.twilio.com", "attacker.example")) == b"RIFF"

    def test_takes_an_api_key(self, twilio: TwilioServer) -> None:
        """Used instead of the auth token where there is one."""
        twilio.account.recordings[PATH] = b"RIFF"
        key = of_twilio(twilio, twilio_api_key_sid=API_KEY_SID, twilio_api_key_secret=API_KEY_SECRET, twilio_auth_token=None)

        assert key.fetch(URL) == b"RIFF"

    def test_says_where_it_does_not_know_us(self, twilio: TwilioServer) -> None:
        """Another token will not help by itself."""
        with pytest.raises(CredentialsRefused):
            of_twilio(twilio, twilio_auth_token="wrong").fetch(URL)

    def test_has_to_be_set_up(self, twilio: TwilioServer) -> None:
        """Nothing is asked without credentials."""
        with pytest.raises(SetupError):
            of_twilio(twilio, twilio_auth_token=None).fetch(URL)

    @pytest.mark.parametrize("kind", ["drop_before", "status"])
    def test_failing_may_pass(self, twilio: TwilioServer, kind: str) -> None:
        """A broken connection and a server error are tried again by the job."""
        twilio.account.recordings[PATH] = b"RIFF"
        twilio.fail("GET", "Recordings", kind=kind)
        recordings = of_twilio(twilio)

        with pytest.raises(VendorError):
            recordings.fetch(URL)
        assert recordings.fetch(URL) == b"RIFF"

    def test_fills_no_memory(self, twilio: TwilioServer) -> None:
        """What is larger than any message is not read to its end."""
        twilio.account.recordings[PATH] = bytes(LARGEST_BYTES + 1)

        with pytest.raises(VendorError, match="larger"):
            of_twilio(twilio).fetch(URL)
