"""The business whose calendar is tested: a barber in New York with a cut of 45 minutes and a quarter of an hour to sweep up."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aira.core.app import Aira
from aira.core.businesses import add_business
from aira.core.owners import add_owner
from aira.core.services import add_service
from aira.model import Business

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=NEW_YORK)
"""Ten in the morning of the day after the clock's Monday."""
OWNER = "owner@barber.example"
DESK = "desk@barber.example"


def open_barber(
    aira: Aira, *, name: str = "Barber", owner: str = OWNER, hours: str = "Mon-Fri 09:00-12:00,13:00-17:00", **values: str
) -> Business:
    """A business of a new owner, with the service Cut."""
    user = add_owner(aira, owner)
    business = add_business(aira, name, owner=user.id, hours=hours, **{"time_zone": "America/New_York", **values})
    add_service(aira, "Cut", business=business.id, minutes=45, buffer_after=15, also=["trim"])
    return business


def at(text: str, *, zone: str = "America/New_York") -> datetime:
    """The instant, in UTC, of a wall-clock time such as `2026-11-24 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
