"""One call as everything that happened because of it, in order of time."""

from aira.core.app import Aira
from aira.core.calls import find_call
from aira.core.db import fetch_all
from aira.model import TraceStep

_TRACE_SQL = """
select at, source, what, detail from (
  select c.started_at as at, 0 as rank, 'call' as source, 'The call came in.' as what, c.status as detail from calls c where c.id = %(call)s
  union all
  select e.at, e.seq, case e.role when 'note' then coalesce(e.tool, 'note') else e.role end, e.text,
    case when e.role = 'note' then case when e.detail = '{}' then '' else e.detail::text end
         when e.latency_ms is not null then 'answered after ' || (e.latency_ms ->> 'total') || ' ms: ' || e.latency_ms::text
         when e.role = 'tool' then e.detail::text else '' end
    from call_events e where e.call_id = %(call)s
  union all
  select t.used_at, 0, 'stream', 'A bot took the call.', '' from stream_tokens t where t.call_id = %(call)s and t.used_at is not null
  union all
  select a.created_at, 1000000, 'booking', 'An appointment was booked.', a.id::text || ' ' || a.status
    from appointments a where a.source = 'voice_agent' and a.external_id = %(call_sid)s
  union all
  select m.created_at, 1000000, 'message', 'A ' || m.kind || ' was left.', m.id::text from call_messages m where m.call_id = %(call)s
  union all
  select n.created_at, 1000001, 'notification', n.channel || ' ' || n.template, n.status
    from notifications n join appointments a on a.id = n.appointment_id
    where a.source = 'voice_agent' and a.external_id = %(call_sid)s
  union all
  select n.created_at, 1000001, 'notification', n.channel || ' ' || n.template, n.status
    from notifications n join call_messages m on n.dedupe_key = 'call_message:' || m.id where m.call_id = %(call)s
  union all
  select c.ended_at, 2000000, 'call', 'The call ended.', coalesce(c.outcome, c.status) from calls c
    where c.id = %(call)s and c.ended_at is not null
) steps order by at, rank
"""


def trace_call(aira: Aira, reference: str) -> list[TraceStep]:
    """What happened because of a call, named by id or CallSid, from webhook to notification. Raises NotFound."""
    call = find_call(aira, reference)
    with aira.database.transaction() as connection:
        return fetch_all(connection, TraceStep, _TRACE_SQL, {"call": call.id, "call_sid": call.call_sid})
