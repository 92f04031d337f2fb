"""A simulated call as people and programs read it: transcript from the journal, delays, what was booked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.businesses import find_business
from aira.core.calls import find_call, transcript
from aira.errors import NotFound
from aira.model import Appointment, AppointmentSource, Turn
from aira.voice.audio import TELEPHONE_RATE, Samples, read_wav
from aira.voice.latencies import Latencies
from aira.voice.signatures import webhook_secret
from aira.voice.simulator.caller import Utterance
from aira.voice.simulator.caller_voice import spoken
from aira.voice.simulator.phone_call import CallRecord, PhoneCall


@dataclass(frozen=True, slots=True)
class CallReport:
    """What `aira simulate call` prints."""

    call_sid: str
    outcome: str | None
    transcript: list[Turn]
    appointments: list[Appointment]
    latency_ms: Latencies
    greeting_ms: float | None
    cut_in_ms: list[float]
    underrun_ms: float
    longest_silence_seconds: float
    duration_seconds: float
    verbs: list[str]
    carrier_said: list[str]
    recording: Path | None


def simulate_call(
    aira: Aira,
    *,
    to_number: str,
    from_number: str | None = None,
    says: Sequence[str | Path | Utterance] = (),
    url: str | None = None,
    output: Path | None = None,
) -> CallReport:
    """Ring a number of ours at a voice server that is running, by default the one of VOICE_AGENT_SERVICE_URL.

    `says` are the caller's turns: words, WAV files or ready samples. The call is kept as a stereo WAV at `output`.
    Raises VendorError where no voice server answers, NotFound where it answers for another database.
    """
    utterances = [one if isinstance(one, Utterance) else Utterance(_samples(one)) for one in says]
    call = PhoneCall(
        url or aira.settings.voice_agent_service_url,
        secret=webhook_secret(aira.settings),
        to_number=to_number,
        from_number=from_number,
        utterances=utterances,
    )
    record = asyncio.run(call.place())
    if output is not None and record.recording is not None:
        output.write_bytes(record.recording)
    return _report(aira, record, to_number, output if record.recording is not None else None)


def _samples(said: str | Path) -> Samples:
    return read_wav(said, rate=TELEPHONE_RATE) if isinstance(said, Path) else spoken(said)


def _report(aira: Aira, record: CallRecord, to_number: str, recording: Path | None) -> CallReport:
    call = find_call(aira, record.call_sid)
    return CallReport(
        call_sid=record.call_sid,
        outcome=call.outcome,
        transcript=transcript(aira, call.id),
        appointments=_booked(aira, to_number, record.call_sid),
        latency_ms=Latencies.of(record.delays_ms),
        greeting_ms=record.greeting_ms,
        cut_in_ms=record.cut_in_ms,
        underrun_ms=record.underrun_ms,
        longest_silence_seconds=round(record.longest_silence_seconds, 2),
        duration_seconds=record.duration_seconds,
        verbs=record.verbs,
        carrier_said=record.carrier_said,
        recording=recording,
    )


def _booked(aira: Aira, to_number: str, call_sid: str) -> list[Appointment]:
    try:
        business = find_business(aira, to_number)
    except NotFound:
        return []
    made = list_appointments(aira, business=business.id, source=AppointmentSource.VOICE_AGENT)
    return [one for one in made if one.external_id == call_sid]
