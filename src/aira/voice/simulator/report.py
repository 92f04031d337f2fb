"""A simulated call as people and programs read it: what was heard, and for a server of ours the journal and what was booked."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, TypedDict, Unpack, runtime_checkable

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.businesses import find_business
from aira.core.calls import find_call, transcript
from aira.errors import NotFound
from aira.model import Appointment, AppointmentSource, Turn
from aira.ports import Webhooks
from aira.voice.audio import TELEPHONE_RATE, read_wav
from aira.voice.latencies import Latencies
from aira.voice.signatures import webhook_secret
from aira.voice.simulator.caller_voice import spoken
from aira.voice.simulator.exchange import Exchange
from aira.voice.simulator.phone_call import PhoneCall, must_have_been_answered
from aira.voice.simulator.record import Alert, CallRecord, Step
from aira.voice.simulator.turns import CallerTurn, Keys, Person, Utterance


@runtime_checkable
class _Keeping(Protocol):
    """A stand-in for the carrier's store of recordings, which is told of them."""

    def keep(self, url: str, wav: bytes) -> None: ...


class Behaviour(TypedDict, total=False):
    """How caller and carrier behave, see `PhoneCall`."""

    hangs_up_after: float | None
    person: Person | None
    exchange: Exchange | None
    haste: float


@dataclass(frozen=True, slots=True)
class HeardCall:
    """A call from the caller's side, at a server of anybody's."""

    call_sid: str
    status: str
    ended_by: str
    latency_ms: Latencies
    greeting_ms: float | None
    cut_in_ms: list[float]
    underrun_ms: float
    underruns: list[tuple[float, float]]
    longest_silence_seconds: float
    duration_seconds: float
    verbs: list[str]
    steps: list[Step]
    alerts: list[Alert]
    streams: list[str]
    carrier_said: list[str]
    webhook_ms: list[float]
    recording: Path | None


@dataclass(frozen=True, slots=True)
class CallReport(HeardCall):
    """What `aira simulate call` prints of a server of ours."""

    outcome: str | None
    transcript: list[Turn]
    appointments: list[Appointment]


def simulate_call(
    aira: Aira,
    *,
    to_number: str,
    from_number: str | None = None,
    says: Sequence[str | Path | CallerTurn] = (),
    url: str | None = None,
    output: Path | None = None,
    **behaviour: Unpack[Behaviour],
) -> CallReport:
    """Ring a number of ours at a voice server that is running, by default the one of VOICE_AGENT_SERVICE_URL.

    `says` are the caller's turns: words, WAV files, ready samples or keys. The call is kept as a stereo WAV at `output`.
    Raises VendorError where no voice server answers, NotFound where it answers for another database.
    """
    with ExitStack() as opened:
        if behaviour.get("exchange") is None:
            behaviour["exchange"] = opened.enter_context(our_exchange(aira))
        heard = ring(
            url or aira.settings.voice_agent_service_url,
            secret=webhook_secret(aira.settings),
            to_number=to_number,
            from_number=from_number,
            says=says,
            output=output,
            **behaviour,
        )
    call = find_call(aira, heard.call_sid)
    return CallReport(
        **{field.name: getattr(heard, field.name) for field in fields(heard)},
        outcome=call.outcome,
        transcript=transcript(aira, call.id),
        appointments=_booked(aira, to_number, heard.call_sid),
    )


def our_exchange(aira: Aira, *, port: int = 0) -> Exchange:
    """An account at the simulated carrier for our own settings; what is recorded is where our workers look for it."""
    settings, recordings = aira.settings, aira.recordings
    kept = recordings.keep if isinstance(recordings, _Keeping) else lambda url, wav: None
    return Exchange(secret=webhook_secret(settings), account_sid=settings.twilio_account_sid, port=port, kept=kept)


def ring(
    url: str | Webhooks,
    *,
    secret: str,
    to_number: str,
    from_number: str | None = None,
    says: Sequence[str | Path | CallerTurn] = (),
    output: Path | None = None,
    **behaviour: Unpack[Behaviour],
) -> HeardCall:
    """Ring any server that speaks Twilio's protocol, see `PhoneCall`. Raises VendorError where it does not answer."""
    call = PhoneCall(url, secret=secret, to_number=to_number, from_number=from_number, utterances=caller_turns(says), **behaviour)
    record = asyncio.run(call.place())
    must_have_been_answered(record)
    if output is not None and record.recording is not None:
        output.write_bytes(record.recording)
    return _heard(record, output if record.recording is not None else None)


def caller_turns(says: Sequence[str | Path | CallerTurn]) -> list[CallerTurn]:
    """What a caller says or presses, with the sound of words and files."""
    return [one if isinstance(one, (Utterance, Keys)) else _utterance(one) for one in says]


def _utterance(said: str | Path) -> Utterance:
    return Utterance(read_wav(said, rate=TELEPHONE_RATE)) if isinstance(said, Path) else Utterance(spoken(said), text=said)


def _heard(record: CallRecord, recording: Path | None) -> HeardCall:
    same = {field.name for field in fields(HeardCall)} - {"latency_ms", "recording"}
    return HeardCall(latency_ms=Latencies.of(record.delays_ms), recording=recording, **{name: getattr(record, name) for name in same})


def _booked(aira: Aira, to_number: str, call_sid: str) -> list[Appointment]:
    try:
        business = find_business(aira, to_number)
    except NotFound:
        return []
    made = list_appointments(aira, business=business.id, source=AppointmentSource.VOICE_AGENT)
    return [one for one in made if one.external_id == call_sid]
