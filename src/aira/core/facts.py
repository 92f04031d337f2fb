"""All that a call needs to know about a business, read at once."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import BUSINESS_COLUMNS, resolve_business
from aira.core.db import fetch_all
from aira.errors import NotFound
from aira.model import Business, BusinessFacts, Closure, OpeningSpan, Resource, Service

_FACTS_SQL = f"""
select {BUSINESS_COLUMNS},
  (select coalesce(jsonb_agg(h order by h.weekday, h.opens), '[]') from business_hours h where h.business_id = b.id) as hours,
  (select coalesce(jsonb_agg(c order by c.on_date, c.opens nulls first), '[]') from business_closures c
   where c.business_id = b.id and c.on_date >= (%(now)s::timestamptz at time zone b.time_zone)::date) as closures,
  (select coalesce(jsonb_agg(s order by s.created_at, s.name collate "C"), '[]') from services s
   where s.business_id = b.id and s.is_active) as services,
  (select coalesce(jsonb_agg(r order by r.position, r.created_at, r.id), '[]') from resources r
   where r.business_id = b.id and r.is_active) as resources,
  (select coalesce(array_agg(n.phone_number order by n.phone_number), '{{}}') from business_numbers n
   where n.business_id = b.id and n.is_active) as numbers
from business_v2 b where b.id = %(id)s
"""


def business_facts(aira: Aira, business: UUID | str) -> BusinessFacts:
    """The business of this id, name or number with its hours, coming closures, services, resources and numbers. Raises NotFound."""
    with aira.database.transaction() as connection:
        business_id = business if isinstance(business, UUID) else resolve_business(connection, business).id
        rows: list[dict[str, Any]] = fetch_all(connection, dict, _FACTS_SQL, {"id": business_id, "now": aira.clock.now()})
    if not rows:
        raise NotFound("There is no such business.", hint="Run `aira businesses list` for those there are.")
    row = rows[0]
    return BusinessFacts(
        business=Business(**{field.name: row[field.name] for field in fields(Business)}),
        hours=[
            OpeningSpan(span["weekday"], time.fromisoformat(span["opens"]), time.fromisoformat(span["closes"])) for span in row["hours"]
        ],
        closures=[_closure(closure) for closure in row["closures"]],
        services=[_service(service) for service in row["services"]],
        resources=[Resource(UUID(one["id"]), UUID(one["business_id"]), one["name"], one["is_active"]) for one in row["resources"]],
        numbers=row["numbers"],
    )


def _closure(row: Mapping[str, Any]) -> Closure:
    return Closure(
        id=row["id"],
        business_id=UUID(row["business_id"]),
        on_date=date.fromisoformat(row["on_date"]),
        opens=time.fromisoformat(row["opens"]) if row["opens"] else None,
        closes=time.fromisoformat(row["closes"]) if row["closes"] else None,
        reason=row["reason"],
    )


def _service(row: Mapping[str, Any]) -> Service:
    return Service(
        id=UUID(row["id"]),
        business_id=UUID(row["business_id"]),
        name=row["name"],
        also=row["also"],
        duration_minutes=row["duration_minutes"],
        buffer_before_minutes=row["buffer_before_minutes"],
        buffer_after_minutes=row["buffer_after_minutes"],
        # JSON has one kind of number; the shortest decimal that reads as it is the one that was written.
        price=Decimal(str(row["price"])).quantize(Decimal("0.0001")) if row["price"] is not None else None,
        currency=row["currency"],
        is_active=row["is_active"],
    )
