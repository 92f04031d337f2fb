"""Which vendors of speech and language failed in calls lately, on whatever machine, by what the calls' journals say."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aira.core.app import Aira
from aira.core.db import fetch_all

SPAN = timedelta(minutes=15)
"""How far back a failure counts as of now."""

_FAILURES_SQL = """
select e.detail ->> 'kind' as kind, e.detail ->> 'vendor' as vendor, count(*)::int as failures, count(distinct e.call_id)::int as calls,
  max(e.at) as latest, (array_agg(e.detail ->> 'reason' order by e.at desc, e.seq desc))[1] as reason,
  (array_agg(e.detail ->> 'circuit' order by e.at desc, e.seq desc))[1] = 'open' as left_alone
from calls c join call_events e on e.call_id = c.id
where c.started_at > %(since)s::timestamptz - interval '4 hours' and e.at > %(since)s and e.role = 'note' and e.tool = 'vendor'
group by 1, 2 order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class VendorFailures:
    """How one vendor failed in one kind of work: stt, llm or tts."""

    kind: str
    vendor: str
    failures: int
    calls: int
    """In how many calls."""
    latest: datetime
    reason: str
    """Of the latest failure, in a word."""
    left_alone: bool
    """Whether the vendor was not to be asked for a while after it."""


def vendor_failures(aira: Aira) -> list[VendorFailures]:
    """The vendors that failed within `SPAN`; in each of these turns another one took over."""
    with aira.database.transaction() as connection:
        return fetch_all(connection, VendorFailures, _FAILURES_SQL, {"since": aira.clock.now() - SPAN})
