"""The tape holds what caller and bot heard of each other, as a carrier plays it out."""

import numpy as np

from aira.voice.audio import PACKET_SAMPLES, encode_mulaw
from aira.voice.tape import Tape

SILENCE = encode_mulaw(np.zeros(PACKET_SAMPLES, np.int16))
SOUND = encode_mulaw(np.full(PACKET_SAMPLES, 8000, np.int16))


def listen(tape: Tape, packets: int) -> None:
    """Let the caller be silent for some packets."""
    for _ in range(packets):
        tape.from_caller(SILENCE)


def heard(tape: Tape) -> list[int]:
    """Which packets of the bot's side hold sound."""
    side = tape.bot()[: len(tape.bot()) // PACKET_SAMPLES * PACKET_SAMPLES].reshape(-1, PACKET_SAMPLES)
    return [int(index) for index in np.flatnonzero(np.abs(side).max(axis=1) > 1000)]


def test_packets_sent_ahead_are_heard_one_after_the_other() -> None:
    """A cushion is not a hurry."""
    tape = Tape()
    listen(tape, 2)
    for _ in range(3):
        tape.from_bot(SOUND)

    assert heard(tape) == [2, 3, 4]


def test_what_was_cleared_is_not_heard() -> None:
    """An interruption takes back what has not been played."""
    tape = Tape()
    for _ in range(10):
        tape.from_bot(SOUND)
    listen(tape, 4)
    tape.clear()
    listen(tape, 4)
    tape.from_bot(SOUND)

    assert heard(tape) == [0, 1, 2, 3, 8]


def test_a_packet_too_late_within_a_sentence_is_an_underrun() -> None:
    """The gap is counted in samples."""
    tape = Tape()
    tape.from_bot(SOUND)
    listen(tape, 3)
    tape.from_bot(SOUND, continued=True)

    assert tape.underrun == 2 * PACKET_SAMPLES


def test_a_pause_between_sentences_is_none() -> None:
    """The bot may think between two sentences."""
    tape = Tape()
    tape.from_bot(SOUND)
    listen(tape, 3)
    tape.from_bot(SOUND, continued=False)

    assert tape.underrun == 0


def test_the_recording_has_caller_left_and_bot_right() -> None:
    """Both sides are as long as the call."""
    tape = Tape()
    tape.from_caller(SOUND)
    listen(tape, 1)
    tape.from_bot(SOUND)

    assert len(tape.wav()) == 44 + 2 * 2 * 3 * PACKET_SAMPLES
    assert abs(int(tape.caller()[0])) > 1000
