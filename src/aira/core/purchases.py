"""Buying a number: money set aside first, then the carrier, then the books; each step can be repeated after a crash.

The carrier has no idempotency key of its own, so the number is the key: a purchase writes down its intent, looks whether the
carrier has the number under the intent's tag already, buys it only if not, and completes. Decision record: 0040.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from uuid import UUID, uuid4

from aira.core.app import Aira
from aira.core.businesses import resolve_business
from aira.core.db import Connection, Jsonb, execute, fetch_value
from aira.core.lines import line_webhooks, tag_of, tagged_id
from aira.core.numbers import resolve_number
from aira.core.phones import number_kind, parse_phone_number
from aira.core.prices import price_of
from aira.core.wallet import resolve_wallet
from aira.errors import AiraError, NotFound, NumberTaken, NumberUnavailable, OutcomeUnknown, Refused, RequirementsMissing
from aira.model import NumberSearch, NumberStatus, PhoneNumber
from aira.ports import CarrierNumber, Webhooks

_LOCK_WALLET_SQL = "select id from public.wallet_lock(%(wallet_id)s)"
_SEEN_SQL = "select exists (select from public.business_numbers where idempotency_key = %(idempotency_key)s)"
_BEGIN_SQL = """
select id from public.number_begin_purchase(%(wallet_id)s, %(phone_number)s, %(idempotency_key)s, %(monthly_cost)s, %(setup_cost)s,
  %(currency)s, p_business_id => %(business_id)s, p_provider => %(provider)s, p_number_type => %(number_type)s, p_country => %(country)s,
  p_voice_url => %(voice_url)s, p_voice_fallback_url => %(voice_fallback_url)s, p_status_callback_url => %(status_callback_url)s,
  p_address_sid => %(address_sid)s, p_bundle_sid => %(bundle_sid)s, p_now => %(now)s)
"""
_COMPLETE_SQL = """
select id from public.number_complete_purchase(%(id)s, %(provider_sid)s, %(account_sid)s, %(phone_number)s, %(capabilities)s, %(actor)s,
  p_now => %(now)s)
"""
_FAIL_SQL = "select id from public.number_fail_purchase(%(id)s, %(reason)s, p_now => %(now)s)"
_DEAD_SQL = "select exists (select from public.business_numbers where id = %(id)s and status in ('failed', 'released'))"


@dataclass(frozen=True, slots=True)
class Papers:
    """What a regulated country wants to see with a purchase: ids of the carrier's records, AD… and BU…."""

    address_sid: str | None = None
    bundle_sid: str | None = None


@dataclass(frozen=True, slots=True)
class _Intent:
    number: PhoneNumber
    fresh: bool
    """Whether this call wrote the intent; one that was there may belong to a purchase still under way elsewhere."""


def buy_number(
    aira: Aira,
    phone_number: str,
    *,
    business: UUID | str | None = None,
    owner: UUID | str | None = None,
    currency: str | None = None,
    papers: Papers = Papers(),
    adopt: bool = False,
    idempotency_key: str | None = None,
    actor: str = "aira",
    dry_run: bool = False,
) -> PhoneNumber:
    """Rent exactly this number and pay its set-up and first month from the owner's wallet.

    The owner is the business's, or the only one there is. The same `idempotency_key` again carries an interrupted purchase on
    and otherwise returns the first result. `adopt` takes over a number that the carrier's account rents already for no business
    here, instead of buying one. A dry run writes the same and rolls it back, and only looks at the carrier.

    Raises InsufficientFunds, NumberTaken, NumberUnavailable, RequirementsMissing, another Refused, NotFound, InvalidInput or
    SetupError with nothing charged; OutcomeUnknown with the money held until `reconcile_numbers` has found out.
    """
    e164 = parse_phone_number(phone_number)
    webhooks = line_webhooks(aira)
    with aira.database.transaction(dry_run=dry_run) as connection:
        wallet = resolve_wallet(connection, owner=_payer(connection, business, owner), currency=currency, now=aira.clock.now())
        country, number_type = number_kind(e164)
        price = price_of(connection, provider=aira.carrier.provider, country=country, number_type=number_type, currency=wallet.currency)
        terms = {
            "wallet_id": wallet.id,
            "phone_number": e164,
            "idempotency_key": idempotency_key or f"purchase:{uuid4()}",
            "monthly_cost": price.monthly_cost,
            "setup_cost": price.setup_cost,
            "currency": price.currency,
            "business_id": resolve_business(connection, business).id if business is not None else None,
            "provider": aira.carrier.provider,
            "number_type": number_type,
            "country": country,
            "address_sid": papers.address_sid,
            "bundle_sid": papers.bundle_sid,
        }
        intent = _begin(connection, terms, webhooks, aira.clock.now())
    if intent.number.status is not NumberStatus.PURCHASING:
        return _first_result(intent.number)
    if dry_run:
        _refuse_if_taken(aira, intent.number, adopt=adopt)
        return intent.number
    return _carry_out(aira, intent, webhooks, papers, adopt=adopt, actor=actor)


def complete_purchase(aira: Aira, number: PhoneNumber, rented: CarrierNumber, *, actor: str = "aira") -> PhoneNumber:
    """Charge a purchase that the carrier has carried out, and start the rental. A repeat changes nothing.

    Raises OutcomeUnknown where the purchase was given up in the meantime.
    """
    with aira.database.transaction() as connection:
        done = {
            "id": number.id,
            "provider_sid": rented.sid,
            "account_sid": rented.account_sid,
            "phone_number": rented.phone_number,
            "capabilities": Jsonb(rented.capabilities),
            "actor": actor,
            "now": aira.clock.now(),
        }
        try:
            execute(connection, _COMPLETE_SQL, done)
        except Refused as refused:
            if refused.reason != "purchase_over":
                raise
            raise OutcomeUnknown(
                "The carrier took so long that the purchase was given up meanwhile; nothing was charged.",
                hint="Run `aira numbers reconcile --fix`, which gives the number back, then buy it again.",
            ) from refused
        return resolve_number(connection, number.id)


def fail_purchase(aira: Aira, number: PhoneNumber, *, reason: str) -> PhoneNumber:
    """Give a purchase up that the carrier has not carried out, and free the money. A repeat changes nothing."""
    with aira.database.transaction() as connection:
        execute(connection, _FAIL_SQL, {"id": number.id, "reason": reason, "now": aira.clock.now()})
        return resolve_number(connection, number.id)


def _payer(connection: Connection, business: UUID | str | None, owner: UUID | str | None) -> UUID | str | None:
    if owner is not None or business is None:
        return owner
    return resolve_business(connection, business).user_id


def _begin(connection: Connection, terms: dict[str, object], webhooks: Webhooks, now: datetime) -> _Intent:
    addresses = {
        "voice_url": webhooks.voice_url,
        "voice_fallback_url": webhooks.voice_fallback_url,
        "status_callback_url": webhooks.status_callback_url,
    }
    execute(connection, _LOCK_WALLET_SQL, terms)
    seen: bool = fetch_value(connection, _SEEN_SQL, terms)
    number_id: UUID = fetch_value(connection, _BEGIN_SQL, {**terms, **addresses, "now": now})
    return _Intent(resolve_number(connection, number_id), fresh=not seen)


def _carry_out(aira: Aira, intent: _Intent, webhooks: Webhooks, papers: Papers, *, adopt: bool, actor: str) -> PhoneNumber:
    try:
        rented = _rented(aira, intent.number, webhooks, papers, adopt=adopt)
    except OutcomeUnknown as lost:
        rented = _look_again(aira, intent.number, lost)
    except AiraError as refused:
        # Of a purchase that was under way before, an earlier request may still be on its way: only reconcile ends it.
        if intent.fresh:
            fail_purchase(aira, intent.number, reason=refused.reason)
        raise _with_a_way_out(aira, intent.number, refused) from refused
    return complete_purchase(aira, intent.number, rented, actor=actor)


def _rented(aira: Aira, number: PhoneNumber, webhooks: Webhooks, papers: Papers, *, adopt: bool) -> CarrierNumber:
    found = aira.carrier.find(phone_number=number.phone_number)
    if not found and adopt:
        raise NotFound("The carrier's account does not rent this number.", hint="Run `aira numbers buy` to rent it.")
    if not found:
        return aira.carrier.buy(
            number.phone_number,
            tag=tag_of(number.id),
            webhooks=webhooks,
            address_sid=papers.address_sid,
            bundle_sid=papers.bundle_sid,
        )
    if found[0].tag == tag_of(number.id):
        return found[0]
    if not (adopt or _is_stray(aira, found[0])):
        _refuse_as_taken()
    return aira.carrier.configure(found[0].sid, webhooks=webhooks, tag=tag_of(number.id))


def _look_again(aira: Aira, number: PhoneNumber, lost: OutcomeUnknown) -> CarrierNumber:
    held = OutcomeUnknown(f"{lost.message} Until then the money is held.", hint=lost.hint, code=lost.reason, **lost.facts)
    try:
        found = aira.carrier.find(phone_number=number.phone_number)
    except AiraError:
        raise held from lost
    ours = [one for one in found if one.tag == tag_of(number.id)]
    if not ours:
        # Absent is no proof yet: the request may still be in work. Reconcile looks again when it cannot be any more.
        raise held from lost
    return ours[0]


def _with_a_way_out(aira: Aira, number: PhoneNumber, refused: AiraError) -> AiraError:
    """The refusal with a hint that fits this number, where there is one."""
    if isinstance(refused, NumberUnavailable) and (nearest := _nearest(aira, number)):
        return NumberUnavailable(refused.message, hint=f"Nearest for rent: {', '.join(nearest)}.", nearest=nearest)
    if isinstance(refused, RequirementsMissing):
        hint = refused.hint.replace("COUNTRY TYPE", f"{number.country} {number.number_type.replace('_', '-')}")
        return RequirementsMissing(refused.message, hint=hint, code=refused.reason, **refused.facts)
    return refused


def _nearest(aira: Aira, number: PhoneNumber, *, most: int = 3) -> list[str]:
    """Numbers for rent that share as many leading digits as can be had; none where the carrier has no answer just now."""
    digits = number.phone_number.removeprefix("+")
    for known in (digits[:-2], digits[:-4], digits[:-6]):
        wanted = NumberSearch(country=number.country or "US", number_type=number.number_type, contains=known, limit=most + 1)
        try:
            offers = aira.carrier.search(wanted)
        except AiraError:
            return []
        if found := [offer.phone_number for offer in offers if offer.phone_number != number.phone_number]:
            return found[:most]
    return []


def _refuse_if_taken(aira: Aira, number: PhoneNumber, *, adopt: bool) -> None:
    found = aira.carrier.find(phone_number=number.phone_number)
    if found and not adopt and found[0].tag != tag_of(number.id) and not _is_stray(aira, found[0]):
        _refuse_as_taken()


def _refuse_as_taken() -> NoReturn:
    raise NumberTaken(
        "The carrier's account rents this number already, for something else. Nothing was charged.",
        code="owned_elsewhere",
        hint="Run `aira numbers adopt NUMBER` to take it over, or `aira numbers search` for another one.",
    )


def _is_stray(aira: Aira, rented: CarrierNumber) -> bool:
    """Whether the number is left over from a purchase that failed or a rental that ended here, so that nobody counts on it."""
    number_id = tagged_id(rented.tag)
    if number_id is None:
        return False
    with aira.database.transaction() as connection:
        dead: bool = fetch_value(connection, _DEAD_SQL, {"id": number_id})
        return dead


def _first_result(number: PhoneNumber) -> PhoneNumber:
    if number.status is NumberStatus.FAILED:
        raise Refused(
            f"This purchase failed before ({number.status_reason}); nothing was charged.",
            code=number.status_reason,
            hint="Use a new idempotency key to try again.",
        )
    return number
