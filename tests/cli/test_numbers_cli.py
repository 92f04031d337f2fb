"""`aira numbers` and `aira prices`: what they print, and how they end."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from textwrap import dedent
from uuid import UUID

import pytest

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.adapters.system_clock import SystemClock
from aira.cli.main import run
from aira.core import add_business, book_appointment, buy_number, find_number, release_number, set_hours
from aira.core.app import Aira
from aira.core.lines import line_webhooks
from purchase_books import balances, books, bought, untouched
from rentals import funded_wallet

NUMBER = "+14155550123"
FIELDS = {
    "id", "phone_number", "status", "is_active", "business_id", "business_name", "monthly_cost", "currency", "next_billing_date",
    "voice_url", "grace_until",
}  # fmt: skip


def _documents(out: str) -> list[dict[str, object]]:
    """The JSON documents of several commands."""
    return list(json.loads("[" + out.replace("}\n{", "},{") + "]"))


class Typist(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        """Always one."""
        return True


@pytest.fixture(autouse=True)
def _world(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work on the database of the handle; its owner has 100.00 USD, and a business."""
    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    funded_wallet(aira)
    add_business(aira, "Ann's", time_zone="UTC")


@pytest.fixture
def carrier(aira: Aira) -> SimulatedCarrier:
    """The carrier of the handle, which fails on request."""
    assert isinstance(aira.carrier, SimulatedCarrier)
    return aira.carrier


class TestSearch:
    def test_prints_offers_and_says_that_they_are_simulated(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One line an offer on stdout, the remark on stderr."""
        code = run(["numbers", "search", "--area-code", "415", "--limit", "2"])

        out, err = capsys.readouterr()
        assert (code, err) == (0, "The carrier is simulated: these numbers belong to nobody.\n")
        assert out == dedent("""\
            +14155550100\tSan Francisco\tCA\tvoice sms mms\t1.15\tUSD
            +14155550101\tSan Francisco\tCA\tvoice sms mms\t1.15\tUSD
            """)

    def test_prints_an_array_with_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Money is a decimal string beside its currency; a simulated offer says so."""
        run(["numbers", "search", "--contains", "0123", "--locality", "Seattle", "--json"])

        (offer,) = json.loads(capsys.readouterr().out)
        assert offer == {
            "phone_number": "+12065550123",
            "country": "US",
            "number_type": "local",
            "locality": "Seattle",
            "region": "WA",
            "capabilities": {"voice": True, "sms": True, "mms": True},
            "monthly_cost": "1.15",
            "setup_cost": "0.00",
            "currency": "USD",
            "address_requirement": "none",
            "simulated": True,
        }

    def test_says_which_country_wants_an_address(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A number that cannot be bought at once is shown with the command that says why."""
        run(["numbers", "search", "--country", "DE", "--limit", "1"])

        assert "These need an address: `aira numbers requirements DE local`.\n" in capsys.readouterr().err

    def test_of_nothing_is_no_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        """No offers print nothing into a pipe."""
        assert (run(["numbers", "search", "--area-code", "533"]), capsys.readouterr().out) == (0, "")

    def test_of_an_empty_area_names_its_neighbours(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The other area codes of the same state."""
        assert run(["numbers", "search", "--area-code", "415", "--contains", "999999"]) == 0
        assert "Other area codes of the region: 209, 279" in capsys.readouterr().err


class TestBuy:
    def test_prints_the_number(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """The number is rented, answered by the business, and printed field by field."""
        code = run(["numbers", "buy", NUMBER, "--business", "Ann's", "--yes"])

        printed = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
        assert code == 0
        assert (printed["phone_number"], printed["status"], printed["business_name"]) == (NUMBER, "active", "Ann's")
        assert (printed["monthly_cost"], printed["currency"], printed["provider"]) == ("1.15", "USD", "simulated")
        assert books(aira) == bought()

    def test_prints_the_fields_of_the_contract_with_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Scripts find id, number, status, business, price and addresses under the names of the database's columns."""
        run(["numbers", "buy", NUMBER, "--yes", "--json"])

        number = json.loads(capsys.readouterr().out)
        assert set(number) >= FIELDS
        assert UUID(number["id"])
        assert (number["phone_number"], number["status"], number["is_active"], number["monthly_cost"]) == (NUMBER, "active", True, "1.15")

    def test_asks_first_and_takes_a_yes(self, aira: Aira, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """The question names the price; nothing is bought before the answer."""
        monkeypatch.setattr("sys.stdin", Typist("y\n"))
        code = run(["numbers", "buy", NUMBER])

        err = capsys.readouterr().err
        assert code == 0
        assert err.startswith(f"Rent {NUMBER} for 1.15 USD a month, the first one paid now? [y/N] ")
        assert f"Nobody answers it yet: `aira numbers assign {NUMBER} --business B`." in err
        assert books(aira) == bought()

    def test_takes_no_for_an_answer(self, aira: Aira, monkeypatch: pytest.MonkeyPatch) -> None:
        """A no is a refusal that changed nothing."""
        monkeypatch.setattr("sys.stdin", Typist("n\n"))

        assert run(["numbers", "buy", NUMBER]) == 4
        assert books(aira) == untouched()

    def test_needs_a_yes_where_nobody_can_be_asked(self, aira: Aira) -> None:
        """In a script the answer has to be on the command line."""
        assert run(["numbers", "buy", NUMBER]) == 2
        assert books(aira) == untouched()

    def test_shows_what_would_happen(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """A dry run prints the number as the purchase would begin with it."""
        code = run(["numbers", "buy", NUMBER, "--dry-run", "--json"])

        assert (code, json.loads(capsys.readouterr().out)["status"]) == (0, "purchasing")
        assert books(aira) == untouched()

    def test_with_the_same_key_prints_the_same_number(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """A repeat is harmless, with and without the question."""
        order = ["numbers", "buy", NUMBER, "--idempotency-key", "order-7", "--json"]
        run([*order, "--yes"])
        first = json.loads(capsys.readouterr().out)
        run([*order, "--yes"])
        run([*order, "--dry-run"])

        assert _documents(capsys.readouterr().out) == [first, first]
        assert books(aira) == bought()

    @pytest.mark.parametrize(
        ("number", "code", "message", "hint"),
        [
            ("+15005550000", 4, "Somebody else has taken this number. Nothing was charged.", "Run `aira numbers search` for one that is."),
            (
                "+15005550001",
                2,
                "The simulated carrier rents out fictional numbers only, such as +14155550123.",
                "Run `aira numbers search` for numbers that it has.",
            ),
            ("415 555 0123", 2, "That is not a telephone number.", "Write it with its country code, such as +14155550123."),
            ("+33199000123", 3, "There is no price for local numbers in FR yet.", "Run `aira prices sync --country FR`."),
            (
                "+493023125123",
                4,
                "The country of this number wants an address or an approved bundle first. Nothing was charged.",
                "Run `aira numbers requirements DE local`, then buy with --address or --bundle.",
            ),
        ],
    )
    def test_says_why_not_and_what_to_do(self, capsys: pytest.CaptureFixture[str], number: str, code: int, message: str, hint: str) -> None:
        """Each refusal is two lines on stderr and its own exit code."""
        assert run(["numbers", "buy", number, "--yes"]) == code
        assert capsys.readouterr() == ("", f"error: {message}\nhint: {hint}\n")

    def test_says_how_much_money_is_missing(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """A wallet that cannot pay is exit code 4, with the sums and the remedy."""
        funded_wallet(aira, "0.4", email="bob@example.com")
        code = run(["numbers", "buy", NUMBER, "--owner", "bob@example.com", "--yes", "--json"])

        error = json.loads(capsys.readouterr().err)["error"]
        assert code == 4
        assert error == {
            "code": "insufficient_funds",
            "message": "Needs 1.15 USD, available 0.40 USD (balance 0.40, held 0.00). Nothing was changed.",
            "hint": "Run `aira wallet top-up AMOUNT --reference REFERENCE`.",
            "retryable": False,
        }
        assert [str(balance) for balance in balances(aira)] == ["100.0000", "0.4000"]

    @pytest.mark.parametrize(
        ("kind", "code", "reason"),
        [
            ("unauthorized", 3, "credentials_refused"),
            ("suspended", 3, "account_suspended"),
            ("rate-limited", 6, "rate_limited"),
            ("drop-before", 6, "outcome_unknown"),
        ],
    )
    def test_in_a_rehearsal_ends_as_the_real_thing_would(
        self, capsys: pytest.CaptureFixture[str], kind: str, code: int, reason: str
    ) -> None:
        """An operator can see each failure without a carrier."""
        run(["numbers", "rehearse", kind, "--operation", "buy"])
        capsys.readouterr()

        assert run(["numbers", "buy", NUMBER, "--yes", "--json"]) == code
        assert json.loads(capsys.readouterr().err)["error"]["code"] == reason


class TestList:
    def test_prints_rented_numbers_and_names_the_unanswered(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """One line a number on stdout; those that nobody answers are named on stderr."""
        buy_number(aira, NUMBER, business="Ann's")
        buy_number(aira, "+14155550124")
        release_number(aira, buy_number(aira, "+14155550125").id)
        code = run(["numbers", "list"])

        out, err = capsys.readouterr()
        assert code == 0
        assert out == dedent(f"""\
            {NUMBER}\tactive\tAnn's\t1.15\tUSD\t2026-12-23
            +14155550124\tactive\t\t1.15\tUSD\t2026-12-23
            """)
        assert err == "Nobody answers +14155550124: `aira numbers assign NUMBER --business B`.\n"

    def test_prints_the_ended_ones_on_request(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """--all shows what was rented once."""
        release_number(aira, buy_number(aira, NUMBER).id)
        run(["numbers", "list", "--all", "--json"])

        (number,) = json.loads(capsys.readouterr().out)
        assert (number["phone_number"], number["status"], number["is_active"]) == (NUMBER, "released", False)
        assert set(number) >= FIELDS


def test_a_number_is_shown_assigned_and_unassigned(aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
    """By number or by id, each command prints the number as it is afterwards."""
    number = buy_number(aira, NUMBER)
    codes = [
        run(["numbers", "assign", NUMBER, "--business", "Ann's", "--json"]),
        run(["numbers", "show", str(number.id), "--json"]),
        run(["numbers", "unassign", NUMBER, "--json"]),
    ]

    shown = _documents(capsys.readouterr().out)
    assert codes == [0, 0, 0]
    assert [one["business_name"] for one in shown] == ["Ann's", "Ann's", None]


def test_an_unknown_number_is_not_found(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 5, and where to look."""
    assert run(["numbers", "show", "+14155550199"]) == 5
    assert capsys.readouterr().err == "error: There is no such number here.\nhint: Run `aira numbers list --all` for those there are.\n"


class TestRelease:
    def test_asks_first(self, aira: Aira, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """What is irreversible is asked about."""
        buy_number(aira, NUMBER)
        monkeypatch.setattr("sys.stdin", Typist("y\n"))

        assert run(["numbers", "release", NUMBER]) == 0
        assert capsys.readouterr().err == f"Give {NUMBER} back for good? [y/N] "
        assert find_number(aira, NUMBER).status == "released"

    def test_needs_a_yes_where_nobody_can_be_asked(self, aira: Aira) -> None:
        """A script has to say so."""
        buy_number(aira, NUMBER)

        assert run(["numbers", "release", NUMBER]) == 2
        assert books(aira) == bought()

    def test_says_whose_appointments_could_no_longer_be_called_about(
        self, aira: Aira, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The last number of a business with appointments to come is not given back unawares."""
        set_hours(aira, "Ann's", "Mon-Sun 00:00-24:00")
        buy_number(aira, NUMBER, business="Ann's")
        start = SystemClock().now().replace(minute=0, second=0, microsecond=0) + timedelta(days=2)
        book_appointment(replace(aira, clock=SystemClock()), business="Ann's", start=start)
        monkeypatch.setattr("sys.stdin", Typist("n\n"))

        assert run(["numbers", "release", NUMBER]) == 4
        assert capsys.readouterr().err.splitlines()[:2] == [
            "Its business could no longer be called, and has 1 appointment to come:",
            f"  {start:%Y-%m-%d %H:%M}",
        ]
        assert run(["numbers", "release", NUMBER, "--dry-run", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["status"] == "releasing"
        assert find_number(aira, NUMBER).is_active

    def test_that_the_carrier_does_not_confirm_can_be_repeated(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """Exit code 6, then the same command again."""
        buy_number(aira, NUMBER)
        run(["numbers", "rehearse", "drop-after", "--operation", "release"])

        assert run(["numbers", "release", NUMBER, "--yes"]) == 6
        assert run(["numbers", "release", NUMBER, "--yes"]) == 0
        assert find_number(aira, NUMBER).status == "released"


class TestReconcile:
    def test_says_so_when_all_is_well(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """Nothing on stdout, one line on stderr, exit code 0."""
        buy_number(aira, NUMBER)

        assert run(["numbers", "reconcile"]) == 0
        assert capsys.readouterr() == ("", "1 number at the carrier; nothing to do.\n")

    def test_shows_drift_and_mends_it_on_request(self, aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
        """First found, then fixed, then gone."""
        number = buy_number(aira, NUMBER)
        aira.carrier.configure(str(number.provider_sid), webhooks=line_webhooks(aira), tag="front desk")
        codes = [run(["numbers", "reconcile"]), run(["numbers", "reconcile", "--fix"]), run(["numbers", "reconcile"])]

        out, err = capsys.readouterr()
        assert codes == [0, 0, 0]
        assert out == dedent(f"""\
            tag_drift\t{NUMBER}\tfixable\trenamed at the carrier
            tag_drift\t{NUMBER}\tfixed\trenamed at the carrier
            """)
        assert err == dedent("""\
            1 number at the carrier; 1 fixable with --fix.
            1 number at the carrier; 1 fixed.
            1 number at the carrier; nothing to do.
            """)

    def test_is_not_done_while_a_purchase_is_on_its_way(
        self, aira: Aira, carrier: SimulatedCarrier, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Exit code 8 until it is certain what became of it; the object says what waits."""
        carrier.rehearse("drop_before", operation="buy")
        run(["numbers", "buy", NUMBER, "--yes"])
        capsys.readouterr()
        code = run(["numbers", "reconcile", "--json"])

        out, err = capsys.readouterr()
        assert code == 8
        assert [(one["kind"], one["outcome"]) for one in json.loads(out)["findings"]] == [("stale_purchase", "waiting")]
        assert json.loads(err)["error"]["code"] == "partly_done"


def test_a_number_of_the_account_is_adopted(aira: Aira, capsys: pytest.CaptureFixture[str]) -> None:
    """Buying it is refused with the command that takes it over."""
    aira.carrier.buy(NUMBER, tag="front desk", webhooks=line_webhooks(aira))
    codes = [run(["numbers", "buy", NUMBER, "--yes"]), run(["numbers", "adopt", NUMBER, "--yes", "--json"])]

    out, err = capsys.readouterr()
    assert codes == [4, 0]
    assert "hint: Run `aira numbers adopt NUMBER` to take it over" in err
    assert json.loads(out)["status"] == "active"
    assert books(aira).charged == bought().charged
    assert books(aira).numbers == ["active", "failed"]


def test_requirements_of_a_country_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """What has to be shown, and by whom."""
    assert run(["numbers", "requirements", "DE", "local"]) == 0
    assert capsys.readouterr().out == "business\tAddress in the country of the number\tstreet, city, postal_code\n"


class TestPrices:
    def test_are_synced_with_a_markup(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The list of the country as it is afterwards."""
        code = run(["prices", "sync", "--country", "US", "--markup", "25%", "--json"])

        prices = json.loads(capsys.readouterr().out)
        assert code == 0
        assert [(one["number_type"], one["monthly_cost"], one["carrier_cost"]) for one in prices] == [
            ("local", "1.44", "1.15"),
            ("toll_free", "2.69", "2.15"),
        ]

    def test_are_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Country, type, price, currency, what the carrier takes."""
        run(["prices", "list", "--country", "DE"])

        assert capsys.readouterr().out.startswith("DE\tlocal\t1.15\tUSD\t1.15\t")

    def test_with_a_markup_that_is_no_number_are_refused(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Usage is exit code 2."""
        assert run(["prices", "sync", "--markup", "lots"]) == 2
        assert capsys.readouterr().err == "error: The markup is not a number.\nhint: Give --markup 25 for a quarter on top.\n"
