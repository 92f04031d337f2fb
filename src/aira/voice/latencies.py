"""Delays of a conversation's answers, as reports print them."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds of each answer, with their median and 95th percentile, None where there are none."""

    turns: list[float]
    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, turns: Sequence[float]) -> "Latencies":
        """The delays and their percentiles."""
        ordered = sorted(turns)
        p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))] if ordered else None
        return cls(list(turns), round(statistics.median(ordered), 1) if ordered else None, p95)
