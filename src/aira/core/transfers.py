"""Warm transfers: what the person called is told, and whether they took the call."""

from dataclasses import dataclass
from uuid import UUID

from aira.core.app import Aira
from aira.core.db import execute, fetch_one
from aira.errors import NotFound

_BRIEFING_SQL = """
select b.name as business, c.from_number, c.transfer_reason as reason, named.name as caller_name, said.text as last_words
from calls c join business_v2 b on b.id = c.business_id
  left join lateral (
    select coalesce(e.detail #>> '{result,appointment,name}', e.detail #>> '{request,name}') as name, e.seq from call_events e
    where e.call_id = c.id and e.role = 'tool') named on named.name is not null
  left join lateral (
    select e.text from call_events e where e.call_id = c.id and e.role = 'caller' order by e.seq desc limit 1) said on true
where c.call_sid = %(call_sid)s and c.next_step = 'transfer' order by named.seq desc limit 1
"""
_ACCEPT_SQL = """
update calls set transfer_accepted_at = coalesce(transfer_accepted_at, %(now)s)
where call_sid = %(call_sid)s and next_step = 'transfer' and ended_at is null
"""
_MISSED_SQL = "update calls set outcome = 'no_need' where id = %(call)s and outcome = 'transferred'"


@dataclass(frozen=True, slots=True)
class Briefing:
    """What the person called hears of a caller."""

    business: str
    from_number: str | None
    caller_name: str | None
    reason: str | None
    last_words: str | None


def transfer_briefing(aira: Aira, call_sid: str) -> Briefing:
    """Who calls and why. Raises NotFound where the call is not being transferred."""
    with aira.database.transaction() as connection:
        briefing = fetch_one(connection, Briefing, _BRIEFING_SQL, {"call_sid": call_sid})
    if briefing is None:
        raise NotFound("No such call is being transferred.")
    return briefing


def accept_transfer(aira: Aira, call_sid: str) -> bool:
    """Note that the person called takes the call; False where it is not there any more."""
    with aira.database.transaction() as connection:
        return execute(connection, _ACCEPT_SQL, {"call_sid": call_sid, "now": aira.clock.now()}) == 1


def miss_transfer(aira: Aira, call: UUID) -> None:
    """Note that nobody took the call."""
    with aira.database.transaction() as connection:
        execute(connection, _MISSED_SQL, {"call": call})
