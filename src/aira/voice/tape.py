"""A stereo recording of a call made at the wire: what the caller said on the left, what the caller heard on the right.

The bot sends ahead of real time and takes back what it is interrupted in, so its packets do not say when they are heard. The tape
plays them out as a carrier does: in order, one after the other, until a `clear`. Its clock is the caller's own stream of packets.
"""

import numpy as np

from aira.voice.audio import TELEPHONE_RATE, Samples, decode_mulaw, wav_bytes


class Tape:
    """Keeps both sides of one call; 16 kB a second."""

    def __init__(self) -> None:
        self._caller: list[Samples] = []
        self._bot: list[tuple[int, Samples]] = []
        self.now = 0
        """Samples of the caller's stream so far: the clock."""
        self.played_until = 0
        """When the bot's last packet will have been heard, on the same clock."""
        self.underrun = 0
        """Samples of silence inside the bot's speech, because a packet came too late."""

    def from_caller(self, payload: bytes) -> None:
        """Add a packet of the caller's stream; time goes on by its length."""
        samples = decode_mulaw(payload)
        self._caller.append(samples)
        self.now += len(samples)

    def from_bot(self, payload: bytes, *, continued: bool = False) -> None:
        """Add a packet of the bot's; `continued` says that it goes on with the sentence before, so a gap is a fault."""
        samples = decode_mulaw(payload)
        start = max(self.now, self.played_until)
        if continued and self.played_until:
            self.underrun += start - self.played_until
        self._bot.append((start, samples))
        self.played_until = start + len(samples)

    def clear(self) -> None:
        """Forget what the bot sent and the caller has not heard yet."""
        self._bot = [(start, samples[: max(0, self.now - start)]) for start, samples in self._bot if start < self.now]
        self.played_until = min(self.played_until, self.now)

    def caller(self) -> Samples:
        """The caller's side."""
        return np.concatenate(self._caller) if self._caller else np.zeros(0, np.int16)

    def bot(self) -> Samples:
        """The bot's side, as the caller heard it."""
        side = np.zeros(max(self.now, self.played_until), np.int16)
        for start, samples in self._bot:
            side[start : start + len(samples)] = samples
        return side

    def wav(self) -> bytes:
        """The call as a stereo WAV file."""
        return wav_bytes(self.caller(), self.bot(), rate=TELEPHONE_RATE)
