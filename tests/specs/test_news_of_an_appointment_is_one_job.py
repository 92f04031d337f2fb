"""News of an appointment leaves by one job; what is for later leaves by the sweep of the minute."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from aira.core.app import Aira
from aira.core.appointments import cancel_appointment, reschedule_appointment
from aira.core.db import execute, fetch_all
from aira.core.jobs import run_waiting_jobs
from aira.core.notifications import deliver_due, list_notifications
from aira.errors import VendorError
from aira.model import Business
from barber import DESK, at, open_barber
from doubles import FrozenClock
from letterbox import ANN, MemoryTexter, book_for_ann

THURSDAY = at("2026-11-26 10:00")
JOBS = (
    "select task_name, lock, queueing_lock, args, scheduled_at from jobs.procrastinate_jobs where queue_name = 'notifications' order by id"
)
SWEEP = """select jobs.enqueue('aira.deliver_due', 'housekeeping', null, 'now', '{"timestamp": 0}')"""


class Mailer:
    """Keeps what it is given, or fails."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_down = False

    def send(self, message: EmailMessage) -> str:
        if self.is_down:
            raise VendorError
        self.sent.append(message["To"])
        return "accepted"


@pytest.fixture
def mailer() -> Mailer:
    """What mail leaves by."""
    return Mailer()


@pytest.fixture
def aira(aira: Aira, mailer: Mailer) -> Aira:
    """A handle whose messages stay in memory."""
    return replace(aira, mailer=mailer, texter=MemoryTexter())


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber who wants to hear of every booking."""
    return open_barber(aira, email=DESK)


def _jobs(aira: Aira) -> list[dict[str, object]]:
    with aira.database.transaction() as connection:
        return fetch_all(connection, dict, JOBS)


def test_a_booking_queues_one_job_whoever_is_told(aira: Aira, barber: Business):
    """Customer by mail and text, owner, four reminders: seven messages, one job, which runs alone for its appointment."""
    booked = book_for_ann(aira, barber, start=THURSDAY)

    name = f"appointment:{booked.id}"
    assert len(list_notifications(aira)) == 7
    assert _jobs(aira) == [
        {
            "task_name": "aira.deliver_news",
            "lock": name,
            "queueing_lock": name,
            "args": {"appointment_id": str(booked.id)},
            "scheduled_at": None,
        }
    ]


def test_a_change_before_the_job_ran_adds_none(aira: Aira, barber: Business):
    """The job that waits tells what is true when it runs."""
    booked = book_for_ann(aira, barber, start=THURSDAY)
    reschedule_appointment(aira, booked.id, start=THURSDAY + timedelta(hours=1))
    cancel_appointment(aira, booked.id)

    assert len(_jobs(aira)) == 1


def test_a_worker_sends_what_is_due_and_leaves_the_rest(aira: Aira, barber: Business, mailer: Mailer):
    """Confirmation and notice leave, reminders wait without a job."""
    book_for_ann(aira, barber, start=THURSDAY)

    run_waiting_jobs(aira)

    assert sorted(mailer.sent) == [ANN, DESK]
    assert {one.template for one in list_notifications(aira, status="pending")} == {"appointment_reminder"}
    assert _jobs(aira) == []


def test_what_a_command_has_sent_is_no_work_any_more(aira: Aira, barber: Business):
    """On a machine without a worker nothing gathers in the queue."""
    book_for_ann(aira, barber, start=THURSDAY)

    deliver_due(aira)

    assert _jobs(aira) == []


def test_a_reminder_leaves_with_the_sweep_of_the_minute(aira: Aira, barber: Business, mailer: Mailer, clock: FrozenClock):
    """Its time has come: the next sweep sends it."""
    book_for_ann(aira, barber, start=THURSDAY)
    run_waiting_jobs(aira)
    mailer.sent.clear()
    clock.set(THURSDAY - timedelta(days=1))
    with aira.database.transaction() as connection:
        execute(connection, SWEEP)

    run_waiting_jobs(aira)

    assert mailer.sent == [ANN]


def test_a_message_that_failed_has_a_job_of_its_own(aira: Aira, barber: Business, mailer: Mailer):
    """What left is not held up by what did not, which is tried again at its time."""
    mailer.is_down = True
    book_for_ann(aira, barber, start=THURSDAY)

    deliver_due(aira)

    waiting = [one for one in list_notifications(aira, status="pending") if one.template != "appointment_reminder"]
    assert [one.channel for one in waiting] == ["email", "email"]
    assert {(job["task_name"], job["args"]["notification_id"], job["scheduled_at"]) for job in _jobs(aira)} == {
        ("aira.deliver_notification", str(one.id), one.send_after) for one in waiting
    }
