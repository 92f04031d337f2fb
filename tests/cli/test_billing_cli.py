"""`aira billing`: what it prints, and how it ends."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from textwrap import dedent

import pytest

from aira.adapters.system_clock import SystemClock
from aira.cli.main import run
from aira.core import buy_number, list_charges, run_billing, top_up
from aira.core.app import Aira
from aira.core.db import execute, fetch_values
from doubles import FrozenClock
from rentals import funded_wallet, overdue_numbers, rent_number, run_sql

Captured = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        """Always one."""
        return True


@pytest.fixture
def aira(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> Aira:
    """Commands work on the database of the handle, and share its present."""
    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return replace(aira, clock=SystemClock())


def due_number(aira: Aira, *, funds: str, phone_number: str = "+14155550100") -> None:
    """A number rented a month ago, in a wallet that had so much before."""
    then = replace(aira, clock=FrozenClock(aira.clock.now() - timedelta(days=31)))
    rent_number(then, funded_wallet(then, funds, email=f"owner{phone_number[-2:]}@example.com"), phone_number)


class TestRun:
    """The nightly charge."""

    def test_the_object_has_the_fields_of_the_contract(self, aira: Aira, capsys: Captured) -> None:
        """Counts by outcome, and what happened to each number."""
        due_number(aira, funds="5")

        code = run(["billing", "run", "--json"])

        done = json.loads(capsys.readouterr().out)
        assert code == 0
        counts = {"charged": 1, "grace_started": 0, "reminded": 0, "released": 0, "recovered": 0, "failed": 0, "skipped": 0}
        assert {name: done[name] for name in counts} == counts
        assert (done["as_of"], done["dry_run"]) == (str(aira.clock.now().date()), False)
        [item] = done["items"]
        [charge, _] = list_charges(aira)
        assert (item["phone_number"], item["outcome"], item["amount"]) == ("+14155550100", "charged", "1.15")
        assert (item["period_start"], item["period_end"]) == (str(charge.period_start), str(charge.period_end))

    def test_cron_hears_nothing_when_nothing_is_due(self, aira: Aira, capsys: Captured) -> None:
        """No output, no mail."""
        code = run(["billing", "run"])

        assert (code, *capsys.readouterr()) == (0, "", "")

    def test_quiet_says_nothing_of_what_went_well(self, aira: Aira, capsys: Captured) -> None:
        """Charges are no news."""
        due_number(aira, funds="5")

        code = run(["billing", "run", "--quiet"])

        assert (code, *capsys.readouterr()) == (0, "", "")
        assert len(list_charges(aira)) == 2

    def test_a_terminal_sees_the_items_and_one_line(self, aira: Aira, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
        """What happened to whom, and the sum."""
        due_number(aira, funds="5")
        due_number(aira, funds="1.15", phone_number="+14155550101")
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)

        run(["billing", "run", "--dry-run"])

        today = run_sql(aira, "select current_date")
        assert "charged" in terminal.getvalue()
        assert "grace_started" in terminal.getvalue()
        assert capsys.readouterr().err == f"Dry run for {today}, nothing was changed: 1 charged, 1 grace started, 1.15 USD.\n"
        assert len(list_charges(aira)) == 2

    def test_letters_leave_with_the_run(self, aira: Aira, capsys: Captured) -> None:
        """Nobody needs a worker for a warning to arrive."""
        due_number(aira, funds="1.15")

        run(["billing", "run"])

        with aira.database.transaction() as connection:
            assert set(fetch_values(connection, "select status from public.notifications")) == {"sent"}
        assert len(list((aira.settings.aira_home / "outbox").glob("*.eml"))) == 2

    def test_a_future_date_is_a_usage_error(self, aira: Aira, capsys: Captured) -> None:
        """Unless it is only looked at, or forced and confirmed."""
        due_number(aira, funds="50")
        future = str((aira.clock.now() + timedelta(days=40)).date())

        codes = [run(["billing", "run", "--as-of", future, *more]) for more in ([], ["--dry-run"], ["--force"], ["--force", "--yes"])]

        assert codes == [2, 0, 2, 0]
        assert "hint: Add --dry-run to see what it will bring" in capsys.readouterr().err

    def test_another_run_under_way_is_no_failure(self, aira: Aira, capsys: Captured) -> None:
        """Exit code 0 and one sentence."""
        with aira.database.transaction() as connection:
            execute(connection, "select pg_advisory_xact_lock(%(key)s)", {"key": 0x42494C4C})
            code = run(["billing", "run"])

        assert (code, *capsys.readouterr()) == (0, "", "Another billing run is under way; it does the same work.\n")

    def test_a_number_that_failed_ends_with_8(self, aira: Aira, capsys: Captured) -> None:
        """The rest is done; the message says what to do."""
        due_number(aira, funds="5")
        with aira.database.transaction() as connection:
            execute(connection, "alter table public.number_charges add constraint broken check (status <> 'paid') not valid")

        code = run(["billing", "run"])

        out, err = capsys.readouterr()
        assert (code, out.split("\t")[:2]) == (8, ["+14155550100", "failed"])
        assert err.startswith("error: 1 number failed; the next run tries again.\nhint: Run `aira billing runs ")

    def test_releases_nobody_confirmed_end_with_8(self, aira: Aira, capsys: Captured) -> None:
        """The hint names the command with the number of releases."""
        overdue_numbers(aira, 4)

        code = run(["billing", "run", "--quiet"])

        assert (code, capsys.readouterr().err) == (8, dedent("""\
            error: 4 numbers would be released, more than a run may release unasked; none was.
            hint: Look at the wallets; if it is right, run `aira billing run --confirm-releases 4`.
            """))  # fmt: skip
        assert run(["billing", "run", "--confirm-releases", "4"]) == 0

    def test_warnings_that_never_arrived_end_with_8(self, aira: Aira, capsys: Captured) -> None:
        """A person has to look at the address."""
        overdue_numbers(aira, 1)
        run_sql(aira, "with x as (update public.notifications set status = 'failed', sent_at = null returning 1) select count(*) from x")

        code = run(["billing", "run", "--quiet"])

        assert (code, capsys.readouterr().err.splitlines()[0]) == (
            8, "error: Grace is over for 1 number, but no warning was delivered.",
        )  # fmt: skip


class TestLooking:
    """What billing did and will do."""

    def test_preview_is_a_list_by_day(self, aira: Aira, capsys: Captured) -> None:
        """Each number and what will happen to it."""
        rent_number(aira, funded_wallet(aira, "5"))

        code = run(["billing", "preview", "--days", "70", "--json"])

        items = json.loads(capsys.readouterr().out)
        assert (code, [(item["phone_number"], item["outcome"], item["amount"]) for item in items]) == (
            0, [("+14155550100", "charged", "1.15")] * 2,
        )  # fmt: skip
        assert items[0]["on"] == items[0]["period_start"]

    def test_runs_lists_and_shows(self, aira: Aira, capsys: Captured) -> None:
        """The list has no items, the one has."""
        due_number(aira, funds="5")
        done = run_billing(aira)

        codes = [run(["billing", "runs", "--json"]), run(["billing", "runs", str(done.id), "--json"])]

        listed, shown = json.loads("[" + capsys.readouterr().out.replace("]\n{", "],{") + "]")
        assert codes == [0, 0]
        assert (listed[0]["id"], listed[0]["charged"], listed[0]["items"]) == (str(done.id), 1, [])
        assert [item["outcome"] for item in shown["items"]] == ["charged"]

    def test_charges_can_be_filtered(self, aira: Aira, capsys: Captured) -> None:
        """By owner, number and status."""
        due_number(aira, funds="1.15")
        run_billing(aira)

        code = run(["billing", "charges", "--status", "unpaid", "--number", "+14155550100", "--owner", "owner00@example.com", "--json"])

        [charge] = json.loads(capsys.readouterr().out)
        assert (code, charge["status"], charge["amount"]) == (0, "unpaid", "1.15")
        assert run(["billing", "charges", "--status", "open"]) == 2

    def test_waive_prints_the_charge(self, aira: Aira, capsys: Captured) -> None:
        """With its reason."""
        rent_number(aira, funded_wallet(aira, "5"))
        [charge] = list_charges(aira)

        code = run(["billing", "waive", str(charge.id), "--reason", "line was down", "--json"])

        waived = json.loads(capsys.readouterr().out)
        assert (code, waived["status"], waived["waive_reason"]) == (0, "waived", "line was down")
        assert top_up(aira, Decimal(1), reference="x").balance_after == Decimal(6)

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["runs", "x"], 2),
            (["runs", "6f0c2a1e-6a55-4a65-9be2-3f6a0c0d9f11"], 5),
            (["preview", "--days", "999"], 2),
            (["waive", "1", "--reason", "x"], 2),
            (["waive", "6f0c2a1e-6a55-4a65-9be2-3f6a0c0d9f11", "--reason", " "], 2),
            (["waive", "6f0c2a1e-6a55-4a65-9be2-3f6a0c0d9f11", "--reason", "x"], 5),
        ],
    )
    def test_what_is_not_there_says_so(self, aira: Aira, capsys: Captured, arguments: list[str], code: int) -> None:
        """Nonsense is a usage error, an unknown id is not found."""
        assert run(["billing", *arguments]) == code
        assert capsys.readouterr().err.startswith("error: ")


def test_a_number_bought_by_the_real_purchase_is_billed(aira: Aira, capsys: Captured) -> None:
    """Purchase, run and statement meet in one wallet."""
    funded_wallet(aira, "5")
    number = buy_number(aira, "+14155550123")
    day = str((aira.clock.now() + timedelta(days=35)).date())

    run(["billing", "run", "--as-of", day, "--force", "--yes"])

    assert capsys.readouterr().out.startswith(f"{number.phone_number}\tcharged\t1.15\tUSD")
