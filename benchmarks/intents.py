"""How well the built-in mind tells what callers want, as a confusion table over utterances of our own, next to the nearest example.

    python benchmarks/intents.py [--data FILE ...] [--json]

The first table was written before the rules, the two others after them and without looking at them; what the rules made of those at
first stands in their heads. The yardstick answers each utterance with the intent of the most similar other one
(words and pairs of words, weighed by how rare they are), which is what a classifier without rules would do with the same examples.
"""

import argparse
import json
import math
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from aira.voice.receptionist.understand import Hearing, understand
from aira.voice.receptionist.words import normalise
from front_desk import MONDAY_MORNING, SALON

TABLES = sorted((Path(__file__).resolve().parent.parent / "tests" / "unit" / "receptionist").glob("utterances*.txt"))
Row = tuple[str, str]
"""Intent and utterance."""


def rows_of(path: Path) -> list[Row]:
    rows, intent = [], ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            intent = line.strip("[]")
        elif line and not line.startswith("#"):
            rows.append((intent, line))
    return rows


def read(utterance: str) -> str:
    main = understand(utterance, Hearing(MONDAY_MORNING, services=SALON.services)).main
    return str(main) if main else "nothing"


def features(utterance: str) -> Counter[str]:
    words = ["^", *(word for word in normalise(utterance).split() if word.isalnum()), "$"]
    return Counter(words[1:-1]) + Counter(f"{one} {other}" for one, other in pairwise(words))


def nearest_right(rows: list[Row]) -> float:
    """The share that the most similar other utterance tells."""
    known = [features(utterance) for _, utterance in rows]
    spread = Counter(feature for one in known for feature in one)
    vectors = []
    for one in known:
        weighed = {feature: math.log(len(rows) / spread[feature]) for feature in one}
        length = math.sqrt(sum(weight**2 for weight in weighed.values())) or 1.0
        vectors.append({feature: weight / length for feature, weight in weighed.items()})
    right = 0
    for place, vector in enumerate(vectors):
        others = (
            (sum(weight * other.get(feature, 0.0) for feature, weight in vector.items()), index)
            for index, other in enumerate(vectors)
            if index != place
        )
        right += rows[max(others)[1]][0] == rows[place][0]
    return right / len(rows)


def measure(paths: list[Path]) -> dict[str, Any]:
    tables = {path.stem: rows_of(path) for path in paths}
    rows = [row for table in tables.values() for row in table]
    confusion = Counter((intent, read(utterance)) for intent, utterance in rows)
    right = sum(count for (wanted, got), count in confusion.items() if wanted == got)
    return {
        "utterances": len(rows),
        "right": round(right / len(rows), 4),
        "tables": {
            name: round(sum(read(utterance) == intent for intent, utterance in table) / len(table), 4) for name, table in tables.items()
        },
        "confusion": {
            wanted: {got: count for (intent, got), count in sorted(confusion.items()) if intent == wanted}
            for wanted in dict.fromkeys(intent for intent, _ in rows)
        },
        "yardstick": {"nearest_example": round(nearest_right(rows), 4)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", help="a table of utterances instead of our own; repeat for several")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(options.data or TABLES)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{'meant':14}{'of':>5}{'right':>8}  read as")
    for wanted, got in figures["confusion"].items():
        others = ", ".join(f"{name} {count}" for name, count in got.items() if name != wanted)
        print(f"{wanted:14}{sum(got.values()):>5}{got.get(wanted, 0) / sum(got.values()):>8.1%}  {others}")
    print(f"{'all':14}{figures['utterances']:>5}{figures['right']:>8.1%}")
    for name, share in figures["tables"].items():
        print(f"{name}: {share:.1%}")
    yardstick = figures["yardstick"]["nearest_example"]
    print(f"the nearest example tells {yardstick:.1%}   ratio {figures['right'] / yardstick:.1f}")


if __name__ == "__main__":
    main()
