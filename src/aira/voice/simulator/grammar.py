"""What TwiML allows where, as far as the simulated carrier follows it; anything else is reported as Twilio's schema warning 12200."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

_CALLBACK = {"statusCallback", "statusCallbackMethod", "statusCallbackEvent"}
_RECORDING = {"recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent", "trim"}
_ATTRIBUTES: dict[str, set[str]] = {
    "Say": {"voice", "language", "loop"},
    "Play": {"loop", "digits"},
    "Pause": {"length"},
    "Hangup": set(),
    "Reject": {"reason"},
    "Redirect": {"method"},
    "Connect": {"action", "method"},
    "Stream": {"url", "name", "track", *_CALLBACK},
    "Parameter": {"name", "value"},
    "Dial": {
        "action", "method", "timeout", "timeLimit", "callerId", "callReason", "answerOnBridge", "hangupOnStar", "record", "ringTone",
        "sequential", "referUrl", "referMethod", *_RECORDING,
    },
    "Number": {"url", "method", "sendDigits", *_CALLBACK},
    "Sip": {"url", "method", "username", "password", *_CALLBACK},
    "Record": {
        "action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "transcribe", "transcribeCallback", *_RECORDING,
    },
    "Gather": {
        "action", "method", "timeout", "finishOnKey", "numDigits", "input", "language", "hints", "speechTimeout", "actionOnEmptyResult",
        "bargeIn", "profanityFilter", "speechModel", "enhanced", "partialResultCallback", "partialResultCallbackMethod",
    },
}  # fmt: skip
_CHILDREN: dict[str, set[str]] = {
    "Response": {"Say", "Play", "Pause", "Hangup", "Reject", "Redirect", "Connect", "Dial", "Record", "Gather"},
    "Connect": {"Stream"},
    "Stream": {"Parameter"},
    "Dial": {"Number", "Sip"},
    "Gather": {"Say", "Play", "Pause"},
}


def followed(parent: Element) -> list[Element]:
    """The children of an element that can be followed there."""
    return [child for child in parent if child.tag in _CHILDREN.get(parent.tag, set())]


def warnings(document: Element) -> Iterator[str]:
    """What in a document is not TwiML, or is TwiML that the simulated carrier does not follow."""
    for element in document.iter():
        for name in sorted(set(element.keys()) - _ATTRIBUTES.get(element.tag, set(element.keys()))):
            yield f"Schema validation warning: attribute {name} is not allowed in {element.tag}"
        if element.tag in ("Response", *_ATTRIBUTES) and element.tag != "Say":  # Say may hold marks of SSML
            for child in element:
                if child.tag not in _CHILDREN.get(element.tag, set()):
                    yield f"Schema validation warning: {child.tag} is not followed in {element.tag}"
