"""The reference says what the code says."""

import importlib.util
from types import ModuleType

import pytest

from documented import ROOT


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "reference" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "settings.md", "errors.md"])
def test_a_page_is_what_the_generator_writes(name: str) -> None:
    """A change of a command, setting or error without its page fails here; `python docs/reference/generate.py` mends it."""
    written = (ROOT / "docs" / "reference" / name).read_text("utf-8")

    assert written == _generator().pages()[name]


def test_every_error_class_is_drawn_in_the_tree() -> None:
    """The drawing at the top of aira.errors names every class below it."""
    from aira import errors

    drawn = errors.__doc__ or ""
    classes = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.AiraError)]

    assert [name for name in classes if name not in drawn] == []
