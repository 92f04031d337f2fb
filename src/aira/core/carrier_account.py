"""Our own account with the carrier: when it is empty every number falls silent, so it is watched before it is."""

from decimal import Decimal

from aira.core.app import Aira
from aira.core.db import fetch_value
from aira.errors import AiraError
from aira.money import format_amount

_MONTH_SQL = """
select coalesce(sum(p.carrier_cost), 0)
from public.business_numbers n
join public.price_list p on (p.provider, p.country, p.number_type, p.currency) = (n.provider, n.country, n.number_type, %(currency)s)
where n.provider = %(provider)s and n.status in ('active', 'grace', 'releasing')
"""


def account_warnings(aira: Aira) -> list[str]:
    """Sentences for the operator where the carrier's account does not cover a month of its numbers, or cannot be asked.

    A simulated account is not watched: nobody can top it up.
    """
    try:
        balance = aira.carrier.account.balance()
    except AiraError as error:
        return [f"The carrier's account could not be looked at: {error.message}"]
    if balance.simulated:
        return []
    with aira.database.transaction() as connection:
        month: Decimal = fetch_value(connection, _MONTH_SQL, {"provider": aira.carrier.provider, "currency": balance.currency})
    if balance.amount >= month and balance.amount > 0:
        return []
    return [
        f"The carrier's account holds {format_amount(balance.amount)} {balance.currency}, a month of its numbers costs "
        f"{format_amount(month)}: top it up at the carrier, at zero all calls stop."
    ]
