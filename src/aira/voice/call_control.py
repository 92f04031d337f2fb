"""How a call goes on: decided by its row and its journal, told to the carrier as TwiML.

A call that comes in is routed by the database (`calls.route`). When a stream or a transfer has ended, what the bot left in the
journal decides; a bot that left nothing was lost, and the call goes to another one.
"""

import logging
from urllib.parse import quote

from aira.core import aio
from aira.core.aio import in_thread
from aira.core.calls import reopen_call
from aira.core.heard import heard_at
from aira.core.transfers import accept_transfer, miss_transfer, transfer_briefing
from aira.errors import NotFound
from aira.model import Business, Call
from aira.voice import carrier_phrases as phrases, twiml
from aira.voice.daily.front import IN_ROOM
from aira.voice.forms import Form, count_in, number_in
from aira.voice.paths import ACCEPT, AFTER, CALL, VOICEMAIL, WHISPER, stream_url
from aira.voice.signatures import public_url
from aira.voice.switchboard import Switchboard

MOST_CONNECTS = 3
"""How often a bot may take a call: once, and twice more where it was lost."""

_TRIED = "tried"
_KEY_TO_ACCEPT = "1"
_OVER = {"completed", "busy", "failed", "no-answer", "canceled"}

_heard_at = in_thread(heard_at)
_reopen_call = in_thread(reopen_call)
_accept_transfer = in_thread(accept_transfer)
_miss_transfer = in_thread(miss_transfer)
_transfer_briefing = in_thread(transfer_briefing)

logger = logging.getLogger(__name__)


async def incoming_call(switchboard: Switchboard, form: Form) -> str:
    """Somebody rings."""
    call = await _opened(switchboard, form)
    if call.status not in {"ringing", "rejected"}:
        switchboard.meters.calls.labels("repeated").inc()
        return twiml.hang_up()
    route, document = await _first_document(switchboard, call, form)
    switchboard.meters.calls.labels(route).inc()
    await _note(switchboard, call, f"Incoming call: {route}.", route=route)
    return document


async def after_stream(switchboard: Switchboard, form: Form) -> str:
    """The stream or a transfer has ended: go on as the journal says. A repeat from before another bot took the call is none."""
    call = await aio.find_call(switchboard.aira, form["CallSid"])
    if heard := form.get("StreamSid") or form.get("DialCallSid"):
        key = f"after:{call.call_sid}:{heard}"
        if await _heard_at(switchboard.aira, "twilio", key, kind="after", connects=call.connects) != call.connects:
            return twiml.hang_up()
    step, document = await _next_document(switchboard, call, form)
    await _note(switchboard, call, f"After the stream: {step}.", step=step)
    return document


async def whisper(switchboard: Switchboard, form: Form) -> str:
    """A person was rung and has answered: who calls, and why."""
    briefing = await _transfer_briefing(switchboard.aira, form["call"])
    sentences = phrases.whisper(
        briefing.business,
        caller_name=briefing.caller_name,
        from_number=briefing.from_number,
        reason=briefing.reason,
        last_words=briefing.last_words,
    )
    return twiml.whisper(*sentences, accept_url=_about(switchboard, ACCEPT, form["call"]))


async def accept(switchboard: Switchboard, form: Form) -> str:
    """The person has pressed a key: only the right one connects them."""
    if form.get("Digits") == _KEY_TO_ACCEPT and await _accept_transfer(switchboard.aira, form["call"]):
        return twiml.nothing()
    return twiml.hang_up()


async def fallback(switchboard: Switchboard, form: Form) -> str:
    """Our first answer did not reach the carrier: try once more, without a bot."""
    call = await _opened(switchboard, form)
    await _note(switchboard, call, "The carrier fell back.", error=form.get("ErrorCode", ""))
    if call.status == "rejected":
        return twiml.hang_up(phrases.NOT_SET_UP, phrases.GOODBYE)
    return trouble(switchboard)


async def status(switchboard: Switchboard, form: Form) -> str:
    """The call is over: close its books, with the carrier's duration."""
    if form.get("CallStatus") in _OVER:
        if switchboard.rooms is not None:
            switchboard.rooms.hung_up(form["CallSid"])
        try:
            await aio.close_call(switchboard.aira, form["CallSid"], duration_seconds=count_in(form, "CallDuration") or 0)
        except NotFound:
            logger.info("A status of a call that is not ours.")
    return twiml.nothing()


async def voicemail_left(switchboard: Switchboard, form: Form) -> str:
    """A message was recorded after the tone. The call may be new to us, where it came in while the database was away."""
    call = await _opened(switchboard, form)
    seconds = count_in(form, "RecordingDuration")
    if call.business_id is not None and form.get("RecordingUrl"):
        text = f"Voice message of {seconds} seconds." if seconds is not None else "Voice message."
        await aio.take_message(switchboard.aira, call.id, text, kind="voicemail", recording_url=form["RecordingUrl"])
    return twiml.hang_up(phrases.MESSAGE_TAKEN)


def trouble(switchboard: Switchboard) -> str:
    """What a caller gets where nothing else could be found out: an apology, and a message can be left."""
    return _voicemail(switchboard, phrases.TROUBLE)


async def _opened(switchboard: Switchboard, form: Form) -> Call:
    return await aio.open_call(switchboard.aira, form["CallSid"], from_number=number_in(form, "From"), to_number=number_in(form, "To"))


async def _first_document(switchboard: Switchboard, call: Call, form: Form) -> tuple[str, str]:
    """Route and TwiML of a call that comes in; a route that the database chose is the answer whoever is free."""
    match call.route:
        case "answer":
            if switchboard.accepts:
                return "answer", await _connect(switchboard, call)
            return switchboard.state, _elsewhere(switchboard, CALL, form) or _voicemail(switchboard, phrases.BUSY)
        case "unassigned":
            document = twiml.hang_up(phrases.NOT_SET_UP, phrases.GOODBYE)
        case "inactive":
            document = twiml.hang_up(phrases.CLOSED_ACCOUNT, phrases.GOODBYE)
        case "caller_limit":
            document = twiml.hang_up(phrases.TOO_MANY_CALLS, phrases.GOODBYE)
        case "business_limit":
            document = _voicemail(switchboard, phrases.BUSY)
        case "closed_voicemail":
            document = _voicemail(switchboard, await _closed_greeting(switchboard, call))
        case "closed_greeting":
            document = twiml.hang_up(await _closed_greeting(switchboard, call))
        case _:
            document = twiml.reject()
    return call.route, document


async def _next_document(switchboard: Switchboard, call: Call, form: Form) -> tuple[str, str]:
    if form.get("DialCallStatus") and not form.get(IN_ROOM):
        return await _after_transfer(switchboard, call, form)
    if call.next_step == "hang_up" or form.get("CallStatus") in _OVER:
        return "hang up", twiml.hang_up()
    if call.ended_at is not None:
        # The stream broke off and we took the caller to have hung up; the carrier still has them.
        reopened = await _reopen_call(switchboard.aira, call.call_sid)
        if reopened is None:
            return "hang up", twiml.hang_up()
        call = reopened
    if call.next_step == "transfer":
        return await _transfer(switchboard, call)
    if call.connects < MOST_CONNECTS:
        if switchboard.accepts:
            return "connect again", await _connect(switchboard, call)
        if elsewhere := _elsewhere(switchboard, AFTER, form):
            return "another server", elsewhere
    return "voicemail", trouble(switchboard)


async def _after_transfer(switchboard: Switchboard, call: Call, form: Form) -> tuple[str, str]:
    """A person who hangs up on the whisper, and a machine that answers it, have not taken the call, whatever the carrier calls it."""
    answered = form["DialCallStatus"] in {"completed", "answered"} and form.get("DialBridged") != "false"
    if answered and call.transfer_accepted_at is None:
        business = await _business_of(switchboard, call)
        answered = business is not None and business.transfer_mode == "cold"
    if answered:
        return "transferred", twiml.hang_up()
    await _miss_transfer(switchboard.aira, call.id)
    return "nobody answered", _voicemail(switchboard, phrases.NOBODY_ANSWERED)


async def _transfer(switchboard: Switchboard, call: Call) -> tuple[str, str]:
    business = await _business_of(switchboard, call)
    if business is None or business.transfer_number is None:
        return "voicemail", _voicemail(switchboard, phrases.NOBODY_ANSWERED)
    warm = business.transfer_mode == "warm"
    document = twiml.transfer(
        business.transfer_number,
        after_url=public_url(switchboard.aira.settings, AFTER),
        caller_id=call.to_number,
        whisper_url=_about(switchboard, WHISPER, call.call_sid) if warm else None,
    )
    return "warm transfer" if warm else "transfer", document


async def _connect(switchboard: Switchboard, call: Call) -> str:
    if switchboard.rooms is not None:
        return await switchboard.rooms.take(call)
    settings = switchboard.aira.settings
    token = await aio.issue_stream_token(switchboard.aira, call.id)
    return twiml.connect(stream_url(settings), after_url=public_url(settings, AFTER), token=token, service=settings.aira_stream_service)


async def _business_of(switchboard: Switchboard, call: Call) -> Business | None:
    return await aio.find_business(switchboard.aira, call.business_id) if call.business_id else None


async def _closed_greeting(switchboard: Switchboard, call: Call) -> str:
    business = await _business_of(switchboard, call)
    return (business.closed_greeting if business else None) or phrases.CLOSED


async def _note(switchboard: Switchboard, call: Call, text: str, **detail: object) -> None:
    await aio.record_event(switchboard.aira, call.id, "note", text, tool="webhook", detail=detail)


def _voicemail(switchboard: Switchboard, sentence: str) -> str:
    return twiml.voicemail(sentence, phrases.LEAVE_MESSAGE, action_url=public_url(switchboard.aira.settings, VOICEMAIL))


def _elsewhere(switchboard: Switchboard, path: str, form: Form) -> str | None:
    """Back to the load balancer, which may know a server with a free bot; None where that was tried often enough."""
    tried = count_in(form, _TRIED) or 0
    if tried >= switchboard.aira.settings.aira_other_servers:
        return None
    return twiml.redirect(public_url(switchboard.aira.settings, path, f"{_TRIED}={tried + 1}"))


def _about(switchboard: Switchboard, path: str, call_sid: str) -> str:
    """The address of a path about this call: whoever is rung in a transfer has a CallSid of their own."""
    return public_url(switchboard.aira.settings, path, f"call={quote(call_sid)}")
