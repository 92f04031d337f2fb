"""Telephone numbers: what is for rent, what is rented, and whose calls they take."""

import re
from typing import Final
from uuid import UUID

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Connection, execute, fetch_all, fetch_one
from aira.core.owners import resolve_owner
from aira.core.phones import parse_phone_number
from aira.core.prices import Price, parse_country, price_of
from aira.errors import InvalidInput, NotFound
from aira.model import AvailableNumber, NumberSearch, PhoneNumber
from aira.ports import CarrierOffer, Requirement

NUMBER_TYPES: Final = ("local", "toll_free", "mobile", "national")
MOST_OFFERS: Final = 1000

NUMBER_COLUMNS: Final = """
n.id, n.phone_number, n.status, n.status_reason, n.is_active, n.business_id, b.name as business_name, n.wallet_id, n.country, n.number_type,
n.capabilities, n.provider, n.provider_account_sid, n.provider_sid, n.monthly_cost, n.setup_cost, n.currency, n.billing_anchor,
n.next_billing_date, n.voice_url, n.voice_fallback_url, n.status_callback_url, n.grace_until, n.created_at, n.purchased_at, n.released_at
"""
FROM_NUMBERS: Final = "from public.business_numbers n left join public.business_v2 b on b.id = n.business_id"

_LIST_SQL = f"""
select {NUMBER_COLUMNS} {FROM_NUMBERS} join public.wallets w on w.id = n.wallet_id
where (%(business_id)s::uuid is null or n.business_id = %(business_id)s) and (%(user_id)s::uuid is null or w.user_id = %(user_id)s)
  and (%(ended)s or n.status not in ('released', 'failed'))
order by n.phone_number, n.created_at
"""
_BY_ID_SQL = f"select {NUMBER_COLUMNS} {FROM_NUMBERS} where n.id = %(id)s"
_BY_PHONE_SQL = f"""
select {NUMBER_COLUMNS} {FROM_NUMBERS} where n.phone_number = %(phone_number)s
order by n.status in ('released', 'failed'), n.created_at desc limit 1
"""
_ASSIGN_SQL = "select id from public.number_assign(%(id)s, %(business_id)s)"

_AREA_CODE = re.compile(r"\d{3}")
_CONTAINS = re.compile(r"[0-9A-Za-z*]{2,16}")


def search_numbers(
    aira: Aira,
    *,
    country: str = "US",
    number_type: str = "local",
    area_code: str | None = None,
    contains: str | None = None,
    locality: str | None = None,
    region: str | None = None,
    sms: bool = False,
    mms: bool = False,
    limit: int = 10,
    currency: str | None = None,
) -> list[AvailableNumber]:
    """Numbers for rent that fit, with what they cost an owner a month; all of them take calls.

    `contains` is two to sixteen digits, letters of a keypad, or `*` for any digit. Raises InvalidInput, SetupError where the
    kind of number has no price, VendorError.
    """
    wanted = NumberSearch(
        country=parse_country(country),
        number_type=_number_type(number_type),
        area_code=_fitting(_AREA_CODE, area_code, "An area code has three digits, such as 415."),
        contains=_fitting(_CONTAINS, contains, "Give two to sixteen digits, letters or *, such as 555 or FLOWERS."),
        locality=locality,
        region=region,
        capabilities=frozenset({"voice", *(["sms"] if sms else []), *(["mms"] if mms else [])}),
        limit=limit,
    )
    if not 1 <= limit <= MOST_OFFERS:
        raise InvalidInput("A search returns 1 to 1000 numbers.", hint="Give --limit 10.")
    with aira.database.transaction() as connection:
        price = price_of(
            connection, provider=aira.carrier.provider, country=wanted.country, number_type=wanted.number_type, currency=currency
        )
    return [_at_price(offer, price) for offer in aira.carrier.search(wanted)]


def number_requirements(aira: Aira, *, country: str, number_type: str = "local") -> list[Requirement]:
    """What a country wants to see before a number of this type can be rented; empty where nothing is.

    Raises InvalidInput, VendorError.
    """
    return aira.carrier.account.requirements(parse_country(country), _number_type(number_type))


def list_numbers(
    aira: Aira, *, business: UUID | str | None = None, owner: UUID | str | None = None, ended: bool = False
) -> list[PhoneNumber]:
    """The numbers of a business, an owner or everybody; released ones and failed purchases only where `ended` is set."""
    with aira.database.transaction() as connection:
        wanted = {
            "business_id": resolve_business(connection, business).id if business is not None else None,
            "user_id": resolve_owner(connection, owner).id if owner is not None else None,
            "ended": ended,
        }
        return fetch_all(connection, PhoneNumber, _LIST_SQL, wanted)


def find_number(aira: Aira, number: UUID | str) -> PhoneNumber:
    """The number with this id or telephone number; of several rentals of one number the one that lasts, or the latest.

    Raises NotFound, InvalidInput.
    """
    with aira.database.transaction() as connection:
        return resolve_number(connection, number)


def assign_number(aira: Aira, number: UUID | str, *, business: UUID | str) -> PhoneNumber:
    """Let a business of the same owner take the calls of a number, from the next call on.

    Raises NotFound, InvalidInput where the business belongs to another owner, Refused where the number's rental has ended.
    """
    with aira.database.transaction() as connection:
        return _assigned(connection, number, resolve_business(connection, business).id)


def unassign_number(aira: Aira, number: UUID | str) -> PhoneNumber:
    """Let nobody take the calls of a number; callers hear that it is not in service. Its rental goes on. Raises NotFound."""
    with aira.database.transaction() as connection:
        return _assigned(connection, number, None)


def resolve_number(connection: Connection, number: UUID | str) -> PhoneNumber:
    """`find_number` within a transaction."""
    try:
        found = fetch_one(connection, PhoneNumber, _BY_ID_SQL, {"id": number if isinstance(number, UUID) else UUID(number)})
    except ValueError:
        found = fetch_one(connection, PhoneNumber, _BY_PHONE_SQL, {"phone_number": parse_phone_number(str(number))})
    if found is None:
        raise NotFound("There is no such number here.", hint="Run `aira numbers list --all` for those there are.")
    return found


def _at_price(offer: CarrierOffer, price: Price) -> AvailableNumber:
    return AvailableNumber(
        phone_number=offer.phone_number,
        country=offer.country,
        number_type=offer.number_type,
        locality=offer.locality,
        region=offer.region,
        capabilities=offer.capabilities,
        monthly_cost=price.monthly_cost,
        setup_cost=price.setup_cost,
        currency=price.currency,
        address_requirement=offer.address_requirement,
        simulated=offer.simulated,
    )


def _assigned(connection: Connection, number: UUID | str, business_id: UUID | None) -> PhoneNumber:
    found = resolve_number(connection, number)
    execute(connection, _ASSIGN_SQL, {"id": found.id, "business_id": business_id})
    return resolve_number(connection, found.id)


def _number_type(text: str) -> str:
    kind = text.strip().lower().replace("-", "_")
    if kind not in NUMBER_TYPES:
        raise InvalidInput("There is no such type of number.", hint="Give local, toll-free, mobile or national.")
    return kind


def _fitting(form: re.Pattern[str], text: str | None, hint: str) -> str | None:
    if text is not None and not form.fullmatch(text):
        raise InvalidInput("No number can be searched for by this.", hint=hint)
    return text
