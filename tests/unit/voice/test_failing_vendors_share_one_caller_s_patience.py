"""The time that failing vendors cost a caller is counted over all stages, and when it is spent this process answers."""

from dataclasses import dataclass, field

import pytest

from aira.voice.vendors.circuit import Gate
from aira.voice.vendors.watch import FEWEST_SECONDS, MOST_LOST_SECONDS, Watch


@dataclass
class Scene:
    """A watch on a clock that a test moves, and what was noted."""

    now: float = 100.0
    noted: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = Watch(note_failure=lambda gate, reason: self.noted.append((gate.vendor, reason)), clock=lambda: self.now)

    def gate(self, kind: str, vendor: str) -> Gate:
        """A vendor's breaker on the same clock."""
        return Gate(kind, vendor, lambda: self.now)

    def hangs(self, kind: str, vendor: str, deadline: float) -> float:
        """A vendor takes all the time it has, in vain; returns how long that was."""
        attempt = self.watch.asks(self.gate(kind, vendor), deadline)
        assert attempt.seconds is not None
        self.now += attempt.seconds
        attempt.failed("too_slow")
        return attempt.seconds


def test_vendors_that_hang_one_after_the_other_cost_no_more_than_one_silence() -> None:
    """Two that hear, two that think, two that speak, each by its own deadline: together what a caller bears."""
    scene = Scene()
    scene.watch.anew()

    for kind, deadline in (("stt", 1.2), ("stt", 1.2), ("llm", 1.4), ("llm", 1.4), ("tts", 1.2), ("tts", 1.2)):
        if not scene.watch.spent:
            scene.hangs(kind, "a vendor", deadline)

    assert scene.now - 100 == pytest.approx(MOST_LOST_SECONDS)


def test_a_vendor_that_works_has_all_its_time() -> None:
    """However slow those before it were that did answer."""
    scene = Scene()
    scene.watch.anew()
    for _ in range(4):
        attempt = scene.watch.asks(scene.gate("llm", "slow"), 1.4)
        scene.now += 1.3
        attempt.succeeded()

    assert scene.watch.asks(scene.gate("tts", "next"), 1.2).seconds == 1.2
    assert not scene.watch.spent


def test_nobody_is_blamed_for_being_late_who_had_less_time() -> None:
    """Breakers and journal count those who had theirs; any other failure counts whoever had how much."""
    scene = Scene()
    scene.watch.anew()

    assert [scene.hangs("stt", vendor, 1.2) for vendor in ("one", "two", "three")] == pytest.approx([1.2, 1.2, 0.6])
    cut = scene.gate("tts", "four")
    scene.watch.asks(cut, 1.2).failed("status_500")

    assert scene.noted == [("one", "too_slow"), ("two", "too_slow"), ("four", "status_500")]
    assert cut.circuit.failures == 1


def test_where_nobody_else_is_left_a_vendor_has_a_little() -> None:
    """A caller who has waited for three seconds may as well wait for a word more."""
    scene = Scene()
    scene.watch.anew()
    scene.hangs("stt", "one", MOST_LOST_SECONDS)

    assert scene.watch.spent
    assert scene.watch.asks(scene.gate("tts", "two"), 1.2).seconds == FEWEST_SECONDS


def test_who_is_heard_waits_no_longer() -> None:
    """Caller or bot: the next silence is another one, and only what was waited since then is lost."""
    scene = Scene()
    scene.watch.anew()
    scene.hangs("stt", "one", 2.0)
    attempt = scene.watch.asks(scene.gate("tts", "two"), 1.2)
    scene.now += 0.5
    scene.watch.anew()
    scene.now += 1.0
    attempt.failed("broken_off")

    assert scene.watch.asks(scene.gate("llm", "three"), 5.0).seconds == pytest.approx(MOST_LOST_SECONDS - 1.0)


def test_the_engines_here_need_no_watching() -> None:
    """They have no deadline."""
    assert Watch().asks(Scene().gate("tts", "local"), None).seconds is None
