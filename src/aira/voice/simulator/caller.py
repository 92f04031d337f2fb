"""How a simulated caller behaves on the line: waits for the bot to finish, speaks or presses keys, waits for the answer, hangs up in the
end. Where the line is lost, what was not answered is said again on the next one.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from aira.voice.audio import PACKET_SAMPLES, Samples, decode_mulaw, encode_mulaw, loudness
from aira.voice.simulator.timeline import LOUD
from aira.voice.simulator.turns import KEY_SECONDS, CallerTurn, Keys, Utterance

PATIENCE_SECONDS = 0.9
"""Silence after which the caller takes the bot to have finished."""
ANSWER_SECONDS = 12.0
"""How long the caller waits for an answer before going on regardless."""
FAREWELL_SECONDS = 5.0
"""How long the caller stays on the line after the answer to the last words."""


@dataclass
class Caller:
    """Decides packet by packet what the caller's side of the line carries. Times are seconds on one clock for the whole call."""

    turns: deque[CallerTurn]
    delays_ms: list[float] = field(default_factory=list)
    """From the last loud packet of each utterance to the first loud packet of the answer."""
    greeting_ms: float | None = None
    cut_in_ms: list[float] = field(default_factory=list)
    """From the first loud packet of each cutting-in utterance to the bot's silence."""
    hangs_up: bool = False
    speaks: bool = False
    """The last packet was of an utterance."""
    _packets: deque[bytes] = field(default_factory=deque)
    _keys: deque[tuple[float, str]] = field(default_factory=deque)
    _loud_left: int = 0
    _bot_began: float | None = None
    _spoke_until: float | None = 0.0
    _cut_in_at: float | None = None
    _last: CallerTurn | None = None

    @property
    def awaits_answer(self) -> bool:
        """Whether the bot has said nothing yet to the caller's last words."""
        return self._spoke_until is not None

    def line_opens(self, now: float) -> None:
        """A media stream begins; the bot is expected to speak first."""
        self._spoke_until = now if self._spoke_until in (None, 0.0) else self._spoke_until
        self._bot_began = None

    def line_lost(self) -> None:
        """The media stream broke: what was begun or not answered will be said again."""
        if self._last is not None and (self._packets or self.awaits_answer):
            self.turns.appendleft(self._last)
        self._packets.clear()
        self._keys.clear()
        self._last = None

    def next_packet(self, now: float, bot_loud_until: float) -> bytes:
        """The next 20 ms of the caller's side; `bot_loud_until` is when the bot's last loud sample is or was heard."""
        if not self._packets and not self._keys and self._may_speak(now, bot_loud_until):
            self._begin(self.turns.popleft(), now)
        self.speaks = bool(self._packets)
        if self._packets:
            return self._speak(now)
        self.hangs_up = not self.turns and not self._keys and self._waited_enough(now, bot_loud_until)
        return _SILENCE

    def next_key(self, now: float) -> str | None:
        """The key that is pressed now, if any."""
        if self._keys and self._keys[0][0] <= now:
            return self._keys.popleft()[1]
        return None

    def hears(self, now: float, payload: bytes) -> bool:
        """A packet of the bot's has arrived; returns whether there is speech in it."""
        if loudness(decode_mulaw(payload)) < LOUD:
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
        elif self._last is not None:
            self.delays_ms.append(delay)
        self._spoke_until = None

    def _may_speak(self, now: float, bot_loud_until: float) -> bool:
        if not self.turns:
            return False
        if self._bot_began is None:
            return now - (self._spoke_until or 0.0) > ANSWER_SECONDS
        turn = self.turns[0]
        if isinstance(turn, Utterance) and turn.cut_in is not None:
            return now - self._bot_began >= turn.cut_in
        return now - bot_loud_until > PATIENCE_SECONDS

    def _waited_enough(self, now: float, bot_loud_until: float) -> bool:
        if self._bot_began is None:
            return now - (self._spoke_until or 0.0) > ANSWER_SECONDS
        return now - bot_loud_until > FAREWELL_SECONDS

    def _begin(self, turn: CallerTurn, now: float) -> None:
        self._last = turn
        self._bot_began = None
        if isinstance(turn, Keys):
            self._keys.extend((now + index * KEY_SECONDS, digit) for index, digit in enumerate(turn.digits))
            self._spoke_until = now + len(turn.digits) * KEY_SECONDS
            return
        self._packets.extend(packets(turn.samples))
        loud = [index for index, packet in enumerate(self._packets) if loudness(decode_mulaw(packet)) >= LOUD]
        self._loud_left = loud[-1] + 1 if loud else len(self._packets)
        self._cut_in_at = now if turn.cut_in is not None else None

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


_SILENCE = encode_mulaw(np.zeros(PACKET_SAMPLES, np.int16))
