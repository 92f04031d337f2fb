"""A small world of one owner, with something in every table: made through the library wherever a function makes it."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from aira.core import (
    add_business,
    add_closure,
    add_resource,
    add_service,
    assign_number,
    book_appointment,
    buy_number,
    close_call,
    ingest_document,
    issue_stream_token,
    open_call,
    record_consent,
    record_event,
    record_usage,
    run_billing,
    search_numbers,
    take_message,
    top_up,
)
from aira.core.app import Aira
from aira.core.db import execute, fetch_value
from aira.core.heard import first_time

OWNER_SQL = "insert into auth.users (id, email, created_at) values (gen_random_uuid(), %(email)s, %(now)s) returning id"
OWN_WORDS_SQL = """
insert into notification_templates (business_id, template, channel, body)
values (%(business)s, 'appointment_confirmed', 'sms', 'See you, {{ customer_name }}.')
"""


def build_world(aira: Aira, name: str) -> UUID:
    """An owner of this name with a business, a rented number, a call, an appointment, a document; returns the owner's id."""
    now = aira.clock.now()
    with aira.database.transaction() as connection:
        owner: UUID = fetch_value(connection, OWNER_SQL, {"email": f"{name}@example.com", "now": now})
    business = _open_business(aira, name, owner)
    line = _rent_number(aira, owner, business)
    _take_call(aira, name, line)
    prices = aira.settings.aira_home / f"{name}.txt"
    prices.parent.mkdir(parents=True, exist_ok=True)
    prices.write_text(f"A haircut at Salon {name} costs 35 euros. We are closed on Sundays.")
    ingest_document(aira, prices, business=business)
    return owner


def _open_business(aira: Aira, name: str, owner: UUID) -> UUID:
    business = add_business(
        aira,
        f"Salon {name}",
        time_zone="Europe/Berlin",
        owner=owner,
        hours="Mon-Sat 09:00-18:00",
        email=f"{name}@example.com",
        idempotency_key=name,
    ).id
    add_resource(aira, "Chair", business=business)
    add_service(aira, "Haircut", business=business, minutes=30, price=Decimal(35), resources=["Chair"])
    add_closure(aira, date(2026, 12, 24), business=business, reason="Christmas")
    with aira.database.transaction() as connection:
        execute(connection, OWN_WORDS_SQL, {"business": business})
    return business


def _rent_number(aira: Aira, owner: UUID, business: UUID) -> str:
    top_up(aira, Decimal(20), reference=f"cash-{owner}", owner=owner)
    line = search_numbers(aira, limit=1)[0].phone_number
    buy_number(aira, line, business=business)
    assign_number(aira, line, business=business)
    run_billing(aira, as_of=aira.clock.now().date() + timedelta(days=32), force=True)
    return line


def _take_call(aira: Aira, name: str, line: str) -> None:
    call = open_call(aira, f"CA{name}", from_number="+14155550199", to_number=line)
    assert call.business_id is not None
    issue_stream_token(aira, call.id)
    record_event(aira, call.id, "caller", "I would like a haircut.")
    record_usage(aira, call.id, "tts_characters", 24, engine="local")
    record_consent(aira, "+14155550199", business=call.business_id, granted=True, basis="spoken", evidence=call.call_sid)
    book_appointment(
        aira,
        business=call.business_id,
        start=datetime.combine(date(2026, 12, 1), time(14), ZoneInfo("Europe/Berlin")),
        service="Haircut",
        customer_name="Ann",
        customer_phone="+14155550199",
        source="voice_agent",
        external_id=call.call_sid,
    )
    take_message(aira, call.id, "Call me back.", name="Ann", phone="+14155550199")
    close_call(aira, call.call_sid, outcome="booked", duration_seconds=60)
    first_time(aira, "twilio", call.call_sid, kind="status")
