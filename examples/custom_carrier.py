"""A carrier of your own: numbers that you hold already, rented out to your businesses.

    AIRA_HOME=/tmp/aira-example python examples/custom_carrier.py

A role of `aira.ports` is matched by structure: a class with these attributes is a carrier, without inheriting anything.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from aira.core import add_owner, buy_number, open_aira, search_numbers, sync_prices, top_up
from aira.errors import NotFound, NumberUnavailable
from aira.model import NumberSearch
from aira.ports import CarrierBalance, CarrierNumber, CarrierOffer, CarrierPrice, Requirement, Webhooks

BLOCK = tuple(f"+1415555010{digit}" for digit in range(10))


@dataclass
class OwnAccount:
    """Nobody bills us for our own numbers; what they cost our customers starts from one dollar."""

    sid: str = "own"

    def balance(self) -> CarrierBalance:
        """There is nothing to run out of."""
        return CarrierBalance(Decimal(0), "USD")

    def prices(self, country: str) -> list[CarrierPrice]:
        """One price for all."""
        return [CarrierPrice(country=country, number_type="local", monthly_cost=Decimal(1), currency="USD")]

    def requirements(self, country: str, number_type: str) -> list[Requirement]:
        """Nothing has to be shown."""
        return []


@dataclass
class OwnNumbers:
    """Rents out a block of numbers; a real one would keep its records where they outlive the process."""

    provider: str = "own"
    public_webhooks: bool = False
    account: OwnAccount = field(default_factory=OwnAccount)
    rented: dict[str, CarrierNumber] = field(default_factory=dict)

    def search(self, wanted: NumberSearch) -> list[CarrierOffer]:
        """What is left of the block."""
        free = [number for number in BLOCK if number not in self.rented]
        return [
            CarrierOffer(phone_number=number, country="US", number_type="local", locality=None, region=None, capabilities={"voice": True})
            for number in free[: wanted.limit]
        ]

    def find(self, *, phone_number: str | None = None, tag: str | None = None) -> list[CarrierNumber]:
        """Rented numbers, all or those with this number or tag."""
        return [one for one in self.rented.values() if phone_number in {None, one.phone_number} and tag in {None, one.tag}]

    def buy(
        self, phone_number: str, *, tag: str, webhooks: Webhooks, address_sid: str | None = None, bundle_sid: str | None = None
    ) -> CarrierNumber:
        """Rent one number."""
        if phone_number not in BLOCK:
            raise NumberUnavailable
        self.rented[phone_number] = CarrierNumber(f"own-{phone_number[-3:]}", "own", phone_number, tag, webhooks, {"voice": True})
        return self.rented[phone_number]

    def configure(self, sid: str, *, webhooks: Webhooks, tag: str | None = None) -> CarrierNumber:
        """Point a number's calls elsewhere."""
        for number, one in self.rented.items():
            if one.sid == sid:
                self.rented[number] = replace(one, webhooks=webhooks, tag=tag or one.tag)
                return self.rented[number]
        raise NotFound("No such number is rented.")

    def release(self, sid: str) -> None:
        """Take a number back."""
        self.rented = {number: one for number, one in self.rented.items() if one.sid != sid}


def main() -> None:
    """Buy one of our own numbers out of a wallet."""
    with open_aira() as opened:
        aira = replace(opened, carrier=OwnNumbers())
        add_owner(aira, "ann@example.com")
        top_up(aira, Decimal(10), reference="cash-1")
        sync_prices(aira, markup_percent=Decimal(50))
        number = buy_number(aira, search_numbers(aira, limit=1)[0].phone_number)
        print(f"{number.phone_number} is rented from carrier '{number.provider}' for {number.monthly_cost:.2f} {number.currency} a month")


if __name__ == "__main__":
    main()
