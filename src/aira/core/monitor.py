"""How AiRa is doing right now: calls that are on, what waits, what failed."""

from datetime import timedelta

from aira.core.app import Aira
from aira.core.db import fetch_all, fetch_one
from aira.errors import DatabaseError
from aira.model import CallInProgress, Glance, Overview

SPAN = timedelta(hours=1)
"""How far back what happened is counted."""
_LONGEST_CALL = timedelta(hours=4)
"""No carrier keeps a call longer: one that seems to last was never reported as over."""

_GLANCE_SQL = """
select %(now)s::timestamptz as at,
  (select count(*) from calls where ended_at is null and started_at > %(oldest)s) as calls_in_progress,
  (select count(*) from calls where started_at > %(since)s) as calls,
  (select count(*) from calls where started_at > %(since)s and status = 'missed') as calls_missed,
  (select count(*) from calls where started_at > %(since)s and connects > 1) as calls_resumed,
  answers.p50 as answer_ms_p50, answers.p95 as answer_ms_p95,
  (select count(*) from appointments where created_at > %(since)s) as appointments_booked,
  (select count(*) from documents where processing_status in ('pending', 'processing')) as documents_waiting,
  (select count(*) from documents where processing_status = 'failed') as documents_failed,
  (select count(*) from notifications where status in ('pending', 'sending') and send_after <= %(now)s) as notifications_waiting,
  (select count(*) from notifications where status = 'failed') as notifications_failed,
  (select count(*) from jobs.procrastinate_jobs where status = 'todo') as jobs_waiting,
  (select count(*) from jobs.procrastinate_jobs where status = 'doing') as jobs_running,
  (select count(*) from jobs.procrastinate_jobs where status = 'failed') as jobs_failed,
  (select count(*) from business_numbers where status = 'active') as numbers_active,
  (select count(*) from business_numbers where status = 'grace') as numbers_in_grace,
  (select count(*) from number_charges where status = 'unpaid') as charges_unpaid
from (
  select percentile_cont(0.5) within group (order by (latency_ms ->> 'total')::float8) as p50,
    percentile_cont(0.95) within group (order by (latency_ms ->> 'total')::float8) as p95
  from call_events where at > %(since)s
) answers
"""
_CALLS_SQL = """
select c.call_sid, b.name as business_name, c.from_number, c.status,
  greatest(0, extract(epoch from %(now)s - c.started_at))::int as seconds,
  (select e.text from call_events e where e.call_id = c.id and e.role in ('caller', 'bot') order by e.seq desc limit 1) as last_words
from calls c left join business_v2 b on b.id = c.business_id
where c.ended_at is null and c.started_at > %(oldest)s order by c.started_at, c.id
"""


def overview(aira: Aira) -> Overview:
    """Counts of the last hour and of what waits or failed, and the calls that are on."""
    now = aira.clock.now()
    parameters = {"now": now, "since": now - SPAN, "oldest": now - _LONGEST_CALL}
    with aira.database.transaction() as connection:
        glance = fetch_one(connection, Glance, _GLANCE_SQL, parameters)
        calls = fetch_all(connection, CallInProgress, _CALLS_SQL, parameters)
    if glance is None:
        raise DatabaseError("The database did not count.")
    return Overview(glance, calls)
