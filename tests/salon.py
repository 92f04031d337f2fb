"""The business that calls ring in tests: a hair salon in New York with a number, services and a price list."""

from dataclasses import dataclass

from aira.core.app import Aira
from aira.core.businesses import add_business
from aira.core.numbers import assign_number
from aira.core.purchases import buy_number
from aira.core.services import add_service
from aira.model import Business
from rentals import funded_wallet

NUMBER = "+14155550123"
CALLER = "+14155550177"
OWNER_EMAIL = "desk@shear.example"
HOURS = "Mon-Fri 09:00-18:00; Sat 10:00-14:00"


@dataclass(frozen=True, slots=True)
class Salon:
    """The business and the number that leads to it."""

    business: Business
    number: str = NUMBER


def open_salon(aira: Aira, *, transfer_number: str | None = None) -> Salon:
    """Open the salon: services, hours, a number that is paid for."""
    funded_wallet(aira)
    business = add_business(
        aira,
        "Shear Delight",
        time_zone="America/New_York",
        hours=HOURS,
        email=OWNER_EMAIL,
        transfer_number=transfer_number,
        address="12 Main Street",
    )
    add_service(aira, "Haircut", business=business.id, minutes=30, also=["cut", "trim"])
    add_service(aira, "Colour treatment", business=business.id, minutes=90, also=["colour", "color", "dye"])
    buy_number(aira, NUMBER)
    assign_number(aira, NUMBER, business=business.id)
    return Salon(business)
