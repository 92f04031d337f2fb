"""Does a caller's question find the text that answers it?

Each corpus file of the folder is one business. A question counts as found when a whole reference lies inside what was retrieved:
in the best one or five results, or in the best results of 400 and 800 words together. Three ways of cutting and ranking the same
files with the same encoder:

aira                        passages and windows of aira.kb, fused ranking, as `aira kb search` runs it
naive-500-50                500 words with 50 overlapping, cosine alone
langchain-1000-200-rrf      RecursiveCharacterTextSplitter(1000, 200), cosine and BM25 joined by reciprocal ranks

    python benchmarks/retrieval.py --data benchmarks/data/small_businesses
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from langchain_text_splitters import RecursiveCharacterTextSplitter

from aira.adapters.onnx_embedder import OnnxEmbedder
from aira.kb.bm25 import Bm25
from aira.kb.chunk import Cutting, cut_passages
from aira.kb.extract import read_blocks
from aira.kb.rank import WindowRanker

BUSINESSES = Path(__file__).parent / "data" / "small_businesses"
MEASURES = ("recall_at_1", "recall_at_5", "recall_400_words", "recall_800_words")
Retrieve = Callable[[str, int | None, int | None], list[str]]
"""(question, most results, most words) -> texts found, neighbouring ones joined."""


class Encoder(OnnxEmbedder):
    def __init__(self) -> None:
        self.vector = lru_cache(maxsize=None)(lambda question: self.embed([question])[0])


@dataclass(eq=False)
class Corpus:
    path: Path
    questions: list[dict]

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ours = Path(__file__).parent / "data" / "small_businesses"
    options.add_argument("--data", type=Path, default=ours, help="folder of corpora and questions.jsonl")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    corpora = list(load(arguments.data))
    embedder = Encoder()
    rows = [measure(name, build, corpora, embedder) for name, build in CONFIGS.items()]
    off_topic = measure_off_topic(corpora, embedder)
    if arguments.json:
        print(json.dumps({"rows": rows, **off_topic}))
        return
    print(f"{'config':26}" + "".join(f"{name:>18}" for name in MEASURES))
    for row in rows:
        print(f"{row['config']:26}" + "".join(f"{row[name]:>18.1%}" for name in MEASURES))
    print(f"{'aira : langchain':26}" + "".join(f"{rows[0][name] / max(rows[2][name], 1e-9):>18.2f}" for name in MEASURES))
    own, others = off_topic["own_answerable"], off_topic["others_answerable"]
    print(f"answerable: {own:.1%} of a business's own questions, {others:.1%} of the other businesses'")


def load(folder: Path) -> Iterator[Corpus]:
    questions = [json.loads(line) for line in (folder / "questions.jsonl").read_text("utf-8").splitlines()]
    for name in sorted({question["corpus"] for question in questions}):
        path = next(path for path in sorted(folder.glob(f"{name}.*")) if path.suffix != ".jsonl")
        yield Corpus(path, [question for question in questions if question["corpus"] == name])


def measure(name: str, build: Callable[[Corpus, OnnxEmbedder], Retrieve], corpora: Sequence[Corpus], embedder: Encoder) -> dict:
    found = {measured: [] for measured in MEASURES}
    for corpus in corpora:
        retrieve = build(corpus, embedder)
        for question in corpus.questions:
            for measured, (results, words) in zip(MEASURES, ((1, None), (5, None), (None, 400), (None, 800)), strict=True):
                found[measured].append(holds(retrieve(question["question"], results, words), question["references"]))
    return {"config": name} | {measured: float(np.mean(hits)) for measured, hits in found.items()}


def holds(texts: Sequence[str], references: Sequence[dict]) -> bool:
    """Letters and figures count; blanks and marks do not, so that a reader may drop a table's bars and still be compared."""
    plain = [letters(text) for text in texts]
    return any(letters(reference["text"]) in text for reference in references for text in plain)


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def build_aira(corpus: Corpus, embedder: Encoder) -> Retrieve:
    passages, ranker, vectors = index(corpus, embedder)

    def retrieve(question: str, results: int | None, words: int | None) -> list[str]:
        ranking = ranker.rank(question, vectors @ embedder.vector(question), limit=results or 1000, budget_words=words)
        spans = [(passages[match.passage].start + match.start, passages[match.passage].start + match.end) for match in ranking.matches]
        return join(spans, "".join(place_text(passages)))

    return retrieve


@cache
def index(corpus: Corpus, embedder: Encoder) -> tuple[list, WindowRanker, np.ndarray]:
    passages = list(cut_passages(read_blocks(corpus.path.name, corpus.path.read_bytes()), embedder.token_spans, Cutting()))
    ranker = WindowRanker([passages])
    texts = [passages[place.passage].embedded_text(passages[place.passage].windows[place.window]) for place in ranker.places]
    return passages, ranker, embedder.embed(texts)


def place_text(passages: Sequence) -> Iterator[str]:
    """The document's text put together from its passages, which overlap."""
    at = 0
    for passage in passages:
        yield " " * (passage.start - at)
        yield passage.text[max(at - passage.start, 0) :]
        at = passage.start + len(passage.text)


def build_naive(corpus: Corpus, embedder: Encoder) -> Retrieve:
    text = corpus.text
    words = [match.span() for match in re.finditer(r"\S+", text)]
    starts = range(0, max(len(words) - 50, 1), 450)
    spans = [(words[start][0], words[min(start + 500, len(words)) - 1][1]) for start in starts]
    vectors = embedder.embed([text[start:end] for start, end in spans])
    return ranked_spans(text, spans, lambda question: vectors @ embedder.vector(question))


def build_langchain(corpus: Corpus, embedder: Encoder) -> Retrieve:
    text = corpus.text
    pieces = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True).create_documents([text])
    spans = [(piece.metadata["start_index"], piece.metadata["start_index"] + len(piece.page_content)) for piece in pieces]
    vectors = embedder.embed([text[start:end] for start, end in spans])
    bm25 = Bm25(text[start:end] for start, end in spans)

    def reciprocal_ranks(question: str) -> np.ndarray:
        legs = (vectors @ embedder.vector(question), bm25.coverage(question))
        return sum(1 / (61 + np.argsort(np.argsort(-leg, kind="stable"), kind="stable")) for leg in legs)

    return ranked_spans(text, spans, reciprocal_ranks)


def ranked_spans(text: str, spans: Sequence[tuple[int, int]], score: Callable[[str], np.ndarray]) -> Retrieve:
    def retrieve(question: str, results: int | None, words: int | None) -> list[str]:
        order = [spans[row] for row in np.argsort(-score(question), kind="stable")]
        return join(order[:results] if words is None else within(order, text, words), text)

    return retrieve


def within(order: Sequence[tuple[int, int]], text: str, words: int) -> list[tuple[int, int]]:
    """The best spans that fit into so many words; the beginning of the best where not even that does."""
    chosen = []
    left = words
    for start, end in order:
        ends = [match.end() for match in re.finditer(r"\S+", text[start:end])]
        if len(ends) <= left:
            chosen.append((start, end))
            left -= len(ends)
        elif not chosen:
            return [(start, start + ends[words - 1])]
    return chosen


def join(spans: Sequence[tuple[int, int]], text: str) -> list[str]:
    joined: list[list[int]] = []
    for start, end in sorted(spans):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    return [text[start:end] for start, end in joined]


def measure_off_topic(corpora: Sequence[Corpus], embedder: Encoder) -> dict[str, float]:
    """How often the product calls a question answerable, of the business's own questions and of all the others'."""
    answerable: dict[bool, list[bool]] = {True: [], False: []}
    for corpus in corpora:
        _, ranker, vectors = index(corpus, embedder)
        for other in corpora:
            for question in other.questions:
                ranking = ranker.rank(question["question"], vectors @ embedder.vector(question["question"]), limit=1)
                answerable[other is corpus].append(ranking.answerable)
    return {"own_answerable": float(np.mean(answerable[True])), "others_answerable": float(np.mean(answerable[False] or [False]))}


CONFIGS = {"aira": build_aira, "naive-500-50": build_naive, "langchain-1000-200-rrf": build_langchain}

if __name__ == "__main__":
    main()
