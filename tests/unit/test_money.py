"""Amounts are exact, positive where they are typed, and written the same everywhere."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from aira.errors import InvalidInput
from aira.money import format_amount, parse_amount, parse_currency


@given(st.integers(1, 99_999_999_990_000))
def test_what_is_written_is_read_back(ten_thousandths: int) -> None:
    """No amount changes on its way to text and back."""
    amount = Decimal(ten_thousandths) / 10_000

    assert parse_amount(format_amount(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "text"), [("1.15", "1.15"), ("1.1500", "1.15"), ("25", "25.00"), ("0.0085", "0.0085"), ("1.155", "1.155")]
)
def test_two_places_are_shown_and_more_where_they_count(amount: str, text: str) -> None:
    """Cents always, fractions of a cent only where there are some."""
    assert format_amount(Decimal(amount)) == text


@pytest.mark.parametrize("text", ["", "0", "-5", "1.00001", "1,15", "NaN", "Infinity", "1e3x", "10000000000", "five"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """With a hint how to write one."""
    with pytest.raises(InvalidInput) as refused:
        parse_amount(text)

    assert refused.value.hint == "Give a positive number with at most four decimal places, such as 25 or 1.15."


def test_a_currency_is_three_letters() -> None:
    """In capitals, whatever was typed."""
    assert parse_currency(" eur ") == "EUR"


@pytest.mark.parametrize("text", ["", "EU", "EURO", "E1R", "€€€"])
def test_what_is_no_currency_is_refused(text: str) -> None:
    """Names and signs are none."""
    with pytest.raises(InvalidInput):
        parse_currency(text)
