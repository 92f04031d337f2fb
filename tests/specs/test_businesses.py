"""A business is found by what people call it, and keeps a resource to book."""

import pytest

from aira.core.app import Aira
from aira.core.businesses import find_business, list_businesses, set_business
from aira.core.facts import business_facts
from aira.core.owners import find_owner
from aira.core.services import add_resource, list_resources, remove_resource, remove_service
from aira.errors import InvalidInput, NotFound
from barber import OWNER, open_barber
from salon import NUMBER, open_salon


def test_a_business_is_found_by_id_name_and_number(aira: Aira):
    """Each of the three leads to the same business."""
    business = open_salon(aira).business

    assert {find_business(aira, ref).id for ref in (business.id, str(business.id), " Shear Delight ", NUMBER, "+1 (415) 555-0123")} == {
        business.id
    }
    assert business_facts(aira, NUMBER).numbers == [NUMBER]


def test_the_only_business_need_not_be_named(aira: Aira):
    """With none there is nothing to find, with two it must be said which."""
    with pytest.raises(NotFound):
        find_business(aira)
    first = open_barber(aira)
    assert find_business(aira).id == first.id
    open_barber(aira, name="Other", owner="other@barber.example")

    with pytest.raises(InvalidInput):
        find_business(aira)


def test_a_name_that_two_owners_use_is_not_guessed(aira: Aira):
    """The id tells them apart."""
    first = open_barber(aira)
    open_barber(aira, owner="other@barber.example")

    with pytest.raises(InvalidInput):
        find_business(aira, "Barber")
    assert [one.id for one in list_businesses(aira, owner=find_owner(aira, OWNER).id)] == [first.id]


@pytest.mark.parametrize("ref", ["Nobody", "+12125550199", "00000000-0000-4000-8000-000000000000"])
def test_what_is_no_business_is_not_found(aira: Aira, ref: str):
    """By whichever name it is asked for."""
    with pytest.raises(NotFound):
        find_business(aira, ref)


def test_a_number_that_cannot_be_is_refused_before_it_is_kept(aira: Aira):
    """Callers are put through to a number that exists, or to none."""
    business = open_barber(aira)

    with pytest.raises(InvalidInput):
        set_business(aira, business.id, transfer_number="12")
    assert set_business(aira, business.id, transfer_number="+1 212 555 0100").transfer_number == "+12125550100"


def test_resources_come_and_go_but_one_stays(aira: Aira):
    """The first named one takes the place of the unnamed, and the last cannot be removed."""
    business = open_barber(aira)
    for name in ("Maria", "Joe"):
        add_resource(aira, name, business=business.id)
    removed = remove_resource(aira, "maria", business=business.id)

    assert (removed.name, removed.is_active) == ("Maria", False)
    assert [one.name for one in list_resources(aira, business=business.id)] == ["Joe"]
    with pytest.raises(InvalidInput):
        remove_resource(aira, "Joe", business=business.id)


def test_a_removed_service_is_offered_no_more(aira: Aira):
    """It is off the list that callers hear."""
    business = open_barber(aira)

    assert remove_service(aira, "trim", business=business.id).is_active is False
    assert business_facts(aira, business.id).services == []
    with pytest.raises(NotFound):
        remove_service(aira, "Cut", business=business.id)
