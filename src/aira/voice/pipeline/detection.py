"""Where speech begins and ends in a caller's audio: Silero's model, one session a process, its verdicts counted per call.

Pipecat's own analyzer loads the model anew for every call inside the event loop (100 ms of silence for every other caller, 10 MB
each), passes each packet to a thread, and measures loudness by a method that takes longer than the model. Here a window of 32 ms is
scored where it arrives, in a fifth of a millisecond. The model goes on hearing speech for up to 100 ms after it has ended; windows
that were much quieter than the speech before count as silence in retrospect, so that an answer does not wait for that.
"""

from enum import Enum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from aira.voice.audio import TELEPHONE_RATE, Samples

if TYPE_CHECKING:
    import onnxruntime

START_SECONDS = 0.2
"""How long speech has to last before it counts."""
STOP_SECONDS = 0.2
"""How long silence has to last before speech counts as over."""
WINDOW_SAMPLES = 256
"""Samples at the telephone's rate that the model scores at once: 32 ms."""

_CONTEXT_SAMPLES = 32
_SPEECH = 0.7
_START_WINDOWS = round(START_SECONDS * TELEPHONE_RATE / WINDOW_SAMPLES)
_STOP_WINDOWS = round(STOP_SECONDS * TELEPHONE_RATE / WINDOW_SAMPLES)
_FAINT = 200.0
"""Level below which nothing is taken for a caller's voice; of 32768."""
_FADED = 0.06
"""Share of the speech's level below which a window is silence, whatever the model says."""
_MOST_RETROSPECT = 3
_RESET_WINDOWS = 2 * TELEPHONE_RATE // WINDOW_SAMPLES
_SURE_SILENCE = 0.1
_SURE_WINDOWS = 5


class Change(Enum):
    """What a packet changed."""

    STARTED = "started"
    STOPPED = "stopped"


class VoiceDetection:
    """Follows one caller's audio at the telephone's rate."""

    def __init__(self, model: "Silero") -> None:
        self._model = model
        self._rest = np.zeros(0, np.int16)
        self._speaking = False
        self._voiced = 0
        self._silent = 0
        self._faded = 0
        self._level = 0.0
        self._speech_level = 0.0

    def hear(self, samples: Samples) -> Change | None:
        """Add audio; says where speech has begun or ended by it."""
        self._rest = np.concatenate((self._rest, samples))
        change = None
        while len(self._rest) >= WINDOW_SAMPLES:
            window, self._rest = self._rest[:WINDOW_SAMPLES], self._rest[WINDOW_SAMPLES:]
            change = self._hear_window(window.astype(np.float32)) or change
        return change

    def _hear_window(self, window: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> Change | None:
        level = float(np.sqrt(np.dot(window, window) / WINDOW_SAMPLES))
        self._level = max(level, self._level * 0.8)
        self._speech_level = max(level, self._speech_level * 0.97)
        voiced = self._model.score(window, resettable=not self._speaking) >= _SPEECH and self._level >= _FAINT
        self._faded = self._faded + 1 if level < _FADED * self._speech_level else 0
        return self._count_speech(voiced) if self._speaking else self._count_silence(voiced)

    def _count_silence(self, voiced: bool) -> Change | None:
        self._voiced = self._voiced + 1 if voiced else 0
        if self._voiced < _START_WINDOWS:
            return None
        self._speaking, self._silent = True, 0
        return Change.STARTED

    def _count_speech(self, voiced: bool) -> Change | None:
        if voiced:
            self._silent = 0
            return None
        if self._silent == 0:
            self._silent = min(max(self._faded - 1, 0), _MOST_RETROSPECT)
        self._silent += 1
        if self._silent < _STOP_WINDOWS:
            return None
        self._speaking, self._voiced = False, 0
        return Change.STOPPED


class Silero:
    """Silero's model with the memory of one call.

    Its memory of long silence or music makes it deaf to the speech that follows, so it is cleared every two seconds of clear silence.
    """

    def __init__(self, session: "onnxruntime.InferenceSession") -> None:
        self._session = session
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._windows = 0
        self._sure = 0

    def score(self, window: "np.ndarray[tuple[int], np.dtype[np.float32]]", *, resettable: bool) -> float:
        """How surely `WINDOW_SAMPLES` of 16-bit range hold speech, 0 to 1; the memory is cleared only where it is `resettable`."""
        scaled = window / np.float32(32768.0)
        heard = np.concatenate((self._context, scaled))[np.newaxis]
        (scores, self._state) = self._session.run(None, {"input": heard, "state": self._state, "sr": _RATE})
        self._context = scaled[-_CONTEXT_SAMPLES:]
        score = float(scores[0][0])
        self._windows += 1
        self._sure = self._sure + 1 if score < _SURE_SILENCE else 0
        if resettable and self._windows >= _RESET_WINDOWS and self._sure >= _SURE_WINDOWS:
            self._clear()
        return score

    def _clear(self) -> None:
        self._state = np.zeros_like(self._state)
        self._context = np.zeros_like(self._context)
        self._windows = self._sure = 0


_RATE = np.array(TELEPHONE_RATE, np.int64)


@cache
def shared_session() -> "onnxruntime.InferenceSession":
    """The process's one session of the model that Pipecat ships; `run` may be called for several calls in turn."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    model = (files("pipecat.audio.vad.data") / "silero_vad.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


def voice_detection() -> VoiceDetection:
    """The voice detection of one call."""
    return VoiceDetection(Silero(shared_session()))
