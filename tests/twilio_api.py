"""What Twilio's published REST API says, as far as AiRa uses it: requests in, status and body out; all in memory.

It checks the names of parameters, answers Twilio's magic numbers, and keeps every request for tests to look at.
"""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

ACCOUNT_SID = "AC" + "5e" * 16
AUTH_TOKEN = "twilio-server-token"
API_KEY_SID = "SK" + "1d" * 16
API_KEY_SECRET = "twilio-server-key-secret"

Answer = tuple[int, dict[str, Any] | None]

_NUMBER_FIELDS = {
    "FriendlyName": "friendly_name",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
    "StatusCallback": "status_callback",
    "StatusCallbackMethod": "status_callback_method",
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "VoiceApplicationSid": "voice_application_sid",
    "TrunkSid": "trunk_sid",
    "AddressSid": "address_sid",
    "BundleSid": "bundle_sid",
}
_SEARCH_FIELDS = {
    "AreaCode", "Contains", "SmsEnabled", "MmsEnabled", "VoiceEnabled", "InLocality", "InRegion", "PageSize", "Page", "PageToken"
}  # fmt: skip
_MESSAGE_ERRORS = {
    "+15005550001": 21211, "+15005550002": 21612, "+15005550003": 21408, "+15005550004": 21610, "+15005550009": 21614
}  # fmt: skip
_PLACES = {"415": ("San Francisco", "CA"), "510": ("Oakland", "CA"), "212": ("New York", "NY")}
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")


@dataclass
class Account:
    """What Twilio knows of the account."""

    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    balance: str = "42.5000"
    recordings: dict[str, bytes] = field(default_factory=dict)
    """By the path of the WAV file."""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def by_number(self, phone_number: str) -> dict[str, Any] | None:
        return next((one for one in self.numbers.values() if one["phone_number"] == phone_number), None)


def answer(account: Account, method: str, path: str, fields: dict[str, str]) -> Answer:
    """The answer to an authenticated request."""
    account.requests.append((method, path, fields))
    if not 1 <= int(fields.get("PageSize", 50)) <= 1000:
        return error(400, 20001, "PageSize must be between 1 and 1000")
    for pattern, wanted, act in _ROUTES:
        if wanted == method and (match := re.fullmatch(pattern, path)):
            result: Answer = act(account, fields, *match.groups())
            return result
    return error(404, 20404, f"The requested resource {path} was not found")


def error(status: int, code: int | None, message: str) -> Answer:
    """An error body of Twilio's."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


def _search(account: Account, fields: dict[str, str], country: str, kind: str) -> Answer:
    if unknown := set(fields) - _SEARCH_FIELDS:
        return error(400, 20001, f"Unknown parameter {min(unknown)}")
    if country not in {"US", "GB"} or kind not in {"Local", "TollFree"}:
        return error(404, 20404, "The requested resource was not found")
    if len(fields.get("Contains", "any")) < 2:
        return error(400, 21450, "Contains needs at least two characters")
    found = [one for one in _pool(country, kind) if account.by_number(one["phone_number"]) is None and _fits(one, fields)]
    return 200, {"available_phone_numbers": found[: int(fields.get("PageSize", 30))], "uri": "/2010-04-01/search.json"}


def _pool(country: str, kind: str) -> Iterator[dict[str, Any]]:
    areas = {"Local": list(_PLACES) if country == "US" else ["207946"], "TollFree": ["800", "888"]}[kind]
    for index in range(100):
        for area in areas:
            locality, region = _PLACES.get(area, ("London" if country == "GB" else None, None))
            number = f"+1{area}55501{index:02}" if country == "US" else f"+44{area}00{index:02}"
            yield {
                "friendly_name": number,
                "phone_number": number,
                "locality": locality,
                "region": region,
                "iso_country": country,
                "address_requirements": "local" if country == "GB" else "none",
                "beta": False,
                "capabilities": {"voice": True, "SMS": country == "US", "MMS": country == "US" and kind == "Local"},
            }


def _fits(one: dict[str, Any], fields: dict[str, str]) -> bool:
    pattern = fields.get("Contains", "").lower().translate(_KEYPAD).replace("*", ".")
    wanted = [name for name, key in (("voice", "VoiceEnabled"), ("SMS", "SmsEnabled"), ("MMS", "MmsEnabled")) if fields.get(key) == "true"]
    return (
        one["phone_number"].startswith("+1" + fields.get("AreaCode", "") if "AreaCode" in fields else "+")
        and re.search(pattern, one["phone_number"][1:]) is not None
        and all(one["capabilities"][name] for name in wanted)
        and fields.get("InLocality", one["locality"]) == one["locality"]
        and fields.get("InRegion", one["region"]) == one["region"]
    )


def _list_numbers(account: Account, fields: dict[str, str]) -> Answer:
    found = [
        one
        for one in account.numbers.values()
        if fields.get("PhoneNumber", "").lstrip("+") in one["phone_number"]
        and fields.get("FriendlyName", one["friendly_name"]) == one["friendly_name"]
    ]
    size, page = int(fields.get("PageSize", 50)), int(fields.get("Page", 0))
    more = {**fields, "Page": str(page + 1)}
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json"
    return 200, {
        "incoming_phone_numbers": found[page * size : (page + 1) * size],
        "page": page,
        "page_size": size,
        "uri": path,
        "next_page_uri": f"{path}?{urlencode(more)}" if len(found) > (page + 1) * size else None,
    }


def _create_number(account: Account, fields: dict[str, str]) -> Answer:
    number = fields.get("PhoneNumber", "")
    known = {**_NUMBER_FIELDS, "PhoneNumber": "phone_number"}
    if unknown := set(fields) - set(known):
        return error(400, 20001, f"Unknown parameter {min(unknown)}")
    if number == "+15005550001" or not re.fullmatch(r"\+[1-9]\d{6,14}", number):
        return error(400, 21421, "PhoneNumber is invalid")
    pool = [*_pool("US", "Local"), *_pool("US", "TollFree"), *_pool("GB", "Local"), {"phone_number": "+15005550006"}]
    owned = account.by_number(number)
    if owned is None and number not in {one["phone_number"] for one in pool}:
        return error(400, 21422, f"{number} is not available")
    if number.startswith("+44") and not (fields.get("AddressSid") or fields.get("BundleSid")):
        return error(400, 21631, "Phone number requires a local address")
    sid = owned["sid"] if owned else "PN" + secrets.token_hex(16)
    now = formatdate(time.time(), usegmt=False)
    record: dict[str, Any] = owned or dict.fromkeys(_NUMBER_FIELDS.values()) | {
        "sid": sid,
        "account_sid": ACCOUNT_SID,
        "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
        "date_created": now,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers/{sid}.json",
    }
    record |= {known[name]: value for name, value in fields.items()} | {"date_updated": now, "status": "in-use"}
    account.numbers[sid] = record
    return 201, record


def _update_number(account: Account, fields: dict[str, str], sid: str) -> Answer:
    if sid not in account.numbers:
        return error(404, 20404, "The requested resource was not found")
    if unknown := set(fields) - set(_NUMBER_FIELDS):
        return error(400, 20001, f"Unknown parameter {min(unknown)}")
    account.numbers[sid] |= {_NUMBER_FIELDS[name]: value for name, value in fields.items()}
    return 200, account.numbers[sid]


def _delete_number(account: Account, _: dict[str, str], sid: str) -> Answer:
    if account.numbers.pop(sid, None) is None:
        return error(404, 20404, "The requested resource was not found")
    return 204, None


def _create_message(account: Account, fields: dict[str, str]) -> Answer:
    if code := _MESSAGE_ERRORS.get(fields["To"]):
        return error(400, code, "The message cannot be sent")
    if "MessagingServiceSid" not in fields and account.by_number(fields.get("From", "")) is None:
        return error(400, 21606, "The From phone number is not a valid, message-capable number")
    message = {"sid": "SM" + secrets.token_hex(16), "to": fields["To"], "body": fields["Body"], "status": "queued", "error_code": None}
    account.messages.append(message | {"from": fields.get("From"), "date_created": formatdate(time.time())})
    return 201, account.messages[-1]


def _list_messages(account: Account, fields: dict[str, str]) -> Answer:
    found = [one for one in reversed(account.messages) if fields.get("To", one["to"]) == one["to"]]
    size, page = int(fields.get("PageSize", 50)), int(fields.get("Page", 0))
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    more = f"{path}?{urlencode({**fields, 'Page': str(page + 1)})}" if len(found) > (page + 1) * size else None
    return 200, {"messages": found[page * size : (page + 1) * size], "page": page, "page_size": size, "uri": path, "next_page_uri": more}


def _prices(_: Account, __: dict[str, str], country: str) -> Answer:
    if country not in {"US", "GB"}:
        return error(404, 20404, "The requested resource was not found")
    listed = [("local", "1.15"), ("toll free", "2.15")] if country == "US" else [("local", "1.15"), ("mobile", "1.15")]
    prices = [{"number_type": kind, "base_price": price, "current_price": price} for kind, price in listed]
    return 200, {"country": country, "iso_country": country, "phone_number_prices": prices, "price_unit": "USD"}


def _regulations(_: Account, fields: dict[str, str]) -> Answer:
    address = {"name": "Proof of address", "accepted_documents": [{"name": "Utility bill"}, {"name": "Trade licence"}]}
    regulation = {
        "sid": "RN" + "0" * 32,
        "iso_country": "GB",
        "number_type": "local",
        "end_user_type": "business",
        "requirements": {
            "end_user": [{"name": "Business", "fields": ["business_name", "business_registration_number"]}],
            "supporting_document": [[address]],
        },
    }
    found = [regulation] if (fields.get("IsoCountry"), fields.get("NumberType")) == ("GB", "local") else []
    return 200, {"results": found, "meta": {"key": "results", "page": 0, "page_size": 50, "next_page_url": None}}


_ROOT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
_ROUTES: list[tuple[str, str, Any]] = [
    (rf"{_ROOT}/AvailablePhoneNumbers/([A-Z]{{2}})/(\w+)\.json", "GET", _search),
    (rf"{_ROOT}/IncomingPhoneNumbers\.json", "GET", _list_numbers),
    (rf"{_ROOT}/IncomingPhoneNumbers\.json", "POST", _create_number),
    (rf"{_ROOT}/IncomingPhoneNumbers/(PN\w+)\.json", "POST", _update_number),
    (rf"{_ROOT}/IncomingPhoneNumbers/(PN\w+)\.json", "DELETE", _delete_number),
    (rf"{_ROOT}/Messages\.json", "POST", _create_message),
    (rf"{_ROOT}/Messages\.json", "GET", _list_messages),
    (
        rf"{_ROOT}/Balance\.json",
        "GET",
        lambda account, _: (200, {"account_sid": ACCOUNT_SID, "balance": account.balance, "currency": "USD"}),
    ),
    (r"/v1/PhoneNumbers/Countries/([A-Z]{2})", "GET", _prices),
    (r"/v2/RegulatoryCompliance/Regulations", "GET", _regulations),
]
