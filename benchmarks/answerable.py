"""Does the knowledge base know what it does not know?

Each corpus of the folder is one business. Its own questions have an answer in its documents, the others' questions have none (or
only by chance, as businesses of one kind have much in common). Two ways of telling them apart:

shipped         the threshold that AiRa uses, on all questions
held out        a threshold fitted on a random half of the questions, midway between the one that keeps 95 % of the own and the one that
                passes 2 % of the others', and read on the other half: the mean of many such halves, and the worst of each share

    python benchmarks/answerable.py [--data FOLDER] [--splits 200] [--json]
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aira.kb.rank import EVIDENCE_THRESHOLD
from retrieval import BUSINESSES, Corpus, Encoder, index, load

KEPT, PASSED = 0.95, 0.02


@dataclass(frozen=True)
class Asked:
    evidence: float
    own: bool
    question: int


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, default=BUSINESSES, help="folder of corpora and questions.jsonl")
    options.add_argument("--splits", type=int, default=200, help="random halves")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    asked = list(ask(list(load(arguments.data)), Encoder()))
    splits = held_out(asked, arguments.splits)
    rows = [row("shipped", asked, EVIDENCE_THRESHOLD), *(over(splits, *summary) for summary in SUMMARIES)]
    kept = float(np.mean([one["own_answerable"] >= KEPT and one["others_answerable"] <= PASSED for one in splits]))
    if arguments.json:
        print(json.dumps({"rows": rows, "halves_that_keep_both": kept}))
        return
    print(f"{'threshold':18}{'value':>8}{'own questions':>16}{'answerable':>12}{'others':>10}{'answerable':>12}")
    for one in rows:
        print(f"{one['threshold']:18}{one['value']:>8.3f}{one['own']:>16}{one['own_answerable']:>12.1%}", end="")
        print(f"{one['others']:>10}{one['others_answerable']:>12.1%}")
    print(f"of {len(splits)} halves {kept:.0%} keep {KEPT:.0%} of the own and pass at most {PASSED:.0%} of the others'")


def ask(corpora: Sequence[Corpus], embedder: Encoder) -> Iterator[Asked]:
    questions = {id(question): number for number, question in enumerate(question for corpus in corpora for question in corpus.questions)}
    for corpus in corpora:
        _, ranker, vectors = index(corpus, embedder)
        for other in corpora:
            for question in other.questions:
                ranking = ranker.rank(question["question"], vectors @ embedder.vector(question["question"]), limit=1)
                yield Asked(ranking.evidence, other is corpus, questions[id(question)])


def held_out(asked: Sequence[Asked], splits: int) -> list[dict]:
    """A row for each random half; a question is in one half with all the businesses it is asked of."""
    chance = random.Random(1)
    questions = sorted({one.question for one in asked})
    rows = []
    for _ in range(splits):
        half = set(chance.sample(questions, len(questions) // 2))
        fitted = [one for one in asked if one.question in half]
        rows.append(row("held out", [one for one in asked if one.question not in half], fit(fitted)))
    return rows


def fit(asked: Sequence[Asked]) -> float:
    keeping = np.quantile([one.evidence for one in asked if one.own], 1 - KEPT)
    passing = np.quantile([one.evidence for one in asked if not one.own], 1 - PASSED)
    return float(keeping + passing) / 2


def row(name: str, asked: Sequence[Asked], threshold: float) -> dict:
    own = [one.evidence >= threshold for one in asked if one.own]
    others = [one.evidence >= threshold for one in asked if not one.own]
    counts = {"own": len(own), "own_answerable": float(np.mean(own)), "others": len(others), "others_answerable": float(np.mean(others))}
    return {"threshold": name, "value": threshold} | counts


def over(splits: Sequence[dict], name: str, own: Callable, others: Callable) -> dict:
    """The halves as one row."""
    values = {"value": float(np.mean([one["value"] for one in splits]))}
    shares = {"own_answerable": own, "others_answerable": others}
    return splits[0] | {"threshold": name} | values | {key: float(take([one[key] for one in splits])) for key, take in shares.items()}


SUMMARIES = (("held out, mean", np.mean, np.mean), ("held out, worst", min, max))

if __name__ == "__main__":
    main()
