"""What the doctor finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One finding of `aira doctor`."""

    check: str
    status: str
    """ok, warn, fail or skip."""
    evidence: str
    fix: str
