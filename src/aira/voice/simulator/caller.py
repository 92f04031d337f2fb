"""How a simulated caller behaves on the line: waits for the bot to finish, speaks, waits for the answer, hangs up in the end."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE, Samples, decode_mulaw, encode_mulaw, loudness

PATIENCE_SECONDS = 0.9
"""Silence after which the caller takes the bot to have finished."""
ANSWER_SECONDS = 12.0
"""How long the caller waits for an answer before going on regardless."""
FAREWELL_SECONDS = 5.0
"""How long the caller stays on the line after the answer to the last words."""

_LOUD = 300.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something the caller says; `cut_in` is how many seconds into the bot's speech it begins, None to let the bot finish."""

    samples: Samples
    cut_in: float | None = None


@dataclass
class Caller:
    """Decides packet by packet what the caller's side of the line carries. Times are seconds on the line's clock."""

    utterances: deque[Utterance]
    delays_ms: list[float] = field(default_factory=list)
    """From the last loud packet of each utterance to the first loud packet of the answer."""
    greeting_ms: float | None = None
    cut_in_ms: list[float] = field(default_factory=list)
    """From the first loud packet of each cutting-in utterance to the bot's silence."""
    hangs_up: bool = False
    _packets: deque[bytes] = field(default_factory=deque)
    _loud_left: int = 0
    _quiet_since: float = 0.0
    _bot_began: float | None = None
    _spoke_until: float | None = 0.0
    _cut_in_at: float | None = None

    def next_packet(self, now: float, bot_loud_until: float) -> bytes:
        """The next 20 ms of the caller's side; `bot_loud_until` is when the bot's last loud sample is or was heard."""
        if not self._packets and self._may_speak(now, bot_loud_until):
            self._begin(self.utterances.popleft(), now)
        if self._packets:
            return self._speak(now)
        self.hangs_up = not self.utterances and self._waited_enough(now, bot_loud_until)
        return _SILENCE

    def hears(self, now: float, payload: bytes) -> bool:
        """A packet of the bot's has arrived; returns whether there is speech in it."""
        if loudness(decode_mulaw(payload)) < _LOUD:
            return False
        if self._bot_began is None:
            self._bot_began = now
        if self._spoke_until is not None and not self._packets:
            self._answered(now)
        return True

    def silenced(self, now: float) -> None:
        """The bot has stopped because the caller cut in."""
        if self._cut_in_at is not None:
            self.cut_in_ms.append(round((now - self._cut_in_at) * 1000, 1))
            self._cut_in_at = None

    def _answered(self, now: float) -> None:
        delay = round((now - (self._spoke_until or 0.0)) * 1000, 1)
        if self.greeting_ms is None:
            self.greeting_ms = delay
        else:
            self.delays_ms.append(delay)
        self._spoke_until = None

    def _may_speak(self, now: float, bot_loud_until: float) -> bool:
        if not self.utterances:
            return False
        if self._bot_began is None:
            return now - (self._spoke_until or 0.0) > ANSWER_SECONDS
        cut_in = self.utterances[0].cut_in
        if cut_in is not None:
            return now - self._bot_began >= cut_in
        return now - bot_loud_until > PATIENCE_SECONDS

    def _waited_enough(self, now: float, bot_loud_until: float) -> bool:
        if self._bot_began is None:
            return now - (self._spoke_until or 0.0) > ANSWER_SECONDS
        return now - bot_loud_until > FAREWELL_SECONDS

    def _begin(self, utterance: Utterance, now: float) -> None:
        self._packets.extend(packets(utterance.samples))
        loud = [index for index, packet in enumerate(self._packets) if loudness(decode_mulaw(packet)) >= _LOUD]
        self._loud_left = loud[-1] + 1 if loud else len(self._packets)
        self._cut_in_at = now if utterance.cut_in is not None else None
        self._bot_began = None

    def _speak(self, now: float) -> bytes:
        self._loud_left -= 1
        if self._loud_left == 0:
            self._spoke_until = now
            self._bot_began = None
        return self._packets.popleft()


def packets(samples: Samples) -> Iterable[bytes]:
    """Samples cut into packets of 20 ms, the last one filled up with silence."""
    for start in range(0, len(samples), PACKET_SAMPLES):
        piece = samples[start : start + PACKET_SAMPLES]
        yield encode_mulaw(np.pad(piece, (0, PACKET_SAMPLES - len(piece))))


def longest_silence(caller: Samples, bot: Samples) -> float:
    """Seconds of the longest stretch in which neither side is heard, from the bot's first word to its last."""
    length = min(len(caller), len(bot))
    both = np.maximum(np.abs(caller[:length].astype(np.int32)), np.abs(bot[:length].astype(np.int32)))
    windows = both[: length // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES).max(axis=1)
    loud = np.flatnonzero(windows > _LOUD)
    if len(loud) < 2:
        return 0.0
    return float((np.diff(loud).max() - 1) * PACKET_SAMPLES / TELEPHONE_RATE)


_SILENCE = encode_mulaw(np.zeros(PACKET_SAMPLES, np.int16))
