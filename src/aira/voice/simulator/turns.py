"""What a simulated caller does on the line, one thing after the other: says something, or presses keys."""

import re
from dataclasses import dataclass

from aira.voice.audio import Samples

KEY_SECONDS = 0.2
"""From one pressed key to the next."""

_KEYS = re.compile(r"[0-9*#]+")


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something the caller says; `cut_in` is how many seconds into the bot's speech it begins, None to let the bot finish.

    `text` are its words, which a `<Gather>` for speech is given, as the simulated carrier understands no speech.
    """

    samples: Samples
    cut_in: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys the caller presses, one after the other; raises ValueError for anything but digits, * and #."""

    digits: str

    def __post_init__(self) -> None:
        if not _KEYS.fullmatch(self.digits):
            raise ValueError(f"{self.digits!r} are no keys of a telephone")


CallerTurn = Utterance | Keys


@dataclass(frozen=True, slots=True)
class Person:
    """Who is rung by `<Dial>`: whether and after how many seconds they answer, the keys they press when asked, how long they talk."""

    answers: bool = False
    answers_after: float = 1.0
    keys: str = ""
    talks_for: float = 2.0
    busy: bool = False
