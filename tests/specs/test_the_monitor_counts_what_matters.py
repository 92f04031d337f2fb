"""A look at the monitor says what is on, what waits and what failed, of the last hour and as it stands."""

import json
import subprocess
import sys

import pytest

from aira.cli.main import run
from aira.core.app import Aira
from aira.core.calls import close_call, open_call, record_event, record_latency
from aira.core.db import execute
from aira.core.monitor import overview
from doubles import FrozenClock
from salon import CALLER, NUMBER, Salon, open_salon

DOCUMENT_SQL = """
insert into public.documents (business_id, file_name, storage_path, processing_status, error_code)
values (%(business)s, 'a.pdf', %(business)s || '/a', 'failed', 'corrupt'), (%(business)s, 'b.pdf', %(business)s || '/b', 'pending', null)
"""


@pytest.fixture
def salon(aira: Aira) -> Salon:
    """A salon with a number."""
    return open_salon(aira)


class TestCalls:
    def test_that_are_on_are_shown_with_their_last_words(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """Who rings whom, for how long, and what was said last."""
        call = open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER)
        record_event(aira, call.id, "bot", "How can I help you?")
        record_event(aira, call.id, "note", "Incoming call: answer.")
        clock.move(seconds=83)

        (on,) = overview(aira).calls

        assert (on.business_name, on.from_number, on.seconds, on.last_words) == ("Shear Delight", CALLER, 83, "How can I help you?")

    def test_are_counted_over_the_last_hour(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """What came before is history."""
        close_call(aira, open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER).call_sid)
        clock.move(minutes=61)
        close_call(aira, open_call(aira, "CA2", from_number=CALLER, to_number=NUMBER).call_sid)

        glance = overview(aira).glance

        assert (glance.calls, glance.calls_missed, glance.calls_in_progress) == (1, 1, 0)

    def test_answers_are_timed(self, aira: Aira, salon: Salon) -> None:
        """The median of the delays in the journal; nothing where nobody was answered."""
        assert overview(aira).glance.answer_ms_p50 is None
        call = open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER)
        for total in (400.0, 500.0, 900.0):
            record_latency(aira, call.id, record_event(aira, call.id, "bot", "Yes."), {"total": total})

        assert overview(aira).glance.answer_ms_p50 == 500

    def test_one_that_nobody_reported_as_over_is_not_on_for_ever(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """A carrier ends every call after four hours."""
        open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER)
        clock.move(hours=5)

        assert overview(aira).calls == []


def test_what_waits_and_what_failed_stands_beside(aira: Aira, salon: Salon) -> None:
    """Documents by their state, numbers that are rented."""
    with aira.database.transaction() as connection:
        execute(connection, DOCUMENT_SQL, {"business": salon.business.id})

    glance = overview(aira).glance

    assert (glance.documents_failed, glance.documents_waiting, glance.numbers_active, glance.numbers_in_grace) == (1, 1, 1, 0)
    assert glance.jobs_waiting > 0


class TestInAPipe:
    def test_every_look_is_one_json_line(self, aira: Aira, salon: Salon, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
        """A program reads it line by line."""
        monkeypatch.setenv("DATABASE_URL", aira.database.url)
        monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))

        assert run(["monitor", "--interval", "0.1", "--count", "2"]) == 0

        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [(line["numbers_active"], line["in_progress"]) for line in lines] == [(1, []), (1, [])]

    def test_a_reader_that_leaves_ends_it(self, aira: Aira, salon: Salon, monkeypatch) -> None:
        """`aira monitor | head -1` returns."""
        monkeypatch.setenv("DATABASE_URL", aira.database.url)
        command = [sys.executable, "-m", "aira", "monitor", "--interval", "0.1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.close()

            assert process.wait(60) == 0
