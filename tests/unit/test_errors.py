"""Every error says what happened, what to type next, and ends the command with its own exit code."""

from collections.abc import Iterator

import pytest

from aira import errors
from aira.errors import AiraError, InsufficientFunds, MissingExtra, NotFound

EXIT_CODES = {
    "AiraError": 1, "InvalidInput": 2, "SetupError": 3, "Refused": 4, "NotFound": 5, "VendorError": 6, "DatabaseError": 7, "PartlyDone": 8,
}  # fmt: skip


def tree(root: type[AiraError] = AiraError) -> Iterator[type[AiraError]]:
    """The class and all below it."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from tree(kind)


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_a_class_is_drawn_in_the_tree_and_has_the_exit_code_of_its_branch(kind: type[AiraError]) -> None:
    """The drawing at the top of the module leaves nothing out; below a branch no code differs."""
    branch = next(parent.__name__ for parent in kind.__mro__ if parent.__name__ in EXIT_CODES)

    assert f" {kind.__name__} " in f"{errors.__doc__}".replace("\n", " \n")
    assert kind.exit_code == EXIT_CODES[branch]
    assert kind.retryable is (branch in {"VendorError", "DatabaseError", "PartlyDone"})


def test_codes_are_stable_text_of_their_own() -> None:
    """No two classes share a code."""
    codes = [kind.code for kind in tree()]

    assert len(set(codes)) == len(codes)


def test_the_docstring_is_the_message_where_none_is_given() -> None:
    """And the class's hint the hint."""
    error = InsufficientFunds()

    assert str(error) == error.message == "The wallet does not hold enough money."
    assert error.hint == "Run `aira wallet top-up AMOUNT --reference REFERENCE`."


def test_what_is_given_wins() -> None:
    """Message, hint, code and facts of the one occasion."""
    error = NotFound("There is no such wallet.", hint="Look again.", code="wallet_not_found", wallet="w")

    assert error.as_dict() == {"code": "wallet_not_found", "message": "There is no such wallet.", "hint": "Look again.", "retryable": False}
    assert error.facts == {"wallet": "w"}


def test_a_missing_extra_names_the_exact_command() -> None:
    """One sentence, one line to paste."""
    error = MissingExtra("pinecone", purpose="Searching Pinecone")

    assert error.message == "Searching Pinecone needs the extra 'pinecone', which is not installed."
    assert error.hint == "Run `pip install 'aira-receptionist[pinecone]'`."
