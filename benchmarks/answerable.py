"""Does the knowledge base know what it does not know?

Each corpus of the folder is one business. Its own questions have an answer in its documents, the others' questions have none (or
only by chance, as businesses of one kind have much in common). Two ways of telling them apart:

shipped     the threshold that AiRa uses, on all questions
held out    a threshold that keeps 95 % of every second question, read on the questions between

    python benchmarks/answerable.py [--data FOLDER] [--json]
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aira.kb.rank import EVIDENCE_THRESHOLD
from retrieval import BUSINESSES, Corpus, Encoder, index, load

KEPT = 0.95


@dataclass(frozen=True)
class Asked:
    evidence: float
    own: bool
    number: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=BUSINESSES, help="folder of corpora and questions.jsonl")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    asked = list(ask(list(load(arguments.data)), Encoder()))
    fitted = [one for one in asked if one.number % 2 == 0]
    read = [one for one in asked if one.number % 2]
    threshold = float(np.quantile([one.evidence for one in fitted if one.own], 1 - KEPT))
    rows = [row("shipped", asked, EVIDENCE_THRESHOLD), row("held out", read, threshold)]
    if arguments.json:
        print(json.dumps({"rows": rows}))
        return
    print(f"{'threshold':12}{'value':>8}{'own questions':>16}{'answerable':>12}{'others':>10}{'answerable':>12}")
    for one in rows:
        print(f"{one['threshold']:12}{one['value']:>8.3f}{one['own']:>16}{one['own_answerable']:>12.1%}", end="")
        print(f"{one['others']:>10}{one['others_answerable']:>12.1%}")


def ask(corpora: Sequence[Corpus], embedder: Encoder) -> Iterator[Asked]:
    for corpus in corpora:
        _, ranker, vectors = index(corpus, embedder)
        for other in corpora:
            for number, question in enumerate(other.questions):
                ranking = ranker.rank(question["question"], vectors @ embedder.vector(question["question"]), limit=1)
                yield Asked(ranking.evidence, other is corpus, number)


def row(name: str, asked: Sequence[Asked], threshold: float) -> dict:
    own = [one.evidence >= threshold for one in asked if one.own]
    others = [one.evidence >= threshold for one in asked if not one.own]
    counts = {"own": len(own), "own_answerable": float(np.mean(own)), "others": len(others), "others_answerable": float(np.mean(others))}
    return {"threshold": name, "value": threshold} | counts


if __name__ == "__main__":
    main()
