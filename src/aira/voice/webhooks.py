"""What the carrier asks over HTTP. A wrong signature is answered 403; after a good one the answer is always TwiML with status 200,
within `DEADLINE_SECONDS`, whatever goes wrong.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from aira.errors import AiraError
from aira.voice import call_control, carrier_phrases as phrases, twiml
from aira.voice.backlog import write_rest
from aira.voice.forms import Form, genuine_form
from aira.voice.later import CALL_REST
from aira.voice.paths import ACCEPT, AFTER, CALL, FALLBACK, MESSAGE, SMS, STATUS, STREAM as STREAM, VOICEMAIL, WHISPER
from aira.voice.switchboard import Switchboard
from aira.voice.texts import receive_report, receive_text

DEADLINE_SECONDS = 1.4

logger = logging.getLogger(__name__)

Answer = Callable[[Switchboard, Form], Awaitable[str]]


async def answer(request: Request, switchboard: Switchboard) -> Response:
    """Check who asks, then answer by the path."""
    path = request.url.path
    form = await genuine_form(request, switchboard)
    if form is None:
        return Response(status_code=403)
    started = time.perf_counter()
    try:
        document = await asyncio.wait_for(_ANSWERS[path](switchboard, form), DEADLINE_SECONDS)
        deal_with_what_waits(switchboard)
    except Exception as error:  # noqa: BLE001  # a caller is waiting: whatever it is, they hear a sentence
        logger.error("The webhook %s failed: %s", path, type(error).__name__)  # noqa: TRY400  # its text may quote the form
        switchboard.meters.failures.labels("webhook").inc()
        document = _instead(switchboard, path, form, error)
    switchboard.meters.webhooks.labels(path).observe(time.perf_counter() - started)
    return Response(document, media_type=twiml.CONTENT_TYPE)


def _instead(switchboard: Switchboard, path: str, form: Form, error: Exception) -> str:
    """The answer where ours could not be found in time. What must not be lost is kept for later."""
    away = isinstance(error, TimeoutError) or (isinstance(error, AiraError) and error.retryable)
    if path in _MUST_NOT_BE_LOST and away and switchboard.later.keep(path, form):
        deal_with_what_waits(switchboard)
    if path == VOICEMAIL:
        return twiml.hang_up(phrases.MESSAGE_TAKEN if away else phrases.CALL_AGAIN)
    if path in _CALLER_WAITS:
        return call_control.trouble(switchboard)
    # Nobody is let through to a caller unless that could be noted.
    return twiml.hang_up() if path in _CALLED_WAITS else twiml.nothing()


def deal_with_what_waits(switchboard: Switchboard) -> None:
    """Begin with what an absent database has left to do."""

    async def settle(path: str, form: Form) -> object:
        return await (write_rest(switchboard.aira, form) if path == CALL_REST else _ANSWERS[path](switchboard, form))

    switchboard.later.begin(settle)


async def _text(switchboard: Switchboard, form: Form) -> str:
    await receive_text(switchboard.aira, form)
    return twiml.nothing()


async def _text_report(switchboard: Switchboard, form: Form) -> str:
    await receive_report(switchboard.aira, form)
    return twiml.nothing()


_ANSWERS: dict[str, Answer] = {
    CALL: call_control.incoming_call,
    AFTER: call_control.after_stream,
    WHISPER: call_control.whisper,
    ACCEPT: call_control.accept,
    STATUS: call_control.status,
    FALLBACK: call_control.fallback,
    VOICEMAIL: call_control.voicemail_left,
    SMS: _text,
    MESSAGE: _text_report,
}
_CALLER_WAITS = {CALL, AFTER, FALLBACK}
_CALLED_WAITS = {WHISPER, ACCEPT}
_MUST_NOT_BE_LOST = {VOICEMAIL, STATUS, SMS, MESSAGE}

PATHS = tuple(_ANSWERS)
"""The paths that the carrier asks."""
