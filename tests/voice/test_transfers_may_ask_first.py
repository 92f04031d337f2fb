"""In a warm transfer the person called hears who calls and why, and only a key connects them; a caller nobody takes finds voicemail."""

from xml.etree.ElementTree import Element

import pytest

from aira.core.app import Aira
from aira.core.businesses import set_business
from aira.core.calls import find_call, record_event, redeem_stream_token, set_next_step
from aira.voice import carrier_phrases as phrases
from salon import Salon
from voice_scene import SID, Carrier, without_database

PERSON = {"CallSid": "CA0000000000000000000000000000000a", "ParentCallSid": SID, "From": "+14155550123", "To": "+14155550188"}
"""What the carrier says of the call to the person."""


def tags(verbs: list[Element]) -> list[str]:
    """The names of verbs."""
    return [verb.tag for verb in verbs]


@pytest.fixture
def dial(carrier: Carrier, salon: Salon, aira: Aira) -> Element:
    """The Dial that follows a talk in which the caller gave a name and asked for a person."""
    set_business(aira, salon.business.id, transfer_mode="warm")
    (connect,) = carrier.ask("call")
    call = redeem_stream_token(aira, str(connect.find("Stream/Parameter").get("value")), call_sid=SID)
    detail: dict[str, object] = {"request": {"kind": "FindAppointments", "name": "Sarah <Johnson>"}, "result": {"kind": "Appointments"}}
    record_event(aira, call.id, "tool", "find_appointments", tool="find_appointments", detail=detail)
    record_event(aira, call.id, "caller", "Can I speak to somebody about my allergy?")
    set_next_step(aira, call.id, "transfer", outcome="transferred", reason="an allergy to hair dye")
    say, dial = carrier.ask("after", CallStatus="in-progress", StreamSid="MZ1")
    assert say.text == phrases.TRANSFERRING
    return dial


@pytest.fixture
def gather(carrier: Carrier, dial: Element) -> Element:
    """What the person called hears first."""
    first, second, hangup = carrier.follow(str(dial.find("Number").get("url")), **PERSON, CallStatus="in-progress")
    assert (first.tag, second.tag, hangup.tag) == ("Gather", "Gather", "Hangup")
    return first


def test_the_person_called_hears_who_calls_and_why(gather: Element) -> None:
    """Name, number, reason, the caller's own words, and which key; no markup of a caller's making."""
    heard = [say.text for say in gather.findall("Say")]

    assert heard == [
        "A call for Shear Delight: Sarah <Johnson>, calling from 1, 4, 1, 5, 5, 5, 5, 0, 1, 7, 7.",
        "Reason: an allergy to hair dye.",
        "They said: Can I speak to somebody about my allergy?",
        phrases.PRESS_TO_ACCEPT,
    ]
    assert gather.get("numDigits") == "1"


def test_a_key_connects_them(carrier: Carrier, aira: Aira, gather: Element) -> None:
    """The journal has it, and the end of the talk is the end of the call."""
    assert carrier.follow(str(gather.get("action")), **PERSON, Digits="1") == []

    assert find_call(aira, SID).transfer_accepted_at == aira.clock.now()
    assert tags(carrier.ask("after", DialCallStatus="completed", DialCallSid=PERSON["CallSid"])) == ["Hangup"]
    assert find_call(aira, SID).outcome == "transferred"


@pytest.mark.parametrize("digits", ["2", "", "11", "#"])
def test_another_key_does_not(carrier: Carrier, aira: Aira, gather: Element, digits: str) -> None:
    """The person is let go, the caller is not."""
    assert tags(carrier.follow(str(gather.get("action")), **PERSON, Digits=digits)) == ["Hangup"]
    assert find_call(aira, SID).transfer_accepted_at is None


@pytest.mark.parametrize("status", ["completed", "no-answer", "busy", "failed"])
def test_a_caller_whom_nobody_takes_finds_voicemail(carrier: Carrier, aira: Aira, gather: Element, status: str) -> None:
    """A person who hangs up on the whisper counts as answered to the carrier, and so does an answering machine; not to us."""
    verbs = carrier.ask("after", DialCallStatus=status, DialCallSid=PERSON["CallSid"])

    assert (verbs[0].text, tags(verbs)) == (phrases.NOBODY_ANSWERED, ["Say", "Say", "Record", "Say", "Hangup"])
    assert find_call(aira, SID).outcome != "transferred"


def test_a_key_pressed_too_late_connects_nobody(carrier: Carrier, aira: Aira, gather: Element) -> None:
    """The caller has hung up meanwhile."""
    carrier.ask("status", CallStatus="completed", CallDuration="30")

    assert tags(carrier.follow(str(gather.get("action")), **PERSON, Digits="1")) == ["Hangup"]


def test_nobody_is_connected_unless_it_can_be_noted(carrier: Carrier, gather: Element) -> None:
    """Without a database the person is let go, and the caller finds voicemail."""
    carrier.switchboard = without_database(carrier.switchboard)

    assert tags(carrier.follow(str(gather.get("action")), **PERSON, Digits="1")) == ["Hangup"]
    assert tags(carrier.ask("after", DialCallStatus="completed")) == ["Say", "Say", "Record", "Say", "Hangup"]


def test_the_whisper_of_another_call_cannot_be_asked_for(carrier: Carrier, gather: Element) -> None:
    """The address is signed with its query; one that names no transfer says nothing."""
    assert tags(carrier.ask("whisper?call=CA404", **PERSON)) == ["Hangup"]
    assert carrier.post("/webhooks/twilio/whisper?call=CA404", signature="forged").status_code == 403


def test_a_cold_transfer_asks_nobody(carrier: Carrier, salon: Salon, aira: Aira) -> None:
    """The default: whoever answers has the caller."""
    (connect,) = carrier.ask("call")
    call = redeem_stream_token(aira, str(connect.find("Stream/Parameter").get("value")), call_sid=SID)
    set_next_step(aira, call.id, "transfer", outcome="transferred")

    _, dial = carrier.ask("after", CallStatus="in-progress")
    assert dial.find("Number").attrib == {}


def test_a_withheld_number_is_told_as_such() -> None:
    """The person is not read an empty number."""
    told = phrases.whisper("Salon", caller_name=None, from_number=None, reason=None, last_words=None)

    assert told == ("A call for Salon: a caller from a withheld number.",)
