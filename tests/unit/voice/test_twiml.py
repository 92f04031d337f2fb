"""TwiML answers are well formed and say what they mean, whatever text goes into them."""

from xml.etree.ElementTree import fromstring

import pytest

from aira.voice import twiml


def verbs(document: str) -> list[str]:
    """The verbs of a document, in order."""
    return [verb.tag for verb in fromstring(document)]


def test_connect_names_the_stream_and_who_is_asked_after_it() -> None:
    """The token goes into a parameter, because the carrier drops query strings."""
    document = twiml.connect("wss://voice.example/voice/stream", after_url="https://voice.example/after", token="t0k3n")

    connect = fromstring(document).find("Connect")
    assert connect is not None
    assert connect.attrib == {"action": "https://voice.example/after", "method": "POST"}
    stream = connect.find("Stream")
    assert stream is not None
    assert (stream.get("url"), [parameter.attrib for parameter in stream]) == (
        "wss://voice.example/voice/stream",
        [{"name": "token", "value": "t0k3n"}],
    )


def test_hang_up_may_say_something_first() -> None:
    """A caller is not cut off without a word."""
    assert verbs(twiml.hang_up("We are closed.", "Goodbye.")) == ["Say", "Say", "Hangup"]


def test_reject_is_all_that_a_wrong_number_gets() -> None:
    """The carrier charges nothing for it."""
    assert verbs(twiml.reject()) == ["Reject"]


def test_voicemail_hangs_up_where_nothing_is_recorded() -> None:
    """A caller who says nothing is not left in silence."""
    assert verbs(twiml.voicemail("All lines are busy.", action_url="https://voice.example/voicemail")) == ["Say", "Record", "Say", "Hangup"]


@pytest.mark.parametrize("caller_id", ["+14155550123", None])
def test_transfer_rings_a_person_and_asks_what_came_of_it(caller_id: str | None) -> None:
    """Nobody answering is not the end of the call."""
    dial = fromstring(twiml.transfer("+14155550188", after_url="https://voice.example/after", caller_id=caller_id)).find("Dial")

    assert dial is not None
    assert (dial.get("action"), dial.get("callerId"), dial.findtext("Number")) == ("https://voice.example/after", caller_id, "+14155550188")


def test_text_cannot_become_markup() -> None:
    """A greeting with signs of XML in it is read out, not obeyed."""
    document = twiml.hang_up('Smith & Sons</Say><Dial>+1900</Dial><Say note="x">')

    assert verbs(document) == ["Say", "Hangup"]
