"""Where speech begins and ends is heard from the audio alone, packet by packet."""

import numpy as np
import pytest

from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE, Samples, loudness
from aira.voice.pipeline.detection import START_SECONDS, STOP_SECONDS, Change, voice_detection
from aira.voice.simulator.caller_voice import spoken

pytestmark = pytest.mark.voice

CLIP = "My name is Sarah Johnson."
LOUD = 300.0
WINDOW = 0.032


def changes(samples: Samples) -> list[tuple[Change, float]]:
    """What changed, and after how many seconds of audio."""
    detection = voice_detection()
    found = []
    for start in range(0, len(samples), PACKET_SAMPLES):
        change = detection.hear(samples[start : start + PACKET_SAMPLES])
        if change is not None:
            found.append((change, (start + PACKET_SAMPLES) / TELEPHONE_RATE))
    return found


def noise(seconds: float, level: float) -> Samples:
    """Hiss of this level."""
    return (np.random.default_rng(7).standard_normal(round(seconds * TELEPHONE_RATE)) * level).astype(np.int16)


def loud_seconds(samples: Samples) -> tuple[float, float]:
    """When the first loud packet begins and the last one ends."""
    loud = [
        start
        for start in range(0, len(samples), PACKET_SAMPLES)
        if len(samples[start : start + PACKET_SAMPLES]) and loudness(samples[start : start + PACKET_SAMPLES]) > LOUD
    ]
    return loud[0] / TELEPHONE_RATE, (loud[-1] + PACKET_SAMPLES) / TELEPHONE_RATE


@pytest.mark.parametrize("level", [0.0, 20.0])
@pytest.mark.parametrize("loudness_of_caller", [1.0, 0.25])
def test_speech_ends_as_long_after_its_last_sound_as_it_says(level: float, loudness_of_caller: float) -> None:
    """Not later because the model lingers; loud and soft callers, a clean line and one that hisses."""
    clip = (spoken(CLIP) * loudness_of_caller).astype(np.int16)
    first, last = loud_seconds(spoken(CLIP))
    line = (
        np.concatenate([noise(1.0, level), clip, noise(1.0, level)]) + noise(2.0 + len(clip) / TELEPHONE_RATE, level)[: len(clip) + 16000]
    )

    (started, began), (stopped, ended) = changes(line)

    assert (started, stopped) == (Change.STARTED, Change.STOPPED)
    assert 1.0 + first + START_SECONDS - 2 * WINDOW <= began <= 1.0 + first + START_SECONDS + 6 * WINDOW
    assert 1.0 + last + STOP_SECONDS - 3 * WINDOW <= ended <= 1.0 + last + STOP_SECONDS + 4 * WINDOW


@pytest.mark.parametrize("line", [noise(4.0, 0.0), noise(4.0, 30.0), noise(4.0, 800.0)], ids=["silence", "hiss", "roar"])
def test_noise_is_no_speech(line: Samples) -> None:
    """However loud."""
    assert changes(line) == []


def test_speech_is_found_after_long_silence() -> None:
    """The model's memory of silence does not make it deaf."""
    line = np.concatenate([noise(20.0, 5.0), spoken(CLIP), noise(1.0, 5.0)])

    assert [change for change, _ in changes(line)] == [Change.STARTED, Change.STOPPED]
