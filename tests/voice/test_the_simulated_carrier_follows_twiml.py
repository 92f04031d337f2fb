"""The simulated carrier does with a server's TwiML what Twilio documents that it does."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from aira.ports import Webhooks
from aira.voice.audio import TELEPHONE_RATE, read_wav, wav_bytes
from aira.voice.simulator import CallRecord, Keys, Limits, Person, PhoneCall, Utterance
from twiml_server import SECRET, Reply, TwimlServer, twiml_server

NUMBER, CALLER, OWNER = "+14155550123", "+14155550177", "+14155550188"
SOUND = np.full(TELEPHONE_RATE // 2, 8000, np.int16)


@pytest.fixture
def server() -> Iterator[TwimlServer]:
    """A server that has nothing to say yet."""
    with twiml_server() as server:
        yield server


def rung(server: TwimlServer, *turns: Utterance | Keys, **more: object) -> CallRecord:
    """A call to the server's /voice, the carrier's own parts in a hurry."""
    addresses = Webhooks(f"{server.url}/voice", f"{server.url}/fallback", f"{server.url}/status", "")
    options = {"secret": SECRET, "haste": 50.0, **more}
    call = PhoneCall(addresses, to_number=NUMBER, from_number=CALLER, utterances=turns, **options)  # type: ignore[arg-type]
    record = asyncio.run(call.place())
    assert server.forged == []
    return record


def test_verbs_are_followed_in_order_until_the_document_ends(server: TwimlServer) -> None:
    """Then the carrier hangs up and tells the status address."""
    server.says("/voice", '<Say>Hello.</Say><Pause length="2"/><Say>Goodbye.</Say>')
    record = rung(server)

    assert record.verbs == ["Say", "Pause", "Say"]
    assert record.carrier_said == ["Hello.", "Goodbye."]
    assert (record.status, record.ended_by) == ("completed", "server")
    assert [form["CallStatus"] for form in server.forms("/status")] == ["completed"]


def test_the_first_webhook_tells_who_calls_whom(server: TwimlServer) -> None:
    """The parameters every Twilio webhook has."""
    server.says("/voice", "<Hangup/>")
    record = rung(server)

    (form,) = server.forms("/voice")
    assert (form["CallSid"], form["From"], form["To"]) == (record.call_sid, CALLER, NUMBER)
    assert (form["CallStatus"], form["Direction"]) == ("ringing", "inbound")


def test_redirect_leaves_the_rest_of_the_document(server: TwimlServer) -> None:
    """A relative address begins at the document's."""
    server.says("/voice", "<Redirect>next/one</Redirect><Say>Never.</Say>")
    server.says("/next/one", "<Hangup/>")

    assert rung(server).verbs == ["Redirect", "Hangup"]


@pytest.mark.parametrize(("verb", "status"), [('<Reject reason="busy"/>', "busy"), ("<Reject/>", "no-answer")])
def test_a_rejected_call_was_never_answered(server: TwimlServer, verb: str, status: str) -> None:
    """It costs nothing, and its status says so."""
    server.says("/voice", verb)

    assert rung(server).status == status


def test_play_needs_a_file_that_is_there(server: TwimlServer) -> None:
    """A missing one is an error like any other, and the fallback is asked."""
    server.says("/voice", "<Play>/missing.wav</Play>")
    server.says("/fallback", "<Hangup/>")
    record = rung(server)

    assert [alert.code for alert in record.alerts] == [11200]
    assert server.forms("/fallback")[0]["ErrorUrl"] == f"{server.url}/missing.wav"


def test_play_lasts_as_long_as_the_file(server: TwimlServer) -> None:
    """Twice over with loop 2."""
    server.says("/voice", '<Play loop="2">/tune.wav</Play>')
    server.answers("/tune.wav", Reply(wav_bytes(SOUND, rate=TELEPHONE_RATE), content_type="audio/x-wav"))
    record = rung(server, haste=1.0)

    assert record.duration_seconds >= 1.0
    assert read_wav(record.recording or b"", rate=TELEPHONE_RATE, channel=1).any()


class TestGather:
    def test_takes_keys_up_to_the_finishing_one(self, server: TwimlServer) -> None:
        """Which is not part of the digits; keys after it are pressed at the next Gather."""
        server.says("/voice", '<Gather action="/one"><Say>Your number?</Say></Gather>')
        server.says("/one", '<Gather action="/two" numDigits="2"/>')
        server.says("/two", "<Hangup/>")
        rung(server, Keys("42#789"))

        assert [server.forms(path)[0]["Digits"] for path in ("/one", "/two")] == ["42", "78"]

    def test_without_a_key_goes_on_with_the_document(self, server: TwimlServer) -> None:
        """As nobody pressed anything in time."""
        server.says("/voice", '<Gather action="/one"/><Say>Too late.</Say>')

        assert rung(server).verbs == ["Gather", "Say"]

    def test_for_speech_is_given_the_words(self, server: TwimlServer) -> None:
        """The simulated carrier knows them without listening."""
        server.says("/voice", '<Gather input="speech dtmf" action="/one"/>')
        server.says("/one", "<Hangup/>")
        rung(server, Utterance(SOUND, text="A haircut, please."))

        assert server.forms("/one")[0]["SpeechResult"] == "A haircut, please."


class TestRecord:
    def test_keeps_what_the_caller_says(self, server: TwimlServer) -> None:
        """Its address serves the sound, and the action is told how long it is."""
        server.says("/voice", '<Record action="/left" finishOnKey="#"/>')
        server.says("/left", "<Hangup/>")
        record = rung(server, Utterance(np.tile(SOUND, 2)), Keys("#"))

        (form,) = server.forms("/left")
        (message,) = record.voicemails
        assert (form["RecordingDuration"], form["Digits"]) == ("1", "#")
        assert np.abs(read_wav(message, rate=TELEPHONE_RATE)).mean() > 4000

    def test_takes_a_message_that_is_no_turn(self, server: TwimlServer) -> None:
        """What the caller wants to say to a bot is kept for the bot."""
        server.says("/voice", '<Record action="/left"/>')
        server.says("/left", '<Gather input="speech" action="/heard"/>')
        server.says("/heard", "<Hangup/>")
        record = rung(server, Utterance(SOUND, text="For the bot."), message=np.tile(SOUND, 4))

        assert server.forms("/left")[0]["RecordingDuration"] == "2"
        assert (len(record.voicemails), server.forms("/heard")[0]["SpeechResult"]) == (1, "For the bot.")

    def test_of_silence_is_none(self, server: TwimlServer) -> None:
        """The action is not asked and the document goes on."""
        server.says("/voice", '<Record action="/left"/><Say>Nothing was left.</Say>')
        record = rung(server)

        assert record.verbs == ["Record", "Say"]
        assert server.forms("/left") == []

    def test_is_cut_off_at_its_longest(self, server: TwimlServer) -> None:
        """However much the caller has to say."""
        server.says("/voice", '<Record action="/left" maxLength="2"/>')
        server.says("/left", "<Hangup/>")
        rung(server, Utterance(np.tile(SOUND, 20)))

        assert server.forms("/left")[0]["RecordingDuration"] == "2"


class TestDial:
    def test_puts_through_to_who_answers(self, server: TwimlServer) -> None:
        """And asks the action when they have talked."""
        server.says("/voice", f'<Dial action="/after"><Number>{OWNER}</Number></Dial>')
        server.says("/after", "<Hangup/>")
        record = rung(server, person=Person(answers=True))

        (form,) = server.forms("/after")
        assert (form["DialCallStatus"], form["DialBridged"], record.dialled) == ("completed", "true", OWNER)

    @pytest.mark.parametrize(("person", "status"), [(Person(), "no-answer"), (Person(busy=True), "busy")])
    def test_tells_why_nobody_answers(self, server: TwimlServer, person: Person, status: str) -> None:
        """Nobody there, or on the telephone already."""
        server.says("/voice", f'<Dial action="/after" timeout="10">{OWNER}</Dial>')
        server.says("/after", "<Hangup/>")
        rung(server, person=person)

        assert server.forms("/after")[0]["DialCallStatus"] == status

    def test_without_an_action_goes_on_with_the_document(self, server: TwimlServer) -> None:
        """The caller is still there."""
        server.says("/voice", f"<Dial>{OWNER}</Dial><Say>Nobody came.</Say>")

        assert rung(server).verbs == ["Dial", "Say"]

    @pytest.mark.parametrize(("keys", "bridged"), [("1", "true"), ("2", "false"), ("", "false")])
    def test_whispers_to_who_answers_first(self, server: TwimlServer, keys: str, bridged: str) -> None:
        """They accept by a key; where the whisper ends in a hang-up the caller is not put through. It is a call of its own."""
        server.says("/voice", f'<Dial action="/after" answerOnBridge="true"><Number url="/whisper">{OWNER}</Number></Dial>')
        server.says("/whisper", '<Gather numDigits="1" action="/key"><Say>Press 1.</Say></Gather><Hangup/>')
        server.says("/key", "" if keys == "1" else "<Hangup/>")
        server.says("/after", "<Hangup/>")
        record = rung(server, person=Person(answers=True, keys=keys))

        (whisper,), (after,) = server.forms("/whisper"), server.forms("/after")
        assert after["DialBridged"] == bridged
        assert (whisper["ParentCallSid"], whisper["CallSid"]) == (record.call_sid, after["DialCallSid"])
        assert record.verbs == ["Dial", "Hangup"]

    def test_rings_a_sip_address(self, server: TwimlServer) -> None:
        """Each number or address may have somebody else behind it."""
        server.says("/voice", '<Dial action="/after"><Sip>sip:room@sip.example</Sip></Dial>')
        server.says("/after", "<Hangup/>")
        rung(server, persons={"sip:room@sip.example": Person(answers=True)})

        assert server.forms("/after")[0]["DialCallStatus"] == "completed"


class TestFallback:
    @pytest.mark.parametrize(
        ("reply", "code"),
        [
            (Reply("oops", status=500), 11200),
            (Reply("", status=404), 11200),
            (Reply("<Response>", delay=0.0), 12100),
            (Reply("<Answer/>"), 12100),
            (Reply("<!DOCTYPE x><Response/>"), 12100),
            (Reply("{}", content_type="application/json"), 12300),
            (Reply("<Response/>", delay=5.0), 11200),
        ],
    )
    def test_is_asked_where_an_answer_is_none(self, server: TwimlServer, reply: Reply, code: int) -> None:
        """An error status, no TwiML, the wrong type, or too late."""
        server.answers("/voice", reply)
        server.says("/fallback", "<Say>Please call again.</Say>")
        record = rung(server, limits=Limits(read=0.5))

        (form,) = server.forms("/fallback")
        assert (form["ErrorCode"], form["ErrorUrl"]) == (str(code), f"{server.url}/voice")
        assert record.carrier_said == ["Please call again."]
        assert (record.status, [alert.code for alert in record.alerts]) == ("completed", [code])

    def test_that_fails_too_ends_the_call_with_an_apology(self, server: TwimlServer) -> None:
        """The carrier's own, the only words the caller ever hears."""
        record = rung(server)

        assert [alert.code for alert in record.alerts] == [11200, 11200]
        assert (record.status, record.ended_by, len(record.carrier_said)) == ("failed", "carrier", 1)

    def test_is_asked_in_the_middle_of_a_call(self, server: TwimlServer) -> None:
        """An action that fails is no better than a first answer that does."""
        server.says("/voice", "<Redirect>/gone</Redirect>")
        server.says("/fallback", "<Hangup/>")

        assert rung(server).verbs == ["Redirect", "Hangup"]

    def test_is_not_asked_while_a_retry_helps(self, server: TwimlServer) -> None:
        """The address may ask for retries in its fragment."""
        server.answers("/two", Reply("", status=503), Reply("<Response><Hangup/></Response>"))
        server.says("/voice", "<Redirect>/two#rc=2&amp;rp=5xx</Redirect>")
        record = rung(server)

        assert (record.verbs, record.alerts) == (["Redirect", "Hangup"], [])


def test_a_server_that_is_not_there_is_tried_twice() -> None:
    """As Twilio does when no connection comes about."""
    call = PhoneCall("http://127.0.0.1:9", secret=SECRET, to_number=NUMBER, from_number=None, haste=50)
    record = asyncio.run(call.place())

    assert [alert.code for alert in record.alerts] == [11205, 11205]
    assert len([request for request in record.requests if request.url.endswith("/call")]) == 2


def test_what_is_no_twiml_is_reported_and_left_out(server: TwimlServer) -> None:
    """Unknown verbs, attributes and nouns are warnings; the rest of the document is followed."""
    server.says("/voice", '<Dance/><Say colour="red">Hello.</Say><Dial><Conference>x</Conference></Dial><Hangup/>')
    record = rung(server)

    assert [alert.code for alert in record.alerts] == [12200, 12200, 12200]
    assert record.verbs == ["Say", "Dial", "Hangup"]


def test_a_server_that_goes_round_in_circles_is_left(server: TwimlServer) -> None:
    """A call has an end."""
    server.says("/voice", "<Redirect>/voice</Redirect>")

    assert len(server.forms("/voice")) == 0
    assert len(rung(server).verbs) == 100


def test_the_caller_may_hang_up_any_time(server: TwimlServer) -> None:
    """Whatever the carrier is doing then; the status is told all the same."""
    server.says("/voice", '<Pause length="600"/><Say>Never.</Say>')
    record = rung(server, hangs_up_after=0.2)

    assert (record.verbs, record.ended_by) == (["Pause"], "caller")
    assert len(server.forms("/status")) == 1
