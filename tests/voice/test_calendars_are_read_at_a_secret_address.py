"""Calendar programs read a business's appointments at an address that only its owner knows."""

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest
from icalendar import Calendar

from aira.core.appointments import book_appointment
from aira.core.calendars import calendar_address
from aira.voice.server import create_app
from aira.voice.switchboard import Switchboard
from barber import at
from salon import Salon


def _read(switchboard: Switchboard, path: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(switchboard))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
            return await client.get(path)

    return asyncio.run(request())


def test_the_address_shows_what_is_booked(switchboard: Switchboard, salon: Salon) -> None:
    """The feed has every appointment with its state, and no cache in between keeps it."""
    book_appointment(switchboard.aira, business=salon.business.id, start=at("2026-11-24 10:00"), service="Haircut", customer_name="Ann")
    path = urlsplit(calendar_address(switchboard.aira, salon.business.id)).path

    answer = _read(switchboard, path)

    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert (str(event["SUMMARY"]), event.start) == ("Haircut: Ann", at("2026-11-24 10:00"))
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("text/calendar; charset=utf-8", "private, no-store")


@pytest.mark.parametrize("token", ["5c1fc9c6-b5c3-42dc-a220-11f851261860", "guess"])
def test_any_other_address_leads_nowhere(switchboard: Switchboard, salon: Salon, token: str) -> None:
    """Guessing is answered like any page that does not exist."""
    assert _read(switchboard, f"/calendar/{token}.ics").status_code == 404


def test_a_renewed_address_closes_the_old_one(switchboard: Switchboard, salon: Salon) -> None:
    """Who was shown the old address reads nothing any more."""
    old = urlsplit(calendar_address(switchboard.aira, salon.business.id)).path
    new = urlsplit(calendar_address(switchboard.aira, salon.business.id, renew=True)).path

    assert (_read(switchboard, old).status_code, _read(switchboard, new).status_code) == (404, 200)
