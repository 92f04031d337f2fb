"""What a caller gets depends on whom they called, whether a bot is free, and what the bot left in the journal."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from aira.core.app import Aira
from aira.core.calls import (
    call_events,
    call_messages,
    find_call,
    list_calls,
    open_call,
    redeem_stream_token,
    set_next_step,
)
from aira.core.db import Database, execute
from aira.core.delivery import words_of_notification
from aira.core.notifications import list_notifications
from aira.core.numbers import unassign_number
from aira.core.releases import release_number
from aira.core.senders import stopped_senders
from aira.voice import carrier_phrases as phrases
from aira.voice.switchboard import Switchboard
from salon import CALLER, NUMBER, Salon
from voice_scene import SID, Carrier


def tags(verbs: list) -> list[str]:
    """The names of verbs."""
    return [verb.tag for verb in verbs]


def token_of(verbs: list) -> str:
    """The token in a Connect."""
    return str(verbs[0].find("Stream/Parameter").get("value"))


def deactivate(aira: Aira, salon: Salon) -> None:
    """Close the business's account."""
    with aira.database.transaction() as connection:
        execute(connection, "update business_v2 set is_active = false where id = %(id)s", {"id": salon.business.id})


class TestIncomingCall:
    def test_is_connected_to_a_bot(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """By a media stream with a token that opens this call, and word where to ask afterwards."""
        (connect,) = verbs = carrier.ask("call")

        stream = connect.find("Stream")
        assert (connect.get("action"), stream.get("url")) == (
            "http://127.0.0.1:8765/webhooks/twilio/after",
            "ws://127.0.0.1:8765/voice/stream",
        )
        assert redeem_stream_token(aira, token_of(verbs), call_sid=SID).business_id == salon.business.id

    def test_to_an_unknown_number_is_rejected(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """Free of charge, without a word."""
        assert tags(carrier.ask("call", To="+14155550100")) == ["Reject"]
        assert find_call(aira, SID).outcome == "unknown_number"

    def test_to_a_released_number_is_rejected(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """It may be somebody else's by now."""
        release_number(aira, NUMBER)

        assert tags(carrier.ask("call")) == ["Reject"]

    def test_to_a_number_without_a_business_is_told_so(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """A sentence, then the end."""
        unassign_number(aira, NUMBER)

        say, goodbye, hangup = carrier.ask("call")
        assert (say.text, goodbye.text, hangup.tag) == (phrases.NOT_SET_UP, phrases.GOODBYE, "Hangup")

    def test_to_a_closed_account_is_told_so(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """The number still rings, the business takes no calls."""
        deactivate(aira, salon)

        assert carrier.ask("call")[0].text == phrases.CLOSED_ACCOUNT

    @pytest.mark.parametrize("state", [{"warm": False}, {"draining": True}, {"active": 8}])
    def test_finds_voicemail_where_no_bot_is_free(self, carrier: Carrier, salon: Salon, state: dict[str, object]) -> None:
        """While starting, draining or full, a message can be left."""
        carrier.switchboard = replace(carrier.switchboard, **state)

        verbs = carrier.ask("call")
        assert tags(verbs) == ["Say", "Say", "Record", "Say", "Hangup"]
        assert verbs[2].get("action") == "http://127.0.0.1:8765/webhooks/twilio/voicemail"

    def test_repeated_while_it_rings_is_connected_with_a_new_token(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """The carrier may not have heard our first answer; there is still one call."""
        first = token_of(carrier.ask("call"))

        assert token_of(carrier.ask("call")) != first
        assert len(list_calls(aira)) == 1

    def test_repeated_after_a_bot_took_it_changes_nothing(self, carrier: Carrier, salon: Salon, aira: Aira) -> None:
        """A replayed webhook opens no second stream."""
        redeem_stream_token(aira, token_of(carrier.ask("call")), call_sid=SID)

        assert tags(carrier.ask("call")) == ["Hangup"]
        assert find_call(aira, SID).connects == 1

    @pytest.mark.parametrize("number", ["+266696687", "anonymous", "sip:me@example.com", ""])
    def test_of_a_withheld_number_is_connected_all_the_same(self, carrier: Carrier, salon: Salon, aira: Aira, number: str) -> None:
        """The bot knows that it does not know the number."""
        assert tags(carrier.ask("call", From=number)) == ["Connect"]
        assert find_call(aira, SID).from_number is None

    def test_is_answered_where_the_database_is_gone(self, carrier: Carrier, salon: Salon) -> None:
        """Anything that goes wrong after a good signature is a sentence and a voicemail, status 200."""
        gone = Database("postgresql://nobody@127.0.0.1:1/nothing")
        carrier.switchboard = replace(carrier.switchboard, aira=replace(carrier.switchboard.aira, database=gone))

        assert tags(carrier.ask("call")) == ["Say", "Say", "Record", "Say", "Hangup"]

    def test_without_a_call_sid_is_answered(self, carrier: Carrier, salon: Salon) -> None:
        """A form that is signed and makes no sense is not answered with an error either."""
        del carrier.form["CallSid"]

        assert tags(carrier.ask("call"))[-1] == "Hangup"


@pytest.fixture
def connected(carrier: Carrier, salon: Salon, aira: Aira) -> Callable[[], None]:
    """Lets a bot take the call."""

    def connect() -> None:
        redeem_stream_token(aira, token_of(carrier.ask("call")), call_sid=SID)

    connect()
    return connect


class TestAfterTheStream:
    def test_the_line_is_hung_up_where_the_bot_was_done(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """The journal says that the conversation came to its end."""
        set_next_step(aira, find_call(aira, SID).id, "hang_up", outcome="booked")

        assert tags(carrier.ask("after", CallStatus="in-progress")) == ["Hangup"]

    def test_a_person_is_rung_where_the_caller_asked_for_one(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """The number of the business, and the caller sees which line it was."""
        set_next_step(aira, find_call(aira, SID).id, "transfer", outcome="transferred")

        say, dial = carrier.ask("after", CallStatus="in-progress")
        assert (say.text, dial.get("callerId"), dial.findtext("Number")) == (phrases.TRANSFERRING, NUMBER, "+14155550188")

    def test_voicemail_follows_where_nobody_answers(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """A transfer that rings out is not the end."""
        set_next_step(aira, find_call(aira, SID).id, "transfer", outcome="transferred")

        assert tags(carrier.ask("after", DialCallStatus="no-answer")) == ["Say", "Say", "Record", "Say", "Hangup"]

    def test_the_line_is_free_once_the_person_has_hung_up(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """A transfer that was answered is done."""
        set_next_step(aira, find_call(aira, SID).id, "transfer", outcome="transferred")

        assert tags(carrier.ask("after", DialCallStatus="completed")) == ["Hangup"]

    def test_another_bot_takes_over_where_one_was_lost(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """No end in the journal: the call is connected again, with a new token."""
        verbs = carrier.ask("after", CallStatus="in-progress")

        assert redeem_stream_token(aira, token_of(verbs), call_sid=SID).connects == 2

    def test_after_three_lost_bots_there_is_voicemail(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """A fault that stays does not go round in circles."""
        for _ in range(2):
            redeem_stream_token(aira, token_of(carrier.ask("after", CallStatus="in-progress")), call_sid=SID)

        assert carrier.ask("after", CallStatus="in-progress")[0].text == phrases.TROUBLE


class TestStatus:
    def test_completed_closes_the_books(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """With the seconds that the carrier charges."""
        assert carrier.ask("status", CallStatus="completed", CallDuration="83") == []

        ended = find_call(aira, SID)
        assert (ended.status, ended.duration_seconds) == ("completed", 83)

    def test_of_a_call_under_way_changes_nothing(self, carrier: Carrier, aira: Aira, connected: Callable[[], None]) -> None:
        """It is not over."""
        carrier.ask("status", CallStatus="in-progress")

        assert find_call(aira, SID).ended_at is None

    def test_of_an_unknown_call_is_answered(self, carrier: Carrier) -> None:
        """A call from before our time."""
        assert carrier.ask("status", CallStatus="completed") == []


class TestFallback:
    def test_lets_the_caller_leave_a_message(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """Our first answer did not arrive; the second needs no bot."""
        verbs = carrier.ask("fallback", ErrorCode="11200", ErrorUrl="http://127.0.0.1:8765/webhooks/twilio/call")

        assert tags(verbs) == ["Say", "Say", "Record", "Say", "Hangup"]
        assert call_events(aira, find_call(aira, SID).id)[0].detail == {"error": "11200"}

    def test_for_a_number_that_is_not_ours_says_so(self, carrier: Carrier, salon: Salon) -> None:
        """There is nobody to leave a message for."""
        assert tags(carrier.ask("fallback", To="+14155550100")) == ["Say", "Say", "Hangup"]


def test_a_voicemail_reaches_the_owner(carrier: Carrier, aira: Aira, salon: Salon) -> None:
    """The recording's address is kept and sent, once, however often the carrier reports it."""
    open_call(aira, SID, from_number=CALLER, to_number=NUMBER)
    for _ in range(2):
        say, hangup = carrier.ask("voicemail", RecordingUrl="https://api.twilio.com/rec/RE1", RecordingDuration="12")

    (message,) = call_messages(aira, salon.business.id)
    assert (say.text, hangup.tag) == (phrases.MESSAGE_TAKEN, "Hangup")
    assert (message.kind, message.text, message.phone) == ("voicemail", "Voice message of 12 seconds.", CALLER)
    assert len(list_notifications(aira, business=salon.business.id)) == 1


class TestTextMessage:
    def test_reaches_the_owner_once(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """A repeated webhook is no second message."""
        for _ in range(2):
            assert carrier.ask("sms", MessageSid="SM1", Body="Are you open on Sunday?") == []

        (news,) = list_notifications(aira, business=salon.business.id)
        assert news.template == "owner_message"

    def test_of_one_keyword_ends_the_consent(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """STOP is law, not a message."""
        carrier.ask("sms", MessageSid="SM1", Body=" Stop ")

        with aira.database.transaction() as connection:
            states = connection.execute("select state, basis, evidence from contact_consents").fetchall()
        assert states == [("revoked", "keyword", "SM1")]
        assert list_notifications(aira, business=salon.business.id) == []

    @pytest.mark.parametrize(("word", "state", "said"), [("Cancel", "revoked", "no more texts"), ("YES!", "granted", "a yes to texts")])
    def test_of_a_keyword_with_another_meaning_reaches_the_owner_as_well(
        self, carrier: Carrier, aira: Aira, salon: Salon, word: str, state: str, said: str
    ) -> None:
        """Who writes CANCEL to a salon means an appointment, whatever carriers make of it."""
        carrier.ask("sms", MessageSid="SM1", Body=word)

        (news,) = list_notifications(aira, business=salon.business.id)
        told = words_of_notification(aira, news.id)
        with aira.database.transaction() as connection:
            assert connection.execute("select state from contact_consents").fetchall() == [(state,)]
        assert (word in told.text, said in told.text, said in told.html) == (True, True, True)

    def test_to_a_number_of_nobody_is_answered(self, carrier: Carrier, salon: Salon) -> None:
        """There is no owner to tell."""
        assert carrier.ask("sms", MessageSid="SM1", Body="Hello?", To="+14155550100") == []

    def test_to_a_business_without_an_address_reaches_its_owner(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """The owner's own address stands in, so that no text is lost."""
        with aira.database.transaction() as connection:
            connection.execute("update business_v2 set email = null")
            owner = connection.execute("select email from auth.users").fetchone()
        carrier.ask("sms", MessageSid="SM1", Body="Are you open on Sunday?")

        (news,) = list_notifications(aira, business=salon.business.id)
        assert (news.recipient,) == owner

    def test_report_that_a_number_is_not_registered_stops_its_texts(self, carrier: Carrier, aira: Aira, salon: Salon) -> None:
        """Twilio's code for it is understood."""
        carrier.ask("message", MessageSid="SM404", MessageStatus="undelivered", ErrorCode="30034", From=salon.number)

        assert stopped_senders(aira) == [salon.number]

    def test_report_of_an_unknown_text_is_answered(self, carrier: Carrier) -> None:
        """Sent before our time."""
        assert carrier.ask("message", MessageSid="SM404", MessageStatus="delivered") == []


def test_the_switchboard_counts_calls_by_their_answer(carrier: Carrier, switchboard: Switchboard, salon: Salon) -> None:
    """What /metrics shows."""
    carrier.ask("call")
    carrier.ask("call", CallSid="CA2", To="+14155550100")

    assert [
        switchboard.meters.registry.get_sample_value("aira_calls_total", {"route": route}) for route in ("answer", "unknown_number")
    ] == [1, 1]
