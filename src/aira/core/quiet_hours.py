"""When a person may be texted: between 8:00 and 21:00 by the clock of the place their number belongs to."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone

EARLIEST = timedelta(hours=8)
LATEST = timedelta(hours=21)
SEVERAL = 3
"""A number that may be in more time zones than this, as a toll-free one, says nothing about where its holder is."""


def time_zones_of(phone_number: str, *, otherwise: str) -> list[ZoneInfo]:
    """The time zones in which the holder of an E.164 number may be; `otherwise` where the number does not tell."""
    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(phone_number))
    except phonenumbers.NumberParseException:
        names = ()
    known = [name for name in names if name != timezone.UNKNOWN_TIMEZONE]
    return [ZoneInfo(name) for name in (known if 0 < len(known) <= SEVERAL else [otherwise])]


def next_waking_moment(moment: datetime, zones: list[ZoneInfo]) -> datetime:
    """The moment itself where it disturbs nobody in these zones, else the next quarter of an hour that does not.

    Where their days have nothing in common, the first zone decides.
    """
    if _awake(moment, zones):
        return moment
    quarter = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    quarters = [quarter + timedelta(minutes=15 * count) for count in range(1, 2 * 24 * 4)]
    return next((one for one in quarters if _awake(one, zones)), None) or next(one for one in quarters if _awake(one, zones[:1]))


def _awake(moment: datetime, zones: list[ZoneInfo]) -> bool:
    return all(EARLIEST <= _time_of_day(moment, zone) < LATEST for zone in zones)


def _time_of_day(moment: datetime, zone: ZoneInfo) -> timedelta:
    local = moment.astimezone(zone)
    return timedelta(hours=local.hour, minutes=local.minute)
