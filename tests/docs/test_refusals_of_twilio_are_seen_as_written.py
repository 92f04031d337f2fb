"""Every refusal of Twilio that a purchase may meet is seen by the operator as `what-twilio-refuses.md` shows it."""

import io
import re
from collections.abc import Iterator

import pytest

from aira.cli.main import run
from aira.core import add_owner, find_wallet, list_numbers, top_up
from aira.core.app import Aira
from aira.money import parse_amount
from documented import ROOT
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

ROW = re.compile(r"^\| ([\d, ]+) \| (.+) \| (.+) \| (\d) \|$", re.MULTILINE)
WRITTEN = [
    (int(code), error, hint, int(exit_code))
    for codes, error, hint, exit_code in ROW.findall((ROOT / "docs/howto/what-twilio-refuses.md").read_text("utf-8"))
    for code in codes.split(", ")
]
STATUSES = {20003: 401, 20005: 403, 20008: 403, 10001: 403, 10002: 403, 22300: 403, 20429: 429} | {
    status: status for status in (500, 502, 503, 504)
}
TRIES = 5


@pytest.fixture
def twilio(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioServer]:
    """A server that speaks Twilio's API, behind the commands; their owner has money."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    owner = add_owner(aira, "ann@example.com")
    top_up(aira, parse_amount("25"), reference="first", owner=owner.id)
    with TwilioServer() as server:
        settings = {
            "DATABASE_URL": aira.database.url,
            "AIRA_HOME": str(aira.settings.aira_home),
            "AIRA_CARRIER": "twilio",
            "TWILIO_API_URL": server.url,
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "VOICE_AGENT_SERVICE_URL": "https://voice.bella-hair.example",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield server


def test_the_table_is_whole() -> None:
    """It has each code of Twilio's that an owner of numbers is known to meet at a purchase."""
    accounts = {20003, 20005, 10001, 21472, 21404, 10002, 22300}
    numbers = {21421, 21422, 21451, 21452, 21613, 21615, 21631, 21628, 21649, 21650, 21651}

    assert accounts | numbers | {20429, 500} <= {code for code, *_ in WRITTEN}


@pytest.mark.parametrize(("code", "error", "hint", "exit_code"), WRITTEN, ids=[str(row[0]) for row in WRITTEN])
def test_a_refusal_is_seen_as_written(
    aira: Aira, twilio: TwilioServer, capsys: pytest.CaptureFixture[str], code: int, error: str, hint: str, exit_code: int
) -> None:
    """Error, hint and exit code; the money is untouched, or held where the outcome is unknown."""
    status = STATUSES.get(code, 400)
    twilio.fail("POST", "IncomingPhoneNumbers", kind="status", status=status, code=code, times=TRIES if status == 429 else 1)

    ended = run(["numbers", "buy", "+14155550123", "--yes"])

    assert (ended, capsys.readouterr().err) == (exit_code, f"error: {error.replace('…);', f'{status});')}\nhint: {hint}\n")
    wallet = find_wallet(aira)
    assert (wallet.balance, wallet.held > 0) == (25, status >= 500)
    assert list_numbers(aira) == [] or status >= 500


def test_a_number_that_twilio_does_not_know_counts_as_released(twilio: TwilioServer, capsys: pytest.CaptureFixture[str]) -> None:
    """20404 at a release is no failure."""
    run(["numbers", "buy", "+14155550123", "--yes"])
    twilio.account.numbers.clear()

    assert run(["numbers", "release", "+14155550123", "--yes", "--json"]) == 0
    assert '"status": "released"' in capsys.readouterr().out


def test_an_unheard_of_code_names_the_page_about_it(twilio: TwilioServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Twilio has thousands of them."""
    twilio.fail("POST", "IncomingPhoneNumbers", kind="status", status=400, code=29999)

    assert run(["numbers", "buy", "+14155550123", "--yes"]) == 4
    assert "hint: https://www.twilio.com/docs/errors/29999 says why." in capsys.readouterr().err
