"""How fast the built-in mind decides: decisions a second and time a turn, without retrieval, beside a call that only normalises.

    python benchmarks/dialogue.py [--calls 300] [--data UTTERANCES] [--json]

Calls are made of whole conversations and of utterances in random order (seeded); a turn is all decisions from the caller's words to
the receptionist's, its tools answered at once. The yardstick is the time to bring the same words to their plain form.
"""

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from aira.voice.receptionist import decide
from aira.voice.receptionist.protocol import EndCall, Event, Heard, Say, ToolResult, Transfer
from aira.voice.receptionist.words import normalise
from front_desk import FrontDesk

UTTERANCES = Path(__file__).resolve().parent.parent / "tests" / "unit" / "receptionist" / "utterances.txt"
CONVERSATIONS = (
    ("how much is a haircut", "book one for tomorrow at ten", "Sarah Johnson", "make it eleven", "yes please", "no thanks, bye"),
    ("I'd like a colour on Friday afternoon", "the second one", "it's Tom", "yes", "actually can we make it three", "yes", "that's all"),
    ("when are you open on Saturday", "and on Sunday?", "a trim on Saturday at noon", "Ann Lee", "correct", "goodbye"),
)
TARGET_MS = 5.0


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith(("#", "["))]


def turn(desk: FrontDesk, text: str) -> tuple[int, float]:
    """Decisions made and seconds spent deciding from the caller's words to the next pause; tools are not counted."""
    following: Event | None = Heard(text)
    count, spent = 0, 0.0
    while following is not None:
        began = time.perf_counter()
        desk.state, actions = decide(desk.state, following, desk.facts)
        spent += time.perf_counter() - began
        count += 1
        last = actions[-1] if actions else None
        following = None if last is None or isinstance(last, Say | EndCall | Transfer) else ToolResult(last, desk.run(last))
    return count, spent


def measure(calls: int, utterances: list[str]) -> dict[str, Any]:
    chance = random.Random(7)
    decisions, spent, words, turns = 0, 0.0, [], []
    for number in range(calls):
        desk = FrontDesk.called()
        script = CONVERSATIONS[number % len(CONVERSATIONS)] if number % 2 else chance.sample(utterances, 8)
        for text in script:
            if desk.state.ended:
                break
            count, seconds = turn(desk, text)
            decisions, spent = decisions + count, spent + seconds
            turns.append(seconds * 1000)
            words.append(text)
    began = time.perf_counter()
    for text in words:
        normalise(text)
    plain = (time.perf_counter() - began) * 1000 / len(words)
    quantiles = statistics.quantiles(turns, n=100)
    return {
        "calls": calls,
        "turns": len(turns),
        "decisions_per_second": round(decisions / spent),
        "turn_ms": {"p50": round(quantiles[49], 3), "p95": round(quantiles[94], 3), "max": round(max(turns), 3)},
        "within_target": quantiles[94] <= TARGET_MS,
        "yardstick": {"normalise_ms": round(plain, 3), "ratio_p50": round(quantiles[49] / plain, 1)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300, help="how many calls are played")
    parser.add_argument("--data", type=Path, default=UTTERANCES, help="a file of utterances, one a line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    measure(20, lines(options.data))
    figures = measure(options.calls, lines(options.data))
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{figures['turns']} turns of {figures['calls']} calls, {figures['decisions_per_second']} decisions a second")
    print(f"a turn takes p50 {figures['turn_ms']['p50']} ms, p95 {figures['turn_ms']['p95']} ms, max {figures['turn_ms']['max']} ms")
    print(f"normalising alone takes {figures['yardstick']['normalise_ms']} ms, a turn {figures['yardstick']['ratio_p50']} times that")
    print("within" if figures["within_target"] else "beyond", f"the {TARGET_MS} ms at p95 that a turn may take")


if __name__ == "__main__":
    main()
