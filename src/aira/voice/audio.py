"""Telephone audio: G.711 mu-law, change of sample rate, WAV files. Samples are NumPy int16, one channel unless said otherwise."""

import io
import wave
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

TELEPHONE_RATE = 8000
"""Samples a second on the wire of Twilio Media Streams."""
PACKET_SAMPLES = 160
"""Samples in one media message: 20 ms."""
MULAW_SILENCE = b"\xff"
"""One sample of silence on the wire."""

_BIAS = 33
_CLIP = 8159


def _decoding_table() -> Samples:
    """ITU-T G.711: a code is inverted, then holds a sign bit, three bits of exponent and four of mantissa, of 14-bit samples."""
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 1) + _BIAS) << ((code & 0x70) >> 4)) - _BIAS
    return cast(Samples, (np.where(code & 0x80, -magnitude, magnitude) << 2).astype(np.int16))


def _encoding_table() -> NDArray[np.uint8]:
    """The code of each 14-bit sample, in two's complement order."""
    wide = ((np.arange(1 << 14, dtype=np.int32) + (1 << 13)) & ((1 << 14) - 1)) - (1 << 13)
    magnitude = np.minimum(np.abs(wide), _CLIP - _BIAS) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    return cast("NDArray[np.uint8]", (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


_DECODED = _decoding_table()
_ENCODED = _encoding_table()


def decode_mulaw(payload: bytes) -> Samples:
    """The samples of a mu-law payload."""
    return _DECODED[np.frombuffer(payload, dtype=np.uint8)]


def encode_mulaw(samples: Samples) -> bytes:
    """Samples as mu-law, one byte each."""
    codes: NDArray[np.uint8] = _ENCODED[samples.view(np.uint16) >> 2]
    return codes.tobytes()


def resample(samples: Samples, source_rate: int, target_rate: int) -> Samples:
    """The same sound at another sample rate."""
    if source_rate == target_rate:
        return samples
    import soxr

    return cast(Samples, soxr.resample(samples, source_rate, target_rate))


def loudness(samples: Samples) -> float:
    """Root mean square of the samples, 0 to 32768."""
    if not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))


def read_wav(source: Path | bytes, *, rate: int, channel: int = 0) -> Samples:
    """One channel of a PCM or mu-law WAV file, by default the first, at the wanted rate.

    Raises ValueError for a file of another kind.
    """
    content = source.read_bytes() if isinstance(source, Path) else source
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("not a WAV file")
    kind, channels, own_rate, bits, data = _wav_parts(content)
    if (kind, bits) == (1, 16):
        samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.int16)
    elif (kind, bits) == (7, 8):
        samples = decode_mulaw(data)
    else:
        raise ValueError("a WAV file must hold 16-bit PCM or mu-law")
    return resample(np.ascontiguousarray(samples[channel::channels]), own_rate, rate)


def _wav_parts(content: bytes) -> tuple[int, int, int, int, bytes]:
    kind = channels = rate = bits = 0
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        body = content[at + 8 : at + 8 + size]
        if name == b"fmt ":
            kind, channels = int.from_bytes(body[0:2], "little"), int.from_bytes(body[2:4], "little")
            rate, bits = int.from_bytes(body[4:8], "little"), int.from_bytes(body[14:16], "little")
        elif name == b"data" and channels:
            return kind, channels, rate, bits, body
        at += 8 + size + size % 2
    raise ValueError("the WAV file holds no audio")


def wav_bytes(*channels: Samples, rate: int) -> bytes:
    """A 16-bit WAV file of one or more channels; shorter ones are filled up with silence."""
    length = max(len(channel) for channel in channels)
    frames = np.zeros((length, len(channels)), dtype="<i2")
    for index, channel in enumerate(channels):
        frames[: len(channel), index] = channel
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
    return buffer.getvalue()


def mulaw_wav_bytes(samples: Samples) -> bytes:
    """A mu-law WAV file at the telephone's rate: half the size of PCM, and exactly what goes over the wire."""
    data = encode_mulaw(samples)
    form = b"".join(
        value.to_bytes(size, "little") for value, size in ((7, 2), (1, 2), (TELEPHONE_RATE, 4), (TELEPHONE_RATE, 4), (1, 2), (8, 2))
    )
    body = b"WAVEfmt " + len(form).to_bytes(4, "little") + form + b"data" + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
