"""What a mind is told about the business and the call."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from aira.model import BusinessFacts
from aira.voice.receptionist.opening import is_open
from aira.voice.receptionist.protocol import Facts, ServiceFact, SpecialDay


def brief(known: BusinessFacts, *, caller_number: str | None, now: datetime) -> Facts:
    """The facts at one moment of a call from this number."""
    business = known.business
    facts = Facts(
        business=business.name,
        time_zone=business.time_zone,
        now=now.astimezone(ZoneInfo(business.time_zone)),
        services=tuple(
            ServiceFact(name=one.name, minutes=one.duration_minutes, also=tuple(one.also), price=one.price, currency=one.currency)
            for one in known.services
        ),
        hours=tuple(known.hours),
        special_days=tuple(SpecialDay(one.on_date, one.opens, one.closes, one.reason) for one in known.closures),
        address=business.address,
        greeting=business.greeting,
        transfer_available=business.transfer_number is not None,
        caller_number=caller_number,
        min_notice_minutes=business.min_notice_minutes,
        max_advance_days=business.max_advance_days,
    )
    closed = bool(known.hours) and not is_open(facts, facts.now.date(), facts.now.time())
    return replace(facts, greeting=business.closed_greeting) if closed and business.closed_greeting else facts
