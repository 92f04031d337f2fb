"""Twilio as the carrier: telephone numbers rented over its REST API 2010-04-01."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aira.errors import InvalidInput, NotFound, NumberNotReleasable, OutcomeUnknown, Refused, SetupError, VendorError
from aira.model import NumberSearch
from aira.ports import CarrierBalance, CarrierNumber, CarrierOffer, CarrierPrice, Requirement, Webhooks
from aira.settings import Settings, is_loopback

if TYPE_CHECKING:
    from twilio.rest import Client

PAGE_SIZE = 1000
MOST_NUMBERS = 100_000
"""More records than any account has: a server that repeats a page is not read for ever."""

_NUMBER_TYPES = ("local", "toll_free", "mobile", "national")


class TwilioCarrier:
    """Rents numbers from Twilio; the SDK is loaded at the first call, which raises SetupError where the account or its keys are not set.

    `client` is used in place of the one that the settings describe.
    """

    provider = "twilio"

    def __init__(self, settings: Settings, *, client: "Client | None" = None) -> None:
        self._settings = settings
        self._given = client
        # A server on this machine that speaks Twilio's API reaches webhooks on this machine.
        self.public_webhooks = settings.twilio_api_url is None or not is_loopback(settings.twilio_api_url)

    @cached_property
    def account(self) -> "TwilioAccount":
        """Our account with Twilio."""
        return TwilioAccount(self._client, self._client.account_sid)

    def search(self, wanted: NumberSearch) -> list[CarrierOffer]:
        """Numbers for rent that fit, at most `wanted.limit`."""
        kind = wanted.number_type
        if kind not in _NUMBER_TYPES:
            raise InvalidInput(f"'{kind}' is not a type of number.", hint="Give local, toll-free, mobile or national.")
        offered = getattr(self._client.available_phone_numbers(wanted.country), kind)
        try:
            with _read_or_unknown("GET"):
                found = offered.list(**_filters(wanted), limit=wanted.limit, page_size=min(wanted.limit, PAGE_SIZE))
        except NotFound:
            raise InvalidInput(
                f"Twilio has no {kind.replace('_', '-')} numbers in {wanted.country}.", hint="Search another --type or --country."
            ) from None
        return [_offer(one, kind) for one in found]

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """Numbers our account rents, all of them or those with this exact number or tag."""
        wanted = {name: value for name, value in (("phone_number", phone_number), ("friendly_name", tag)) if value is not None}
        with _read_or_unknown("GET"):
            records = self._client.incoming_phone_numbers.list(**wanted, limit=MOST_NUMBERS, page_size=PAGE_SIZE)
        numbers = [_number(record) for record in records]
        # Twilio takes the filter by number as a pattern.
        return [one for one in numbers if phone_number in (None, one.phone_number) and tag in (None, one.tag)]

    def buy(
        self, phone_number: str, *, tag: str, webhooks: Webhooks, address_sid: str | None = None, bundle_sid: str | None = None
    ) -> CarrierNumber:
        """Rent exactly this number; for one that the account has already Twilio changes tag and webhooks and says 201."""
        papers = {name: sid for name, sid in (("address_sid", address_sid), ("bundle_sid", bundle_sid)) if sid is not None}
        with _read_or_unknown("POST"):
            record = self._client.incoming_phone_numbers.create(
                phone_number=phone_number, friendly_name=tag, **_addresses(webhooks), **papers
            )
            return _number(record)

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Set the webhooks, and the tag where given, of a number we rent."""
        name = {} if tag is None else {"friendly_name": tag}
        with _read_or_unknown("POST"):
            return _number(self._client.incoming_phone_numbers(sid).update(**_addresses(webhooks), **name))

    def release(self, sid: str) -> None:
        """Give a number back for good. A number that is gone already counts as released."""
        try:
            self._client.incoming_phone_numbers(sid).delete()
        except NotFound:
            return
        except Refused as refused:
            raise NumberNotReleasable(refused.message, hint=refused.hint, code=refused.reason, **refused.facts) from refused

    @cached_property
    def _client(self) -> "Client":
        return self._given or twilio_client(self._settings)


class TwilioAccount:
    """Our account with Twilio: its balance, and what Twilio asks of a renter."""

    def __init__(self, client: "Client", sid: str) -> None:
        self._client = client
        self.sid = sid

    def balance(self) -> CarrierBalance:
        """The money left in the account; at zero Twilio stops all calls of all numbers."""
        with _read_or_unknown("GET"):
            balance = self._client.balance.fetch()
            return CarrierBalance(Decimal(balance.balance), balance.currency.upper())

    def prices(self, country: str) -> list[CarrierPrice]:
        """What Twilio takes a month for each kind of number of a country; empty where it has none."""
        try:
            with _read_or_unknown("GET"):
                listed = self._client.pricing.v1.phone_numbers.countries(country).fetch()
                prices = [(str(one["number_type"]).replace(" ", "_"), one["current_price"]) for one in listed.phone_number_prices]
                currency = listed.price_unit.upper()
        except NotFound:
            return []
        return [CarrierPrice(country, kind, currency, Decimal(str(price))) for kind, price in prices if kind in _NUMBER_TYPES]

    def requirements(self, country: str, number_type: str) -> list[Requirement]:
        """What Twilio's regulations for the country want to see; empty where there is no regulation."""
        regulations = self._client.numbers.v2.regulatory_compliance.regulations
        with _read_or_unknown("GET"):
            kind = number_type.replace("_", "-")
            found = regulations.list(iso_country=country, number_type=kind, limit=MOST_NUMBERS, page_size=PAGE_SIZE)
            return [requirement for one in found for requirement in _requirements(one, country, number_type)]


def twilio_client(settings: Settings) -> "Client":
    """A client of Twilio's API as the settings want it; an API key is used in preference to the auth token.

    Raises SetupError where the account or its keys are not set.
    """
    account = settings.twilio_account_sid
    secret = settings.twilio_api_key_secret if settings.twilio_api_key_sid else settings.twilio_auth_token
    if not account or secret is None:
        raise SetupError(
            "Twilio's account and keys are not set.",
            hint="Set TWILIO_ACCOUNT_SID, and TWILIO_API_KEY_SID with TWILIO_API_KEY_SECRET or TWILIO_AUTH_TOKEN.",
        )
    from twilio.rest import Client

    from aira.adapters.twilio_http import TwilioTransport

    return Client(
        username=settings.twilio_api_key_sid or account,
        password=secret.get_secret_value(),
        account_sid=account,
        http_client=TwilioTransport(account=account, api_url=settings.twilio_api_url),
        environment={"TWILIO_EDGE": ""},  # in place of the process's own, which only aira.settings reads
    )


@contextmanager
def _read_or_unknown(method: str) -> Iterator[None]:
    """Turn an answer that does not have the form of Twilio's API into an error of ours."""
    from twilio.base.exceptions import TwilioException

    try:
        yield
    except (TwilioException, KeyError, TypeError, ValueError, ArithmeticError) as error:
        lost = OutcomeUnknown if method == "POST" else VendorError
        raise lost("Twilio's answer does not have the form its API promises.") from error


def _filters(wanted: NumberSearch) -> dict[str, object]:
    filters: dict[str, object | None] = {
        "area_code": wanted.area_code,
        "contains": wanted.contains,
        "in_locality": wanted.locality,
        "in_region": wanted.region,
        **{f"{capability}_enabled": True for capability in wanted.capabilities},
    }
    return {name: value for name, value in filters.items() if value is not None}


def _offer(record: Any, number_type: str) -> CarrierOffer:
    return CarrierOffer(
        phone_number=record.phone_number,
        country=record.iso_country,
        number_type=number_type,
        locality=record.locality,
        region=record.region,
        capabilities=_capabilities(record.capabilities),
        address_requirement=record.address_requirements or "none",
    )


def _number(record: Any) -> CarrierNumber:
    return CarrierNumber(
        sid=_present(record.sid),
        account_sid=_present(record.account_sid),
        phone_number=_present(record.phone_number),
        tag=record.friendly_name or "",
        webhooks=Webhooks(record.voice_url or "", record.voice_fallback_url or "", record.status_callback or "", record.sms_url or ""),
        capabilities=_capabilities(record.capabilities),
        overridden_by=record.voice_application_sid or record.trunk_sid or None,
    )


def _present(value: str | None) -> str:
    if not value:
        raise ValueError("a field that names the number is missing")
    return value


def _capabilities(listed: dict[str, bool] | None) -> dict[str, bool]:
    # Offers spell SMS and MMS in capitals, rented numbers do not.
    return {name.lower(): bool(able) for name, able in (listed or {}).items()}


def _addresses(webhooks: Webhooks) -> dict[str, str]:
    return {
        "voice_url": webhooks.voice_url,
        "voice_method": "POST",
        "voice_fallback_url": webhooks.voice_fallback_url,
        "voice_fallback_method": "POST",
        "status_callback": webhooks.status_callback_url,
        "status_callback_method": "POST",
        "sms_url": webhooks.sms_url,
        "sms_method": "POST",
    }


def _requirements(regulation: Any, country: str, number_type: str) -> Iterator[Requirement]:
    listed = regulation.requirements or {}
    documents = [one for choice in listed.get("supporting_document", []) for one in (choice if isinstance(choice, list) else [choice])]
    for one in [*listed.get("end_user", []), *documents]:
        accepted = [document["name"] for document in one.get("accepted_documents", [])]
        yield Requirement(
            country=country,
            number_type=number_type,
            end_user_type=regulation.end_user_type or "",
            name=one.get("name") or one.get("requirement_name") or "",
            fields=accepted or list(one.get("fields", [])),
        )
