"""A webhook without the carrier's signature is refused, and leaves no trace."""

import logging

import pytest

from aira.core.app import Aira
from aira.core.calls import list_calls
from aira.voice.webhooks import CALL, PATHS
from salon import Salon
from voice_scene import Carrier


@pytest.mark.parametrize("signature", [None, "", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="])
def test_missing_or_forged_signatures_are_refused(
    carrier: Carrier, aira: Aira, caplog: pytest.LogCaptureFixture, signature: str | None
) -> None:
    """403 and nothing else, on every path: no row, no log line of the body."""
    with caplog.at_level(logging.DEBUG):
        responses = [carrier.post(path, signature=signature, Body="a secret", MessageSid="SM1") for path in PATHS]

    assert {(response.status_code, response.content) for response in responses} == {(403, b"")}
    assert list_calls(aira) == []
    assert "+1415" not in caplog.text
    assert "secret" not in caplog.text


def test_a_signature_for_another_host_is_refused(carrier: Carrier, salon: Salon) -> None:
    """The address is the setting's; a Host header cannot move it."""
    forged = Carrier(carrier.switchboard, base="https://attacker.example")

    assert forged.post(CALL, host="attacker.example").status_code == 403


def test_the_host_header_does_not_matter(carrier: Carrier, salon: Salon) -> None:
    """Behind a proxy the server is called by another name."""
    assert carrier.post(CALL, host="10.0.0.7:9000").status_code == 200


def test_a_changed_form_is_refused(carrier: Carrier, salon: Salon) -> None:
    """A good signature fits one form only."""
    signed = carrier.post(CALL)
    stolen = signed.request.headers["X-Twilio-Signature"]

    assert carrier.post(CALL, signature=stolen, From="+14155550100").status_code == 403


def test_a_body_that_is_no_form_is_refused(carrier: Carrier) -> None:
    """Larger than any webhook."""
    assert carrier.post(CALL, Junk="x" * 70_000).status_code == 403
