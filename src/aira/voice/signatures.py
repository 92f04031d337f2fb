"""Whether a webhook really comes from the carrier: X-Twilio-Signature over the public URL and the parameters.

The URL is built from our own setting, never from the request's Host header, which anybody can set.
"""

import os
import secrets
from collections.abc import Mapping

from pydantic import SecretStr
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator, get_signature_algorithm

from aira.errors import SetupError
from aira.settings import Settings

HEADER = "X-Twilio-Signature"
ALGORITHM_HEADER = "X-Twilio-Webhooks-Signature-Settings"
"""Names key and algorithm where a webhook is signed with a shared key."""


def webhook_secret(settings: Settings) -> str:
    """The secret that signs the carrier's webhooks: TWILIO_AUTH_TOKEN, or for the simulated carrier a file made in AIRA_HOME.

    Raises SetupError where Twilio is the carrier and its token is not set.
    """
    if settings.twilio_auth_token is not None:
        return settings.twilio_auth_token.get_secret_value()
    if settings.aira_carrier == "twilio":
        raise SetupError(
            "Twilio's webhooks cannot be checked without TWILIO_AUTH_TOKEN.", hint="Set TWILIO_AUTH_TOKEN to the account's auth token."
        )
    path = settings.aira_home / "webhook.secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(16), "ascii")
        try:
            os.link(fresh, path)  # fails where another process was faster: its secret stands
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text("ascii")


def public_url(settings: Settings, path: str, query: str = "") -> str:
    """The address of one of our paths as the carrier knows it."""
    return settings.voice_agent_service_url + path + (f"?{query}" if query else "")


def sign(secret: str, url: str, parameters: Mapping[str, str]) -> str:
    """The signature that a carrier with this secret sends along."""
    return str(RequestValidator(secret).compute_signature(url, dict(parameters)))


def is_genuine(secret: str, url: str, body: "Mapping[str, object] | str", signature: str | None, *, algorithm: str = HMAC_SHA1) -> bool:
    """Whether the signature fits the URL and the form's parameters, or the text of a JSON body whose hash the URL names."""
    return bool(signature) and bool(RequestValidator(secret).validate(url, body, signature, algorithm))


def accepted_secrets(settings: Settings, secret: str, algorithm: str) -> list[str]:
    """The secrets that may have signed by an algorithm: `secret` and a second token for SHA-1, the shared key for SHA-256."""
    known = (secret, _plain(settings.twilio_secondary_auth_token)) if algorithm == HMAC_SHA1 else (_plain(settings.twilio_webhook_key),)
    return [one for one in known if one] if algorithm in {HMAC_SHA1, HMAC_SHA256} else []


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None


def named_algorithm(header: str | None) -> str:
    """The algorithm that the header names, HMAC_SHA1 without one."""
    return str(get_signature_algorithm(header)).upper()
