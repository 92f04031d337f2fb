"""Telephone numbers that belong to nobody: the ranges that numbering authorities keep free for fiction.

North America: 555-0100 to 555-0199 in each area code. United Kingdom: Ofcom's numbers for drama. Germany: the
Bundesnetzagentur's numbers for media productions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aira.model import NumberSearch
from aira.ports import CarrierOffer

MAGIC_UNAVAILABLE = "+15005550000"
MAGIC_INVALID = "+15005550001"
MAGIC_GOOD = "+15005550006"
"""The numbers by which Twilio's test credentials answer: somebody has it, no such number, bought."""

_EMPTY_AREA_CODES = frozenset({"533"})
_NORTH_AMERICA = re.compile(r"\+1([2-9](?!11)\d\d)55501\d\d")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers `prefix` + `digits` more digits, in one place."""

    country: str
    number_type: str
    prefix: str
    digits: int
    locality: str | None = None
    region: str | None = None
    texts: bool = False
    address_requirement: str = "none"

    def numbers(self) -> Iterator[str]:
        return (f"{self.prefix}{index:0{self.digits}}" for index in range(10**self.digits))

    def offer(self, phone_number: str) -> CarrierOffer:
        return CarrierOffer(
            phone_number=phone_number,
            country=self.country,
            number_type=self.number_type,
            locality=self.locality,
            region=self.region,
            capabilities={"voice": True, "sms": self.texts, "mms": self.texts and self.number_type == "local"},
            address_requirement=self.address_requirement,
            simulated=True,
        )


_US_AREAS = {
    "415": ("San Francisco", "CA"),
    "212": ("New York", "NY"),
    "206": ("Seattle", "WA"),
    "213": ("Los Angeles", "CA"),
    "303": ("Denver", "CO"),
    "305": ("Miami", "FL"),
    "312": ("Chicago", "IL"),
    "404": ("Atlanta", "GA"),
    "503": ("Portland", "OR"),
    "510": ("Oakland", "CA"),
    "512": ("Austin", "TX"),
    "602": ("Phoenix", "AZ"),
    "617": ("Boston", "MA"),
    "702": ("Las Vegas", "NV"),
    "713": ("Houston", "TX"),
    "808": ("Honolulu", "HI"),
}
_CA_AREAS = {"604": ("Vancouver", "BC"), "403": ("Calgary", "AB"), "416": ("Toronto", "ON"), "514": ("Montreal", "QC")}
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
_GB_PLACES = {"207946": "London", "121496": "Birmingham", "131496": "Edinburgh", "161496": "Manchester"}
_DE_PLACES = {"3023125": "Berlin", "4066969": "Hamburg", "6990009": "Frankfurt", "8999998": "Munich", "2214710": "Cologne"}

_RANGES = (
    *(_Range("US", "local", f"+1{code}55501", 2, *place, texts=True) for code, place in _US_AREAS.items()),
    *(_Range("CA", "local", f"+1{code}55501", 2, *place, texts=True) for code, place in _CA_AREAS.items()),
    *(_Range(country, "toll_free", f"+1{code}55501", 2, texts=True) for country in ("US", "CA") for code in _TOLL_FREE),
    *(_Range("GB", "local", f"+44{prefix}0", 3, place, address_requirement="any") for prefix, place in _GB_PLACES.items()),
    _Range("GB", "toll_free", "+448081570", 3),
    *(_Range("DE", "local", f"+49{prefix}", 3, place, address_requirement="local") for prefix, place in _DE_PLACES.items()),
)


def fictional_offers(wanted: NumberSearch) -> Iterator[CarrierOffer]:
    """Every fictional number that fits, ignoring `wanted.limit`: the first of each place, then the second of each, …."""
    pattern = _pattern(wanted.contains)
    fitting = [one for one in _ranges_for(wanted) if _fits(one, wanted)]
    for numbers in zip(*(one.numbers() for one in fitting), strict=False):
        for place, number in zip(fitting, numbers, strict=True):
            if pattern.search(number[1:]):
                yield place.offer(number)


def is_offered(country: str, number_type: str) -> bool:
    """Whether there are fictional numbers of this kind."""
    return any((one.country, one.number_type) == (country, number_type) for one in _RANGES)


def fictional_offer(phone_number: str) -> CarrierOffer | None:
    """What is known of one fictional number, None where it is not one."""
    if phone_number == MAGIC_GOOD:
        return _Range("US", "local", MAGIC_GOOD, 0, texts=True).offer(phone_number)
    known = next(
        (one for one in _RANGES if phone_number.startswith(one.prefix) and len(phone_number) == len(one.prefix) + one.digits), None
    )
    match = _NORTH_AMERICA.fullmatch(phone_number)
    if known is None and match:
        known = _north_american(match[1])
    return known.offer(phone_number) if known else None


def _ranges_for(wanted: NumberSearch) -> list[_Range]:
    ranges = [one for one in _RANGES if (one.country, one.number_type) == (wanted.country, wanted.number_type)]
    if wanted.area_code is None:
        return ranges
    prefix = f"+1{wanted.area_code}"
    there = [one for one in ranges if one.prefix.startswith(prefix)]
    if there or (wanted.country, wanted.number_type) != ("US", "local") or not _NORTH_AMERICA.fullmatch(f"{prefix}5550100"):
        return there
    return [] if wanted.area_code in {*_EMPTY_AREA_CODES, *_TOLL_FREE, *_CA_AREAS} else [_north_american(wanted.area_code)]


def _north_american(area_code: str) -> _Range:
    return _Range("US", "local", f"+1{area_code}55501", 2, texts=True)


def _fits(one: _Range, wanted: NumberSearch) -> bool:
    able = one.offer(one.prefix).capabilities
    place = (one.locality or "").casefold(), (one.region or "").casefold()
    return (
        all(able.get(capability, False) for capability in wanted.capabilities)
        and (wanted.locality or place[0]).casefold() == place[0]
        and (wanted.region or place[1]).casefold() == place[1]
    )


def _pattern(contains: str | None) -> re.Pattern[str]:
    digits = (contains or "").lower().translate(_KEYPAD).lstrip("+")
    return re.compile("".join(r"\d" if one == "*" else re.escape(one) for one in digits))
