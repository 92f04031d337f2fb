"""How long does a caller wait when a vendor fails? One call a kind of vendor and way of failing, its first choice failing in every turn:
hearing, thinking or speaking, refused, 429, 500, hanging, dying in mid-answer, rubbish. The caller asks a price, books, says goodbye.

The vendors are servers on this machine that speak the published protocols and answer at once, so what is measured is ours; the
yardstick is a call of the same kind in which nothing fails. Times are those on the wire, from the caller's last loud packet to the
bot's first; what the caller hears as silence is read from the tape.

    python benchmarks/vendor_faults.py [--deadline 0.4] [--json]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scratch import scratch_database

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import fault_calls
from aira.core.app import wire
from aira.core.db import Database
from aira.settings import Settings
from aira.voice.engines import shared_ear, shared_voice
from aira.voice.log import quiet_vendors
from doubles import FrozenClock
from fault_calls import KINDS, PHASES, Case, Outcome, booking_times, hold
from salon import open_salon
from vendor_servers import FAULTS, vendor_server

FIRST = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - the model names the wall-clock time of the business
WELL = ("none", "none")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--deadline", type=float, default=fault_calls.DEADLINE, help="seconds that each vendor gets")
    options.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = options.parse_args()
    fault_calls.DEADLINE = arguments.deadline
    report = measured(arguments.deadline)
    print(json.dumps(report, indent=2) if arguments.json else table(report))


def measured(deadline: float) -> dict[str, object]:
    quiet_vendors()
    shared_ear(), shared_voice()
    cells = [WELL, *((kind, fault) for kind in KINDS for fault in FAULTS)]
    with scratch_database() as url, tempfile.TemporaryDirectory() as home:
        database = Database(url)
        aira = replace(wire(Settings(_env_file=None, aira_home=Path(home)), database), clock=FrozenClock())
        salon = open_salon(aira)
        rows = {}
        for (kind, fault), at in zip(cells, booking_times(FIRST, len(cells)), strict=True):
            with vendor_server() as failing, vendor_server() as working:
                case = Case(kind, fault if kind != "none" else "", at)
                outcome = asyncio.run(hold(aira, case, failing, working, Path(home), business=salon.business.id))
            rows[f"{kind} {fault}"] = row(outcome)
        database.close()
    return {"deadline": deadline, "rows": rows}


def row(outcome: Outcome) -> dict[str, object]:
    return {
        **{phase: round(outcome.answered[phase], 2) if phase in outcome.answered else None for phase in PHASES},
        "longest_silence": round(outcome.longest_silence, 2),
        "answered": len(outcome.answered),
        "next_step": outcome.next_step,
    }


def table(report: dict[str, object]) -> str:
    rows: dict[str, dict[str, object]] = report["rows"]  # type: ignore[assignment]
    columns = [*PHASES, "longest_silence", "answered"]
    lines = [f"seconds; each vendor gets {report['deadline']} s", " " * 14 + " ".join(f"{column:>16}" for column in columns)]
    for name, cells in rows.items():
        lines.append(f"{name:14}" + " ".join(f"{'-' if cells[column] is None else cells[column]:>16}" for column in columns))
    failing = [cells for name, cells in rows.items() if name != "none none"]
    answered = sum(int(str(cells["answered"])) for cells in failing)
    worst = max(float(str(cells[phase] or 99)) for cells in failing for phase in PHASES)
    well = max(float(str(rows["none none"][phase] or 99)) for phase in PHASES)
    silence = max(float(str(cells["longest_silence"])) for cells in failing)
    lines.append(f"{answered} of {len(failing) * len(PHASES)} turns answered, the longest silence {silence:.2f} s")
    lines.append(f"slowest {worst:.2f} s, {worst / well:.1f} times the slowest where nothing fails ({well:.2f} s)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
