"""Telephone numbers as people type them."""

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from aira.errors import InvalidInput


def parse_phone_number(text: str, *, region: str | None = None) -> str:
    """A telephone number in E.164; `region` is the country (`US`) that a number without country code belongs to.

    Raises InvalidInput for what cannot be a number.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise _not_a_number() from None
    if not phonenumbers.is_possible_number(number):
        raise _not_a_number()
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def format_phone_number(phone_number: str) -> str:
    """An E.164 number as it is read and dialled abroad: +1 415-555-0123."""
    return phonenumbers.format_number(phonenumbers.parse(phone_number), PhoneNumberFormat.INTERNATIONAL)


def _not_a_number() -> InvalidInput:
    return InvalidInput("That is not a telephone number.", hint="Write it with its country code, such as +14155550123.")


def number_kind(phone_number: str) -> tuple[str, str]:
    """Country (two letters) and type (local, toll_free, mobile, national) of an E.164 number, as its country's numbering plan has it.

    A national number belongs to no place: plans call it universal access, or a number for calls over the internet.

    Raises InvalidInput for a number that belongs to no country.
    """
    number = phonenumbers.parse(phone_number)
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(number.country_code or 0)
    if len(country) != 2 or country == "ZZ":
        raise InvalidInput("This number belongs to no country.", hint="Run `aira numbers search` for numbers that can be rented.")
    kinds = {
        PhoneNumberType.TOLL_FREE: "toll_free",
        PhoneNumberType.MOBILE: "mobile",
        PhoneNumberType.UAN: "national",
        PhoneNumberType.VOIP: "national",
    }
    return country, kinds.get(phonenumbers.number_type(number), "local")


def neighbouring_area_codes(area_code: str) -> list[str]:
    """The other area codes of the state or province that one of North America belongs to; empty where it belongs to none."""
    from phonenumbers import PhoneNumber, geocoder  # noqa: PLC0415 - its tables take a third of a second to load

    def region(code: int) -> str:
        # No exchange is named 000, so that only the area code is looked at and not the city.
        return str(geocoder.description_for_valid_number(PhoneNumber(country_code=1, national_number=code * 10_000_000), "en"))

    wanted = region(int(area_code))
    return [str(code) for code in range(201, 990) if wanted and str(code) != area_code and region(code) == wanted]
