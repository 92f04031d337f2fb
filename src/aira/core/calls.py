"""Calls: opened by the carrier's webhook, taken by a bot with a one-time token, kept as a journal while they last."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Jsonb, execute, fetch_all, fetch_one, fetch_value
from aira.core.phones import parse_phone_number
from aira.errors import NotFound, Refused
from aira.model import Call, CallEvent, CallMessage, Turn

STREAM_TOKEN_SECONDS = 60
"""How long a carrier has to open the media stream that a webhook's answer asks for."""

_COLUMNS = """id, call_sid, business_id, from_number, to_number, status, outcome, started_at, answered_at, ended_at, duration_seconds,
  connects, next_step, summary, tags, recording_key, route, transfer_reason, transfer_accepted_at, unanswered"""
_OPEN_SQL = f"select {_COLUMNS} from open_call(%(call_sid)s, %(from_number)s, %(to_number)s, %(limits)s, %(now)s)"  # our own columns
_OPEN_CHAT_SQL = f"""
insert into calls (call_sid, business_id, from_number, status, started_at, answered_at, connects, tags, created_at)
values (%(call_sid)s, %(business)s, %(from_number)s, 'in_progress', %(now)s, %(now)s, 1, '{{chat}}', %(now)s) returning {_COLUMNS}
"""
_FIND_SQL = f"select {_COLUMNS} from calls where call_sid = %(reference)s or id::text = %(reference)s"
_LIST_SQL = f"""
select {_COLUMNS} from calls
where (%(business)s::uuid is null or business_id = %(business)s) order by started_at desc, id limit %(limit)s
"""
_ISSUE_SQL = """
with spent as (update stream_tokens set expires_at = %(now)s where call_id = %(call)s and used_at is null and expires_at > %(now)s)
insert into stream_tokens (token_hash, call_id, created_at, expires_at) values (%(hash)s, %(call)s, %(now)s, %(expires_at)s)
"""
_REDEEM_SQL = f"select {_COLUMNS} from redeem_stream_token(%(hash)s, %(call_sid)s, %(now)s)"
_RECORD_SQL = "select record_call_event(%(call)s, %(role)s, %(text)s, %(tool)s, %(detail)s, %(mind_state)s, %(now)s, %(key)s)"
_LATENCY_SQL = """
update call_events set latency_ms = coalesce(latency_ms, '{}') || %(latency_ms)s
where call_id = %(call)s and (seq = %(seq)s or key = %(key)s)
"""
_EVENTS_SQL = "select seq, role, text, tool, detail, latency_ms, at from call_events where call_id = %(call)s order by seq"
_MIND_STATE_SQL = "select mind_state from calls where id = %(call)s"
_NEXT_STEP_SQL = """
update calls set next_step = %(next_step)s, outcome = %(outcome)s, transfer_reason = %(reason)s where id = %(call)s and ended_at is null
"""
_RECORDING_SQL = "update calls set recording_key = %(key)s where id = %(call)s"
_CLOSE_SQL = f"select {_COLUMNS} from close_call(%(call_sid)s, %(outcome)s, %(duration)s, %(now)s)"
_REOPEN_SQL = f"select {_COLUMNS} from reopen_call(%(call_sid)s)"
_CLOSE_LOST_SQL = "select close_lost_calls(%(now)s)"
_MESSAGE_COLUMNS = "id, call_id, business_id, kind, text, caller_name, phone, created_at, recording_url, recording_key"
_TAKE_MESSAGE_SQL = f"""
select {_MESSAGE_COLUMNS}
from take_call_message(%(call)s, %(text)s, %(name)s, %(phone)s, %(kind)s, %(recording_url)s, %(now)s)
"""
_MESSAGES_SQL = f"""
select {_MESSAGE_COLUMNS} from call_messages
where business_id = %(business)s order by created_at desc, id limit %(limit)s
"""


def open_call(aira: Aira, call_sid: str, *, from_number: str | None, to_number: str | None) -> Call:
    """The call with this CallSid, made where it is new; `route` says where it goes, `status` is rejected where nobody takes it.

    A repeat changes nothing.
    """
    settings = aira.settings
    limits = {
        "caller_calls": settings.aira_caller_calls,
        "caller_calls_per_hour": settings.aira_caller_calls_per_hour,
        "business_calls": settings.aira_business_calls,
        "business_calls_per_hour": settings.aira_business_calls_per_hour,
    }
    parameters = {
        "call_sid": call_sid,
        "from_number": from_number,
        "to_number": to_number,
        "limits": Jsonb(limits),
        "now": aira.clock.now(),
    }
    with aira.database.transaction() as connection:
        call = fetch_one(connection, Call, _OPEN_SQL, parameters)
    return _found(call)


def open_chat(aira: Aira, *, business: UUID | str, from_number: str | None = None) -> Call:
    """A typed conversation with the bot of a business, kept as a call with the tag `chat`. Raises NotFound."""
    with aira.database.transaction() as connection:
        parameters = {
            "call_sid": f"chat-{secrets.token_hex(8)}",
            "business": resolve_business(connection, business).id,
            "from_number": parse_phone_number(from_number) if from_number else None,
            "now": aira.clock.now(),
        }
        return _found(fetch_one(connection, Call, _OPEN_CHAT_SQL, parameters))


def find_call(aira: Aira, reference: str) -> Call:
    """The call with this id or CallSid. Raises NotFound."""
    with aira.database.transaction() as connection:
        return _found(fetch_one(connection, Call, _FIND_SQL, {"reference": reference}))


def list_calls(aira: Aira, *, business: UUID | str | None = None, limit: int = 50) -> list[Call]:
    """Calls, the latest first, of one business or of all. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id if business is not None else None
        return fetch_all(connection, Call, _LIST_SQL, {"business": business_id, "limit": limit})


def issue_stream_token(aira: Aira, call: UUID) -> str:
    """A token that opens one media stream of this call within `STREAM_TOKEN_SECONDS`; older unused ones end."""
    token = secrets.token_urlsafe(24)
    now = aira.clock.now()
    parameters = {"hash": _hash(token), "call": call, "now": now, "expires_at": now + timedelta(seconds=STREAM_TOKEN_SECONDS)}
    with aira.database.transaction() as connection:
        execute(connection, _ISSUE_SQL, parameters)
    return token


def redeem_stream_token(aira: Aira, token: str, *, call_sid: str) -> Call:
    """Take the call for a bot: its status becomes in_progress.

    Raises Refused where the token is unknown, used, too old, or another call's, or the call is over.
    """
    parameters = {"hash": _hash(token), "call_sid": call_sid, "now": aira.clock.now()}
    with aira.database.transaction() as connection:
        call = fetch_one(connection, Call, _REDEEM_SQL, parameters)
    if call is None:
        raise Refused("The stream's token does not open this call.", code="stream_token_refused")
    return call


def record_event(
    aira: Aira,
    call: UUID,
    role: str,
    text: str,
    *,
    tool: str | None = None,
    detail: dict[str, object] | None = None,
    mind_state: dict[str, object] | None = None,
    key: UUID | None = None,
    at: datetime | None = None,
) -> int:
    """Add a turn, tool call or note to the journal; returns its number in the call.

    `mind_state` is what the bot remembers after it, `at` when it happened, by default now. The same `key` again adds nothing.
    """
    parameters = {
        "call": call,
        "role": role,
        "text": text.replace("\0", ""),
        "tool": tool,
        "detail": Jsonb(detail or {}),
        "mind_state": Jsonb(mind_state) if mind_state is not None else None,
        "now": at or aira.clock.now(),
        "key": key,
    }
    with aira.database.transaction() as connection:
        seq: int = fetch_value(connection, _RECORD_SQL, parameters)
    return seq


def record_latency(aira: Aira, call: UUID, turn: int | UUID, latency_ms: dict[str, float]) -> None:
    """Add parts of the delay, in milliseconds, to a turn of the journal: its number, or the key it was recorded with."""
    seq, key = (turn, None) if isinstance(turn, int) else (None, turn)
    with aira.database.transaction() as connection:
        execute(connection, _LATENCY_SQL, {"call": call, "seq": seq, "key": key, "latency_ms": Jsonb(latency_ms)})


def call_events(aira: Aira, call: UUID) -> list[CallEvent]:
    """A call's journal, in order."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, CallEvent, _EVENTS_SQL, {"call": call})


def transcript(aira: Aira, call: UUID) -> list[Turn]:
    """What caller and bot said and which tools ran, in order."""
    return [Turn(event.role, event.text, event.at) for event in call_events(aira, call) if event.role != "note"]


def mind_state(aira: Aira, call: UUID) -> dict[str, object] | None:
    """What the bot of this call remembered last, None before its first words."""
    with aira.database.transaction() as connection:
        state: dict[str, object] | None = fetch_value(connection, _MIND_STATE_SQL, {"call": call})
    return state


def set_next_step(aira: Aira, call: UUID, next_step: str | None, *, outcome: str, reason: str | None = None) -> None:
    """Note what the bot wants done when its stream ends, hang_up or transfer, what the call achieved, and why it is transferred.

    None takes it back: the bot goes on talking.
    """
    values = {"call": call, "next_step": next_step, "outcome": outcome, "reason": reason.replace("\0", "")[:500] if reason else None}
    with aira.database.transaction() as connection:
        execute(connection, _NEXT_STEP_SQL, values)


def set_recording(aira: Aira, call: UUID, key: str) -> None:
    """Note under which key of the file store the call's recording lies."""
    with aira.database.transaction() as connection:
        execute(connection, _RECORDING_SQL, {"call": call, "key": key})


def recording(aira: Aira, reference: str) -> bytes:
    """The stereo WAV of a call, caller left and bot right. Raises NotFound where none was kept."""
    call = find_call(aira, reference)
    if call.recording_key is None:
        raise NotFound("There is no recording of this call.", hint="Calls are recorded where AIRA_RECORD_CALLS is on.")
    return aira.files.get(call.recording_key)


def close_call(
    aira: Aira, call_sid: str, *, outcome: str | None = None, duration_seconds: int | None = None, at: datetime | None = None
) -> Call:
    """End a call, now or as of `at`; one that no bot took was missed. A repeat changes only the duration, to the carrier's.

    Raises NotFound.
    """
    parameters = {"call_sid": call_sid, "outcome": outcome, "duration": duration_seconds, "now": at or aira.clock.now()}
    with aira.database.transaction() as connection:
        return _found(fetch_one(connection, Call, _CLOSE_SQL, parameters))


def reopen_call(aira: Aira, call_sid: str) -> Call | None:
    """Open a call again that was taken to be over while its caller is still on the line; None where it is over indeed."""
    with aira.database.transaction() as connection:
        return fetch_one(connection, Call, _REOPEN_SQL, {"call_sid": call_sid})


def close_lost_calls(aira: Aira) -> int:
    """End the calls that nothing has been heard of for four hours; returns how many."""
    with aira.database.transaction() as connection:
        closed: int = fetch_value(connection, _CLOSE_LOST_SQL, {"now": aira.clock.now()})
    return closed


def take_message(
    aira: Aira,
    call: UUID,
    text: str,
    *,
    name: str | None = None,
    phone: str | None = None,
    kind: str = "message",
    recording_url: str | None = None,
) -> CallMessage:
    """Leave a message for the owner and tell them by e-mail. The same words in the same call are one message.

    `phone` left out is the number that calls. Raises NotFound where the call belongs to no business.
    """
    parameters = {
        "call": call,
        "text": text.replace("\0", ""),
        "name": name,
        "phone": phone,
        "kind": kind,
        "recording_url": recording_url,
        "now": aira.clock.now(),
    }
    with aira.database.transaction() as connection:
        message = fetch_one(connection, CallMessage, _TAKE_MESSAGE_SQL, parameters)
    if message is None:
        raise NotFound("There is no such call.")
    return message


def call_messages(aira: Aira, business: UUID | str, *, limit: int = 50) -> list[CallMessage]:
    """Messages left for a business, the latest first. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = resolve_business(connection, business).id
        return fetch_all(connection, CallMessage, _MESSAGES_SQL, {"business": business_id, "limit": limit})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _found(call: Call | None) -> Call:
    if call is None:
        raise NotFound("There is no such call.", hint="Run `aira calls list` for the calls there are.")
    return call
