"""What a call's vendors used and how they failed, written into its books beside the conversation."""

from aira.core.call_costs import Unit
from aira.voice.backlog import Backlog
from aira.voice.vendors.circuit import Gate
from aira.voice.vendors.watch import Watch

MOST_ENGINE_LETTERS = 100


def watch_into(backlog: Backlog) -> Watch:
    """What a call's stages are given, so that its books have what they use and who fails."""

    def used(unit: Unit, quantity: float, engine: str) -> None:
        backlog.add("usage", unit=unit, quantity=quantity, engine=engine[:MOST_ENGINE_LETTERS])

    def failed(gate: Gate, reason: str) -> None:
        detail: dict[str, object] = {"kind": gate.kind, "vendor": gate.vendor, "reason": reason, "circuit": gate.state}
        backlog.add_note(f"{gate.kind} of {gate.vendor} failed: {reason}.", tool="vendor", detail=detail)

    return Watch(used, failed)
