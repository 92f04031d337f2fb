"""The shipped sentence model gives the vectors of the original, whole or in batches, and is refused where it is damaged."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from aira.adapters import onnx_embedder
from aira.adapters.onnx_embedder import OnnxEmbedder
from aira.errors import SetupError
from sentences import SENTENCES, reference


def test_vectors_are_those_of_the_original_weights(embedder: OnnxEmbedder):
    """Cosine of at least 0.999 to the stored vectors of sentence-transformers."""
    cosines = (embedder.embed(SENTENCES) * reference()).sum(axis=1)

    assert cosines.min() >= 0.999


def test_vectors_have_unit_length_and_the_promised_size(embedder: OnnxEmbedder):
    """So that their product is their cosine."""
    vectors = embedder.embed(SENTENCES)

    assert vectors.shape == (len(SENTENCES), embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_one_vector_whatever_stands_beside_it(embedder: OnnxEmbedder):
    """Batches and their padding change nothing, and rows keep their order."""
    alone = np.concatenate([embedder.embed([sentence]) for sentence in SENTENCES])

    together = embedder.embed([*SENTENCES, *SENTENCES])

    assert np.allclose(together[: len(SENTENCES)], alone, atol=1e-4)
    assert np.allclose(together[len(SENTENCES) :], alone, atol=1e-4)


def test_nothing_has_no_vectors(embedder: OnnxEmbedder):
    """An empty list is fine, and so are an empty text and a single letter."""
    assert embedder.embed([]).shape == (0, 384)
    assert embedder.embed(["", "x"]).shape == (2, 384)


def test_like_is_near_like(embedder: OnnxEmbedder):
    """A question is nearer to its answer than to another's."""
    question, price, _, closed = embedder.embed(SENTENCES[:4])

    assert question @ price > question @ closed + 0.3


def test_word_pieces_are_told_with_their_places(embedder: OnnxEmbedder):
    """In characters of the text, also beyond ASCII, and without the limit of the model."""
    text = "Haircut, café 30"

    assert [text[start:end] for start, end in embedder.token_spans(text)] == ["Hair", "cut", ",", "café", "30"]
    assert len(embedder.token_spans("word " * 400)) == 400


def test_threads_share_the_model(embedder: OnnxEmbedder):
    """Calls that ask at once get their own answers."""
    with ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda sentence: embedder.embed([sentence])[0], SENTENCES * 3))

    assert np.allclose(np.array(rows), np.concatenate([embedder.embed(SENTENCES)] * 3), atol=1e-4)


def test_a_damaged_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file with another sum than the shipped one is not loaded."""
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "tokenizer.json").write_text("{}")
    monkeypatch.setattr(onnx_embedder, "__file__", str(tmp_path / "onnx_embedder.py"))

    with pytest.raises(SetupError, match=r"tokenizer\.json of the sentence model is damaged"):
        onnx_embedder._read("tokenizer.json")
