"""`aira doctor` looks at every part, says what is wrong, with evidence and with what to type next."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aira.adapters.system_clock import SystemClock
from aira.cli.main import run
from aira.core import add_business, add_document, buy_number, deliver_due, ingest_document, list_numbers
from aira.core.app import Aira
from aira.core.calls import open_call, record_event
from aira.core.checkup import check_up
from aira.core.db import execute
from aira.core.senders import stop_texts
from aira.errors import DocumentRefused
from aira.settings import Settings
from doubles import FrozenClock
from rentals import funded_wallet

PARTS = {
    "database",
    "migrations",
    "voice address",
    "simulated carrier",
    "voice",
    "vendors",
    "embedding",
    "documents",
    "vectors",
    "messages",
    "ledger",
    "billing",
}

_LATE_SQL = "update public.documents set created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'"
_NOW_SQL = "update public.documents set created_at = now(), updated_at = now()"
_LATE_NEWS_SQL = """
insert into public.notifications (channel, template, recipient, payload, dedupe_key, status, send_after)
values ('email', 'receipt', 'ann@example.com', '{}', 'late', %(status)s, now() - interval '1 hour')
"""
_OVERDUE_SQL = "update public.business_numbers set next_billing_date = current_date - 5"
_TAMPER_SQL = "update public.wallets set balance = balance + 1"
_LOSE_SQL = "delete from public.kb_windows"


@pytest.fixture
def mine(aira: Aira) -> Settings:
    """Settings that lead to the database of the handle."""
    return Settings(aira_home=aira.settings.aira_home, database_url=aira.database.url)


@pytest.fixture
def salon(aira: Aira) -> Aira:
    """A business with money and a number."""
    funded_wallet(aira)
    business = add_business(aira, "Bella Hair", time_zone="UTC")
    buy_number(aira, "+14155550123", business=business.id)
    deliver_due(aira)
    return aira


def _status(settings: Settings, check: str) -> str:
    return next(one.status for one in check_up(settings) if one.check == check)


def _write(aira: Aira, statement: str, **values: object) -> None:
    with aira.database.transaction() as connection:
        execute(connection, statement, values)


def test_a_sound_set_up_has_nothing_to_mend(mine: Settings, salon: Aira) -> None:
    """Every part is looked at, and none fails or warns."""
    findings = check_up(mine)

    assert {one.check for one in findings} >= PARTS
    assert {one.status for one in findings} == {"ok"}


def test_a_database_that_is_away_is_a_finding(tmp_path: Path) -> None:
    """The doctor itself does not fail where nothing else can be looked at."""
    findings = check_up(Settings(aira_home=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none"))

    assert [(one.check, one.status) for one in findings] == [("database", "fail"), ("everything else", "skip")]


def test_missing_tables_are_found_and_made(empty_database_url: str, tmp_path: Path) -> None:
    """Without tables nothing else is looked at; with --fix they are made."""
    settings = Settings(aira_home=tmp_path, database_url=empty_database_url)
    before = {one.check: one for one in check_up(settings)}
    after = {one.check: one for one in check_up(settings, fix=True)}

    assert (before["migrations"].status, before["migrations"].fix) == ("fail", "Run `aira db migrate`.")
    assert before["everything else"].status == "skip"
    assert after["migrations"].status == "ok"


def test_a_document_that_nobody_reads_is_found(mine: Settings, salon: Aira, tmp_path: Path) -> None:
    """A document that waits for more than ten minutes has no worker."""
    page = tmp_path / "prices.md"
    page.write_text("A colour treatment costs $85.")
    add_document(salon, page, business="Bella Hair")
    _write(salon, _LATE_SQL)

    assert _status(mine, "documents") == "fail"


class TestVendors:
    @pytest.fixture
    def fails(self, salon: Aira) -> Callable[..., None]:
        """Notes in a call that a vendor failed, as a voice server does; by default just now."""
        call = open_call(salon, "CA1", from_number="+14155550177", to_number="+14155550123")

        def fail(kind: str, vendor: str, reason: str, *, circuit: str = "closed", minutes_ago: int = 0) -> None:
            detail = {"kind": kind, "vendor": vendor, "reason": reason, "circuit": circuit}
            before = replace(salon, clock=FrozenClock(SystemClock().now() - timedelta(minutes=minutes_ago)))
            record_event(before, call.id, "note", f"{vendor} failed.", tool="vendor", detail=detail)

        with salon.database.transaction() as connection:
            execute(connection, "update calls set started_at = now() - interval '30 minutes'", {})
        return fail

    def test_that_fail_in_calls_are_named(self, mine: Settings, fails: Callable[..., None]) -> None:
        """With how often and why at last, whatever machine the calls were on, and with what can be done."""
        for circuit in ("closed", "closed", "open"):
            fails("tts", "cartesia", "status_402", circuit=circuit)
        fails("llm", "openai gpt-4.1-mini", "llm_status_429")

        found = {one.check: one for one in check_up(mine) if " vendor " in one.check}
        assert list(found) == ["llm vendor openai gpt-4.1-mini", "tts vendor cartesia"]
        speaking = found["tts vendor cartesia"]
        assert (speaking.status, speaking.fix) == ("warn", "Top up the account at the vendor.")
        assert speaking.evidence.startswith("failed 3 times in 1 calls within 15 minutes")
        assert speaking.evidence.endswith("status_402, then left alone for half a minute")
        assert "limit" in found["llm vendor openai gpt-4.1-mini"].fix

    def test_that_failed_long_ago_are_forgotten(self, mine: Settings, fails: Callable[..., None]) -> None:
        """What was a trouble this morning is none now."""
        fails("tts", "cartesia", "status_402", minutes_ago=16)

        assert _status(mine, "vendors") == "ok"


def test_a_number_that_may_not_text_is_pointed_out(mine: Settings, salon: Aira) -> None:
    """The operator learns which number has to be registered, and how to go on afterwards."""
    (number,) = list_numbers(salon)
    stop_texts(salon, number.phone_number)

    (found,) = [one for one in check_up(mine) if one.check == f"texts from {number.phone_number}"]
    assert found.status == "warn"
    assert f"aira notifications resume {number.phone_number}" in found.fix


def test_a_document_that_could_not_be_read_is_pointed_out(mine: Settings, salon: Aira, tmp_path: Path) -> None:
    """A refused file is a warning that leads to its reason."""
    page = tmp_path / "empty.md"
    page.write_text(" ")
    with pytest.raises(DocumentRefused):
        ingest_document(salon, page, business="Bella Hair")

    assert _status(mine, "documents") == "warn"


def test_lost_vectors_are_found(mine: Settings, salon: Aira, tmp_path: Path) -> None:
    """A completed document whose vectors are gone is not called sound."""
    page = tmp_path / "prices.md"
    page.write_text("A colour treatment costs $85.")
    ingest_document(salon, page, business="Bella Hair")
    _write(salon, _LOSE_SQL)

    assert _status(mine, "vectors") == "fail"


@pytest.mark.parametrize(("status", "finding"), [("pending", "fail"), ("failed", "warn")])
def test_messages_that_do_not_leave_are_found(status: str, finding: str, mine: Settings, salon: Aira) -> None:
    """What waits too long has no worker; what failed is pointed out."""
    _write(salon, _LATE_NEWS_SQL, status=status)

    assert _status(mine, "messages") == finding


def test_rentals_that_are_long_due_are_found(mine: Settings, salon: Aira) -> None:
    """A billing run that has not happened for days is pointed out."""
    _write(salon, _OVERDUE_SQL)

    assert _status(mine, "billing") == "warn"


def test_a_ledger_that_does_not_add_up_is_found(mine: Settings, salon: Aira) -> None:
    """A balance that somebody changed fails the check."""
    _write(salon, _TAMPER_SQL)

    assert _status(mine, "ledger") == "fail"


def test_a_number_the_carrier_does_not_know_is_found(mine: Settings, salon: Aira) -> None:
    """Differences with the carrier's records are counted and left to `numbers reconcile`."""
    (held,) = salon.carrier.find()
    salon.carrier.release(held.sid)

    assert _status(mine, "simulated carrier") == "warn"


def test_the_command_exits_3_where_something_fails(mine: Settings, salon: Aira, monkeypatch, capsys) -> None:
    """A script reads the findings as JSON and the verdict as exit code."""
    monkeypatch.setenv("DATABASE_URL", salon.database.url)
    monkeypatch.setenv("AIRA_HOME", str(mine.aira_home))
    _write(salon, _TAMPER_SQL)

    code = run(["doctor", "--json"])

    captured = capsys.readouterr()
    found = {one["check"]: one for one in json.loads(captured.out)}
    assert (code, found["ledger"]["status"]) == (3, "fail")
    assert found["setting DATABASE_URL"]["evidence"].endswith("(environment)")
    assert json.loads(captured.err)["error"]["message"] == "Not in order: ledger."


def test_a_setting_that_cannot_be_used_stops_the_doctor_early(monkeypatch, capsys) -> None:
    """An unknown setting is the first finding, and nothing is opened."""
    monkeypatch.setenv("AIRA_CARIER", "twilio")

    code = run(["doctor"])

    assert code == 3
    assert "AIRA_CARIER" in capsys.readouterr().out


def test_documents_that_wait_for_a_short_while_are_fine(mine: Settings, salon: Aira, tmp_path: Path) -> None:
    """A document that was added just now is no finding."""
    page = tmp_path / "prices.md"
    page.write_text("A colour treatment costs $85.")
    add_document(salon, page, business="Bella Hair")
    _write(salon, _NOW_SQL)

    assert _status(mine, "documents") == "ok"
