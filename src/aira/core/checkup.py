"""What `aira doctor` reports: each part of AiRa looked at, with evidence and the command that mends it."""

import importlib.util
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from aira.core.app import Aira, open_aira
from aira.core.carrier_account import account_warnings
from aira.core.db import fetch_value, masked_url, migrate, migration_status
from aira.core.documents import verify_documents
from aira.core.lines import line_webhooks
from aira.core.reconcile import reconcile_numbers
from aira.core.senders import stopped_senders
from aira.core.vendor_failures import SPAN, vendor_failures
from aira.core.wallet import verify_wallet
from aira.errors import AiraError, SetupError
from aira.model import Check
from aira.settings import Settings, load_settings, setting_origins

LONGEST_WAIT = timedelta(minutes=10)
"""A document or message that waits longer has no worker."""
LONGEST_WITHOUT_BILLING = timedelta(hours=26)

_VENDOR_FIXES = {
    "status_401": "Set the vendor's key anew.",
    "status_402": "Top up the account at the vendor.",
    "status_403": "Set the vendor's key anew.",
    "status_404": "Look at the model's or voice's name in the settings.",
    "status_429": "Raise the limit at the vendor, or take fewer calls with AIRA_MAX_CALLS.",
    "too_slow": "Raise its deadline, such as AIRA_TTS_DEADLINE, or choose a faster model.",
}

_Look = tuple[str, Callable[[], Iterable[Check]]]

_VERSION_SQL = "select current_setting('server_version')"
_STUCK_DOCUMENTS_SQL = """
select count(*) from public.documents
where processing_status = 'pending' and created_at < %(before)s or processing_status = 'processing' and lease_until < %(before)s
"""
_FAILED_DOCUMENTS_SQL = "select id::text from public.documents where processing_status = 'failed' order by created_at desc limit 1"
_WAITING_MESSAGES_SQL = "select count(*) from public.notifications where status = 'pending' and send_after < %(before)s"
_FAILED_MESSAGES_SQL = "select count(*) from public.notifications where status = 'failed'"
_DUE_NUMBERS_SQL = """
select count(*) from public.business_numbers where status in ('active', 'grace') and next_billing_date < %(today)s::date - 1
"""


def check_up(settings: Settings | None = None, *, fix: bool = False) -> list[Check]:
    """Look at every part; with `fix`, mend first what is safe to mend.

    A part that cannot be looked at because another fails is `skip`. Never raises an AiraError: that is a finding.
    """
    findings = [*_found("settings", lambda: _settings(settings))]
    if any(one.status == "fail" for one in findings):
        return findings
    settings = settings or load_settings()
    try:
        with open_aira(settings) as aira:
            return [*findings, *_of_database(aira, fix=fix)]
    except AiraError as error:
        return [*findings, Check("database", "fail", error.message, error.hint)]


def _of_database(aira: Aira, *, fix: bool) -> Iterator[Check]:
    basics: list[_Look] = [("database", lambda: _database(aira)), ("migrations", lambda: _migrations(aira, fix=fix))]
    for name, look in basics:
        findings = _found(name, look)
        yield from findings
        if any(one.status == "fail" for one in findings):
            yield Check("everything else", "skip", "needs the database", "")
            return
    looks: list[_Look] = [
        ("carrier", lambda: _carrier(aira, fix=fix)),
        ("voice", lambda: _voice(aira)),
        ("vendors", lambda: _vendors(aira)),
        ("embedding", lambda: _embedding(aira)),
        ("documents", lambda: _documents(aira)),
        ("messages", lambda: _messages(aira)),
        ("ledger", lambda: _ledger(aira)),
        ("billing", lambda: _billing(aira)),
    ]
    for name, look in looks:
        yield from _found(name, look)


def _found(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    try:
        return list(look())
    except AiraError as error:
        return [Check(name, "fail", error.message, error.hint)]


def _settings(given: Settings | None) -> Iterator[Check]:
    for origin in setting_origins(given or load_settings()):
        if origin.source != "default":
            yield Check(f"setting {origin.name}", "ok", f"{origin.value} ({origin.source})", "")


def _database(aira: Aira) -> Iterator[Check]:
    with aira.database.transaction() as connection:
        version = fetch_value(connection, _VERSION_SQL)
    where = "embedded" if aira.settings.database_url is None else masked_url(aira.database.url)
    yield Check("database", "ok", f"PostgreSQL {version}, {where}", "")
    if aira.database.through_transaction_pooler:
        yield Check(
            "database pooler",
            "warn",
            "port 6543 is a transaction pooler: background jobs are found by polling",
            "Use the pooler's session port 5432 in DATABASE_URL.",
        )


def _migrations(aira: Aira, *, fix: bool) -> Iterator[Check]:
    if fix:
        migrate(aira.database)
    missing = [one.version for one in migration_status(aira.database) if not one.applied]
    if missing:
        yield Check("migrations", "fail", f"{len(missing)} not applied, first {missing[0]}", "Run `aira db migrate`.")
    else:
        yield Check("migrations", "ok", "all applied", "")


def _carrier(aira: Aira, *, fix: bool) -> Iterator[Check]:
    try:
        yield Check("voice address", "ok", line_webhooks(aira).voice_url, "")
    except SetupError as error:
        yield Check("voice address", "fail", error.message, error.hint)
    for warning in account_warnings(aira):
        yield Check("carrier account", "warn", warning, "Top the account up in the carrier's console.")
    report = reconcile_numbers(aira, fix=fix, dry_run=not fix)
    label = f"{aira.settings.aira_carrier} carrier"
    open_findings = [one for one in report.findings if one.outcome not in {"settled", "fixed", "ignored"}]
    if open_findings:
        yield Check(label, "warn", f"{len(open_findings)} differences with the carrier's records", "Run `aira numbers reconcile`.")
    else:
        yield Check(label, "ok", f"{report.numbers} numbers agree with the carrier's records", "")


def _voice(aira: Aira) -> Iterator[Check]:
    missing = [name for name in ("pipecat", "fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        yield Check("voice", "skip", f"not installed: {', '.join(missing)}", "Run `pip install 'aira-receptionist[voice]'`.")
        return
    local = {"local"} & {aira.settings.aira_stt, aira.settings.aira_tts}
    yield Check("voice", "ok", f"speech {'in process' if local else 'by vendors'}, mind {aira.settings.aira_mind}", "")


def _vendors(aira: Aira) -> Iterator[Check]:
    failing = vendor_failures(aira)
    minutes = f"{SPAN.total_seconds() / 60:.0f} minutes"
    for one in failing:
        alone = ", then left alone for half a minute" if one.left_alone else ""
        yield Check(
            f"{one.kind} vendor {one.vendor}",
            "warn",
            f"failed {one.failures} times in {one.calls} calls within {minutes}, last at {one.latest:%H:%M:%S} UTC: {one.reason}{alone}",
            _VENDOR_FIXES.get(one.reason.removeprefix("llm_"), "Look at the vendor's status page; calls go on with the next in line."),
        )
    if not failing:
        yield Check("vendors", "ok", f"none of speech or language failed in a call within {minutes}", "")


def _embedding(aira: Aira) -> Iterator[Check]:
    vectors = aira.embedder.embed(["How much is a haircut?"])
    yield Check("embedding", "ok", f"{aira.embedder.model}, {vectors.shape[1]} dimensions", "")


def _documents(aira: Aira) -> Iterator[Check]:
    before = {"before": aira.clock.now() - LONGEST_WAIT}
    with aira.database.transaction() as connection:
        stuck = fetch_value(connection, _STUCK_DOCUMENTS_SQL, before)
        failed = fetch_value(connection, _FAILED_DOCUMENTS_SQL)
    if stuck:
        yield Check(
            "documents", "fail", f"{stuck} waiting for more than 10 minutes", "Run `aira worker`, or `aira serve-voice`, which has one."
        )
    elif failed:
        yield Check("documents", "warn", "some could not be read", f"Run `aira kb show {failed}`.")
    else:
        yield Check("documents", "ok", "none waiting, none failed", "")
    wrong = [one for one in verify_documents(aira) if not one.ok]
    if wrong:
        yield Check("vectors", "fail", f"{len(wrong)} documents are not wholly in the index", "Run `aira kb verify`.")
    else:
        yield Check("vectors", "ok", "every completed document is wholly in the index", "")


def _messages(aira: Aira) -> Iterator[Check]:
    for number in stopped_senders(aira):
        yield Check(
            f"texts from {number}",
            "warn",
            "refused by operators: the number is not registered for texts",
            f"Register it with the carrier, then run `aira notifications resume {number}`.",
        )
    with aira.database.transaction() as connection:
        waiting = fetch_value(connection, _WAITING_MESSAGES_SQL, {"before": aira.clock.now() - LONGEST_WAIT})
        failed = fetch_value(connection, _FAILED_MESSAGES_SQL)
    if waiting:
        yield Check("messages", "fail", f"{waiting} waiting for more than 10 minutes", "Run `aira worker`.")
    elif failed:
        yield Check("messages", "warn", f"{failed} could not be sent", "Run `aira notifications list --status failed`.")
    else:
        yield Check("messages", "ok", "none waiting, none failed", "")


def _ledger(aira: Aira) -> Iterator[Check]:
    report = verify_wallet(aira)
    if report.problems:
        yield Check("ledger", "fail", f"{len(report.problems)} problems in {report.wallets} wallets", "Run `aira wallet verify`.")
    else:
        yield Check("ledger", "ok", f"{report.transactions} transactions in {report.wallets} wallets add up", "")


def _billing(aira: Aira) -> Iterator[Check]:
    with aira.database.transaction() as connection:
        overdue = fetch_value(connection, _DUE_NUMBERS_SQL, {"today": aira.clock.now().date()})
    if overdue:
        yield Check("billing", "warn", f"{overdue} rentals have been due for days", "Run `aira billing run`, and have cron run it daily.")
    else:
        yield Check("billing", "ok", "no rental is overdue", "")
