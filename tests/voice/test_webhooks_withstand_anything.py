"""Whatever bytes are posted to a webhook, the server answers 403 or TwiML, logs nothing of them, and goes on."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import httpx
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import SecretStr
from twilio.request_validator import HMAC_SHA256, RequestValidator

from aira.core.app import Aira
from aira.core.calls import list_calls
from aira.voice.server import create_app
from aira.voice.signatures import ALGORITHM_HEADER, HEADER, sign
from aira.voice.switchboard import Switchboard
from aira.voice.webhooks import PATHS
from salon import CALLER, NUMBER, Salon
from voice_scene import SID, Carrier

BASE = "http://127.0.0.1:8765"
FORM_TYPE = "application/x-www-form-urlencoded"
FIELDS = (
    "CallSid", "From", "To", "CallStatus", "CallDuration", "DialCallStatus", "StreamSid", "RecordingUrl", "RecordingDuration", "Digits",
    "MessageSid", "Body", "MessageStatus", "ErrorCode", "call", "tried",
)  # fmt: skip
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class Client:
    """Posts raw bytes to one server that stays up."""

    def __init__(self, switchboard: Switchboard) -> None:
        self.switchboard = switchboard
        self._loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(create_app(switchboard), raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url=BASE)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        """The answer; an exception in the application is one in the test."""
        return self._loop.run_until_complete(self._client.post(path, content=body, headers=headers))

    def signed(self, path: str, form: dict[str, str]) -> httpx.Response:
        """Post a form with a good signature."""
        return self._loop.run_until_complete(
            self._client.post(path, data=form, headers={HEADER: sign(self.switchboard.secret, BASE + path, form)})
        )

    def close(self) -> None:
        """End it."""
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@pytest.fixture
def client(carrier: Carrier, salon: Salon) -> Iterator[Client]:
    """A client of the salon's server."""
    client = Client(carrier.switchboard)
    yield client
    client.close()


@FUZZ
@given(
    path=st.sampled_from(PATHS),
    body=st.binary(max_size=2000),
    kind=st.sampled_from([FORM_TYPE, "application/json", "multipart/form-data; boundary=x", "text/plain; charset=utf-16", ""]),
    signature=st.one_of(st.just(""), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=80),
)
def test_unsigned_bytes_are_refused(client: Client, path: str, body: bytes, kind: str, signature: str, query: str) -> None:
    """Any body, content type, query and signature that is not the carrier's."""
    answer = client.post(f"{path}?{query}", body, {"Content-Type": kind, HEADER: signature})

    assert (answer.status_code, answer.content) == (403, b"")


@FUZZ
@given(
    path=st.sampled_from(PATHS),
    form=st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=20)), st.text(max_size=300), max_size=12),
)
def test_signed_nonsense_is_answered(client: Client, path: str, form: dict[str, str]) -> None:
    """Any text in any field, NULs, lone signs and scripts of the world: status 200 and a document that is well formed."""
    form = {name: value.encode("utf-8", "ignore").decode() for name, value in form.items() if name.isprintable()}
    answer = client.signed(path, form)

    assert answer.status_code == 200
    assert fromstring(answer.content).tag == "Response"


CALL_FORM = {"CallSid": SID, "From": CALLER, "To": NUMBER}
ODD = {
    "nul": {**CALL_FORM, "CallSid": "CA\0" + "1" * 30},
    "long sid": {**CALL_FORM, "CallSid": "C" * 5000},
    "no sid": {**CALL_FORM, "CallSid": ""},
    "long number": {**CALL_FORM, "From": "+1" + "4" * 400},
    "endless duration": {**CALL_FORM, "CallStatus": "completed", "CallDuration": "9" * 300},
    "foreign digits": {**CALL_FORM, "CallStatus": "completed", "CallDuration": "\u0661\u0662"},
    "recording that is none": {**CALL_FORM, "RecordingUrl": "file:///etc/passwd", "RecordingDuration": "-1"},
    "superscript": {**CALL_FORM, "tried": "\u00b2"},
    "endless tries": {**CALL_FORM, "tried": "9" * 5000},
    "text of strange signs": {"MessageSid": "SM1", "From": "x" * 3000, "To": NUMBER, "Body": "\ud7ff\uffff" * 2000},
}


@pytest.mark.parametrize("what", sorted(ODD))
def test_odd_values_break_nothing(client: Client, what: str) -> None:
    """On every path."""
    for path in PATHS:
        assert client.signed(path, ODD[what]).status_code == 200


class TestSize:
    def test_of_a_form_has_an_end(self, client: Client) -> None:
        """64 kB and 300 fields: more is read by nobody, signed or not."""
        many = {f"f{number}": "x" for number in range(301)}

        assert client.signed(PATHS[0], {"Body": "x" * 70_000}).status_code == 403
        assert client.signed(PATHS[0], many).status_code == 403

    def test_of_nested_json_breaks_nothing(self, client: Client) -> None:
        """A bomb of brackets is no object."""
        body = b"[" * 60_000
        query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
        signature = sign(client.switchboard.secret, f"{BASE}{PATHS[0]}?{query}", {})

        assert client.post(f"{PATHS[0]}?{query}", body, {"Content-Type": "application/json", HEADER: signature}).status_code == 403


class TestJson:
    def post(self, client: Client, body: bytes, *, hashed: bytes | None = None, query: str | None = None) -> httpx.Response:
        """A JSON body, with the hash of `hashed` in its signed address."""
        query = f"bodySHA256={hashlib.sha256(hashed if hashed is not None else body).hexdigest()}" if query is None else query
        url = "/webhooks/twilio/call" + (f"?{query}" if query else "")
        return client.post(url, body, {"Content-Type": "application/json", HEADER: sign(client.switchboard.secret, BASE + url, {})})

    def test_is_taken_where_its_hash_is_signed(self, client: Client, aira: Aira) -> None:
        """Twilio signs the address, and the address names the body's SHA-256."""
        answer = self.post(client, json.dumps({**CALL_FORM, "Nested": {"x": 1}, "Number": 7}).encode())

        assert b"<Connect" in answer.content
        assert [call.call_sid for call in list_calls(aira)] == [SID]

    def test_that_was_changed_is_refused(self, client: Client) -> None:
        """The hash is another."""
        assert self.post(client, json.dumps(CALL_FORM).encode(), hashed=b"{}").status_code == 403

    def test_without_a_hash_is_refused(self, client: Client) -> None:
        """The signature would cover no word of it."""
        assert self.post(client, json.dumps(CALL_FORM).encode(), query="").status_code == 403
        assert self.post(client, json.dumps(CALL_FORM).encode(), query="bodySHA256=").status_code == 403

    def test_cannot_be_passed_off_as_a_form(self, client: Client) -> None:
        """A signed address without parameters opens no form."""
        url = "/webhooks/twilio/call?bodySHA256=" + hashlib.sha256(b"{}").hexdigest()
        headers = {"Content-Type": FORM_TYPE, HEADER: sign(client.switchboard.secret, BASE + url, {})}

        assert client.post(url, b"CallSid=CA1&From=&To=", headers).status_code == 403


class TestKeys:
    def test_may_be_changed_without_a_lost_call(self, carrier: Carrier, salon: Salon) -> None:
        """While a token is rotated, webhooks come with either."""
        new = replace(carrier.switchboard, secret="new")
        changed = replace(new.aira, settings=new.aira.settings.model_copy(update={"twilio_secondary_auth_token": SecretStr("s3cret")}))

        assert Carrier(replace(new, secret="s3cret")).post(PATHS[0]).status_code == 200
        client = Client(replace(new, aira=changed))
        url = BASE + PATHS[0]
        codes = [
            client.post(PATHS[0], b"CallSid=CA1", {"Content-Type": FORM_TYPE, HEADER: sign(secret, url, {"CallSid": "CA1"})}).status_code
            for secret in ("new", "s3cret", "older", "")
        ]
        client.close()
        assert codes == [200, 200, 403, 403]

    @pytest.mark.parametrize(
        ("secret", "algorithm", "status"),
        [
            ("shared", "key=k1,algorithm=HMAC_SHA256", 200),
            ("s3cret", "key=k1,algorithm=HMAC_SHA256", 403),
            ("shared", "", 403),
            ("shared", "key=k1,algorithm=HMAC_MD5", 403),
        ],
    )
    def test_may_be_shared_ones_with_sha256(self, carrier: Carrier, salon: Salon, secret: str, algorithm: str, status: int) -> None:
        """Each key signs by its own algorithm, and by no other."""
        aira = carrier.switchboard.aira
        shared = replace(aira, settings=aira.settings.model_copy(update={"twilio_webhook_key": SecretStr("shared")}))
        client = Client(replace(carrier.switchboard, aira=shared))
        signature = RequestValidator(secret).compute_signature(BASE + PATHS[0], {"CallSid": "CA1"}, HMAC_SHA256)
        headers = {"Content-Type": FORM_TYPE, HEADER: signature, **({ALGORITHM_HEADER: algorithm} if algorithm else {})}

        answer = client.post(PATHS[0], b"CallSid=CA1", headers)
        client.close()
        assert answer.status_code == status
