"""The rules of the calendar hold for every program that shares the database, however many there are at once."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from aira.core.app import Aira
from aira.core.appointments import (
    book_appointment,
    cancel_appointment,
    find_appointment,
)
from aira.core.db import Connection, execute, fetch_all, fetch_value
from aira.errors import InvalidInput, Refused, SlotTaken
from aira.model import Business
from barber import TUESDAY, open_barber

RACE = Path(__file__).parents[2] / "benchmarks" / "booking_race.py"


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber with one chair, open on weekdays with a break at noon."""
    return open_barber(aira)


INSERT_ROW = """
insert into appointments (business_id, service_id, start_time, source, customer_name)
values (%(business)s, (select id from services where business_id = %(business)s), %(start)s, 'ui', 'Cleo') returning id
"""
OTHERS_CHAIR = """
insert into appointments (business_id, resource_id, start_time)
select %(business)s, id, %(start)s from resources where business_id = %(other)s
"""


def _insert_as_owner(aira: Aira, business: Business, *, start: datetime) -> UUID:
    with aira.database.transaction() as connection:
        _become(connection, business.user_id)
        made: UUID = fetch_value(connection, INSERT_ROW, {"business": business.id, "start": start})
        return made


def _become(connection: Connection, user_id: object) -> None:
    fetch_value(connection, "select set_config('request.jwt.claims', json_build_object('sub', %(id)s::text)::text, true)", {"id": user_id})
    execute(connection, "set local role authenticated")


class TestOtherPrograms:
    """The rules hold for every program that shares the database."""

    def test_a_row_of_the_web_screen_obeys_the_constraint(self, aira: Aira, barber: Business):
        """A row inserted by an owner gets its end, its buffers and its chair from the database, and takes no time that is taken."""
        made = _insert_as_owner(aira, barber, start=TUESDAY)

        seen = find_appointment(aira, made)
        assert (seen.source, seen.end_time - seen.start_time) == ("ui", timedelta(minutes=45))
        with pytest.raises(SlotTaken):
            book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(minutes=50))
        with pytest.raises(SlotTaken):
            _insert_as_owner(aira, barber, start=TUESDAY + timedelta(minutes=50))

    def test_what_is_blocked_is_computed_and_not_believed(self, aira: Aira, barber: Business):
        """A program that writes an empty blocked range, or another revision, is not believed."""
        with aira.database.transaction() as connection:
            execute(
                connection,
                """insert into appointments (business_id, service_id, start_time, end_time, blocked, sequence)
                values (%(business)s, (select id from services), %(start)s, null, 'empty', 9)""",
                {"business": barber.id, "start": TUESDAY},
            )
            execute(connection, "update appointments set blocked = 'empty', sequence = 9")
            row = fetch_all(connection, dict, "select lower(blocked) as first, upper(blocked) as last, sequence from appointments")[0]

        assert (row["first"], row["last"], row["sequence"]) == (TUESDAY, TUESDAY + timedelta(minutes=60), 0)

    def test_a_cancelled_row_is_not_brought_back(self, aira: Aira, barber: Business):
        """Cancelled is final for a plain UPDATE as well."""
        booked = book_appointment(aira, business=barber.id, start=TUESDAY)
        cancel_appointment(aira, booked.id)

        with pytest.raises(Refused) as refused, aira.database.transaction() as connection:
            execute(connection, "update appointments set status = 'confirmed'")

        assert refused.value.reason == "not_confirmed"

    def test_an_owner_sees_and_books_only_his_own(self, aira: Aira, barber: Business):
        """Under row-level security another owner's calendar does not exist, in tables and in functions."""
        other = open_barber(aira, name="Other", owner="other@barber.example")
        book_appointment(aira, business=barber.id, start=TUESDAY, source="voice_agent", external_id="CA1")
        tables = ("appointments", "business_v2", "business_hours", "services", "resources", "notifications")

        with aira.database.transaction(dry_run=True) as connection:
            _become(connection, other.user_id)
            seen = {
                table: fetch_value(
                    connection,
                    f"select count(*) from {table} where {'id' if table == 'business_v2' else 'business_id'} = %(id)s",
                    {"id": barber.id},
                )
                for table in tables
            }
            verdict = fetch_value(connection, "select code from book_appointment(%(id)s, %(start)s)", {"id": barber.id, "start": TUESDAY})

        assert seen == dict.fromkeys(tables, 0)
        assert verdict == "business_not_found"
        with aira.database.transaction(dry_run=True) as connection:
            _become(connection, barber.user_id)
            assert fetch_value(connection, "select array_agg(source) from appointments") == ["voice_agent"]

    def test_a_row_cannot_name_another_business_own_chair(self, aira: Aira, barber: Business):
        """Chair, service and appointment belong to one business."""
        other = open_barber(aira, name="Other", owner="other@barber.example")

        with pytest.raises(InvalidInput), aira.database.transaction() as connection:
            execute(connection, OTHERS_CHAIR, {"business": barber.id, "other": other.id, "start": TUESDAY})


class TestRacing:
    """Many programs at once, each a process of its own."""

    def test_one_slot_is_booked_once_a_chair(self, database_url: str):
        """Of 200 attempts from 4 processes as many win as two businesses have chairs, and all others are told that it is taken."""
        report = _race(database_url, "--attempts", "200", "--chairs", "1", "3", "--same-slot")

        assert (report["attempts"], report["booked"], report["overlaps"], report["wrongly_refused"]) == (200, 1 + 3, 0, 0)

    def test_mixed_services_and_moves_never_overlap(self, database_url: str):
        """Other lengths, buffers, paths and moves that cross each other leave no overlap, and every refusal tells the truth."""
        report = _race(database_url, "--attempts", "400")

        assert (report["overlaps"], report["overlaps_after_reschedules"]) == (0, 0)
        assert (report["wrongly_refused"], report["wrongly_not_moved"]) == (0, 0)
        assert min(report["codes"][path]["ok"] for path in ("sql", "library", "screen")) > 0
        assert {"ok", "conflict", "closed_day", "outside_hours"} <= set(report["reschedules"])


def _race(database_url: str, *options: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(RACE), *options, "--database-url", database_url, "--json"], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
