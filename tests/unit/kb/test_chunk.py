"""Documents are cut into passages of so many words, and these into windows that the encoder reads whole."""

import random

from hypothesis import given, settings, strategies as st

from aira.kb.chunk import Cutting, Passage, cut_passages, document_text
from aira.kb.document import Block, BlockKind
from aira.kb.plain import read_markdown
from aira.ports import Embedder

CUTTING = Cutting()
ENCODER_LIMIT = 254
"""Word pieces that the shipped model reads of a text."""


def words_as_pieces(text: str) -> list[tuple[int, int]]:
    """A tokenizer for which each letter group of at most four is a piece."""
    spans = []
    at = 0
    for word in text.split():
        at = text.index(word, at)
        spans += [(at + start, min(at + start + 4, at + len(word))) for start in range(0, len(word), 4)]
        at += len(word)
    return spans


def paragraph(words: int, *, word: str = "word", every: int = 12) -> Block:
    """Sentences of twelve words."""
    text = " ".join(f"{word}{number}" + ("." if number % every == every - 1 else "") for number in range(words))
    return Block(BlockKind.PARAGRAPH, text.replace(". w", ". W"))


def cut(*blocks: Block, cutting: Cutting = CUTTING) -> list[Passage]:
    """The passages of these blocks."""
    return list(cut_passages(blocks, words_as_pieces, cutting))


texts = st.lists(
    st.tuples(
        st.sampled_from(list(BlockKind)),
        st.text(alphabet=st.sampled_from("abc .\n|?:é漢 "), min_size=1, max_size=1500).filter(lambda text: text.strip()),
        st.sampled_from([(), ("Prices",), ("Handbook", "A very long heading " * 9)]),
        st.sampled_from(["", "Service | Time | Price", "column | " * 60]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(texts, st.integers(20, 60), st.integers(0, 9), st.integers(8, 40))
def test_every_word_piece_is_read_and_no_window_is_too_long(parts, chunk_words, chunk_overlap, window_tokens):
    """Whatever the text: passages hold the document, windows tile their passage, and no window exceeds its limit."""
    blocks = [Block(kind, text.strip(), headings=headings, header=header) for kind, text, headings, header in parts]
    cutting = Cutting(chunk_words, chunk_overlap, window_tokens, context_tokens=10)

    passages = list(cut_passages(blocks, words_as_pieces, cutting))

    text = document_text(blocks)
    read = set()
    for passage in passages:
        assert len(passage.text.split()) <= chunk_words
        assert text[passage.start : passage.start + len(passage.text)] == passage.text
        covered = {position for window in passage.windows for position in range(window.start, window.end)}
        assert {start for start, _ in words_as_pieces(passage.text)} <= covered
        for window in passage.windows:
            assert len(words_as_pieces(passage.text[window.start : window.end])) <= window_tokens
            assert len(words_as_pieces(passage.embedded_text(window))) <= window_tokens + 2 * 10 + 2
        read |= {passage.start + start for start, _ in words_as_pieces(passage.text)}
    assert {position for position, character in enumerate(text) if not character.isspace()} <= {
        position for passage in passages for position in range(passage.start, passage.start + len(passage.text))
    }
    assert read


def test_the_shipped_model_reads_every_window_whole(embedder: Embedder):
    """With the model's own word pieces, for words it knows and for others, with headings and table heads."""
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    blocks = []
    for number in range(60):
        text = " ".join("".join(chance.choice(letters) for _ in range(chance.randint(1, 14))) for _ in range(chance.randint(5, 400)))
        kind = chance.choice([BlockKind.PARAGRAPH, BlockKind.ROW, BlockKind.ITEM])
        blocks.append(
            Block(kind, text, headings=(f"Chapter {number} " * 20,), header="Service | Time | " * 20 if kind is BlockKind.ROW else "")
        )

    passages = list(cut_passages(blocks, embedder.token_spans, CUTTING))

    longest = max(len(embedder.token_spans(passage.embedded_text(window))) for passage in passages for window in passage.windows)
    assert 150 < longest <= ENCODER_LIMIT


def test_passages_end_with_a_block_where_one_ends_late_enough():
    """A paragraph that ends among the last hundred words of five hundred is not cut."""
    passages = cut(paragraph(450), paragraph(300, word="more"))

    assert passages[0].text.split()[-1] == "word449"
    assert passages[1].text.split()[-1] == "more299."


def test_passages_overlap_by_whole_sentences():
    """The next passage begins with the last sentences of the one before, at most fifty words of them."""
    first, second, *_ = cut(paragraph(1200))

    shared = first.text[second.start :].split()
    assert 36 <= len(shared) <= 50
    assert second.text.split()[0] == shared[0]
    assert first.text.split()[-1].endswith(".")


def test_windows_keep_to_blocks():
    """Paragraphs that fit are windows of their own."""
    (passage,) = cut(paragraph(20), paragraph(30, word="more"))

    assert [len(passage.text[window.start : window.end].split()) for window in passage.windows] == [20, 30]


def test_rows_of_a_table_share_windows_and_keep_their_head():
    """They are packed up to the limit; a window that begins below the head is read with it."""
    rows = [
        Block(BlockKind.ROW, f"Service {number} | {number} minutes | ${number}", header="Service | Time | Price") for number in range(60)
    ]

    (passage,) = cut(*rows)

    assert 2 <= len(passage.windows) < 15
    assert {window.header for window in passage.windows} == {"Service | Time | Price"}
    assert passage.embedded_text(passage.windows[1]).startswith("Service | Time | Price\nService ")


def test_a_heading_or_question_goes_with_what_follows():
    """Neither is a window by itself, and neither ends one."""
    blocks = read_markdown(
        "## Parking\n\nWhere can I park?\n\nYou park behind the house, free of charge.\n\n## Pets\n\nDogs are welcome here, on a lead."
    )

    (passage,) = cut(*blocks)

    assert [passage.text[window.start : window.end] for window in passage.windows] == [
        "Parking\n\nWhere can I park?\n\nYou park behind the house, free of charge.",
        "Pets\n\nDogs are welcome here, on a lead.",
    ]
    assert [window.heading for window in passage.windows] == ["Parking", "Pets"]


def test_a_long_paragraph_is_cut_into_parts_of_like_length():
    """At sentences, none of them much shorter than the others."""
    (passage,) = cut(paragraph(264))

    lengths = [len(passage.text[window.start : window.end].split()) for window in passage.windows]
    assert len(lengths) == 3
    assert max(lengths) - min(lengths) <= 24
    assert all(passage.text[window.start : window.end].rstrip().endswith(".") for window in passage.windows)


def test_a_word_longer_than_a_window_is_cut():
    """Somewhere, as it has no better place."""
    (passage,) = cut(Block(BlockKind.PARAGRAPH, "x" * 2000))

    assert [window.end - window.start for window in passage.windows] == [668, 668, 664]


def test_headings_are_read_before_a_window_as_far_as_there_is_room():
    """The innermost words of a path that is too long."""
    block = Block(BlockKind.PARAGRAPH, "Behind the house.", page=3, headings=("Handbook " * 40, "Parking"))

    ((window,),) = [passage.windows for passage in cut(block)]

    assert window.context.endswith("Handbook  > Parking")
    assert len(words_as_pieces(window.context)) <= CUTTING.context_tokens
    assert window.page == 3
