"""The forms of webhooks: read only where their signature is the carrier's."""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict

from aira.voice.signatures import ALGORITHM_HEADER, HEADER, accepted_secrets, is_genuine, named_algorithm, public_url
from aira.voice.switchboard import Switchboard

Form = ImmutableMultiDict[str, str]

_LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 300
_JSON = "application/json"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_WITHHELD = {"+266696687", "+7378742833", "+86282452253", "+2562533"}
"""Numbers that spell ANONYMOUS, RESTRICTED, UNAVAILABLE and BLOCKED: what Twilio puts where a caller withholds theirs."""


async def genuine_form(request: Request, switchboard: Switchboard) -> Form | None:
    """The parameters of body and query, None where the carrier did not sign them.

    The body is a form, or a JSON object whose SHA-256 stands in the signed address.
    """
    text = await _text(request)
    url = public_url(switchboard.aira.settings, request.url.path, request.url.query)
    signature = request.headers.get(HEADER)
    if text is None or not signature:
        return None
    try:
        query = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        if request.headers.get("Content-Type", "").startswith(_JSON):
            signed: Form | str = text
            fields = _json_fields(text) if dict(query).get("bodySHA256") else []
        else:
            fields = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MOST_FIELDS)
            signed = ImmutableMultiDict(fields)
    except (ValueError, RecursionError):
        return None
    if isinstance(signed, str) and not fields:
        return None
    algorithm = named_algorithm(request.headers.get(ALGORITHM_HEADER))
    secrets = accepted_secrets(switchboard.aira.settings, switchboard.secret, algorithm)
    if not any(is_genuine(secret, url, signed, signature, algorithm=algorithm) for secret in secrets):
        return None
    return ImmutableMultiDict(_without_nul([*fields, *query]))


def number_in(form: Form, name: str) -> str | None:
    """An E.164 number, None for a withheld one, a SIP address and the like."""
    text = form.get(name, "")
    return text if text not in _WITHHELD and _E164.fullmatch(text) else None


def count_in(form: Form, name: str) -> int | None:
    """A whole number of up to six digits, None for anything else."""
    text = form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


async def _text(request: Request) -> str | None:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _json_fields(text: str) -> list[tuple[str, str]]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not an object")  # noqa: TRY004  # told like any other body that is no form
    return [(name, value) for name, value in values.items() if isinstance(value, str)]


def _without_nul(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """PostgreSQL keeps no NUL in text."""
    return [(name, value.replace("\0", "")) for name, value in fields]
