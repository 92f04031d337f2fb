"""Scenarios as telephone calls: a voice server is rung over the carrier's protocol, and the caller's words are heard by an engine."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.calls import call_events, call_messages, find_call, list_calls
from aira.core.numbers import list_numbers
from aira.voice.audio import TELEPHONE_RATE, Samples
from aira.voice.receptionist.words import normalise
from aira.voice.scenarios.attentive import Attentive
from aira.voice.scenarios.play import Played, Stage
from aira.voice.scenarios.scenario import Scenario
from aira.voice.signatures import webhook_secret
from aira.voice.simulator.caller_voice import spoken
from aira.voice.simulator.phone_call import PhoneCall, must_have_been_answered
from aira.voice.simulator.turns import CallerTurn, Utterance

EVERY_DAY = "Mon-Sun 09:00-17:00"
"""Hours of a business that is rung on any day of the week."""


ALOUD = {"yes": "Yes please.", "no": "No, thanks.", "bye": "That's all, thank you. Goodbye."}
"""Turns of a single word, as they are said on the telephone: engines drop sounds so short."""


_HASTE = 20.0
"""Nobody learns anything from the carrier's ringing and its voice."""
_NOTHING: Samples = np.zeros(TELEPHONE_RATE // 10, np.int16)


@dataclass(frozen=True, slots=True)
class Sounded:
    """A scenario that was played with sound, and how well its words were heard."""

    played: Played
    words: int
    word_errors: int


def play_aloud(stage: Stage, scenarios: Sequence[Scenario], *, url: str, noise_db: float | None, at_once: int) -> list[Sounded]:
    """Ring once for each scenario, so many calls at a time; noise is given as the ratio of speech to it in decibels.

    The calls happen now, whatever moment a scenario is written for. Raises VendorError where no voice server answers.
    """
    spoken("warm up the caller's voice")
    longest_first = sorted(scenarios, key=lambda scenario: -len(scenario.says))
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(partial(_ring, stage, url, noise_db), longest_first))


def _ring(stage: Stage, url: str, noise_db: float | None, scenario: Scenario) -> Sounded:
    aira: Aira = stage.aira
    zone = ZoneInfo(scenario.world.time_zone)
    now = aira.clock.now().astimezone(zone).replace(tzinfo=None, microsecond=0)
    scenario = replace(scenario, world=replace(scenario.world, hours=EVERY_DAY), now=now.isoformat())
    business = stage.open_business(scenario.world)
    before = stage.fill(aira, business, scenario)
    number = next(one.phone_number for one in list_numbers(aira) if one.business_id == business.id)
    turns = _Turns(Attentive(scenario), hears=partial(_bot_words, aira, business.id), noise_db=noise_db)
    secret = webhook_secret(aira.settings)
    # What is said to the carrier's voicemail is heard by no engine, so it must not be one of the turns that are counted.
    message = spoken("Please call me back.")
    phone = PhoneCall(url, secret=secret, to_number=number, from_number=scenario.caller, utterances=turns, message=message, haste=_HASTE)
    report = asyncio.run(phone.place())
    must_have_been_answered(report)
    call = find_call(aira, report.call_sid)
    events = call_events(aira, call.id)
    made = [one for one in list_appointments(aira, business=business.id) if one.id in before or one.external_id == call.call_sid]
    # A transfer that nobody answers ends at the voicemail, which is the carrier's and not the bot's.
    messages = [one for one in call_messages(aira, business.id) if one.call_id == call.id and one.kind == "message"]
    ended = "Hangup" in report.verbs or "Dial" in report.verbs
    played = Played(scenario, 0, events, made, messages, call.outcome or "", ended)
    heard = " ".join(normalise(event.text) for event in events if event.role == "caller")
    said = " ".join(normalise(line) for line in turns.said)
    return Sounded(played, len(_words(said)), _distance(_words(said), _words(heard)))


class _Turns(deque[CallerTurn]):
    """The caller's turns, each made up when it is due, after what the bot has said."""

    def __init__(self, caller: Attentive, *, hears: Callable[[], str], noise_db: float | None) -> None:
        super().__init__([Utterance(_NOTHING)])
        self.said: list[str] = []
        self._caller = caller
        self._hears = hears
        self._noise_db = noise_db

    def popleft(self) -> CallerTurn:
        """The next turn; once there is nothing more to say, a breath, after which there are no turns left."""
        line = self._caller.reply(self._hears())
        if line is None:
            return super().popleft()
        self.said.append(ALOUD.get(line, line))
        return Utterance(_with_noise(spoken(self.said[-1]), self._noise_db))


def _bot_words(aira: Aira, business: UUID) -> str:
    """What the bot has said since the caller last spoke."""
    words: list[str] = []
    for event in call_events(aira, list_calls(aira, business=business)[0].id):
        if event.role == "caller":
            words.clear()
        elif event.role == "bot":
            words.append(event.text)
    return " ".join(words)


def _with_noise(samples: Samples, noise_db: float | None) -> Samples:
    """The speech with noise that lies so many decibels below it; low frequencies are the loudest, as in a room or a car."""
    if noise_db is None:
        return samples
    random = np.random.default_rng(len(samples))
    white = random.standard_normal(len(samples))
    brown = np.cumsum(random.standard_normal(len(samples)))
    brown -= np.convolve(brown, np.ones(400) / 400, mode="same")
    noise = white / white.std() + brown / max(float(brown.std()), 1e-9)
    speech = samples.astype(np.float64)
    level = np.sqrt(np.mean(speech[np.abs(speech) > 300] ** 2)) if np.any(np.abs(speech) > 300) else 1.0
    mixed = speech + noise / noise.std() * level * 10 ** (-noise_db / 20)
    clipped: Samples = np.clip(mixed, -32768, 32767).astype(np.int16)
    return clipped


def _words(text: str) -> list[str]:
    return [word for word in text.split() if word not in (".", ",", "?")]


def _distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to change, drop or add to get from what was said to what was heard."""
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, start=1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(heard, start=1):
            change = diagonal + (word != other)
            diagonal, row[column] = row[column], min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]
