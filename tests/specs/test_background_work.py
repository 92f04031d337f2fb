"""Work that a row asks for is queued with the row, done by whichever worker is free, and neither lost nor done by two."""

import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from procrastinate.jobs import Job

from aira.core import add_business, add_owner, find_document, queue_notification
from aira.core.app import Aira
from aira.core.db import Database, fetch_all, fetch_value
from aira.core.jobs import ATTEMPTS, Backoff, run_waiting_jobs, run_worker
from aira.errors import InvalidInput, SchemaOutdated, VendorError
from aira.model import Notification

JOBS = "select task_name, queue_name, lock, queueing_lock, args, scheduled_at, status::text from jobs.procrastinate_jobs order by id"
ADD_DOCUMENT = """
insert into documents (business_id, file_name, storage_path) values (%(business)s, %(name)s::text, %(business)s || '/' || %(name)s::text)
returning id
"""


HOUSEKEEPING = """select jobs.enqueue('{}', 'housekeeping', null, 'now', '{{"timestamp": 0}}')"""


class Outbox:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> str:
        self.sent.append(message)
        return "accepted"


@pytest.fixture
def outbox() -> Outbox:
    """Where mail ends."""
    return Outbox()


@pytest.fixture
def aira(aira: Aira, outbox: Outbox) -> Aira:
    """A handle whose clock is the database's, as jobs become due by that, and whose mail is kept."""
    with aira.database.transaction() as connection:
        aira.clock.set(fetch_value(connection, "select now()"))
    return replace(aira, mailer=outbox)


@pytest.fixture
def business(aira: Aira) -> UUID:
    """A business that can be written to."""
    add_owner(aira, "ann@example.com")
    return add_business(aira, "Salon", time_zone="UTC", owner="ann@example.com", email="salon@example.com").id


def test_a_message_is_queued_with_its_row(aira: Aira, business: UUID):
    """The job waits for the message's time, in a queue and under a lock of its own."""
    message = _message(aira, business, send_after=aira.clock.now() + timedelta(hours=1))

    (job,) = _jobs(aira.database)

    name = f"notification:{message.id}"
    assert (job["task_name"], job["queue_name"], job["lock"], job["queueing_lock"]) == (
        "aira.deliver_notification",
        "notifications",
        name,
        name,
    )
    assert (job["args"], job["scheduled_at"], job["status"]) == ({"notification_id": str(message.id)}, message.send_after, "todo")


def test_a_document_is_queued_with_its_row(aira: Aira, business: UUID):
    """Documents of one business are read one after the other."""
    document = _document(aira, business)

    (job,) = _jobs(aira.database)

    assert (job["task_name"], job["queue_name"], job["scheduled_at"]) == ("aira.ingest_document", "documents", None)
    assert (job["lock"], job["queueing_lock"]) == (f"business:{business}", f"document:{document}")
    assert job["args"] == {"document_id": str(document)}


def test_a_row_that_was_never_kept_leaves_no_job(aira: Aira, business: UUID):
    """Row and job are one transaction."""
    with aira.database.transaction(dry_run=True) as connection:
        fetch_value(connection, ADD_DOCUMENT, {"business": business, "name": "prices.pdf"})

    assert _jobs(aira.database) == []


def test_a_screen_queues_without_a_right_on_the_queue(aira: Aira, business: UUID):
    """An owner who adds a document through the Data API sets off its reading."""
    with aira.database.transaction() as connection:
        owner = fetch_value(connection, "select user_id::text from business_v2")
        connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": owner})])
        connection.execute("set local role authenticated")
        fetch_value(connection, ADD_DOCUMENT, {"business": business, "name": "prices.pdf"})

    assert [job["task_name"] for job in _jobs(aira.database)] == ["aira.ingest_document"]


def test_asking_again_queues_nothing_more(aira: Aira, business: UUID):
    """While a job waits, asking for the same work moves it instead of adding one, and never fails."""
    message = _message(aira, business)
    later = aira.clock.now() + timedelta(hours=2)

    _set(aira, "notifications", message.id, "send_after", later)

    assert [job["scheduled_at"] for job in _jobs(aira.database)] == [later]


def test_a_document_waits_for_its_next_attempt(aira: Aira, business: UUID):
    """A document that could not be read is looked at again at the time that its reader wrote down, and holds up no other."""
    failed = _document(aira, business)
    later = aira.clock.now() + timedelta(minutes=10)
    with aira.database.transaction() as connection:
        connection.execute("select claim_document(%s)", [failed])
        connection.execute("select fail_document(%s, 1, 'vendor_failed', 'The file store failed.', p_retry_at => %s)", [failed, later])
    waiting = _jobs(aira.database)
    other = _document(aira, business, "hours.pdf")

    with aira.database.transaction() as connection:
        next_job = fetch_value(connection, "select args from jobs.procrastinate_fetch_job_v2(null, null)")

    assert [(job["task_name"], job["scheduled_at"]) for job in waiting] == [("aira.ingest_document", later)]
    assert next_job == {"document_id": str(other)}


def test_a_document_that_is_settled_takes_its_job_back(aira: Aira, business: UUID):
    """What was read or refused elsewhere is no work any more; what is being read keeps its job in case the reader dies."""
    document = _document(aira, business)
    with aira.database.transaction() as connection:
        connection.execute("select claim_document(%s)", [document])
    while_read = _jobs(aira.database)
    with aira.database.transaction() as connection:
        connection.execute("select fail_document(%s, 1, 'encrypted', 'The file has a password.')", [document])

    assert len(while_read) == 1
    assert _jobs(aira.database) == []


@pytest.mark.parametrize("status", ["sent", "suppressed", "failed"])
def test_a_message_that_is_settled_takes_its_job_back(aira: Aira, business: UUID, status: str):
    """What somebody else has sent or stopped is no work any more."""
    message = _message(aira, business)

    _set(aira, "notifications", message.id, "status", status)

    assert _jobs(aira.database) == []


def test_what_is_gone_takes_its_job_back(aira: Aira, business: UUID):
    """Deleting a business, and with it its rows, leaves nothing in the queue."""
    _message(aira, business)
    _document(aira, business)

    with aira.database.transaction() as connection:
        connection.execute("delete from business_v2")

    assert _jobs(aira.database) == []


def test_a_worker_does_what_is_due(aira: Aira, business: UUID, outbox: Outbox):
    """Messages that are due leave, those that are not stay, and what is done leaves the queue."""
    _message(aira, business, key="now")
    later = _message(aira, business, key="later", send_after=aira.clock.now() + timedelta(hours=1))

    run_waiting_jobs(aira)

    assert len(outbox.sent) == 1
    assert [job["args"] for job in _jobs(aira.database)] == [{"notification_id": str(later.id)}]


def test_two_workers_share_the_work(aira: Aira, business: UUID, outbox: Outbox):
    """Each of twenty messages leaves once."""
    for number in range(20):
        _message(aira, business, key=f"message-{number}")
    workers = [threading.Thread(target=run_waiting_jobs, args=(aira,)) for _ in range(2)]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len({message["Message-ID"] for message in outbox.sent}) == len(outbox.sent) == 20


def test_a_worker_behind_a_transaction_pooler_polls(aira: Aira, business: UUID, outbox: Outbox, tmp_path: Path):
    """On port 6543 the worker prepares nothing and listens for nothing, and finds its work."""
    parts = urlsplit(aira.database.url)
    (tmp_path / ".s.PGSQL.6543").symlink_to(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")
    pooled = Database(parts._replace(query=f"host={tmp_path}&port=6543").geturl())
    _message(aira, business)

    run_waiting_jobs(replace(aira, database=pooled))

    assert pooled.through_transaction_pooler
    assert len(outbox.sent) == 1
    pooled.close()


def test_a_worker_hears_of_new_work(aira: Aira, business: UUID):
    """A worker that is waiting takes what is queued, and ends when it is told to."""
    sent, stop = threading.Event(), threading.Event()

    class Bell:
        def send(self, message: EmailMessage) -> str:
            sent.set()
            return "accepted"

    worker = threading.Thread(target=run_worker, args=(replace(aira, mailer=Bell()),), kwargs={"stop": stop})
    worker.start()

    _message(aira, business)
    heard = sent.wait(30)
    stop.set()
    worker.join(30)

    assert heard
    assert not worker.is_alive()


def test_work_of_a_killed_worker_is_taken_over(aira: Aira, business: UUID, outbox: Outbox):
    """A job whose worker is gone goes back into the queue."""
    message = _message(aira, business)
    with aira.database.transaction() as connection:
        connection.execute("select jobs.procrastinate_fetch_job_v2(null, worker_id) from jobs.procrastinate_register_worker_v1()")
        connection.execute("update jobs.procrastinate_workers set last_heartbeat = now() - interval '1 minute'")
        connection.execute(HOUSEKEEPING.format("aira.retry_stalled_jobs"))

    run_waiting_jobs(aira)
    run_waiting_jobs(aira)

    assert [sent["To"] for sent in outbox.sent] == [message.recipient]
    assert _jobs(aira.database) == []


def test_a_document_whose_reader_died_is_read_by_another(aira: Aira, business: UUID):
    """A reader outside the queue, such as a command that was killed, leaves its document to the next worker."""
    document = _document(aira, business)
    with aira.database.transaction() as connection:
        connection.execute("select claim_document(%s, now() - interval '3 minutes')", [document])
        connection.execute("delete from jobs.procrastinate_jobs")
        connection.execute(HOUSEKEEPING.format("aira.release_documents"))

    run_waiting_jobs(aira)

    assert find_document(aira, document).attempts == 2


def test_work_that_kills_every_worker_is_given_up(aira: Aira, business: UUID):
    """A job that was tried as often as is allowed ends as failed."""
    _message(aira, business)
    with aira.database.transaction() as connection:
        connection.execute("update jobs.procrastinate_jobs set attempts = %s", [ATTEMPTS - 1])
        connection.execute("select jobs.procrastinate_fetch_job_v2(null, null)")
        connection.execute(HOUSEKEEPING.format("aira.retry_stalled_jobs"))

    run_waiting_jobs(aira)

    assert [job["status"] for job in _jobs(aira.database)] == ["failed"]


def test_only_what_may_pass_is_tried_again():
    """A vendor's failure is tried again later and later, a refusal never, and nothing for ever."""
    decide = Backoff().get_retry_decision
    job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t")
    now = job.evolve(attempts=0)

    again = [decide(exception=VendorError(), job=job.evolve(attempts=attempts)) for attempts in range(ATTEMPTS)]

    waits = [one.retry_at for one in again if one is not None]
    assert len(waits) == ATTEMPTS - 1
    assert waits == sorted(waits)
    assert again[-1] is None
    assert decide(exception=InvalidInput(), job=now) is None
    assert decide(exception=ValueError(), job=now) is None


def test_a_worker_without_a_queue_says_what_to_do(aira: Aira, empty_database_url: str):
    """A database that is not migrated is a matter of set-up."""
    empty = Database(empty_database_url)

    with pytest.raises(SchemaOutdated):
        run_worker(replace(aira, database=empty))

    empty.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_worker_finish(aira: Aira, business: UUID, tmp_path: Path, number: signal.Signals):
    """Told to stop in the middle of a job, a worker finishes that job, takes no other, and ends well."""
    _message(aira, business, key="first")
    worker = subprocess.Popen(
        [sys.executable, "-c", SLOW_WORKER, aira.database.url, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "sending\n"
    second = _message(aira, business, key="second")

    worker.send_signal(number)
    said, _ = worker.communicate("go on\n", timeout=60)

    assert (worker.returncode, said) == (0, "sent\n")
    assert [job["args"] for job in _jobs(aira.database)] == [{"notification_id": str(second.id)}]


SLOW_WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from aira.core.app import wire
from aira.core.db import Database
from aira.core.jobs import run_worker
from aira.settings import Settings

class Slow:
    def send(self, message):
        print("sending", flush=True)
        sys.stdin.readline()
        print("sent", flush=True)
        return "accepted"

database = Database(sys.argv[1])
run_worker(replace(wire(Settings(aira_home=Path(sys.argv[2])), database), mailer=Slow()), concurrency=1)
database.close()
"""


def _message(aira: Aira, business: UUID, *, key: str = "once", **times: object) -> Notification:
    return queue_notification(
        aira,
        "owner_message",
        channel="email",
        recipient="salon@example.com",
        payload={"kind": "message", "text": "Call me back.", "caller_name": None, "phone": None, "recording_url": None},
        dedupe_key=key,
        business=business,
        **times,
    )


def _document(aira: Aira, business: UUID, name: str = "prices.pdf") -> UUID:
    with aira.database.transaction() as connection:
        return fetch_value(connection, ADD_DOCUMENT, {"business": business, "name": name})


def _set(aira: Aira, table: str, key: UUID, column: str, value: object) -> None:
    with aira.database.transaction() as connection:
        connection.execute(f"update {table} set {column} = %s where id = %s", [value, key])


def _jobs(database: Database) -> list[dict[str, object]]:
    with database.transaction() as connection:
        return [job for job in fetch_all(connection, dict, JOBS) if job["queue_name"] != "housekeeping"]
