"""An owner is named by e-mail or id, and need not be named while there is only one."""

import pytest

from aira.core import add_owner, find_owner, list_owners
from aira.core.app import Aira
from aira.errors import AlreadyExists, InvalidInput, NotFound


def test_the_only_owner_need_not_be_named(aira: Aira) -> None:
    """One operator, one owner, nothing to type."""
    owner = add_owner(aira, "ann@example.com")

    assert find_owner(aira) == owner


def test_an_owner_is_found_by_e_mail_and_by_id(aira: Aira) -> None:
    """In whatever case the address is typed."""
    owner = add_owner(aira, " Ann@Example.com ")

    assert owner.email == "ann@example.com"
    assert find_owner(aira, "ANN@example.COM") == find_owner(aira, owner.id) == find_owner(aira, str(owner.id)) == owner


def test_of_several_one_must_be_named(aira: Aira) -> None:
    """None is guessed; the hint says how."""
    add_owner(aira, "ann@example.com")
    add_owner(aira, "bob@example.com")

    with pytest.raises(InvalidInput) as refused:
        find_owner(aira)

    assert refused.value.hint == "Add --owner EMAIL."
    assert [owner.email for owner in list_owners(aira)] == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize("reference", [None, "nobody@example.com", "5c1fc9c6-b5c3-42dc-a220-11f851261860", "nonsense"])
def test_an_owner_who_is_not_there_is_not_found(aira: Aira, reference: str | None) -> None:
    """With the command that helps."""
    with pytest.raises(NotFound) as refused:
        find_owner(aira, reference)

    assert "aira owners" in refused.value.hint


def test_an_address_belongs_to_one_owner(aira: Aira) -> None:
    """In any case of letters."""
    add_owner(aira, "ann@example.com")

    with pytest.raises(AlreadyExists):
        add_owner(aira, "ANN@example.com")


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "@example.com", "ann@example", "a b@example.com", "ann@example.com\n.evil", "x" * 250 + "@a.de"]
)
def test_what_is_no_address_is_refused(aira: Aira, email: str) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidInput):
        add_owner(aira, email)

    assert list_owners(aira) == []
