"""A carrier for a machine without one: rents out fictional numbers and keeps its records in the database.

It plays a vendor, so each of its acts is committed by itself, whatever the caller's transaction does. It behaves as
Twilio does, down to the magic numbers of Twilio's test credentials, and can be told to fail. All it offers is marked simulated.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeVar

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from aira.adapters.fictional_numbers import MAGIC_INVALID, MAGIC_UNAVAILABLE, fictional_offer, fictional_offers, is_offered
from aira.errors import (
    AccountRestricted,
    AiraError,
    CredentialsRefused,
    DatabaseError,
    InvalidInput,
    NotFound,
    NumberUnavailable,
    OutcomeUnknown,
    RequirementsMissing,
    SchemaOutdated,
    VendorError,
)
from aira.model import NumberSearch
from aira.ports import CarrierBalance, CarrierNumber, CarrierOffer, CarrierPrice, Requirement, Webhooks

Result = TypeVar("Result")
Connection = psycopg.Connection[DictRow]

KINDS: Final = ("drop_before", "drop_after", "error_after", "timeout", "slow", "rate_limited", "unauthorized", "suspended")
OPERATIONS: Final = ("any", "search", "find", "buy", "configure", "release", "account")
LONGEST_DELAY_MS: Final = 60_000
_READS: Final = frozenset({"search", "find", "account"})

_FIND_SQL = """
select * from simulated_carrier.numbers
 where phone_number = coalesce(%(phone_number)s, phone_number) and friendly_name = coalesce(%(tag)s, friendly_name) order by created_at, sid
"""
_BUY_SQL = """
insert into simulated_carrier.numbers
  (account_sid, phone_number, friendly_name, voice_url, voice_fallback_url, status_callback_url, sms_url, capabilities)
select sid, %(phone_number)s, %(tag)s, %(voice_url)s, %(voice_fallback_url)s, %(status_callback_url)s, %(sms_url)s, %(capabilities)s
  from simulated_carrier.accounts
on conflict (phone_number) do update set friendly_name = excluded.friendly_name, voice_url = excluded.voice_url,
  voice_fallback_url = excluded.voice_fallback_url, status_callback_url = excluded.status_callback_url, sms_url = excluded.sms_url
returning *
"""
_CONFIGURE_SQL = """
update simulated_carrier.numbers set friendly_name = coalesce(%(tag)s, friendly_name), voice_url = %(voice_url)s,
  voice_fallback_url = %(voice_fallback_url)s, status_callback_url = %(status_callback_url)s, sms_url = %(sms_url)s
 where sid = %(sid)s returning *
"""
_RELEASE_SQL = "delete from simulated_carrier.numbers where sid = %(sid)s"
_RENTED_SQL = "select phone_number from simulated_carrier.numbers"
_ACCOUNT_SQL = "select sid, balance, currency from simulated_carrier.accounts"
_NEXT_FAULT_SQL = """
update simulated_carrier.faults set remaining = remaining - 1
 where id = (select id from simulated_carrier.faults where operation in ('any', %(operation)s) and remaining > 0
              order by id limit 1 for update skip locked)
returning kind, delay_ms
"""
_REHEARSE_SQL = """
insert into simulated_carrier.faults (operation, kind, remaining, delay_ms) values (%(operation)s, %(kind)s, %(times)s, %(delay_ms)s)
"""


@dataclass(frozen=True, slots=True)
class _Fault:
    kind: str
    delay_ms: int

    def before(self) -> AiraError | None:
        """What goes wrong before anything is done."""
        match self.kind:
            case "drop_before":
                return OutcomeUnknown("The simulated carrier hung up; the outcome is not known yet.")
            case "rate_limited":
                return VendorError("The simulated carrier asks us to slow down; nothing was done.", code="rate_limited")
            case "unauthorized":
                return CredentialsRefused(
                    "The simulated carrier refused the credentials.", hint="Repeat the command: this was a rehearsal."
                )
            case "suspended":
                return AccountRestricted("The simulated account is suspended.", code="account_suspended", hint="This was a rehearsal.")
            case _:
                return None

    def after(self) -> AiraError | None:
        """What goes wrong with the answer, once everything is done."""
        lost = {"drop_after": "hung up", "error_after": "answered HTTP 500", "timeout": "did not answer in time"}.get(self.kind)
        return OutcomeUnknown(f"The simulated carrier {lost}; the outcome is not known yet.") if lost else None


class SimulatedCarrier:
    """Rents fictional numbers out of the database at `url`, over connections of its own."""

    provider = "simulated"
    public_webhooks = False

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def account(self) -> "SimulatedAccount":
        """The account that all numbers of this database are rented to."""
        return SimulatedAccount(self._call, self._call("account", lambda connection: str(_row(connection, _ACCOUNT_SQL)["sid"])))

    def search(self, wanted: NumberSearch) -> list[CarrierOffer]:
        """Fictional numbers that nobody rents, at most `wanted.limit`."""
        if not is_offered(wanted.country, wanted.number_type):
            raise InvalidInput(
                f"The simulated carrier has no {wanted.number_type.replace('_', '-')} numbers in {wanted.country}.",
                hint="Search US, CA, GB or DE.",
            )

        def offers(connection: Connection) -> list[CarrierOffer]:
            rented = {row["phone_number"] for row in connection.execute(_RENTED_SQL)}
            free = (offer for offer in fictional_offers(wanted) if offer.phone_number not in rented)
            return list(itertools.islice(free, wanted.limit))

        return self._call("search", offers)

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """Numbers the account rents, all of them or those with this exact number or tag."""
        wanted = {"phone_number": phone_number, "tag": tag}
        return self._call("find", lambda connection: [_number(row) for row in connection.execute(_FIND_SQL, wanted)])

    def buy(
        self, phone_number: str, *, tag: str, webhooks: Webhooks, address_sid: str | None = None, bundle_sid: str | None = None
    ) -> CarrierNumber:
        """Rent exactly this number; one that the account rents already gets this tag and these webhooks, as with Twilio."""
        offer = fictional_offer(phone_number)

        def bought(connection: Connection) -> CarrierNumber:
            if phone_number == MAGIC_UNAVAILABLE:
                raise NumberUnavailable("Somebody else has taken this number. Nothing was charged.")
            if phone_number == MAGIC_INVALID or offer is None:
                raise InvalidInput(
                    "The simulated carrier rents out fictional numbers only, such as +14155550123.",
                    hint="Run `aira numbers search` for numbers that it has.",
                )
            if offer.address_requirement != "none" and not (address_sid or bundle_sid):
                raise RequirementsMissing(code="address_required")
            row = {"phone_number": phone_number, "tag": tag, "capabilities": Jsonb(offer.capabilities), **_addresses(webhooks)}
            return _number(_row(connection, _BUY_SQL, row))

        return self._call("buy", bought)

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Set the webhooks, and the tag where given, of a number the account rents."""
        wanted = {"sid": sid, "tag": tag, **_addresses(webhooks)}
        return self._call("configure", lambda connection: _number(_row(connection, _CONFIGURE_SQL, wanted)))

    def release(self, sid: str) -> None:
        """Give a number back for good. A number that is gone already counts as released."""
        self._call("release", lambda connection: connection.execute(_RELEASE_SQL, {"sid": sid}).rowcount)

    def rehearse(self, kind: str, *, operation: str = "any", times: int = 1, delay_ms: int = 0) -> None:
        """Let the next `times` acts of an operation go wrong; `timeout` does not wait, `delay_ms` does, with any kind.

        Raises InvalidInput where `kind` is not of `KINDS`, `operation` not of `OPERATIONS`, or a number too small or large.
        """
        if kind not in KINDS:
            raise InvalidInput("The simulated carrier cannot fail like this.", hint=f"Give one of {', '.join(KINDS)}.")
        if operation not in OPERATIONS:
            raise InvalidInput("The simulated carrier does nothing of this name.", hint=f"Give one of {', '.join(OPERATIONS)}.")
        if times < 1 or not 0 <= delay_ms <= LONGEST_DELAY_MS:
            raise InvalidInput("A rehearsal takes place at least once, and delays at most a minute.")
        fault = {"operation": operation, "kind": kind, "times": times, "delay_ms": delay_ms}
        with self._connection() as connection:
            connection.execute(_REHEARSE_SQL, fault)

    def _call(self, operation: str, act: Callable[[Connection], Result]) -> Result:
        with self._connection() as connection:
            row = connection.execute(_NEXT_FAULT_SQL, {"operation": operation}).fetchone()
            connection.commit()
            fault = _Fault(**row) if row else _Fault("none", 0)
            time.sleep(fault.delay_ms / 1000)
            _raise(fault.before(), operation)
            result = act(connection)
            connection.commit()
            _raise(fault.after(), operation)
            return result

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with psycopg.connect(self._url, row_factory=dict_row, prepare_threshold=None, connect_timeout=10) as connection:
                yield connection
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise SchemaOutdated from error
        except psycopg.OperationalError as error:
            raise DatabaseError("The simulated carrier's records cannot be reached.") from error


class SimulatedAccount:
    """The account with the simulated carrier."""

    def __init__(self, call: "Callable[[str, Callable[[Connection], Any]], Any]", sid: str) -> None:
        self._call = call
        self.sid = sid

    def balance(self) -> CarrierBalance:
        """The money in the account."""
        row = self._call("account", lambda connection: _row(connection, _ACCOUNT_SQL))
        return CarrierBalance(row["balance"], row["currency"], simulated=True)

    def prices(self, country: str) -> list[CarrierPrice]:
        """What the carrier takes a month for each kind of number of a country; empty where it has none."""
        kinds = {"local": Decimal("1.15"), "toll_free": Decimal("2.15")}
        return [CarrierPrice(country, kind, "USD", price) for kind, price in kinds.items() if is_offered(country, kind)]

    def requirements(self, country: str, number_type: str) -> list[Requirement]:
        """What has to be shown before a number of this kind can be rented; empty where nothing is."""
        offer = next(fictional_offers(NumberSearch(country=country, number_type=number_type)), None)
        if offer is None or offer.address_requirement == "none":
            return []
        return [Requirement(country, number_type, "business", "Address in the country of the number", ["street", "city", "postal_code"])]


def _raise(error: AiraError | None, operation: str) -> None:
    if isinstance(error, OutcomeUnknown) and operation in _READS:
        raise VendorError(error.message.replace("the outcome is not known yet", "nothing was changed"), code="vendor_unreachable")
    if error is not None:
        raise error


def _row(connection: Connection, statement: str, parameters: dict[str, Any] | None = None) -> DictRow:
    row = connection.execute(statement, parameters).fetchone()
    if row is None:
        raise NotFound("The simulated carrier has no such record.")
    return row


def _number(row: DictRow) -> CarrierNumber:
    return CarrierNumber(
        sid=row["sid"],
        account_sid=row["account_sid"],
        phone_number=row["phone_number"],
        tag=row["friendly_name"],
        webhooks=Webhooks(row["voice_url"], row["voice_fallback_url"], row["status_callback_url"], row["sms_url"]),
        capabilities=row["capabilities"],
        overridden_by=row["voice_application_sid"],
    )


def _addresses(webhooks: Webhooks) -> dict[str, str]:
    return {
        "voice_url": webhooks.voice_url,
        "voice_fallback_url": webhooks.voice_fallback_url,
        "status_callback_url": webhooks.status_callback_url,
        "sms_url": webhooks.sms_url,
    }
