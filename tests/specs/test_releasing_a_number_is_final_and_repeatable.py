"""A released number answers nobody, costs nothing more, and is given back even if that takes several tries."""

from datetime import UTC, datetime

import pytest

from aira.adapters.simulated_carrier import SimulatedCarrier
from aira.core import (
    add_business,
    appointments_of_line,
    assign_number,
    book_appointment,
    buy_number,
    find_number,
    release_number,
    unassign_number,
)
from aira.core.app import Aira
from aira.core.db import execute, fetch_value
from aira.errors import InvalidInput, NotFound, NumberNotReleasable, OutcomeUnknown, Refused, SetupError
from aira.model import NumberStatus, PhoneNumber
from doubles import FrozenClock
from purchase_books import books, bought
from rentals import funded_wallet

NUMBER = "+14155550123"
_ANSWERS_SQL = "select name from public.get_business_by_phone(%(number)s)"


@pytest.fixture(autouse=True)
def _business(aira: Aira) -> None:
    """One owner with 100.00 USD and a business that is always open."""
    funded_wallet(aira)
    add_business(aira, "Ann's", time_zone="UTC", hours="Mon-Sun 00:00-24:00")


@pytest.fixture
def number(aira: Aira) -> PhoneNumber:
    """A number that the business answers."""
    return buy_number(aira, NUMBER, business="Ann's")


@pytest.fixture
def carrier(aira: Aira) -> SimulatedCarrier:
    """The carrier of the handle, which fails on request."""
    assert isinstance(aira.carrier, SimulatedCarrier)
    return aira.carrier


def _answers(aira: Aira) -> str | None:
    with aira.database.transaction() as connection:
        name: str | None = fetch_value(connection, _ANSWERS_SQL, {"number": NUMBER})
        return name


class TestRelease:
    def test_gives_the_number_back(self, aira: Aira, number: PhoneNumber) -> None:
        """The carrier has it no more, nobody answers, what was paid stays paid."""
        released = release_number(aira, NUMBER)

        assert (released.status, released.is_active, released.released_at) == (NumberStatus.RELEASED, False, aira.clock.now())
        assert books(aira).rented == []
        assert books(aira).balance == bought().balance
        assert _answers(aira) is None

    def test_stops_the_line_even_when_the_carrier_fails(self, aira: Aira, number: PhoneNumber, carrier: SimulatedCarrier) -> None:
        """A lost answer leaves the number releasing: no calls, no charges; the same command ends it."""
        carrier.rehearse("drop_after", operation="release")

        with pytest.raises(OutcomeUnknown):
            release_number(aira, NUMBER)
        assert (find_number(aira, NUMBER).status, _answers(aira)) == (NumberStatus.RELEASING, None)
        assert release_number(aira, NUMBER).status is NumberStatus.RELEASED

    def test_again_changes_nothing(self, aira: Aira, number: PhoneNumber, clock: FrozenClock) -> None:
        """The second release of a number keeps the time of the first."""
        first = release_number(aira, number.id)
        clock.move(days=1)

        assert release_number(aira, number.id) == first

    def test_in_a_dry_run_changes_nothing(self, aira: Aira, number: PhoneNumber) -> None:
        """What would happen is shown, and the line stays."""
        shown = release_number(aira, NUMBER, dry_run=True)

        assert shown.status is NumberStatus.RELEASING
        assert (find_number(aira, NUMBER), books(aira).rented) == (number, [NUMBER])

    def test_of_a_number_that_was_never_bought_is_refused(self, aira: Aira, carrier: SimulatedCarrier) -> None:
        """A failed purchase has nothing to give back."""
        carrier.rehearse("suspended", operation="buy")
        with pytest.raises(SetupError):
            buy_number(aira, NUMBER)

        with pytest.raises(NumberNotReleasable):
            release_number(aira, NUMBER)

    def test_of_an_unknown_number_finds_nothing(self, aira: Aira) -> None:
        """A number that was never here is not found."""
        with pytest.raises(NotFound):
            release_number(aira, "+14155550199")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [("provider = 'twilio'", "other_carrier"), ("provider_account_sid = 'AC-of-another'", "other_account")],
    )
    def test_is_not_asked_of_a_carrier_that_does_not_have_it(self, aira: Aira, number: PhoneNumber, change: str, reason: str) -> None:
        """The wrong carrier or account would say that the number is gone, and it would be paid for ever after."""
        with aira.database.transaction() as connection:
            execute(connection, f"update public.business_numbers set {change}")

        with pytest.raises(SetupError) as caught:
            release_number(aira, NUMBER)
        assert caught.value.reason == reason
        assert find_number(aira, NUMBER).is_active

    def test_lets_the_number_be_rented_anew(self, aira: Aira, number: PhoneNumber) -> None:
        """After a release the number is for rent again, under a new id."""
        release_number(aira, NUMBER)
        again = buy_number(aira, NUMBER)

        assert again.id != number.id
        assert find_number(aira, NUMBER) == again


class TestAppointmentsOfLine:
    def test_lists_what_callers_could_no_longer_call_about(self, aira: Aira, number: PhoneNumber) -> None:
        """The last number of a business with appointments to come names them, the next one first."""
        starts = [datetime(2026, 11, day, 10, 0, tzinfo=UTC) for day in (25, 24)]
        for start in starts:
            book_appointment(aira, business="Ann's", start=start)

        assert [one.start_time for one in appointments_of_line(aira, number)] == sorted(starts)

    def test_lists_nothing_while_another_number_is_answered(self, aira: Aira, number: PhoneNumber) -> None:
        """A business with a second number stays reachable."""
        book_appointment(aira, business="Ann's", start=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
        buy_number(aira, "+14155550124", business="Ann's")

        assert appointments_of_line(aira, number) == []


class TestAssignment:
    def test_decides_who_answers_the_next_call(self, aira: Aira, number: PhoneNumber) -> None:
        """Another business takes the calls at once; without one nobody does, and the rental goes on."""
        add_business(aira, "Ann's bakery", time_zone="UTC")
        assigned = assign_number(aira, NUMBER, business="Ann's bakery")
        answers = _answers(aira)
        unassigned = unassign_number(aira, NUMBER)

        assert (assigned.business_name, answers) == ("Ann's bakery", "Ann's bakery")
        assert (unassigned.business_id, unassigned.is_active, _answers(aira)) == (None, True, None)

    def test_to_another_owners_business_is_refused(self, aira: Aira, number: PhoneNumber) -> None:
        """A line stays with the owner who pays for it."""
        funded_wallet(aira, email="bob@example.com")
        add_business(aira, "Bob's", time_zone="UTC", owner="bob@example.com")

        with pytest.raises(InvalidInput):
            assign_number(aira, NUMBER, business="Bob's")
        assert find_number(aira, NUMBER).business_name == "Ann's"

    def test_of_a_released_number_is_refused(self, aira: Aira, number: PhoneNumber) -> None:
        """What is gone cannot be pointed anywhere."""
        release_number(aira, NUMBER)

        with pytest.raises(Refused) as caught:
            assign_number(aira, number.id, business="Ann's")
        assert caught.value.reason == "number_not_assignable"
