"""`aira owners` and `aira wallet`: what they print, and how they end."""

import io
import json
import re
from dataclasses import replace

import pytest

from aira.adapters.system_clock import SystemClock
from aira.billing.periods import period_start
from aira.cli.main import run
from aira.core import add_owner
from aira.core.app import Aira
from aira.core.db import execute
from rentals import funded_wallet, rent_number

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

    def test_the_statement_says_which_period_was_paid(self, aira: Aira, capsys: Captured) -> None:
        """Of each rental its number and its days; of a top-up neither."""
        rent_number(aira, funded_wallet(aira, "5"))

        run(["wallet", "statement", "--json"])

        received, rental = json.loads(capsys.readouterr().out)
        paid = rental["phone_number"], rental["period_start"], rental["period_end"]
        today = aira.clock.now().date()
        assert (received["phone_number"], received["period_start"]) == (None, None)
        assert paid == ("+14155550100", str(today), str(period_start(today, 1)))

    def test_csv_has_a_heading_and_the_same_rows(self, aira: Aira, capsys: Captured) -> None:
        """For a spreadsheet."""
        funded_wallet(aira, "5")

        run(["wallet", "statement", "--csv"])

        heading, row = capsys.readouterr().out.splitlines()
        assert heading == "seq,created_at,type,amount,balance_after,currency,description,id,phone_number,period_start,period_end"
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
        assert err.splitlines()[1] == "error: The books are wrong in 1 place."

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
