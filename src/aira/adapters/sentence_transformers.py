"""Embedder over sentence-transformers: the reference for the shipped model, and the way to any other."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aira.errors import MissingExtra, SetupError

if TYPE_CHECKING:
    from aira.ports import Vectors

_BATCH = 16


class SentenceTransformersEmbedder:
    """Any SentenceTransformers model, by its name or folder; vectors come out pooled and of unit length.

    `model` is the name, for a folder its last part, so that vectors of the shipped all-MiniLM-L6-v2 and of the original are one space.
    Raises MissingExtra, or SetupError where the model cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtra("sentence-transformers", purpose="AIRA_EMBEDDING_MODEL=sentence-transformers:…") from None
        try:
            self._encoder = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise SetupError(f"The embedding model {name} cannot be loaded.", hint="Correct AIRA_EMBEDDING_MODEL.") from error
        self.model = Path(name).name if Path(name).is_dir() else name.removeprefix("sentence-transformers/")
        self.dimensions = int(self._encoder.encode(["dimensions"], show_progress_bar=False).shape[1])

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors, one row a text; text beyond the model's limit is not read."""
        vectors: Vectors = self._encoder.encode(
            list(texts), batch_size=_BATCH, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False
        )
        return vectors.astype(np.float32, copy=False).reshape(len(texts), self.dimensions)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end, in characters, of each word piece of the text, without a limit."""
        encoded = self._encoder.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False)
        return [(int(start), int(end)) for start, end in encoded["offset_mapping"]]
