"""Amounts of money: exact decimals of four places, always written beside a currency, never floats."""

from decimal import Decimal, InvalidOperation

from aira.errors import InvalidInput

PLACES = Decimal("0.0001")
LARGEST = Decimal("9999999999")


def parse_amount(text: str) -> Decimal:
    """Read a positive amount as typed by an operator, such as `25` or `1.15`.

    Raises InvalidInput for anything that is not a positive number of at most four decimal places.
    """
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise _not_an_amount(text) from None
    if not amount.is_finite() or amount <= 0 or amount > LARGEST or amount != amount.quantize(PLACES):
        raise _not_an_amount(text)
    return amount.quantize(PLACES)


def format_amount(amount: Decimal) -> str:
    """Write an amount with two decimal places, or up to four where they are needed: `1.15`, `0.0085`."""
    exact = amount.quantize(PLACES)
    cents = exact.quantize(Decimal("0.01"))
    return str(cents) if cents == exact else str(exact).rstrip("0")


def parse_currency(text: str) -> str:
    """Read a three-letter ISO 4217 currency code; raises InvalidInput for anything else."""
    code = text.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise InvalidInput(f"'{text}' is not a currency code.", hint="Give three letters, such as USD.")
    return code


def _not_an_amount(text: str) -> InvalidInput:
    return InvalidInput(
        f"'{text}' is not an amount of money.",
        hint="Give a positive number with at most four decimal places, such as 25 or 1.15.",
    )
