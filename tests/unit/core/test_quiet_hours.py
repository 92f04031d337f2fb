"""A person is texted by day, where the person is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from aira.core.quiet_hours import EARLIEST, LATEST, next_waking_moment, time_zones_of

PACIFIC, EASTERN, TOKYO = (ZoneInfo(name) for name in ("America/Los_Angeles", "America/New_York", "Asia/Tokyo"))


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+14155550123", ["America/Los_Angeles"]),
        ("+4930123456", ["Europe/Berlin"]),
        ("+18005550123", ["Europe/Paris"]),
        ("+99912345", ["Europe/Paris"]),
        ("nothing", ["Europe/Paris"]),
    ],
)
def test_a_number_tells_where_its_holder_is_or_the_business_stands_in(number: str, zones: list[str]):
    """A toll-free number says nothing, so that the time of the business counts."""
    assert [zone.key for zone in time_zones_of(number, otherwise="Europe/Paris")] == zones


@pytest.mark.parametrize(
    ("local", "waits_until"),
    [("08:00", "08:00"), ("20:59", "20:59"), ("07:59", "08:00"), ("05:07", "08:00"), ("21:00", "08:00"), ("23:59", "08:00")],
)
def test_the_night_is_waited_out(local: str, waits_until: str):
    """Between nine in the evening and eight in the morning nobody is texted."""
    moment = datetime.fromisoformat(f"2026-11-23 {local}").replace(tzinfo=PACIFIC)

    assert f"{next_waking_moment(moment, [PACIFIC]):%H:%M}" == waits_until


def test_it_is_day_in_every_zone_the_number_may_be_in():
    """Eight in New York is five in Los Angeles."""
    moment = datetime(2026, 11, 23, 8, tzinfo=EASTERN)

    assert next_waking_moment(moment, [EASTERN, PACIFIC]).astimezone(PACIFIC).hour == 8


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.sampled_from([[PACIFIC], [EASTERN, PACIFIC], [TOKYO], [TOKYO, EASTERN]])
)
def test_the_moment_is_never_earlier_and_always_by_day(naive: datetime, zones: list[ZoneInfo]):
    """Whatever the day, also where clocks change, and where two zones have no day in common."""
    moment = naive.replace(tzinfo=UTC)

    found = next_waking_moment(moment, zones)

    local = found.astimezone(zones[0])
    assert moment <= found <= moment + timedelta(hours=30)
    assert EARLIEST <= timedelta(hours=local.hour, minutes=local.minute) < LATEST
