"""A whole call through the simulated carrier and our own server: put through to a person who is asked first, or to voicemail."""

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aira.core.app import Aira
from aira.core.businesses import set_business
from aira.core.calls import call_messages, find_call
from aira.core.closures import add_closure
from aira.core.db import fetch_value
from aira.core.jobs import run_waiting_jobs
from aira.voice import carrier_phrases as phrases
from aira.voice.audio import TELEPHONE_RATE, read_wav
from aira.voice.server import VoiceServer
from aira.voice.simulator import CallReport, Keys, Person, Utterance, simulate_call
from aira.voice.switchboard import Switchboard
from no_time_speech import no_time_speech, tone
from salon import CALLER, NUMBER, Salon
from voice_scene import running

OWNER = "+14155550188"
MESSAGE_SECONDS = 2


@pytest.fixture
def serving(aira: Aira, salon: Salon) -> Iterator[Aira]:
    """A server for the salon, whose ears and voice take no time and whose transfers ask first."""
    with aira.database.transaction() as connection:
        aira.clock.set(fetch_value(connection, "select now()"))
    set_business(aira, salon.business.id, transfer_mode="warm")
    server = VoiceServer(Switchboard(aira, speech=no_time_speech), host="127.0.0.1", port=0)
    with running(server) as url:
        ours = replace(aira, settings=aira.settings.model_copy(update={"voice_agent_service_url": url}))
        server.switchboard.aira = ours
        yield ours


def rung(aira: Aira, *turns: Keys | Utterance, person: Person | None = None) -> CallReport:
    """A call to the salon, the carrier's own parts in a hurry."""
    return simulate_call(aira, to_number=NUMBER, from_number=CALLER, says=turns, person=person, haste=20)


@pytest.mark.voice
def test_to_a_person_who_presses_the_key(serving: Aira) -> None:
    """A caller who presses 0 talks to the bot no longer; stream, whisper and key are three requests and one journal."""
    report = rung(serving, Keys("0"), person=Person(answers=True, keys="1"))

    assert report.verbs == ["Connect", "Say", "Dial", "Hangup"]
    assert (report.streams, report.status, report.alerts) == (["server"], "completed", [])
    assert [step.detail for step in report.steps if step.verb == "Dial"] == [OWNER]
    call = find_call(serving, report.call_sid)
    assert (call.outcome, call.status) == ("transferred", "completed")
    assert call.transfer_accepted_at is not None


@pytest.mark.voice
@pytest.mark.parametrize("person", [Person(answers=True, keys="2"), Person(answers=True), Person(), Person(busy=True)])
def test_to_voicemail_where_nobody_takes_the_call(serving: Aira, salon: Salon, person: Person) -> None:
    """Another key, no key, no answer, busy: the caller leaves a message, which is fetched and kept as it was spoken."""
    report = rung(serving, Keys("0"), Utterance(tone(MESSAGE_SECONDS)), person=person)

    assert report.verbs == ["Connect", "Say", "Dial", "Say", "Say", "Record", "Say", "Hangup"]
    assert phrases.NOBODY_ANSWERED in report.carrier_said
    run_waiting_jobs(serving)
    (message,) = call_messages(serving, salon.business.id)
    heard = read_wav(serving.files.get(str(message.recording_key)), rate=TELEPHONE_RATE)
    assert len(heard) == MESSAGE_SECONDS * TELEPHONE_RATE
    assert np.abs(heard).mean() > 4000


def test_to_voicemail_while_the_business_is_closed(serving: Aira, salon: Salon) -> None:
    """No bot is asked."""
    add_closure(serving, serving.clock.now().astimezone(ZoneInfo("America/New_York")).date(), business=salon.business.id)
    set_business(serving, salon.business.id, when_closed="voicemail", closed_greeting="We are closed.")
    report = rung(serving, Utterance(tone(MESSAGE_SECONDS)))

    assert report.verbs == ["Say", "Say", "Record", "Say", "Hangup"]
    assert (report.carrier_said[0], report.carrier_said[-1]) == ("We are closed.", phrases.MESSAGE_TAKEN)
    (message,) = call_messages(serving, salon.business.id)
    assert message.kind == "voicemail"
