"""How long does a caller wait when a vendor fails? One call a kind of vendor and way of failing, its first choice failing in every turn:
hearing, thinking or speaking, refused, 429, 500, hanging, dying in mid-answer, rubbish. The caller asks a price, books, says goodbye.

The vendors are servers on this machine that speak the published protocols and answer at once, so what is measured is ours; the
yardstick is a call of the same kind in which nothing fails. Times are those on the wire, from the caller's last loud packet to the
bot's first; what the caller hears as silence is read from the tape.

With --down every vendor of a real `aira serve-voice` fails at once, with the deadlines it has by default: as on a machine without
speech engines, after a call in which they worked and before any, and on one with engines. Times are the caller's at the simulated
carrier, up to the bot's, or the carrier's, first word; the yardstick is the longest silence that the issue allows, 4 s.

    python benchmarks/vendor_faults.py [--deadline 0.8] [--at-once 4] [--down] [--json]
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from scratch import scratch_database

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import down_calls
import fault_calls
from aira.core.app import Aira, wire
from aira.core.db import Database
from aira.settings import Settings
from aira.voice.log import quiet_vendors
from aira.voice.simulator import CallRecord
from doubles import FrozenClock
from fault_calls import KINDS, PHASES, Case, Outcome, booking_times, held
from salon import open_salon
from vendor_servers import FAULTS

FIRST = datetime(2026, 11, 24, 10, 0)  # noqa: DTZ001 - the model names the wall-clock time of the business
WELL = ("none", "none")
LONGEST_SILENCE = 4.0
DOWN = [
    down_calls.Case("refuse"),
    down_calls.Case("500"),
    down_calls.Case("hang"),
    down_calls.Case("hang", known=False),
    down_calls.Case("hang", engines=True, known=False),
]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--deadline", type=float, default=fault_calls.DEADLINE, help="seconds that each vendor gets")
    options.add_argument("--at-once", type=int, default=4, help="calls that are on at a time")
    options.add_argument("--down", action="store_true", help="every vendor down at once, through the real server")
    options.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = options.parse_args()
    quiet_vendors()
    fault_calls.DEADLINE = arguments.deadline
    with scratch_database() as url, tempfile.TemporaryDirectory() as home:
        database = Database(url)
        aira = wire(Settings(_env_file=None, aira_home=Path(home)), database)
        report = down(aira) if arguments.down else measured(aira, Path(home), at_once=arguments.at_once)
        database.close()
    shown = down_table if arguments.down else table
    print(json.dumps(report, indent=2) if arguments.json else shown(report))


def measured(aira: Aira, home: Path, *, at_once: int) -> dict[str, object]:
    still = replace(aira, clock=FrozenClock())
    salon = open_salon(still)
    cells = [WELL, *((kind, fault) for kind in KINDS for fault in FAULTS)]
    cases = [
        Case(kind, fault if kind != "none" else "", at) for (kind, fault), at in zip(cells, booking_times(FIRST, len(cells)), strict=True)
    ]
    outcomes = held(still, cases, home, business=salon.business.id, at_once=at_once)
    rows = {f"{kind} {fault}": row(outcome) for (kind, fault), outcome in zip(cells, outcomes, strict=True)}
    return {"deadline": fault_calls.DEADLINE, "at_once": at_once, "rows": rows}


def row(outcome: Outcome) -> dict[str, object]:
    return {
        **{phase: round(outcome.answered[phase], 2) if phase in outcome.answered else None for phase in PHASES},
        "longest_silence": round(outcome.longest_silence, 2),
        "answered": len(outcome.answered),
        "next_step": outcome.next_step,
    }


def down(aira: Aira) -> dict[str, object]:
    open_salon(aira)
    rows = {}
    for case in DOWN:
        known = "they worked before" if case.known else "they never worked"
        name = f"all {case.fault}, {'engines here' if case.engines else known}"
        rows[name] = down_row(down_calls.rung_while_down(replace(aira, settings=_at_home(aira, name)), case))
    return {"longest_allowed": LONGEST_SILENCE, "rows": rows}


def _at_home(aira: Aira, name: str) -> Settings:
    """A folder of its own for each call, so that none finds what another kept."""
    home = aira.settings.aira_home / name.replace(" ", "-")
    home.mkdir()
    return aira.settings.model_copy(update={"aira_home": home})


def down_row(record: CallRecord) -> dict[str, object]:
    """A greeting that was never said is that of the carrier's voice."""
    said = next((step.at for step in record.steps if step.verb == "Say"), None)
    greeting = record.greeting_ms / 1000 if record.greeting_ms is not None else said
    return {
        "greeting": round(greeting, 2) if greeting is not None else None,
        "answer": round(max(record.delays_ms) / 1000, 2) if record.delays_ms else None,
        "longest_silence": record.longest_silence_seconds,
        "verbs": record.verbs,
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


def down_table(report: dict[str, object]) -> str:
    rows: dict[str, dict[str, object]] = report["rows"]  # type: ignore[assignment]
    columns = ["greeting", "answer", "longest_silence"]
    lines = ["seconds, the default deadlines", " " * 34 + " ".join(f"{column:>16}" for column in columns)]
    for name, cells in rows.items():
        figures = " ".join(f"{'-' if cells[column] is None else cells[column]:>16}" for column in columns)
        lines.append(f"{name:34}{figures}   {' '.join(map(str, cells['verbs']))}")  # type: ignore[call-overload]
    worst = max(float(str(cells["longest_silence"])) for cells in rows.values())
    lines.append(f"the longest silence {worst:.2f} s, {worst / LONGEST_SILENCE:.2f} times what is allowed ({LONGEST_SILENCE:.0f} s)")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
