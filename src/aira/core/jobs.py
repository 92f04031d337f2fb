"""Background work: the worker, its tasks, and what becomes of a job that fails.

A job is a row that a trigger wrote together with the row that asks for the work. It may run more than once, so that
what it calls must be safe to repeat.
"""

import asyncio
import contextlib
import logging
import signal
import threading
from uuid import UUID

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from aira.core.app import Aira
from aira.core.call_summaries import sum_up_call
from aira.core.calls import close_lost_calls
from aira.core.db import execute, fetch_value, mapped_errors, session_url
from aira.core.documents import process_document
from aira.core.notifications import deliver_due, deliver_news, deliver_notification
from aira.core.voicemail import keep_recording
from aira.errors import AiraError, DatabaseError, SchemaOutdated

ATTEMPTS = 7
"""How often a job is tried; the last time an hour after the first."""
SECONDS_TO_FINISH = 30
"""How long running jobs may go on after the worker was told to stop; later they are another worker's."""
SECONDS_TO_STALL = 30
"""A worker that has not been heard of for so long is dead."""
SECONDS_TO_RECONNECT = 5
LETTERS_A_SWEEP = 1000
"""How many messages one sweep sends; letters about money and reminders have no job of their own."""
HOURS_TO_KEEP = 30 * 24
"""How long a job that failed can be looked at."""

log = logging.getLogger(__name__)

_QUEUE_EXISTS_SQL = "select to_regclass('jobs.procrastinate_jobs') is not null"
_RELEASE_DOCUMENTS_SQL = "select release_documents(%(now)s)"
_ENQUEUE_DOCUMENT_SQL = "select jobs.enqueue_document(d) from documents d where d.id = %(id)s and d.processing_status = 'pending'"


def run_worker(aira: Aira, *, concurrency: int = 2, stop: threading.Event | None = None) -> None:
    """Run jobs, `concurrency` at once, until SIGTERM or SIGINT; running jobs are finished first.

    Outside the main thread, where no signal arrives, give `stop` and set it. A connection that breaks is made again.
    Raises SchemaOutdated or DatabaseError where the queue cannot be reached at the start.
    """
    _check_queue(aira)
    asyncio.run(_work_until_told(aira, concurrency, stop))


def run_waiting_jobs(aira: Aira) -> None:
    """Run the jobs that are due, one after the other, and return when none is left."""
    _check_queue(aira)
    asyncio.run(_work_once(aira))


def enqueue_document(aira: Aira, document: UUID) -> None:
    """See to it that a document which waits has a job. Safe to repeat; one that is read, or gone, gets none."""
    with aira.database.transaction() as connection:
        execute(connection, _ENQUEUE_DOCUMENT_SQL, {"id": document})


class Backoff(BaseRetryStrategy):
    """Tries a job again after 10, 30, 90, … seconds where its error may pass, at once where the worker was stopped."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None is never."""
        stopped = isinstance(exception, asyncio.CancelledError)
        may_pass = isinstance(exception, AiraError) and exception.retryable
        if job.attempts + 1 >= ATTEMPTS or not (stopped or may_pass):
            return None
        return RetryDecision(retry_in={"seconds": 0 if stopped else 10 * 3**job.attempts})


def _check_queue(aira: Aira) -> None:
    with aira.database.transaction() as connection:
        if not fetch_value(connection, _QUEUE_EXISTS_SQL):
            raise SchemaOutdated


async def _work_until_told(aira: Aira, concurrency: int, stop: threading.Event | None) -> None:
    told = asyncio.Event()
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
    listening = asyncio.create_task(_pass_on(stop, told)) if stop is not None else None
    while not told.is_set():
        try:
            with mapped_errors():
                await _work(aira, concurrency, told)
        except (ConnectorException, DatabaseError) as error:
            log.warning(
                "The job queue cannot be reached (%s), next try in %s s", type(error.__cause__ or error).__name__, SECONDS_TO_RECONNECT
            )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), SECONDS_TO_RECONNECT)
    if listening is not None:
        await listening


async def _pass_on(stop: threading.Event, told: asyncio.Event) -> None:
    while not stop.is_set():  # noqa: ASYNC110 - a threading.Event cannot be awaited
        await asyncio.sleep(0.1)
    told.set()


async def _work(aira: Aira, concurrency: int, told: asyncio.Event) -> None:
    app = _app(aira)
    pooled = aira.database.through_transaction_pooler
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                concurrency=concurrency,
                listen_notify=not pooled,
                fetch_job_polling_interval=1 if pooled else 5,
                shutdown_graceful_timeout=SECONDS_TO_FINISH,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        waiting = asyncio.create_task(told.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def _work_once(aira: Aira) -> None:
    app = _app(aira)
    with mapped_errors():
        async with app.open_async():
            await app.run_worker_async(wait=False, listen_notify=False, install_signal_handlers=False, delete_jobs="successful")


def _app(aira: Aira) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(
        conninfo=session_url(aira.database.url, search_path="jobs", application_name="aira worker"),
        kwargs={"prepare_threshold": None} if aira.database.through_transaction_pooler else {},
        min_size=1,
        max_size=4,
    )
    app = procrastinate.App(connector=connector)
    _add_tasks(app, aira)
    _add_sweeps(app, aira)
    _add_housekeeping(app)
    return app


def _add_tasks(app: procrastinate.App, aira: Aira) -> None:
    @app.task(name="aira.ingest_document", queue="documents", retry=Backoff())
    async def ingest_document(*, document_id: str) -> None:
        await asyncio.to_thread(process_document, aira, UUID(document_id))

    @app.task(name="aira.deliver_notification", queue="notifications", retry=Backoff())
    async def deliver(*, notification_id: str) -> None:
        await asyncio.to_thread(deliver_notification, aira, UUID(notification_id))

    @app.task(name="aira.deliver_news", queue="notifications", retry=Backoff())
    async def deliver_appointment(*, appointment_id: str) -> None:
        await asyncio.to_thread(deliver_news, aira, UUID(appointment_id))

    @app.task(name="aira.sum_up_call", queue="calls", retry=Backoff())
    async def sum_up(*, call_id: str) -> None:
        await asyncio.to_thread(sum_up_call, aira, UUID(call_id))

    @app.task(name="aira.keep_recording", queue="calls", retry=Backoff())
    async def keep(*, message_id: str) -> None:
        await asyncio.to_thread(keep_recording, aira, UUID(message_id))


def _add_sweeps(app: procrastinate.App, aira: Aira) -> None:
    """Every minute, what a process that died outside a job has left half done."""

    @app.periodic(cron="* * * * *")
    @app.task(name="aira.deliver_due", queue="housekeeping", queueing_lock="aira.deliver_due")
    async def deliver_due_notifications(timestamp: int) -> None:
        await asyncio.to_thread(deliver_due, aira, limit=LETTERS_A_SWEEP)

    @app.periodic(cron="* * * * *")
    @app.task(name="aira.release_documents", queue="housekeeping", queueing_lock="aira.release_documents")
    async def release_documents(timestamp: int) -> None:
        await asyncio.to_thread(_release_documents, aira)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="aira.close_lost_calls", queue="housekeeping", queueing_lock="aira.close_lost_calls")
    async def close_calls(timestamp: int) -> None:
        await asyncio.to_thread(close_lost_calls, aira)


def _release_documents(aira: Aira) -> None:
    with aira.database.transaction() as connection:
        execute(connection, _RELEASE_DOCUMENTS_SQL, {"now": aira.clock.now()})


def _add_housekeeping(app: procrastinate.App) -> None:
    @app.periodic(cron="* * * * *")
    @app.task(name="aira.retry_stalled_jobs", queue="housekeeping", queueing_lock="aira.retry_stalled_jobs")
    async def retry_stalled_jobs(timestamp: int) -> None:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SECONDS_TO_STALL):
            # A job that ended meanwhile refuses, which is right.
            with contextlib.suppress(ConnectorException):
                if job.attempts + 1 < ATTEMPTS:
                    await app.job_manager.retry_job(job)
                else:
                    await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=False)

    @app.periodic(cron="17 3 * * *")
    @app.task(name="aira.remove_old_jobs", queue="housekeeping", queueing_lock="aira.remove_old_jobs")
    async def remove_old_jobs(timestamp: int) -> None:
        await app.job_manager.delete_old_jobs(HOURS_TO_KEEP, include_failed=True, include_cancelled=True, include_aborted=True)
