"""What the carrier asks over HTTP. A wrong signature is answered 403; after a good one the answer is always TwiML with status 200,
within `DEADLINE_SECONDS`, whatever goes wrong.
"""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.datastructures import ImmutableMultiDict

from aira.core import aio
from aira.errors import NotFound
from aira.model import Call
from aira.voice import carrier_phrases as phrases, twiml
from aira.voice.signatures import HEADER, is_genuine, public_url
from aira.voice.switchboard import Switchboard
from aira.voice.texts import receive_report, receive_text

DEADLINE_SECONDS = 1.4
MOST_CONNECTS = 3
"""How often a bot may take a call: once, and twice more where it was lost."""

CALL = "/webhooks/twilio/call"
AFTER = "/webhooks/twilio/after"
STATUS = "/webhooks/twilio/status"
FALLBACK = "/webhooks/twilio/fallback"
VOICEMAIL = "/webhooks/twilio/voicemail"
SMS = "/webhooks/twilio/sms"
MESSAGE = "/webhooks/twilio/message"
STREAM = "/voice/stream"

_LARGEST_BODY = 64 * 1024
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_WITHHELD = {"+266696687", "+7378742833", "+86282452253", "+2562533"}
"""Numbers that spell ANONYMOUS, RESTRICTED, UNAVAILABLE and BLOCKED: what Twilio puts where a caller withholds theirs."""
_REFUSALS = {"unassigned": phrases.NOT_SET_UP, "inactive": phrases.CLOSED_ACCOUNT}

logger = logging.getLogger(__name__)

Form = ImmutableMultiDict[str, str]
Answer = Callable[[Switchboard, Form], Awaitable[str]]


async def answer(request: Request, switchboard: Switchboard) -> Response:
    """Check who asks, then answer by the path."""
    path = request.url.path
    form = await _genuine_form(request, switchboard)
    if form is None:
        return Response(status_code=403)
    started = time.perf_counter()
    try:
        document = await asyncio.wait_for(_ANSWERS[path](switchboard, form), DEADLINE_SECONDS)
    except Exception as error:  # noqa: BLE001  # a caller is waiting: whatever it is, they hear a sentence
        logger.error("The webhook %s failed: %s", path, type(error).__name__)  # noqa: TRY400  # its text may quote the form
        switchboard.meters.failures.labels("webhook").inc()
        document = _trouble(switchboard) if path in _CALLER_WAITS else twiml.nothing()
    switchboard.meters.webhooks.labels(path).observe(time.perf_counter() - started)
    return Response(document, media_type=twiml.CONTENT_TYPE)


async def _genuine_form(request: Request, switchboard: Switchboard) -> Form | None:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_BODY:
            return None
    try:
        form: Form = ImmutableMultiDict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError:
        return None
    url = public_url(switchboard.aira.settings, request.url.path, request.url.query)
    return form if is_genuine(switchboard.secret, url, form, request.headers.get(HEADER)) else None


async def _incoming_call(switchboard: Switchboard, form: Form) -> str:
    call = await aio.open_call(switchboard.aira, form["CallSid"], from_number=_number(form.get("From")), to_number=_number(form.get("To")))
    route = "answer"
    if call.status == "rejected":
        route = call.outcome or "unknown_number"
        document = twiml.hang_up(_REFUSALS[route], phrases.GOODBYE) if route in _REFUSALS else twiml.reject()
    elif call.status != "ringing":
        route = "repeated"
        document = twiml.hang_up()
    elif not switchboard.accepts:
        route = switchboard.state
        document = _voicemail(switchboard, phrases.BUSY, phrases.LEAVE_MESSAGE)
    else:
        document = await _connect(switchboard, call)
    switchboard.meters.calls.labels(route).inc()
    await aio.record_event(switchboard.aira, call.id, "note", f"Incoming call: {route}.", tool="webhook", detail={"route": route})
    return document


async def _connect(switchboard: Switchboard, call: Call) -> str:
    token = await aio.issue_stream_token(switchboard.aira, call.id)
    settings = switchboard.aira.settings
    stream_url = public_url(settings, STREAM).replace("http", "ws", 1)
    return twiml.connect(stream_url, after_url=public_url(settings, AFTER), token=token)


async def _after(switchboard: Switchboard, form: Form) -> str:
    """The stream or a transfer has ended: go on as the journal says."""
    call = await aio.find_call(switchboard.aira, form["CallSid"])
    step, document = await _next_document(switchboard, call, form)
    await aio.record_event(switchboard.aira, call.id, "note", f"After the stream: {step}.", tool="webhook", detail={"step": step})
    return document


async def _next_document(switchboard: Switchboard, call: Call, form: Form) -> tuple[str, str]:
    if form.get("DialCallStatus"):
        if form["DialCallStatus"] in {"completed", "answered"}:
            return "transferred", twiml.hang_up()
        return "nobody answered", _voicemail(switchboard, phrases.NOBODY_ANSWERED, phrases.LEAVE_MESSAGE)
    if call.next_step == "transfer":
        return await _transfer(switchboard, call)
    if call.next_step == "hang_up" or call.ended_at is not None:
        return "hang up", twiml.hang_up()
    if call.connects < MOST_CONNECTS and switchboard.accepts:
        return "connect again", await _connect(switchboard, call)
    return "voicemail", _voicemail(switchboard, phrases.TROUBLE, phrases.LEAVE_MESSAGE)


async def _transfer(switchboard: Switchboard, call: Call) -> tuple[str, str]:
    business = await aio.find_business(switchboard.aira, call.business_id) if call.business_id else None
    if business is None or business.transfer_number is None:
        return "voicemail", _voicemail(switchboard, phrases.NOBODY_ANSWERED, phrases.LEAVE_MESSAGE)
    after = public_url(switchboard.aira.settings, AFTER)
    return "transfer", twiml.transfer(business.transfer_number, after_url=after, caller_id=call.to_number)


async def _fallback(switchboard: Switchboard, form: Form) -> str:
    """Our first answer did not reach the carrier: try once more, without a bot."""
    call = await aio.open_call(switchboard.aira, form["CallSid"], from_number=_number(form.get("From")), to_number=_number(form.get("To")))
    detail: dict[str, object] = {"error": form.get("ErrorCode", "")}
    await aio.record_event(switchboard.aira, call.id, "note", "The carrier fell back.", tool="webhook", detail=detail)
    if call.status == "rejected":
        return twiml.hang_up(phrases.NOT_SET_UP, phrases.GOODBYE)
    return _trouble(switchboard)


async def _status(switchboard: Switchboard, form: Form) -> str:
    """The call is over: close its books, with the carrier's duration."""
    if form.get("CallStatus") in {"completed", "busy", "failed", "no-answer", "canceled"}:
        seconds = form.get("CallDuration", "")
        try:
            await aio.close_call(switchboard.aira, form["CallSid"], duration_seconds=int(seconds) if seconds.isdigit() else None)
        except NotFound:
            logger.info("A status of a call that is not ours.")
    return twiml.nothing()


async def _voicemail_left(switchboard: Switchboard, form: Form) -> str:
    """A message was recorded after the tone."""
    call = await aio.find_call(switchboard.aira, form["CallSid"])
    seconds = form.get("RecordingDuration", "")
    if call.business_id is not None and form.get("RecordingUrl"):
        text = f"Voice message of {seconds} seconds." if seconds.isdigit() else "Voice message."
        await aio.take_message(switchboard.aira, call.id, text, kind="voicemail", recording_url=form["RecordingUrl"])
    return twiml.hang_up(phrases.MESSAGE_TAKEN)


async def _text(switchboard: Switchboard, form: Form) -> str:
    await receive_text(switchboard.aira, form)
    return twiml.nothing()


async def _text_report(switchboard: Switchboard, form: Form) -> str:
    await receive_report(switchboard.aira, form)
    return twiml.nothing()


def _voicemail(switchboard: Switchboard, *sentences: str) -> str:
    return twiml.voicemail(*sentences, action_url=public_url(switchboard.aira.settings, VOICEMAIL))


def _trouble(switchboard: Switchboard) -> str:
    return _voicemail(switchboard, phrases.TROUBLE, phrases.LEAVE_MESSAGE)


def _number(text: str | None) -> str | None:
    """An E.164 number, None for a withheld one, a SIP address and the like."""
    return text if text and text not in _WITHHELD and _E164.fullmatch(text) else None


_ANSWERS: dict[str, Answer] = {
    CALL: _incoming_call,
    AFTER: _after,
    STATUS: _status,
    FALLBACK: _fallback,
    VOICEMAIL: _voicemail_left,
    SMS: _text,
    MESSAGE: _text_report,
}
_CALLER_WAITS = {CALL, AFTER, FALLBACK, VOICEMAIL}

PATHS = tuple(_ANSWERS)
"""The paths that the carrier asks."""
