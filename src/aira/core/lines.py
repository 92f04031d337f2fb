"""What the carrier keeps for one of our numbers: the addresses it calls, and the tag that says whose number it is."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from aira.core.app import Aira
from aira.errors import SetupError
from aira.ports import Webhooks
from aira.settings import is_loopback

_TAG: Final = re.compile(r"aira:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_PRIVATE_SUFFIXES: Final = (".local", ".localhost", ".internal", ".lan", ".home.arpa", ".test", ".invalid")


def line_webhooks(aira: Aira) -> Webhooks:
    """The addresses under VOICE_AGENT_SERVICE_URL that the carrier is to call.

    Raises SetupError where the carrier could not reach them: it needs https at a public address, except that a carrier on
    this machine may call http on this machine.
    """
    base = aira.settings.voice_agent_service_url
    local = not aira.carrier.public_webhooks and is_loopback(base)
    if not local and not (base.startswith("https://") and _public(urlsplit(base).hostname or "")):
        raise SetupError(
            "VOICE_AGENT_SERVICE_URL is not an address that the carrier can call: it has to be public and https.",
            code="webhooks_not_public",
            hint="Set VOICE_AGENT_SERVICE_URL to the public https address of `aira serve-voice`, such as https://voice.your-domain.com.",
        )
    base = f"{base}/webhooks/twilio"
    return Webhooks(f"{base}/call", f"{base}/fallback", f"{base}/status", f"{base}/sms")


def tag_of(number_id: UUID) -> str:
    """The tag of a number of ours, also kept in `business_numbers.friendly_name`."""
    return f"aira:{number_id}"


def tagged_id(tag: str) -> UUID | None:
    """The number that a tag names, None where it is not a tag of ours."""
    match = _TAG.fullmatch(tag)
    return UUID(match[1]) if match else None


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_SUFFIXES)
