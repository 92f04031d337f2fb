"""Numbers for rent are shown at the price an owner would pay, and prices follow the carrier's with a markup."""

from decimal import Decimal

import pytest

from aira.core import buy_number, find_number, list_numbers, list_prices, number_requirements, search_numbers, sync_prices
from aira.core.app import Aira
from aira.core.phones import number_kind
from aira.errors import InvalidInput, NotFound, Refused, SetupError
from rentals import funded_wallet


class TestSearch:
    def test_shows_price_and_place(self, aira: Aira) -> None:
        """Each offer has what an owner pays a month, and says that it is simulated where it is."""
        (offer,) = search_numbers(aira, area_code="415", contains="0123")

        assert (offer.phone_number, offer.locality, offer.region) == ("+14155550123", "San Francisco", "CA")
        assert (offer.monthly_cost, offer.setup_cost, offer.currency, offer.simulated) == (Decimal("1.15"), Decimal(0), "USD", True)

    def test_finds_numbers_by_word_and_place(self, aira: Aira) -> None:
        """Letters are those of a keypad; place and limit narrow the search."""
        found = search_numbers(aira, locality="Seattle", region="WA", contains="JKL", sms=True, mms=True, limit=2)

        assert [offer.phone_number for offer in found] == ["+12065550100", "+12065550101"]

    def test_knows_toll_free_numbers_by_either_spelling(self, aira: Aira) -> None:
        """toll-free as typed and toll_free as stored are the same, at their own price."""
        (offer,) = search_numbers(aira, number_type="toll-free", limit=1)

        assert (offer.number_type, offer.monthly_cost) == ("toll_free", Decimal("2.15"))
        assert search_numbers(aira, number_type="toll_free", limit=1) == [offer]

    def test_finds_nothing_in_an_empty_area_code(self, aira: Aira) -> None:
        """No offers is an answer, not an error."""
        assert search_numbers(aira, area_code="533") == []

    @pytest.mark.parametrize(
        "wish",
        [
            {"area_code": "41"},
            {"area_code": "41x"},
            {"contains": "1"},
            {"contains": "12345678901234567"},
            {"contains": "+1415"},
            {"country": "USA"},
            {"number_type": "premium"},
            {"limit": 0},
            {"limit": 1001},
        ],
    )
    def test_refuses_what_cannot_be_meant(self, aira: Aira, wish: dict[str, str]) -> None:
        """A search that no number can fit is refused with what to type instead."""
        with pytest.raises(InvalidInput) as caught:
            search_numbers(aira, **wish)
        assert caught.value.hint

    def test_needs_a_price(self, aira: Aira) -> None:
        """A country without prices is shown with the command that fetches them."""
        with pytest.raises(SetupError) as caught:
            search_numbers(aira, country="FR")
        assert caught.value.hint == "Run `aira prices sync --country FR`."

    def test_in_another_currency_is_refused(self, aira: Aira) -> None:
        """Prices are not converted."""
        with pytest.raises(Refused) as caught:
            search_numbers(aira, currency="EUR")
        assert caught.value.reason == "currency_mismatch"


class TestPrices:
    def test_follow_the_carrier_with_a_markup(self, aira: Aira) -> None:
        """A quarter on top of 1.15 is 1.44, rounded up to the cent; what the carrier takes is kept beside it."""
        prices = sync_prices(aira, country="us", markup_percent=Decimal(25))

        assert [(one.number_type, one.monthly_cost, one.carrier_cost) for one in prices] == [
            ("local", Decimal("1.44"), Decimal("1.15")),
            ("toll_free", Decimal("2.69"), Decimal("2.15")),
        ]
        assert search_numbers(aira, limit=1)[0].monthly_cost == Decimal("1.44")

    def test_of_rented_numbers_stay(self, aira: Aira) -> None:
        """A new price is for new rentals."""
        funded_wallet(aira)
        buy_number(aira, "+14155550123")
        sync_prices(aira, markup_percent=Decimal(100))

        assert find_number(aira, "+14155550123").monthly_cost == Decimal("1.15")

    def test_are_only_shown_in_a_dry_run(self, aira: Aira) -> None:
        """The list as it would be, and the list as it still is."""
        before = list_prices(aira, country="US")
        shown = sync_prices(aira, markup_percent=Decimal(10), dry_run=True)

        assert [one.monthly_cost for one in shown] == [Decimal("1.27"), Decimal("2.37")]
        assert list_prices(aira, country="US") == before

    @pytest.mark.parametrize("markup", ["-1", "1001"])
    def test_with_a_senseless_markup_are_refused(self, aira: Aira, markup: str) -> None:
        """Nobody sells below cost or at eleven times it by accident."""
        with pytest.raises(InvalidInput):
            sync_prices(aira, markup_percent=Decimal(markup))

    def test_of_a_country_without_numbers_are_not_found(self, aira: Aira) -> None:
        """The carrier has nothing to list there."""
        with pytest.raises(NotFound):
            sync_prices(aira, country="FR")


def test_a_regulated_country_says_what_it_wants_to_see(aira: Aira) -> None:
    """Germany wants an address; the United States want nothing."""
    wanted = number_requirements(aira, country="de", number_type="local")

    assert [(one.country, one.number_type, bool(one.fields)) for one in wanted] == [("DE", "local", True)]
    assert number_requirements(aira, country="US") == []


def test_numbers_are_listed_by_owner_and_business(aira: Aira) -> None:
    """An owner sees the owner's numbers; a failed purchase shows only among the ended ones."""
    funded_wallet(aira)
    funded_wallet(aira, email="bob@example.com")
    buy_number(aira, "+14155550123", owner="ann@example.com")
    with pytest.raises(Refused):
        buy_number(aira, "+15005550000", owner="bob@example.com")

    assert [one.phone_number for one in list_numbers(aira)] == ["+14155550123"]
    assert list_numbers(aira, owner="bob@example.com") == []
    assert [one.status for one in list_numbers(aira, owner="bob@example.com", ended=True)] == ["failed"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+14155550123", ("US", "local")),
        ("+16045550123", ("CA", "local")),
        ("+18005550123", ("US", "toll_free")),
        ("+442079460123", ("GB", "local")),
        ("+4915228817386", ("DE", "mobile")),
        ("+443331231234", ("GB", "national")),
        ("+33912345678", ("FR", "national")),
        ("+15005550006", ("US", "local")),
    ],
)
def test_a_number_tells_its_country_and_type(number: str, kind: tuple[str, str]) -> None:
    """The numbering plan says what a number is, so that a purchase needs the number only."""
    assert number_kind(number) == kind


def test_a_number_of_no_country_is_refused() -> None:
    """Satellite and international networks rent out nothing here."""
    with pytest.raises(InvalidInput):
        number_kind("+88216555555")
