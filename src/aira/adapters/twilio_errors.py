"""Twilio's error codes as errors of AiRa, each with what to do about it.

The codes are those of Twilio's error dictionary that a renter of numbers and sender of texts meets. Twilio's own texts
quote telephone numbers and are not passed on.
"""

import json
from dataclasses import dataclass

from aira.errors import (
    AccountRestricted,
    AiraError,
    CredentialsRefused,
    InvalidInput,
    NotFound,
    NumberUnavailable,
    OutcomeUnknown,
    Refused,
    RequirementsMissing,
    TextRefused,
    VendorError,
)

_TIMED_OUT = 408
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class _Meaning:
    error: type[AiraError]
    message: str
    code: str | None = None
    hint: str | None = None


_CREDENTIALS = _Meaning(
    CredentialsRefused,
    "Twilio refused the credentials of account {account}.",
    hint="Correct TWILIO_ACCOUNT_SID with TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET, or TWILIO_AUTH_TOKEN; "
    "`aira doctor` shows where each was read.",
)
_TEST_CREDENTIALS = _Meaning(
    CredentialsRefused,
    "Twilio's test credentials of account {account} cannot do this.",
    hint="Set the live credentials from Twilio's Console; without an account, AIRA_CARRIER=simulated needs none.",
)
_SUSPENDED = _Meaning(
    AccountRestricted,
    "Twilio has suspended account {account}; calls of all its numbers are down.",
    code="account_suspended",
    hint="Top the account up in Twilio's Console, then repeat the command.",
)
_TRIAL = _Meaning(
    AccountRestricted,
    "Twilio account {account} is a trial account, which rents one number and calls verified ones only.",
    code="trial_account",
    hint="Upgrade the account in Twilio's Console, or release the number it has.",
)
_RESTRICTED = _Meaning(
    AccountRestricted,
    "Twilio does not let account {account} rent numbers.",
    code="account_restricted",
    hint="Ask Twilio's support to lift the restriction.",
)
_NOT_A_NUMBER = _Meaning(InvalidInput, "Twilio knows no such telephone number.", hint="Run `aira numbers search` for numbers that exist.")
_NO_SUCH_AREA = _Meaning(
    InvalidInput, "Twilio knows no such area code.", hint="Give three digits, or search with --contains or --locality instead."
)
_EMPTY_AREA = _Meaning(
    NumberUnavailable,
    "Twilio has no number left in this area code.",
    hint="Run `aira numbers search` with another area code of the region.",
)
_ADDRESS = _Meaning(
    RequirementsMissing,
    "This number can only be rented with an address that Twilio accepts for its country. Nothing was charged.",
    code="address_required",
    hint="Run `aira numbers requirements COUNTRY TYPE`, add the address in Twilio's Console, then buy with --address AD….",
)
_BUNDLE = _Meaning(
    RequirementsMissing,
    "This number can only be rented with an approved regulatory bundle. Nothing was charged.",
    code="bundle_required",
    hint="Run `aira numbers requirements COUNTRY TYPE`, have the bundle approved in Twilio's Console, then buy with --bundle BU….",
)
_UNREACHABLE = _Meaning(TextRefused, "This recipient cannot receive text messages.", code="recipient_unreachable", hint="Write by e-mail.")
_NOT_REGISTERED = _Meaning(
    TextRefused,
    "The sending number is not registered for text messages with the operators of its country.",
    code="sender_not_registered",
    hint="Register the number in Twilio's Console (A2P 10DLC, or toll-free verification).",
)
_REGION = _Meaning(
    TextRefused,
    "The account may not text this country.",
    code="region_not_allowed",
    hint="Allow the country under Messaging geographic permissions in Twilio's Console.",
)
_TEXT_LATER = _Meaning(VendorError, "Twilio's queue for this sender is full.", code="rate_limited")
_TOO_OFTEN = _Meaning(
    VendorError, "Twilio asks us to slow down; nothing was done.", code="rate_limited", hint="Repeat the command in a minute."
)

_MEANINGS: dict[int, _Meaning] = {
    20003: _CREDENTIALS,
    20008: _TEST_CREDENTIALS,
    20005: _SUSPENDED,
    10001: _SUSPENDED,
    21472: _SUSPENDED,
    21404: _TRIAL,
    10002: _TRIAL,
    22300: _RESTRICTED,
    21421: _NOT_A_NUMBER,
    21422: _Meaning(NumberUnavailable, "Somebody else has taken this number. Nothing was charged."),
    21451: _NO_SUCH_AREA,
    21452: _EMPTY_AREA,
    21613: _ADDRESS,
    21615: _ADDRESS,
    21628: _ADDRESS,
    21631: _ADDRESS,
    21649: _BUNDLE,
    21650: _BUNDLE,
    21651: _BUNDLE,
    20404: _Meaning(NotFound, "Twilio has no such record."),
    20429: _TOO_OFTEN,
    21211: _Meaning(TextRefused, "The recipient's number does not exist.", code="recipient_invalid"),
    21408: _REGION,
    21612: _REGION,
    21606: _Meaning(TextRefused, "The sending number is not one of this account that can text.", code="sender_invalid"),
    21610: _Meaning(TextRefused, "The recipient has opted out of text messages.", code="recipient_opted_out"),
    21614: _UNREACHABLE,
    30003: _UNREACHABLE,
    30005: _UNREACHABLE,
    30006: _UNREACHABLE,
    30032: _NOT_REGISTERED,
    30034: _NOT_REGISTERED,
    21611: _TEXT_LATER,
    30001: _TEXT_LATER,
    30022: _TEXT_LATER,
    30023: _TEXT_LATER,
}
_BY_STATUS = {401: _CREDENTIALS, 403: _RESTRICTED, 404: _MEANINGS[20404], _TOO_MANY: _TOO_OFTEN}


def refusal(method: str, status: int, body: str, *, account: str) -> AiraError:
    """The error that an answer of Twilio stands for; also for an answer of 2xx that cannot be read."""
    if status < 400 or status >= 500 or status == _TIMED_OUT:
        return unanswered(method, sent=True, reason=f"HTTP {status}")
    code = _code(body)
    meaning = _MEANINGS.get(code) or _BY_STATUS.get(status)
    if meaning is None:
        return Refused(
            f"Twilio refused the request (error {code or status}); nothing was changed.",
            code="vendor_refused",
            hint=f"https://www.twilio.com/docs/errors/{code} says why." if code else None,
            vendor_code=code,
        )
    return meaning.error(meaning.message.format(account=_masked(account)), hint=meaning.hint, code=meaning.code, vendor_code=code)


def reported_reason(code: str) -> str:
    """The reason that the error code of a delivery report stands for; the code itself where we have no word for it."""
    meaning = _MEANINGS.get(int(code)) if code.isascii() and code.isdigit() else None
    return (meaning.code if meaning is not None else None) or code


def unanswered(method: str, *, sent: bool, reason: str) -> AiraError:
    """The error of a request that got no usable answer: unknown where the request may have changed something."""
    if sent and method != "GET":
        return OutcomeUnknown(f"Twilio's answer was lost ({reason}); the outcome is not known yet.", reason=reason)
    return VendorError(f"Twilio could not be reached ({reason}); nothing was changed.", code="vendor_unreachable")


def _code(body: str) -> int:
    try:
        code = json.loads(body)["code"]
    except (ValueError, KeyError, TypeError):
        return 0
    return code if isinstance(code, int) else 0


def _masked(account: str) -> str:
    return f"{account[:2]}…{account[-4:]}" if len(account) > 8 else "…"
