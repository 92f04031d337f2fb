"""Windows are ranked by words and meaning together, within one business."""

import re
from itertools import pairwise

import numpy as np
import pytest

from aira.kb.bm25 import Bm25, terms
from aira.kb.chunk import Cutting, Passage, cut_passages
from aira.kb.plain import read_markdown
from aira.kb.rank import WindowRanker

PRICES = "Haircuts cost forty dollars.\n\nBeard trims cost twenty dollars.\n\nWe are closed on Mondays."


def words(text: str) -> list[tuple[int, int]]:
    """Each word a piece."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def passages_of(text: str, cutting: Cutting = Cutting(window_tokens=40)) -> list[Passage]:  # noqa: B008 - frozen
    """The passages of a Markdown text."""
    return list(cut_passages(read_markdown(text), words, cutting))


def cosines(*values: float) -> np.ndarray:
    """Similarities as an encoder gives them."""
    return np.array(values, np.float32)


def test_words_are_compared_in_small_letters_and_singular():
    """`Prices` and `price` are one word, `glass` and `bus` are not cut."""
    assert terms("Prices of 2 Glasses, glass: buses; BUS, parties, boxes, haircuts") == [
        "price",
        "of",
        "2",
        "glass",
        "glass",
        "bus",
        "bus",
        "party",
        "box",
        "haircut",
    ]


def test_coverage_is_a_share_of_what_the_question_could_reach():
    """The window that holds all words of a question has 1, one that holds none has 0."""
    coverage = Bm25(["haircut price", "beard price", "parking"]).coverage("haircut price")

    assert coverage[0] == pytest.approx(1.0)
    assert 0 < coverage[1] < 1
    assert coverage[2] == 0


def test_a_word_that_nobody_wrote_lowers_the_coverage():
    """A question half of whose words are unknown is at most half covered."""
    texts = ["haircut price", "beard price", "parking"]

    assert Bm25(texts).coverage("haircut pizza").max() < 0.6


def test_little_words_do_not_count_unless_there_are_no_others():
    """`how much is a` says nothing; `who are you` has nothing else."""
    bm25 = Bm25(["how much is a haircut", "who are you"])

    assert bm25.coverage("how much is a beard").max() == 0
    assert bm25.coverage("who are you")[1] == pytest.approx(1.0)


def test_nothing_covers_an_empty_question():
    """No words, no score."""
    assert Bm25(["haircut"]).coverage("?!").tolist() == [0.0]


def test_words_and_meaning_rank_together():
    """A window that is near in meaning and holds the word comes before one that is only near."""
    ranker = WindowRanker([passages_of(PRICES)])

    ranking = ranker.rank("price of a beard trim", cosines(0.5, 0.5, 0.1), limit=1)

    assert ranking.matches[0].text == "Beard trims cost twenty dollars."
    assert ranking.matches[0].score > 0.5


def test_a_question_about_something_else_is_not_answerable():
    """Neither words nor meaning are near."""
    ranker = WindowRanker([passages_of(PRICES)])

    assert not ranker.rank("do you sell pizza", cosines(0.15, 0.1, 0.12), limit=3).answerable
    assert ranker.rank("how much is a haircut", cosines(0.6, 0.3, 0.1), limit=3).answerable


def test_the_best_of_many_windows_needs_more():
    """What is enough among three is chance among three hundred."""
    few = WindowRanker([passages_of(PRICES)])
    many = WindowRanker([passages_of("\n\n".join(f"Rule {number} is another rule of this house." for number in range(300)))])
    size = len(many.places)

    assert few.rank("parking", cosines(0.35, 0.1, 0.1), limit=1).answerable
    assert not many.rank("parking", cosines(0.35, *[0.1] * (size - 1)), limit=1).answerable


def test_neighbours_that_were_both_found_are_one_match():
    """Text that belongs together is told together."""
    ranker = WindowRanker([passages_of(PRICES)])

    ranking = ranker.rank("costs", cosines(0.8, 0.7, 0.1), limit=5)

    assert ranking.matches[0].text == "Haircuts cost forty dollars.\n\nBeard trims cost twenty dollars."
    assert ranking.matches[1].text == "We are closed on Mondays."


def test_windows_of_different_documents_are_never_joined():
    """Each match is cited with one document."""
    ranker = WindowRanker([passages_of("Haircuts cost forty dollars."), passages_of("Beard trims cost twenty dollars.")])

    ranking = ranker.rank("cost", cosines(0.8, 0.79), limit=5)

    assert [(match.document, match.text) for match in ranking.matches] == [
        (0, "Haircuts cost forty dollars."),
        (1, "Beard trims cost twenty dollars."),
    ]


def test_what_two_passages_share_is_shown_once():
    """The overlap of passages does not fill two places."""
    sentences = "\n\n".join(
        f"Rule number {number} of this house is called {word} and holds on all days." for number, word in enumerate("abcdef" * 4)
    )
    passages = passages_of(sentences, Cutting(60, 30, 40))
    ranker = WindowRanker([passages])

    matches = ranker.rank("rule", np.linspace(0.1, 0.9, len(ranker.places), dtype=np.float32), limit=100).matches

    spans = sorted((passages[match.passage].start + match.start, passages[match.passage].start + match.end) for match in matches)
    assert len(passages) > 2
    assert all(2 * (before[1] - after[0]) <= after[1] - after[0] for before, after in pairwise(spans))


def test_a_budget_of_words_is_kept():
    """Matches that do not fit are left out, smaller ones behind them are not; the best is always given."""
    long = "One two three four five six seven eight nine ten eleven twelve."
    ranker = WindowRanker([passages_of(text) for text in (long, long, "Short words.")])

    budgets = {words: ranker.rank("x", cosines(0.9, 0.8, 0.7), limit=10, budget_words=words).matches for words in (1, 14, 30)}

    assert {words: [match.document for match in matches] for words, matches in budgets.items()} == {1: [0], 14: [0, 2], 30: [0, 1, 2]}


def test_a_row_is_shown_with_the_head_of_its_table():
    """A price without its column's name is a number."""
    rows = "\n".join(f"| Service {number} with a longer name | {number} min | ${number} |" for number in range(12))
    ranker = WindowRanker([passages_of(f"| Service | Time | Price |\n|---|---|---|\n{rows}")])
    last = len(ranker.places) - 1

    (match,) = ranker.rank("x", cosines(*[0.1] * last, 0.9), limit=1).matches

    assert match.text.startswith("Service | Time | Price\nService ")


def test_nothing_is_found_in_nothing():
    """A business without documents has no answer."""
    ranking = WindowRanker([]).rank("anything", cosines(), limit=5)

    assert not ranking.answerable
    assert ranking.matches == []


def test_of_many_windows_the_best_come_first_and_of_equal_ones_the_first():
    """As if all of them had been sorted."""
    chance = np.random.default_rng(5)
    similarities = chance.integers(0, 40, 500) / 40
    ranker = WindowRanker([passages_of(f"Text {number}.") for number in range(500)])

    ranking = ranker.rank("x", cosines(*similarities), limit=60)

    brute_force = sorted(range(500), key=lambda row: (-similarities[row], row))
    assert [match.document for match in ranking.matches] == brute_force[:60]
    assert ranking.evidence < similarities.max()
