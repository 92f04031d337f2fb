"""A week of the calendar, as it stands on a terminal."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from aira.cli.week_grid import print_week, week_lines
from aira.core.week import Week
from aira.model import Appointment, AppointmentSource, Business, Closure, Slot

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 11, 23)


def _at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(MONDAY + timedelta(days=day), time(hour, minute), BERLIN).astimezone(UTC)


def _appointment(day: int, hour: int, name: str, source: AppointmentSource, *, minutes: int = 60, call: str | None = None) -> Appointment:
    return Appointment(
        id=uuid4(),
        business_id=uuid4(),
        service="Cut",
        resource="default",
        customer_name=name,
        customer_phone="+4930123456",
        customer_email=None,
        notes=None,
        start_time=_at(day, hour),
        end_time=_at(day, hour) + timedelta(minutes=minutes),
        status="confirmed",
        source=source,
        external_id=call,
        sequence=0,
        created_at=_at(0, 8),
    )


@pytest.fixture
def week() -> Week:
    """A week of a salon in Berlin: open till noon, closed on Thursday, three bookings by three programs, now Monday, 9:40."""
    salon = Business(uuid4(), uuid4(), "Salon", "Europe/Berlin", None, None, None, None, 15, 30, 0, 90, 0, True, _at(0, 8))
    return Week(
        business=salon,
        first=MONDAY,
        now=datetime(2026, 11, 23, 9, 40, tzinfo=BERLIN),
        open=[Slot(_at(day, 9), _at(day, 11)) for day in (0, 1, 2, 4)],
        closures=[Closure(1, salon.id, MONDAY + timedelta(days=3), None, None, "Flood")],
        appointments=[
            _appointment(0, 9, "Ann", AppointmentSource.VOICE_AGENT, minutes=90, call="CA0123456789"),
            _appointment(1, 10, "Bartholomew the Second", AppointmentSource.CLI),
            _appointment(4, 9, "Cleo", AppointmentSource.UI, minutes=30),
        ],
    )


def test_a_week_is_seen_at_a_glance(week: Week):
    """Who comes when, by which program, by which call; what is open, what is closed, and what time it is."""
    lines = [line.plain.rstrip() for line in week_lines(week, width=104)]

    assert lines == [
        "Salon · week of 23 November 2026 · Europe/Berlin",
        "      │Mon 23 Nov   │Tue 24 Nov   │Wed 25 Nov   │Thu 26 Nov   │Fri 27 Nov   │Sat 28 Nov   │Sun 29 Nov",
        "──────┼─────────────┼─────────────┼─────────────┼─────────────┼─────────────┼─────────────┼─────────────",
        "09:00 │┃Ann [phone] │·            │·            │closed: Flood│┃Cleo [web]  │             │",
        "      │┃Cut         │·            │·            │             │·            │             │",
        "09:40─┼━━━━━━━━━━━━━┼─────────────┼─────────────┼─────────────┼─────────────┼─────────────┼─────────────",
        "10:00 │┃CA0123456789│┃Barth… [cli]│·            │             │·            │             │",
        "      │·            │┃Cut         │·            │             │·            │             │",
    ]


def test_a_narrow_terminal_keeps_who_booked(week: Week):
    """Where name and badge do not fit beside each other they stand below each other."""
    lines = [line.plain for line in week_lines(week, width=80)]

    assert [line.split("│")[1].strip() for line in lines if line.startswith(("09:00", "10:00", "      │┃"))][:2] == ["┃Ann", "┃[phone]"]
    assert {len(line) for line in lines[1:]} == {6 + 7 * 10}


@pytest.mark.parametrize(("width", "parts"), [(76, [7]), (75, [4, 3]), (48, [4, 3]), (40, [3, 3, 1]), (10, [1] * 7)])
def test_a_terminal_too_narrow_for_a_week_gets_it_in_parts(week: Week, width: int, parts: list[int]):
    """No day is cut off: below each other stand as many days as there is room for, each part with its hours."""
    lines = [line.plain for line in week_lines(week, width=width)]

    heads = [above for above, line in pairwise(lines) if line.startswith("──────┼")]
    assert [head.count("│") for head in heads] == parts
    assert max(len(line) for line in lines[1:]) <= max(width, 16)
    assert sum(line.count("┃") for line in lines) == sum(line.plain.count("┃") for line in week_lines(week, width=120))


def test_two_at_once_are_counted(week: Week):
    """A second appointment of the same half hour is not hidden."""
    both = replace(week, appointments=[*week.appointments, _appointment(0, 9, "Dora", AppointmentSource.API)])

    assert "┃Ann [phone] +1" in "\n".join(line.plain for line in week_lines(both, width=120))


def test_nights_and_other_days_are_shown(week: Week):
    """An appointment past midnight is in both days; the present is not drawn into another week."""
    night = replace(
        week, now=week.now + timedelta(days=7), appointments=[_appointment(1, 23, "Eve", AppointmentSource.IMPORT, minutes=120)]
    )

    lines = [line.plain for line in week_lines(night, width=120)]

    assert next(line for line in lines if line.startswith("23:00")).count("┃Eve [import]") == 1
    assert next(line for line in lines if line.startswith("00:00")).split("│")[3].startswith("┃")
    assert not [line for line in lines if "━" in line]


def test_callers_words_steer_no_terminal(week: Week, capsys: pytest.CaptureFixture[str]):
    """A name with markup and control characters is shown as text."""
    hostile = replace(week.appointments[0], customer_name="[red]\x1b[2JBob")

    print_week(replace(week, appointments=[hostile]))

    assert "\x1b" not in capsys.readouterr().out
