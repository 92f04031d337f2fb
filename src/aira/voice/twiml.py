"""The TwiML answers this server gives. Every one is a whole document that a caller can stand, whatever went wrong."""

import math
from xml.etree.ElementTree import Element, SubElement, tostring

from aira.voice import carrier_phrases as phrases

CONTENT_TYPE = "text/xml; charset=utf-8"

_LONGEST_MESSAGE_SECONDS = 120
_RING_SECONDS = 25
_KEY_SECONDS = 5
_HOLD_PAUSE_SECONDS = 3


def connect(stream_url: str, *, after_url: str, token: str, service: str | None = None) -> str:
    """Connect the call to a bot over a media stream; when the stream ends the carrier asks `after_url`.

    `service` names the bot, AGENT.ORGANIZATION, to a host of bots such as Pipecat Cloud.
    """
    response = Element("Response")
    verb = SubElement(response, "Connect", action=after_url, method="POST")
    stream = SubElement(verb, "Stream", url=stream_url)
    SubElement(stream, "Parameter", name="token", value=token)
    if service is not None:
        SubElement(stream, "Parameter", name="_pipecatCloudServiceHost", value=service)
    return _document(response)


def hang_up(*sentences: str) -> str:
    """Say the sentences, if any, and end the call."""
    response = Element("Response")
    _say(response, *sentences)
    SubElement(response, "Hangup")
    return _document(response)


def reject() -> str:
    """Refuse the call; the carrier charges nothing for it."""
    response = Element("Response")
    SubElement(response, "Reject")
    return _document(response)


def transfer(to_number: str, *, after_url: str, caller_id: str | None, whisper_url: str | None = None) -> str:
    """Put the call through to a person; when nobody answers the carrier asks `after_url`.

    With `whisper_url` the person hears first what that address answers, while the caller still hears it ring.
    """
    response = Element("Response")
    _say(response, phrases.TRANSFERRING)
    dial = SubElement(response, "Dial", action=after_url, method="POST", timeout=str(_RING_SECONDS), answerOnBridge="true")
    if caller_id:
        dial.set("callerId", caller_id)
    number = SubElement(dial, "Number")
    if whisper_url:
        number.set("url", whisper_url)
        number.set("method", "POST")
    number.text = to_number
    return _document(response)


def whisper(*sentences: str, accept_url: str) -> str:
    """Say the sentences, twice where need be, and ask for a key, which is reported to `accept_url`; without one, hang up."""
    response = Element("Response")
    for _ in range(2):
        gather = SubElement(response, "Gather", action=accept_url, method="POST", numDigits="1", timeout=str(_KEY_SECONDS))
        _say(gather, *sentences, phrases.PRESS_TO_ACCEPT)
    SubElement(response, "Hangup")
    return _document(response)


def hold(*last_sentences: str, action_url: str, seconds: float) -> str:
    """Ask the caller for a moment, again and again for at least `seconds`; then voicemail as in `voicemail`.

    It is what a caller hears until the document of their call is changed, and what they are left with where it never is.
    """
    response = Element("Response")
    for _ in range(max(1, math.ceil(seconds / _HOLD_PAUSE_SECONDS))):
        _say(response, phrases.ONE_MOMENT)
        SubElement(response, "Pause", length=str(_HOLD_PAUSE_SECONDS))
    _record(response, *last_sentences, action_url=action_url)
    return _document(response)


def dial_room(sip_uri: str, *, after_url: str) -> str:
    """Put the call through to a SIP address, a bot's room; when that is over the carrier asks `after_url`."""
    response = Element("Response")
    dial = SubElement(response, "Dial", action=after_url, method="POST", timeout=str(_RING_SECONDS), answerOnBridge="true")
    SubElement(dial, "Sip").text = sip_uri
    return _document(response)


def redirect(url: str) -> str:
    """Let the carrier ask another address, or the same again."""
    response = Element("Response")
    SubElement(response, "Redirect", method="POST").text = url
    return _document(response)


def voicemail(*sentences: str, action_url: str) -> str:
    """Say the sentences and record a message of up to two minutes, which is reported to `action_url`."""
    response = Element("Response")
    _record(response, *sentences, action_url=action_url)
    return _document(response)


def nothing() -> str:
    """Ask nothing of the carrier."""
    return _document(Element("Response"))


def _record(response: Element, *sentences: str, action_url: str) -> None:
    _say(response, *sentences)
    SubElement(
        response,
        "Record",
        action=action_url,
        method="POST",
        maxLength=str(_LONGEST_MESSAGE_SECONDS),
        timeout="5",
        finishOnKey="#",
        playBeep="true",
    )
    _say(response, phrases.NO_MESSAGE)
    SubElement(response, "Hangup")


def _say(response: Element, *sentences: str) -> None:
    for sentence in sentences:
        SubElement(response, "Say").text = sentence


def _document(response: Element) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")
