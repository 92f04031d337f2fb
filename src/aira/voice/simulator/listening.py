"""Verbs during which the caller listens or is listened to by the carrier itself: Say, Play, Pause, Gather, Record."""

from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import numpy as np

from aira.voice.audio import TELEPHONE_RATE, Samples, mulaw_wav_bytes, read_wav
from aira.voice.simulator.grammar import followed
from aira.voice.simulator.leg import WORDS_A_SECOND, Leg
from aira.voice.simulator.timeline import LOUD
from aira.voice.simulator.turns import KEY_SECONDS, Keys, Utterance
from aira.voice.simulator.webhook import RETRIEVAL, RetrievalError

_FOREVER = 1000
_NOMINAL_PLAY_SECONDS = 3.0
_ANY_KEY = "1234567890*#"


@dataclass(frozen=True, slots=True)
class Go:
    """Ask this address for what to do next."""

    url: str
    form: dict[str, str]
    method: str = "POST"


async def say(leg: Leg, verb: Element) -> None:
    """Speak, as long as the words take."""
    text = " ".join("".join(verb.itertext()).split())
    leg.step("Say", text)
    for _ in range(_times(verb)):
        if leg.is_main:
            leg.record.carrier_said.append(text)
        await leg.wait(len(text.split()) / WORDS_A_SECOND, sounds=True)
        if leg.over:
            return


async def play(leg: Leg, verb: Element) -> None:
    """Play a file, or the tones of keys."""
    if digits := verb.get("digits"):
        leg.step("Play", digits)
        await leg.wait(len(digits) * KEY_SECONDS, sounds=True)
        return
    url = urljoin(leg.document_url, (verb.text or "").strip())
    leg.step("Play", url)
    sound = await leg.webhooks.fetch(url, {}, method="GET")
    if not sound.headers.get("Content-Type", "").startswith(("audio/", "application/octet-stream")):
        raise RetrievalError(RETRIEVAL, "HTTP retrieval failure: not an audio file", url)
    samples = _samples(sound.content)
    for _ in range(_times(verb)):
        if leg.is_main and samples is not None and leg.clock.haste == 1:
            leg.timeline.add_heard(leg.clock(), samples)
        await leg.wait(len(samples) / TELEPHONE_RATE if samples is not None else _NOMINAL_PLAY_SECONDS, sounds=True)
        if leg.over:
            return


async def pause(leg: Leg, verb: Element) -> None:
    """Wait in silence."""
    leg.step("Pause", f"{_number(verb, 'length', 1)} s")
    await leg.wait(_number(verb, "length", 1))


async def gather(leg: Leg, verb: Element) -> Go | None:
    """Say what is nested, then take the caller's next turn if it is of a wanted kind."""
    leg.step("Gather", verb.get("input", "dtmf"))
    for nested in followed(verb):
        await {"Say": say, "Play": play, "Pause": pause}[nested.tag](leg, nested)
    given = await _given(leg, verb)
    if leg.over or (not given and verb.get("actionOnEmptyResult") != "true"):
        return None
    return Go(verb.get("action") or leg.document_url, leg.told(**given), verb.get("method", "POST"))


async def _given(leg: Leg, verb: Element) -> dict[str, str]:
    turn = leg.caller.turns[0] if leg.caller.turns else None
    wanted = verb.get("input", "dtmf").split()
    if isinstance(turn, Keys) and "dtmf" in wanted:
        digits, rest = _up_to(turn.digits, verb.get("finishOnKey", "#"), round(_number(verb, "numDigits", _FOREVER)))
        leg.caller.turns.popleft()
        if rest:
            leg.caller.turns.appendleft(Keys(rest))
        await leg.wait(len(digits) * KEY_SECONDS)
        return {"Digits": digits.rstrip(verb.get("finishOnKey", "#")) or digits}
    if isinstance(turn, Utterance) and turn.text is not None and "speech" in wanted:
        leg.caller.turns.popleft()
        await _speak(leg, turn.samples)
        return {"SpeechResult": turn.text, "Confidence": "0.9"}
    await leg.wait(_number(verb, "timeout", 5))
    return {}


async def record(leg: Leg, verb: Element) -> Go | None:
    """Record the caller's message, or else their next turn. A recording without a sound is none, and the document goes on."""
    leg.step("Record", f"at most {_number(verb, 'maxLength', 3600):.0f} s")
    if verb.get("playBeep") != "false":
        await leg.wait(1.0, sounds=True)
    message = _message(leg)[: round(_number(verb, "maxLength", 3600) * TELEPHONE_RATE)]
    await _speak(leg, message)
    ended_by = await _ending(leg, verb)
    if not (np.abs(message) > LOUD).any():
        return None
    seconds = len(message) / TELEPHONE_RATE
    wav = mulaw_wav_bytes(message)
    leg.record.voicemails.append(wav)
    kept = {"RecordingUrl": leg.exchange.keep(leg.sid, wav, seconds), "RecordingDuration": str(round(seconds))}
    _report_recording(leg, verb, kept)
    return Go(verb.get("action") or leg.document_url, leg.told(**kept, Digits=ended_by), verb.get("method", "POST"))


def _message(leg: Leg) -> Samples:
    """What is said after the tone."""
    if leg.message is not None:
        return leg.message
    if leg.caller.turns and isinstance(leg.caller.turns[0], Utterance):
        turn = leg.caller.turns.popleft()
        if isinstance(turn, Utterance):
            return turn.samples
    return np.zeros(0, np.int16)


async def _ending(leg: Leg, verb: Element) -> str:
    """How a recording ends: by a key, by the caller's hanging up, or by silence, which Twilio reports as no digits."""
    turn = leg.caller.turns[0] if leg.caller.turns else None
    if isinstance(turn, Keys) and turn.digits[0] in verb.get("finishOnKey", _ANY_KEY):
        leg.caller.turns.popleft()
        return turn.digits[0]
    if not leg.over:
        await leg.wait(_number(verb, "timeout", 5))
    return "hangup" if leg.over else ""


def _report_recording(leg: Leg, verb: Element, kept: dict[str, str]) -> None:
    if callback := verb.get("recordingStatusCallback"):
        told = {**kept, "RecordingSid": kept["RecordingUrl"].rpartition("/")[2], "RecordingStatus": "completed"}
        form = {"AccountSid": leg.form["AccountSid"], "CallSid": leg.sid, **told}
        leg.webhooks.notify(urljoin(leg.document_url, callback), form, method=verb.get("recordingStatusCallbackMethod", "POST"))


async def _speak(leg: Leg, samples: Samples) -> None:
    if leg.is_main and leg.clock.haste == 1:
        leg.timeline.add_caller(leg.clock(), samples)
    await leg.wait(len(samples) / TELEPHONE_RATE, sounds=True)


def _up_to(digits: str, finish: str, most: int) -> tuple[str, str]:
    """The keys that a Gather takes, the finishing one included, and those left for later."""
    for count, digit in enumerate(digits, start=1):
        if (finish and digit in finish) or count == most:
            return digits[:count], digits[count:]
    return digits, ""


def _samples(content: bytes) -> Samples | None:
    try:
        return read_wav(content, rate=TELEPHONE_RATE)
    except ValueError:
        return None


def _times(verb: Element) -> int:
    return round(_number(verb, "loop", 1)) or _FOREVER


def _number(verb: Element, name: str, default: float) -> float:
    text = verb.get(name, "")
    return float(text) if text.isdigit() else default
