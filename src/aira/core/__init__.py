"""The library: one function a use case. Names are resolved on first use, so that importing this costs nothing."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aira.core.app import Aira, open_aira

__all__ = ["Aira", "open_aira"]

_MODULES = {
    "Aira": "app",
    "open_aira": "app",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module 'aira.core' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(f"aira.core.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_MODULES)
