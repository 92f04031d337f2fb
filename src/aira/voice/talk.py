"""A conversation as the audio pipeline drives it, and how its delays are counted."""

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol


class Talk(Protocol):
    """A conversation; `session.Session` is one."""

    ended: bool
    """Nothing more will be said: hang up when the last words have been heard."""

    @property
    def may_go_on(self) -> bool:
        """Whether a conversation that has ended goes on if the caller has something more to say."""

    def start(self) -> AsyncGenerator[str, None]:
        """The bot's first sentences."""

    def hear(self, text: str) -> AsyncGenerator[str, None]:
        """What the bot says to the caller's words."""

    def silence(self) -> AsyncGenerator[str, None]:
        """What the bot says when the caller has said nothing for a while."""

    async def interrupted(self, unheard: list[str]) -> None:
        """The caller cut in before these sentences were heard."""

    async def measured(self, latency_ms: dict[str, float]) -> None:
        """The delay of the bot's last answer, in parts."""


@dataclass
class Delay:
    """The moments between the end of a caller's speech and the first sound of the answer, in seconds of the monotonic clock."""

    spoke_until: float = field(default_factory=time.monotonic)
    understood_at: float | None = None
    asked_at: float = 0.0
    answered_at: float = 0.0

    def parts(self, sounded_at: float) -> dict[str, float]:
        """Milliseconds spent listening, waiting whether the caller goes on, thinking and speaking, and their total."""
        understood_at = max(self.understood_at or self.spoke_until, self.spoke_until)
        return {
            "listen": _milliseconds(understood_at - self.spoke_until),
            "wait": _milliseconds(self.asked_at - understood_at),
            "think": _milliseconds(self.answered_at - self.asked_at),
            "speak": _milliseconds(sounded_at - self.answered_at),
            "total": _milliseconds(sounded_at - self.spoke_until),
        }


def _milliseconds(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 1)
