"""The world that the examples of the help texts are about: Bella Hair with a number, a call, an appointment, money and messages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aira.core import (
    add_business,
    add_closure,
    add_owner,
    add_resource,
    add_service,
    book_appointment,
    buy_number,
    close_call,
    find_slots,
    ingest_document,
    open_call,
    record_event,
    set_recording,
    top_up,
)
from aira.core.app import Aira, open_aira
from aira.core.db import execute
from aira.core.lines import line_webhooks
from aira.settings import Settings

CALL_SID = "CA0123456789abcdef0123456789abcdef"
NUMBER = "+14155550123"

# Ids are made by the database; the examples need ones that can be written down.
_NEWS_SQL = "delete from public.notifications where appointment_id = %(id)s"
_APPOINTMENT_SQL = "update public.appointments set id = '4f8c2d1e-0000-4000-8000-000000000001' where id = %(id)s"
_PAST_SQL = """
insert into public.appointments (id, business_id, service_id, customer_name, start_time, source)
select '7a1b2c3d-0000-4000-8000-000000000001', business_id, id, 'Ben', now() - interval '1 day', 'ui' from public.services
"""
_CHARGE_SQL = """
insert into public.number_charges (id, business_number_id, period_start, period_end, amount, currency, status, created_at)
select '6f0c2a1e-6a55-4a65-9be2-3f6a0c0d9f11', id, %(start)s, %(end)s, 1.15, currency, 'unpaid', %(now)s from public.business_numbers
"""
_NOTIFICATION_SQL = """
insert into public.notifications (id, business_id, channel, template, recipient, payload, dedupe_key, status, last_error)
select '9b1c04aa-0000-4000-8000-000000000001', id, 'email', 'owner_new_booking', 'ann@example.com', '{}', 'example', 'failed', 'refused'
from public.business_v2
"""


def build_example_world(database_url: str, *, home: Path) -> None:
    """Fill a migrated database."""
    with open_aira(Settings(aira_home=home, database_url=database_url)) as aira:
        _money_and_business(aira)
        _call_and_appointment(aira)
        _document(aira, home)


def _money_and_business(aira: Aira) -> None:
    add_owner(aira, "ann@example.com")
    for amount, reference in ((5, "bank-1"), (100, "bank-2")):
        top_up(aira, Decimal(amount), reference=reference)
    business = add_business(aira, "Bella Hair", time_zone="America/New_York", hours="Mon-Sun 09:00-20:00", email="ann@example.com")
    add_service(aira, "Haircut", business=business.id, minutes=30, price=Decimal(25), also=["trim"])
    for name in ("Maria", "Paul"):
        add_resource(aira, name, business=business.id)
    number = buy_number(aira, NUMBER, business=business.id)
    aira.carrier.buy("+14155550190", tag="front desk", webhooks=line_webhooks(aira))
    assert number.next_billing_date is not None
    with aira.database.transaction() as connection:
        period = {"start": number.next_billing_date, "end": number.next_billing_date + timedelta(days=31)}
        execute(connection, _CHARGE_SQL, {**period, "now": datetime.now(UTC)})
        execute(connection, _NOTIFICATION_SQL)
    add_closure(aira, date(2026, 12, 24), business=business.id, reason="Christmas Eve")


def _call_and_appointment(aira: Aira) -> None:
    call = open_call(aira, CALL_SID, from_number="+14155550177", to_number=NUMBER)
    record_event(aira, call.id, "caller", "I would like a haircut.")
    assert call.business_id is not None
    slot = find_slots(aira, business=call.business_id, service="Haircut", start=aira.clock.now() + timedelta(days=2), limit=1)[0]
    booked = book_appointment(
        aira,
        business=call.business_id,
        start=slot.start_time,
        service="Haircut",
        customer_name="Ann",
        customer_phone="+14155550177",
        source="voice_agent",
        external_id=CALL_SID,
    )
    aira.files.put("recordings/example.wav", b"RIFF", content_type="audio/wav")
    set_recording(aira, call.id, "recordings/example.wav")
    close_call(aira, CALL_SID, outcome="booked", duration_seconds=60)
    with aira.database.transaction() as connection:
        execute(connection, _NEWS_SQL, {"id": booked.id})
        execute(connection, _APPOINTMENT_SQL, {"id": booked.id})
        execute(connection, _PAST_SQL)


def _document(aira: Aira, home: Path) -> None:
    page = home / "prices.md"
    page.write_text("# Prices\n\nA colour treatment takes 90 minutes and costs $85.\n")
    ingest_document(aira, page, business="Bella Hair")
