"""Letters say the same in plain text and in HTML, and leave no gap."""

import re

import pytest

from aira.billing.letters import LETTERS, write_letter
from aira.errors import InvalidInput

PAYLOAD = {
    "number": "+14155550123",
    "amount": "1.15",
    "currency": "USD",
    "balance": "3.85",
    "available": "0.40",
    "receipt": 7,
    "period_from": "2026-12-23",
    "period_to": "2027-01-22",
    "grace_until": "2026-12-28",
    "release_on": "2026-12-29",
    "next_billing_date": "2027-01-23",
    "threshold": "5.00",
    "numbers": "+14155550123",
    "due_on": "2026-12-23",
    "missing": "0.75",
}


def test_there_is_a_letter_for_each_occasion() -> None:
    """Their names are those that the SQL functions queue."""
    assert {
        *("receipt", "payment_failed", "grace_reminder", "release_tomorrow", "released", "recovered"),
        *("low_balance", "upcoming_shortfall"),
    } == LETTERS


@pytest.mark.parametrize("template", sorted(LETTERS))
def test_text_and_html_say_the_same(template: str) -> None:
    """Every word of the one stands in the other, under the same subject; no placeholder is left."""
    letter = write_letter(template, PAYLOAD)

    body = letter.html.partition("</head>")[2]
    words = re.sub(r"<[^>]+>", " ", body).replace("&#x27;", "'").split()
    assert [word.rstrip(":") for word in letter.text.split()] == words
    assert f"<title>{letter.subject}</title>" in letter.html
    assert "{" not in letter.subject + letter.text + letter.html
    assert "\n" not in letter.subject


def test_a_receipt_reads_well() -> None:
    """The whole text as it arrives."""
    assert write_letter("receipt", PAYLOAD).text == (
        "The rental of your telephone number was paid from your wallet.\n"
        "\n"
        "  Number:             +14155550123\n"
        "  Rental:             1.15 USD\n"
        "  Period:             2026-12-23 to 2027-01-22\n"
        "  Receipt:            7\n"
        "  Left in the wallet: 3.85 USD\n"
        "\n"
        "Nothing is left for you to do.\n"
    )


def test_values_cannot_become_markup() -> None:
    """Whatever stands in a payload stays text."""
    letter = write_letter("recovered", PAYLOAD | {"number": "<b>&{0}"})

    assert "<b>" not in letter.html
    assert letter.html.count("&lt;b&gt;&amp;{0}") == 2


@pytest.mark.parametrize(("template", "payload"), [("receipt", {}), ("love_letter", PAYLOAD)])
def test_what_cannot_be_written_is_refused(template: str, payload: dict[str, object]) -> None:
    """A missing value or an unknown letter is named, not sent half-empty."""
    with pytest.raises(InvalidInput) as refused:
        write_letter(template, payload)

    assert refused.value.reason == "template_failed"
