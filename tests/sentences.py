"""What callers and documents say, for tests of the sentence model; `data/minilm_reference.json` holds their vectors.

The reference was computed by sentence-transformers 6.2.0 from the original weights (SHA-256 of model.safetensors
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db): `python tests/sentences.py FOLDER` writes it again.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).parent / "data" / "minilm_reference.json"

SENTENCES = (
    "How much is a haircut?",
    "Haircut | 30 min | $40",
    "Are you open on Sundays?",
    "We are closed on Sundays and Mondays.",
    "Where can I park my car?",
    "I'd like to book an appointment for next Tuesday at half past three, please.",
    "Prices hold for hair to the shoulder. For longer or very thick hair we may ask for up to 25 dollars more.",
    "Ünïcödé, naïve cafés and 東京 — and an em-dash…",
    "555-0199",
    "word " * 400,
)


def reference() -> np.ndarray:
    """The vectors of the original weights, one row a sentence."""
    encoded = json.loads(REFERENCE.read_text("utf-8"))["vectors"]
    return np.array([np.frombuffer(base64.b64decode(row), np.float32) for row in encoded])


def main() -> None:
    """Compute the reference with the model in a folder."""
    from sentence_transformers import SentenceTransformer

    vectors = SentenceTransformer(sys.argv[1], device="cpu").encode(list(SENTENCES), normalize_embeddings=True)
    rows = [base64.b64encode(vector.astype(np.float32).tobytes()).decode() for vector in vectors]
    REFERENCE.write_text(json.dumps({"model": "sentence-transformers/all-MiniLM-L6-v2", "vectors": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
