"""A webhook counts only with a signature over the address and the parameters, made with the carrier's secret."""

import base64
import hmac
import stat
from pathlib import Path

import pytest

from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.signatures import is_genuine, public_url, sign, webhook_secret

URL = "https://voice.example/webhooks/twilio/call"
FORM = {"CallSid": "CA1", "From": "+14155550177", "To": "+14155550123"}


def test_a_signature_by_the_documented_recipe_is_accepted() -> None:
    """HMAC-SHA1, in base64, of the address followed by the parameters' names and values in the order of the names."""
    text = f"{URL}CallSidCA1From+14155550177To+14155550123"
    signature = base64.b64encode(hmac.digest(b"secret", text.encode(), "sha1")).decode()

    assert is_genuine("secret", URL, FORM, signature)


def test_a_signature_of_ours_is_accepted() -> None:
    """The simulated carrier signs as Twilio does."""
    assert is_genuine("secret", URL, FORM, sign("secret", URL, FORM))


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL, FORM, None),
        (URL, FORM, ""),
        (URL, FORM, "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (URL, {**FORM, "To": "+14155550199"}, sign("secret", URL, FORM)),
        (URL + "?x=1", FORM, sign("secret", URL, FORM)),
        (URL, FORM, sign("another secret", URL, FORM)),
    ],
)
def test_anything_else_is_not(url: str, form: dict[str, str], signature: str | None) -> None:
    """Missing, made up, of another form, of another address, of another secret."""
    assert not is_genuine("secret", url, form, signature)


class TestSecret:
    def test_is_twilios_token_where_there_is_one(self, tmp_path: Path) -> None:
        """One setting signs the webhooks of either carrier."""
        assert webhook_secret(Settings(aira_home=tmp_path, twilio_auth_token="t0k3n")) == "t0k3n"

    def test_of_the_simulated_carrier_is_made_once_and_kept_to_its_owner(self, tmp_path: Path) -> None:
        """Server and simulated caller share a home and with it the secret."""
        settings = Settings(aira_home=tmp_path / "home")

        first = webhook_secret(settings)

        assert len(first) == 32
        assert webhook_secret(settings) == first
        assert stat.S_IMODE((tmp_path / "home" / "webhook.secret").stat().st_mode) == 0o600
        assert [path.name for path in (tmp_path / "home").iterdir()] == ["webhook.secret"]

    def test_of_twilio_has_to_be_set(self, tmp_path: Path) -> None:
        """A server that cannot check its webhooks does not start."""
        with pytest.raises(SetupError, match="TWILIO_AUTH_TOKEN"):
            webhook_secret(Settings(aira_home=tmp_path, aira_carrier="twilio"))


def test_addresses_are_built_from_the_setting() -> None:
    """The Host header has no say in them."""
    settings = Settings(voice_agent_service_url="https://voice.example/")

    assert public_url(settings, "/webhooks/twilio/call", "a=1") == "https://voice.example/webhooks/twilio/call?a=1"
