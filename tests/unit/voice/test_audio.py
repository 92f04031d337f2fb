"""What goes over a telephone line comes back as the same sound."""

import io
import wave

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aira.voice.audio import (
    MULAW_SILENCE,
    Samples,
    decode_mulaw,
    encode_mulaw,
    loudness,
    mulaw_wav_bytes,
    read_wav,
    resample,
    wav_bytes,
)


def tone(hertz: float = 440.0, seconds: float = 0.5, rate: int = 8000) -> Samples:
    """A pure tone at half the full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return (16000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


def test_every_code_of_mulaw_decodes_to_a_sample_with_this_code() -> None:
    """Encoding undoes decoding, for each of the 256 codes but the second zero."""
    codes = bytes(range(256))

    assert encode_mulaw(decode_mulaw(codes)) == codes.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize(("sample", "code"), [(0, 0xFF), (-1, 0x7E), (4, 0xFE), (1000, 0xCE), (-1000, 0x4E), (32767, 0x80), (-32768, 0x00)])
def test_samples_have_the_codes_of_the_standard(sample: int, code: int) -> None:
    """Values of ITU-T G.711, table 2a."""
    assert encode_mulaw(np.array([sample], np.int16)) == bytes([code])


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50))
def test_a_sample_loses_at_most_a_thirtieth_of_itself(values: list[int]) -> None:
    """Mu-law keeps the loud and the quiet alike."""
    samples = np.array(values, np.int16)
    heard = decode_mulaw(encode_mulaw(samples)).astype(np.int32)

    clipped = np.clip(samples.astype(np.int32), -32124, 32124)
    assert np.all(np.abs(heard - clipped) <= np.abs(clipped) / 30 + 8)


def test_silence_is_silent() -> None:
    """The byte that fills a pause decodes to nothing."""
    assert loudness(decode_mulaw(MULAW_SILENCE * 160)) == 0.0


def test_loudness_of_nothing_is_none() -> None:
    """An empty packet has no sound."""
    assert loudness(np.zeros(0, np.int16)) == 0.0


def test_a_tone_keeps_its_pitch_at_another_rate() -> None:
    """Resampling changes the number of samples, not the sound."""
    high = resample(tone(rate=24000), 24000, 8000)

    spectrum = np.abs(np.fft.rfft(high))
    assert len(high) == 4000
    assert np.argmax(spectrum) * 8000 / len(high) == pytest.approx(440, abs=4)


class TestWavFile:
    def test_of_two_channels_is_read_back_by_its_first(self) -> None:
        """Caller left, bot right; the shorter side is filled up."""
        content = wav_bytes(tone(), tone(880, 0.25), rate=8000)

        with wave.open(io.BytesIO(content)) as file:
            assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 4000)
        assert np.array_equal(read_wav(content, rate=8000), tone())

    def test_in_mulaw_is_read_back(self) -> None:
        """Half the size, and exactly what the line carries."""
        content = mulaw_wav_bytes(tone())

        assert len(content) < len(tone()) + 100
        assert encode_mulaw(read_wav(content, rate=8000)) == encode_mulaw(tone())

    def test_at_another_rate_is_brought_to_the_wanted_one(self) -> None:
        """A recording of a studio can be played into a telephone."""
        assert len(read_wav(wav_bytes(tone(rate=16000), rate=16000), rate=8000)) == 4000

    @pytest.mark.parametrize(
        "content", [b"", b"ID3 not sound", b"RIFF\0\0\0\0WAVE", wav_bytes(tone(), rate=8000).replace(b"\x10\0\0\0\x01", b"\x10\0\0\0\x03")]
    )
    def test_that_is_none_is_refused(self, content: bytes) -> None:
        """Other kinds of file are named as such."""
        with pytest.raises(ValueError, match="WAV"):
            read_wav(content, rate=8000)
