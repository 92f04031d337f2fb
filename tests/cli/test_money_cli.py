"""`aira owners`, `aira wallet` and `aira billing`: what they print, and how they end."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from textwrap import dedent

import pytest

from aira.adapters.system_clock import SystemClock
from aira.cli.main import run
from aira.core import add_owner, buy_number, list_charges, run_billing, top_up
from aira.core.app import Aira
from aira.core.db import execute, fetch_values
from doubles import FrozenClock
from rentals import funded_wallet, number_status, rent_number, run_sql

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


class TestOwners:
    """The people who pay."""

    def test_add_prints_the_owner(self, aira: Aira, capsys: Captured) -> None:
        """As an object with id, e-mail and time."""
        code = run(["owners", "add", "Ann@Example.com", "--json"])

        owner = json.loads(capsys.readouterr().out)
        assert code == 0
        assert (set(owner), owner["email"]) == ({"id", "email", "created_at"}, "ann@example.com")

    def test_list_is_one_line_an_owner(self, aira: Aira, capsys: Captured) -> None:
        """The oldest first."""
        owner = add_owner(aira, "ann@example.com")

        code = run(["owners", "list"])

        line = capsys.readouterr().out.split("\t")
        assert (code, line[0], line[2].strip()) == (0, "ann@example.com", str(owner.id))

    @pytest.mark.parametrize(("email", "code"), [("nobody", 2), ("ann@example.com", 4)])
    def test_what_cannot_be_added_says_why(self, aira: Aira, capsys: Captured, email: str, code: int) -> None:
        """No address is a usage error; an owner who is there is a refusal."""
        add_owner(aira, "ann@example.com")

        assert run(["owners", "add", email]) == code
        assert capsys.readouterr().err.startswith("error: ")


class TestWallet:
    """Prepaid money."""

    def test_show_has_the_fields_of_the_contract(self, aira: Aira, capsys: Captured) -> None:
        """Money as text beside a currency."""
        funded_wallet(aira, "5")

        code = run(["wallet", "show", "--json"])

        wallet = json.loads(capsys.readouterr().out)
        assert code == 0
        assert {name: wallet[name] for name in ("owner", "currency", "balance", "held", "available")} == {
            "owner": "ann@example.com", "currency": "USD", "balance": "5.00", "held": "0.00", "available": "5.00",
        }  # fmt: skip
        assert "id" in wallet

    def test_top_up_twice_prints_the_same_transaction(self, aira: Aira, capsys: Captured) -> None:
        """The reference makes the repeat harmless."""
        funded_wallet(aira, "0")

        codes = [run(["wallet", "top-up", "25", "--reference", "bank-7", "--json"]) for _ in range(2)]

        first, second = json.loads("[" + capsys.readouterr().out.replace("}\n{", "},{") + "]")
        assert (codes, first) == ([0, 0], second)
        assert {"id", "seq", "type", "amount", "balance_after", "description", "created_at"} <= set(first)
        assert (first["type"], first["amount"], first["balance_after"]) == ("credit", "25.00", "25.00")

    def test_the_statement_of_a_rental_reads_well(self, aira: Aira, capsys: Captured) -> None:
        """Number, kind, amount and balance of each movement, in the ledger's order."""
        rent_number(aira, funded_wallet(aira, "5"), setup="0.50")

        code = run(["wallet", "statement"])

        out, err = capsys.readouterr()
        rows = [line.split("\t") for line in out.splitlines()]
        assert code == 0
        assert [(row[0], row[2], row[3], row[4], row[5]) for row in rows] == [
            ("1", "credit", "5.00", "5.00", "USD"), ("2", "debit", "0.50", "4.50", "USD"), ("3", "debit", "1.15", "3.35", "USD"),
        ]  # fmt: skip
        assert rows[1][6] == "Set-up of +14155550100"
        assert err == "Balance before 0.00, after 3.35 USD.\n"

    def test_a_terminal_sees_a_table(self, aira: Aira, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a heading."""
        funded_wallet(aira, "5")
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)

        run(["wallet", "list"])

        lines = [line.split() for line in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()]
        assert ["owner", "currency", "balance", "held", "available", "id"] in lines
        assert ["ann@example.com", "USD", "5.00", "0.00", "5.00"] in [line[:5] for line in lines]

    def test_csv_has_a_heading_and_the_same_rows(self, aira: Aira, capsys: Captured) -> None:
        """For a spreadsheet."""
        funded_wallet(aira, "5")

        run(["wallet", "statement", "--csv"])

        heading, row = capsys.readouterr().out.splitlines()
        assert heading == "seq,created_at,type,amount,balance_after,currency,description,id"
        assert row.startswith("1,")

    def test_a_statement_of_other_days_is_empty(self, aira: Aira, capsys: Captured) -> None:
        """And carries the balance."""
        funded_wallet(aira, "5")

        code = run(["wallet", "statement", "--from", "2020-01-01", "--to", "2020-01-31", "--json"])

        assert (code, json.loads(capsys.readouterr().out)) == (0, [])

    def test_reverse_prints_the_reversal(self, aira: Aira, capsys: Captured) -> None:
        """By the number in the statement."""
        funded_wallet(aira, "5")

        code = run(["wallet", "reverse", "1", "--reason", "paid twice", "--json"])

        reversal = json.loads(capsys.readouterr().out)
        assert (code, reversal["type"], reversal["balance_after"]) == (0, "debit", "0.00")

    def test_verify_is_silent_about_good_books_and_loud_about_others(self, aira: Aira, capsys: Captured) -> None:
        """Exit code 4 and a line for each place."""
        funded_wallet(aira, "5")
        good = run(["wallet", "verify", "--json"])
        report = json.loads(capsys.readouterr().out)
        with aira.database.transaction() as connection:
            execute(connection, "set local session_replication_role = replica")
            execute(connection, "update transactions set description = 'gift'")

        bad = run(["wallet", "verify"])

        out, err = capsys.readouterr()
        assert (good, report) == (0, {"wallets": 1, "transactions": 1, "problems": []})
        assert (bad, out.split("\t")[1:]) == (4, ["1", "changed, or the row before it was\n"])
        assert err.splitlines()[1] == "error: The books are wrong in 1 places."

    @pytest.mark.parametrize(("amount", "threshold"), [("5", "5.00"), ("auto", None), ("off", "0.00")])
    def test_alert_prints_the_wallet(self, aira: Aira, capsys: Captured, amount: str, threshold: str | None) -> None:
        """An amount, the rental, or never."""
        funded_wallet(aira, "5")

        code = run(["wallet", "alert", amount, "--json"])

        assert (code, json.loads(capsys.readouterr().out)["low_balance_threshold"]) == (0, threshold)

    def test_set_prints_the_wallet(self, aira: Aira, capsys: Captured) -> None:
        """Where letters go, where days begin, how long grace is."""
        funded_wallet(aira, "5")

        code = run(["wallet", "set", "--email", "books@example.com", "--time-zone", "Europe/Berlin", "--grace-days", "7", "--json"])

        wallet = json.loads(capsys.readouterr().out)
        assert (code, wallet["billing_email"], wallet["billing_time_zone"], wallet["grace_days"]) == (
            0,
            "books@example.com",
            "Europe/Berlin",
            7,
        )

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["top-up", "ten", "--reference", "x"], 2, "error: 'ten' is not an amount of money."),
            (["top-up", "10"], 2, "error: Missing option '--reference'."),
            (["show", "--owner", "bob@example.com"], 5, "error: There is no such owner."),
            (["reverse", "7", "--reason", "x"], 5, "error: There is no such transaction."),
            (["top-up", "6", "--reference", "first"], 4, "error: This key was used before, for a credit of 5.00 USD."),
        ],
    )
    def test_what_goes_wrong_says_what_to_type(self, aira: Aira, capsys: Captured, arguments: list[str], code: int, message: str) -> None:
        """The message, a hint, the exit code, and nothing on stdout."""
        funded_wallet(aira, "5")

        assert run(["wallet", *arguments]) == code
        out, err = capsys.readouterr()
        assert (out, err.splitlines()[0]) == ("", message)
        assert err.splitlines()[1].startswith("hint: ")


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
        assert err.startswith("error: 1 numbers failed; the next run tries them again.\nhint: Run `aira billing runs ")

    def test_releases_nobody_confirmed_end_with_8(self, aira: Aira, capsys: Captured) -> None:
        """The hint names the command with the number of releases."""
        overdue(aira, 4)

        code = run(["billing", "run", "--quiet"])

        assert (code, capsys.readouterr().err) == (8, dedent("""\
            error: 4 numbers would be released, more than a run may release unasked; none was.
            hint: Look at the wallets; if it is right, run `aira billing run --confirm-releases 4`.
            """))  # fmt: skip
        assert run(["billing", "run", "--confirm-releases", "4"]) == 0

    def test_warnings_that_never_arrived_end_with_8(self, aira: Aira, capsys: Captured) -> None:
        """A person has to look at the address."""
        overdue(aira, 1)
        run_sql(aira, "with x as (update public.notifications set status = 'failed', sent_at = null returning 1) select count(*) from x")

        code = run(["billing", "run", "--quiet"])

        assert (code, capsys.readouterr().err.splitlines()[0]) == (
            8, "error: 1 numbers are past their grace, but no warning about them was delivered.",
        )  # fmt: skip

    def test_sigterm_ends_a_run_between_numbers(self, aira: Aira) -> None:
        """What is done stays done, the exit code says that there is more, and the next run does it."""
        wallets = [funded_wallet(aira, "1000", email=f"owner{n}@example.com") for n in range(4)]
        numbers = [rent_number(aira, wallets[n % 4], f"+1415600{n:04}") for n in range(400)]
        day = str((aira.clock.now() + timedelta(days=40)).date())
        command = [sys.executable, "-m", "aira", "billing", "run", "--as-of", day, "--force", "--yes", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))

        while process.poll() is None and run_sql(aira, "select count(*) from public.number_charges where status = 'paid'") < 420:
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        done = json.loads(process.communicate()[0])
        rest = run_billing(aira, as_of=(aira.clock.now() + timedelta(days=40)).date(), force=True)

        assert (process.returncode, done["interrupted"]) == (8, True)
        assert 0 < done["charged"] < len(numbers)
        assert rest.charged == len(numbers) - done["charged"]


def overdue(aira: Aira, count: int) -> None:
    """Numbers whose grace ended days ago, with every letter delivered in time."""
    wallet = funded_wallet(aira, str(count), email="poor@example.com")
    numbers = [rent_number(aira, wallet, f"+141555503{n:02}", monthly="1") for n in range(count)]
    for number in numbers:
        run_sql(
            aira,
            """
            with late as (update public.business_numbers set status = 'grace', billing_anchor = current_date - 45,
                next_billing_date = billing_period_start(current_date - 45, 1), grace_started_on = current_date - 14,
                grace_until = current_date - 9 where id = %(id)s returning *),
              letters as (insert into public.notifications (wallet_id, channel, template, recipient, dedupe_key, status, sent_at)
                select wallet_id, 'email', template, 'poor@example.com', template || ':' || id || ':' || grace_started_on, 'sent',
                  now() - interval '8 days'
                from late, unnest(array['payment_failed', 'grace_reminder', 'release_tomorrow']) template returning 1)
            select count(*) from letters
            """,
            id=number,
        )
        assert number_status(aira, number) == "grace"


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
