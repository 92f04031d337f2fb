"""The simulated caller waits, speaks and hangs up as a person does."""

from collections import deque

import numpy as np

from aira.voice.audio import PACKET_SAMPLES, Samples, encode_mulaw
from aira.voice.simulator.caller import ANSWER_SECONDS, FAREWELL_SECONDS, PATIENCE_SECONDS, Caller, packets
from aira.voice.simulator.timeline import longest_silence
from aira.voice.simulator.turns import Utterance

SILENCE = encode_mulaw(np.zeros(PACKET_SAMPLES, np.int16))
SOUND = encode_mulaw(np.full(PACKET_SAMPLES, 8000, np.int16))
WORD: Samples = np.full(5 * PACKET_SAMPLES, 8000, np.int16)


def caller(*utterances: Utterance) -> Caller:
    """A caller who wants to say these."""
    return Caller(deque(utterances))


def test_waits_until_the_bot_has_been_silent_for_a_while() -> None:
    """A pause within a sentence is not its end."""
    one = caller(Utterance(WORD))
    one.hears(0.5, SOUND)

    assert one.next_packet(2.0 + PATIENCE_SECONDS - 0.01, bot_loud_until=2.0) == SILENCE
    assert one.next_packet(2.0 + PATIENCE_SECONDS + 0.01, bot_loud_until=2.0) == SOUND


def test_says_nothing_before_the_bot_has_said_something() -> None:
    """Who is called speaks first."""
    assert caller(Utterance(WORD)).next_packet(3.0, bot_loud_until=0.0) == SILENCE


def test_goes_on_where_no_answer_comes() -> None:
    """A test of a bot that is gone must end."""
    assert caller(Utterance(WORD)).next_packet(ANSWER_SECONDS + 0.1, bot_loud_until=0.0) == SOUND


def test_cuts_in_when_told_to() -> None:
    """Counted from the beginning of the bot's speech."""
    one = caller(Utterance(WORD, cut_in=1.0))
    one.hears(5.0, SOUND)

    assert one.next_packet(5.9, bot_loud_until=9.0) == SILENCE
    assert one.next_packet(6.0, bot_loud_until=9.0) == SOUND


def test_measures_from_the_last_loud_packet_to_the_first_of_the_answer() -> None:
    """Silence at the end of a clip is no part of the delay."""
    one = caller(Utterance(np.concatenate([WORD, np.zeros(2 * PACKET_SAMPLES, np.int16)])))
    one.hears(0.1, SOUND)
    for index in range(7):
        one.next_packet(3.0 + index * 0.02, bot_loud_until=0.2)
    one.hears(3.5, SILENCE)
    one.hears(3.68, SOUND)

    assert one.greeting_ms == 100.0
    assert one.delays_ms == [600.0]


def test_measures_how_long_the_bot_goes_on_when_cut_off() -> None:
    """From the first packet of the interruption to the bot's silence."""
    one = caller(Utterance(WORD, cut_in=0.5))
    one.hears(1.0, SOUND)
    one.next_packet(1.5, bot_loud_until=9.0)
    one.silenced(1.82)

    assert one.cut_in_ms == [320.0]


def test_hangs_up_some_time_after_the_last_answer() -> None:
    """The bot gets the chance to say goodbye and hang up first."""
    one = caller()
    one.hears(0.5, SOUND)

    one.next_packet(2.0 + FAREWELL_SECONDS - 0.1, bot_loud_until=2.0)
    assert not one.hangs_up
    one.next_packet(2.0 + FAREWELL_SECONDS + 0.1, bot_loud_until=2.0)
    assert one.hangs_up


def test_speech_is_cut_into_packets_of_20_ms() -> None:
    """The last one is filled up with silence."""
    assert [len(packet) for packet in packets(np.full(2 * PACKET_SAMPLES + 1, 8000, np.int16))] == [PACKET_SAMPLES] * 3


def test_the_longest_silence_counts_neither_side() -> None:
    """It lies between the end of one voice and the beginning of the other."""
    voice = np.full(8000, 9000, np.int16)
    quiet = np.zeros(8000, np.int16)

    assert longest_silence(np.concatenate([voice, quiet, quiet, quiet]), np.concatenate([quiet, quiet, quiet, voice])) == 2.0
