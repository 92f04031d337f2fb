"""The shipped sentence encoder: all-MiniLM-L6-v2 from package data, run by ONNX Runtime."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from aira.errors import SetupError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

    from aira.ports import Vectors

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
TOKEN_LIMIT = 256
"""Word pieces the model reads of a text, its two marks included."""

_TOKENS_PER_BATCH = 2048
_THREADS = 2
_SHA256 = {
    "model-w8.onnx": "bef16d52ee5182d74f08139d3b7ad2770bff3332d7edbbc4e9e923795cdde8a0",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class OnnxEmbedder:
    """Embedder over the shipped model. Nothing is loaded before the first text; one process loads it once."""

    model = MODEL
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> "Vectors":
        """Unit vectors, one row a text; of each text the first 254 word pieces are read."""
        encodings = _truncating_tokenizer().encode_batch_fast(list(texts))
        vectors = np.empty((len(encodings), DIMENSIONS), np.float32)
        for rows in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[rows] = _run([encodings[row] for row in rows])
        return vectors

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end, in characters, of each word piece of the text, without a limit."""
        return list(_tokenizer().encode(text, add_special_tokens=False).offsets)


class _Session(Protocol):
    def run(self, outputs: list[str], inputs: dict[str, object]) -> "list[Vectors]": ...


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows of similar length together, so that little is computed for padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _run(encodings: "Sequence[Encoding]") -> "Vectors":
    width = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(encodings), width), np.int64)
    mask = np.zeros((len(encodings), width), np.int64)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return _session().run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]


@lru_cache(maxsize=1)
def _session() -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread leaves its core to the calls
    session: _Session = onnxruntime.InferenceSession(_read("model-w8.onnx"), options, providers=["CPUExecutionProvider"])
    return session


@lru_cache(maxsize=1)
def _tokenizer() -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_buffer(_read("tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=1)
def _truncating_tokenizer() -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(_tokenizer().to_str())
    tokenizer.enable_truncation(TOKEN_LIMIT)
    return tokenizer


def _read(name: str) -> bytes:
    content = (Path(__file__).parent / "minilm" / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != _SHA256[name]:
        raise SetupError(
            f"The file {name} of the sentence model is damaged.",
            hint="Install AiRa again: `pip install --force-reinstall aira-receptionist`.",
        )
    return content
