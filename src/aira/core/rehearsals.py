"""Rehearsals: letting the stand-in for a vendor fail, to see what an operator would see."""

from aira.core.app import Aira
from aira.errors import Refused
from aira.ports import Rehearsing


def rehearse_carrier(aira: Aira, kind: str, *, operation: str = "any", times: int = 1, delay_ms: int = 0) -> None:
    """Let the simulated carrier's next `times` acts of an operation go wrong.

    `kind` and `operation` are those of `aira.adapters.simulated_carrier`. Raises Refused with a carrier that is not simulated,
    InvalidInput.
    """
    if not isinstance(aira.carrier, Rehearsing):
        raise Refused(
            "Only the simulated carrier fails on request.", code="not_simulated", hint="Set AIRA_CARRIER=simulated for a rehearsal."
        )
    aira.carrier.rehearse(kind.replace("-", "_"), operation=operation, times=times, delay_ms=delay_ms)
