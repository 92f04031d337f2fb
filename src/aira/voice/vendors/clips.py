"""Sentences kept as sound: what each business opens its calls with, and the apology for when nobody is left to say it."""

import hashlib
from pathlib import Path

from aira.voice.audio import TELEPHONE_RATE, Samples, mulaw_wav_bytes, read_wav

APOLOGY = "I am sorry, we have a technical problem. I will put you through, or take your message after the tone."
MOST_CLIPS = 500
"""Clips that are kept; the oldest go first."""


class Clips:
    """A folder of clips, found again by their text. Made without a vendor at hand, they are as good as a vendor that answers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, text: str) -> Samples | None:
        """The sound of a text at the telephone's rate, None where it was never kept."""
        try:
            return read_wav(self._path(text).read_bytes(), rate=TELEPHONE_RATE)
        except (OSError, ValueError):
            return None

    def keep(self, text: str, samples: Samples) -> None:
        """Keep a text's sound at the telephone's rate, in the place of an older one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(text)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(mulaw_wav_bytes(samples))
        unfinished.replace(path)
        kept = sorted(self._folder.glob("*.wav"), key=lambda one: one.stat().st_mtime)
        for old in kept[:-MOST_CLIPS]:
            old.unlink(missing_ok=True)

    def _path(self, text: str) -> Path:
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.wav"
