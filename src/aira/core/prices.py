"""The price list: what owners pay a month for a number, by carrier, country, type and currency."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_UP, Decimal

from aira.core.app import Aira
from aira.core.db import Connection, execute, fetch_all
from aira.errors import InvalidInput, NotFound, Refused, SetupError
from aira.money import PLACES

LARGEST_MARKUP = Decimal(1000)

_LIST_SQL = """
select provider, country, number_type, currency, monthly_cost, setup_cost, carrier_cost, updated_at from public.price_list
where (%(provider)s::text is null or provider = %(provider)s) and (%(country)s::text is null or country = %(country)s)
order by provider, country, number_type, currency
"""
_OF_KIND_SQL = """
select provider, country, number_type, currency, monthly_cost, setup_cost, carrier_cost, updated_at from public.price_list
where provider = %(provider)s and country = %(country)s and number_type = %(number_type)s order by currency <> 'USD', currency
"""
_SET_SQL = """
insert into public.price_list (provider, country, number_type, currency, monthly_cost, carrier_cost, updated_at)
values (%(provider)s, %(country)s, %(number_type)s, %(currency)s, %(monthly_cost)s, %(carrier_cost)s, %(now)s)
on conflict (provider, country, number_type, currency) do update
  set monthly_cost = excluded.monthly_cost, carrier_cost = excluded.carrier_cost, updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True)
class Price:
    """What one kind of number costs an owner, and what the carrier takes for it."""

    provider: str
    country: str
    number_type: str
    currency: str
    monthly_cost: Decimal
    setup_cost: Decimal
    carrier_cost: Decimal | None
    updated_at: datetime


def list_prices(aira: Aira, *, country: str | None = None) -> list[Price]:
    """The prices of the carrier in use, of all countries or one."""
    wanted = {"provider": aira.carrier.provider, "country": parse_country(country) if country else None}
    with aira.database.transaction() as connection:
        return fetch_all(connection, Price, _LIST_SQL, wanted)


def sync_prices(aira: Aira, *, country: str = "US", markup_percent: Decimal = Decimal(0), dry_run: bool = False) -> list[Price]:
    """Read the carrier's prices of a country and put them on the list with a markup, rounded up to the cent.

    Numbers that are rented already keep their price. Returns the country's list as it is afterwards. Raises InvalidInput for
    a markup below zero or above a thousand percent, NotFound where the carrier has no prices for the country.
    """
    if not 0 <= markup_percent <= LARGEST_MARKUP:
        raise InvalidInput("A markup is 0 to 1000 percent.", hint="Give --markup 25 for a quarter on top.")
    code = parse_country(country)
    asked = aira.carrier.account.prices(code)
    if not asked:
        raise NotFound(f"The carrier has no prices for {code}.", hint="Give a country in which it has numbers, such as --country US.")
    factor = 1 + markup_percent / 100
    with aira.database.transaction(dry_run=dry_run) as connection:
        for one in asked:
            monthly_cost = (one.monthly_cost * factor).quantize(Decimal("0.01"), ROUND_UP).quantize(PLACES)
            kind = {"provider": aira.carrier.provider, "country": code, "number_type": one.number_type, "currency": one.currency}
            execute(
                connection,
                _SET_SQL,
                {**kind, "monthly_cost": monthly_cost, "carrier_cost": one.monthly_cost, "now": aira.clock.now()},
            )
        return fetch_all(connection, Price, _LIST_SQL, {"provider": aira.carrier.provider, "country": code})


def price_of(connection: Connection, *, provider: str, country: str, number_type: str, currency: str | None = None) -> Price:
    """The price of one kind of number; without a currency the one in USD, or the first there is.

    Raises SetupError where the kind has no price, Refused where it has none in this currency.
    """
    wanted = {"provider": provider, "country": country, "number_type": number_type}
    prices = fetch_all(connection, Price, _OF_KIND_SQL, wanted)
    if not prices:
        raise SetupError(
            f"There is no price for {number_type.replace('_', '-')} numbers in {country} yet.",
            code="price_missing",
            hint=f"Run `aira prices sync --country {country}`.",
        )
    fitting = [price for price in prices if currency in (None, price.currency)]
    if not fitting:
        listed = ", ".join(price.currency for price in prices)
        raise Refused(
            f"The price of this number is in {listed}, the wallet in {currency}. Nothing was charged.",
            code="currency_mismatch",
            hint=f"Pay from a wallet in {prices[0].currency}: `aira wallet top-up AMOUNT --currency {prices[0].currency} --reference R`.",
        )
    return fitting[0]


def parse_country(text: str) -> str:
    """An ISO 3166 country code of two letters; raises InvalidInput for anything else."""
    code = text.strip().upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise InvalidInput("A country is named by two letters.", hint="Give US, CA, GB, ….")
    return code
