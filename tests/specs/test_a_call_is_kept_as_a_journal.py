"""A call is one row and one journal, whatever the carrier repeats and whichever bot takes it."""

import pytest

from aira.core.app import Aira
from aira.core.calls import (
    call_events,
    call_messages,
    close_call,
    find_call,
    issue_stream_token,
    list_calls,
    mind_state,
    open_call,
    open_chat,
    record_event,
    record_latency,
    redeem_stream_token,
    set_next_step,
    take_message,
    transcript,
)
from aira.core.db import execute, fetch_value
from aira.core.heard import first_time
from aira.core.notifications import list_notifications
from aira.core.numbers import unassign_number
from aira.core.releases import release_number
from aira.core.trace import trace_call
from aira.errors import NotFound, Refused
from aira.model import Call
from doubles import FrozenClock
from salon import CALLER, NUMBER, OWNER_EMAIL, Salon, open_salon

SID = "CA00000000000000000000000000000001"


@pytest.fixture
def salon(aira: Aira) -> Salon:
    """A salon with a number."""
    return open_salon(aira)


def ring(aira: Aira, sid: str = SID) -> Call:
    """A call to the salon."""
    return open_call(aira, sid, from_number=CALLER, to_number=NUMBER)


class TestOpening:
    def test_finds_the_business_by_the_number_that_was_dialled(self, aira: Aira, salon: Salon) -> None:
        """A rented number that is assigned leads to its business."""
        call = ring(aira)

        assert (call.business_id, call.status, call.outcome) == (salon.business.id, "ringing", None)

    def test_repeated_gives_the_same_call(self, aira: Aira, salon: Salon) -> None:
        """The carrier may ask twice; the CallSid is the call."""
        first = ring(aira)

        assert ring(aira) == first
        assert list_calls(aira, business=salon.business.id) == [first]

    def test_of_a_number_that_is_not_ours_is_rejected(self, aira: Aira) -> None:
        """Nobody answers for an unknown number, and the books say why."""
        call = ring(aira)

        assert (call.status, call.outcome, call.business_id) == ("rejected", "unknown_number", None)
        assert call.ended_at == call.started_at

    def test_of_a_number_without_a_business_is_rejected(self, aira: Aira, salon: Salon) -> None:
        """A number that is assigned to nobody is not set up."""
        unassign_number(aira, NUMBER)

        assert ring(aira).outcome == "unassigned"

    def test_of_a_closed_account_is_rejected(self, aira: Aira, salon: Salon) -> None:
        """A business that is no longer active takes no calls."""
        with aira.database.transaction() as connection:
            execute(connection, "update business_v2 set is_active = false where id = %(id)s", {"id": salon.business.id})

        assert ring(aira).outcome == "inactive"

    def test_of_a_released_number_is_rejected(self, aira: Aira, salon: Salon) -> None:
        """A number that was given back is not ours any more."""
        release_number(aira, NUMBER)

        assert ring(aira).outcome == "unknown_number"


class TestStreamToken:
    def test_takes_the_call_for_a_bot(self, aira: Aira, salon: Salon) -> None:
        """The call is answered when a stream shows its token."""
        call = ring(aira)

        taken = redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=SID)

        assert (taken.status, taken.connects, taken.answered_at) == ("in_progress", 1, aira.clock.now())

    def test_opens_one_stream_only(self, aira: Aira, salon: Salon) -> None:
        """Who overhears a token can do nothing with it."""
        token = issue_stream_token(aira, ring(aira).id)
        redeem_stream_token(aira, token, call_sid=SID)

        with pytest.raises(Refused, match="does not open this call"):
            redeem_stream_token(aira, token, call_sid=SID)

    def test_ends_after_a_minute(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """A token is for the stream that the carrier opens at once."""
        token = issue_stream_token(aira, ring(aira).id)
        clock.move(seconds=60)

        with pytest.raises(Refused):
            redeem_stream_token(aira, token, call_sid=SID)

    def test_is_bound_to_its_call(self, aira: Aira, salon: Salon) -> None:
        """A token opens no other call."""
        token = issue_stream_token(aira, ring(aira).id)
        ring(aira, "CA2")

        with pytest.raises(Refused):
            redeem_stream_token(aira, token, call_sid="CA2")

    def test_is_ended_by_the_next_one(self, aira: Aira, salon: Salon) -> None:
        """A repeated webhook gets a new token, and the old one is void."""
        call = ring(aira)
        old = issue_stream_token(aira, call.id)
        new = issue_stream_token(aira, call.id)

        with pytest.raises(Refused):
            redeem_stream_token(aira, old, call_sid=SID)
        assert redeem_stream_token(aira, new, call_sid=SID).connects == 1

    def test_does_not_open_a_call_that_is_over(self, aira: Aira, salon: Salon) -> None:
        """A late stream finds nobody."""
        token = issue_stream_token(aira, ring(aira).id)
        close_call(aira, SID)

        with pytest.raises(Refused):
            redeem_stream_token(aira, token, call_sid=SID)

    def test_is_nowhere_in_the_database(self, aira: Aira, salon: Salon) -> None:
        """Only its hash is kept."""
        token = issue_stream_token(aira, ring(aira).id)

        with aira.database.transaction() as connection:
            kept: str = fetch_value(connection, "select string_agg(t::text, ' ') from stream_tokens t")
        assert token not in kept


class TestJournal:
    def test_keeps_what_was_said_in_order(self, aira: Aira, salon: Salon) -> None:
        """Turns are numbered from 1; notes are no part of the transcript."""
        call = ring(aira)
        record_event(aira, call.id, "note", "Incoming call.", tool="webhook")
        record_event(aira, call.id, "bot", "Hello.")
        record_event(aira, call.id, "caller", "How much is a haircut?")

        assert [event.seq for event in call_events(aira, call.id)] == [1, 2, 3]
        assert [(turn.role, turn.text) for turn in transcript(aira, call.id)] == [("bot", "Hello."), ("caller", "How much is a haircut?")]

    def test_keeps_what_the_bot_remembers(self, aira: Aira, salon: Salon) -> None:
        """The memory of the last turn that had one stands."""
        call = ring(aira)
        record_event(aira, call.id, "bot", "Which day?", mind_state={"asked": "day"})
        record_event(aira, call.id, "caller", "Tomorrow.")

        assert mind_state(aira, call.id) == {"asked": "day"}

    def test_takes_the_parts_of_a_delay_later(self, aira: Aira, salon: Salon) -> None:
        """The delay of a turn is known only when it is heard."""
        call = ring(aira)
        seq = record_event(aira, call.id, "bot", "Hello.")
        record_latency(aira, call.id, seq, {"think": 3.5})
        record_latency(aira, call.id, seq, {"total": 650.0})

        (event,) = call_events(aira, call.id)
        assert event.latency_ms == {"think": 3.5, "total": 650.0}

    def test_of_an_unknown_call_cannot_be_written(self, aira: Aira, salon: Salon) -> None:
        """There is no journal without a call."""
        with pytest.raises(NotFound):
            record_event(aira, salon.business.id, "bot", "Hello.")


class TestEnd:
    def test_of_an_answered_call_keeps_outcome_and_duration(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """The first ending counts."""
        call = ring(aira)
        redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=SID)
        set_next_step(aira, call.id, "hang_up", outcome="booked")
        clock.move(seconds=83)

        ended = close_call(aira, SID, outcome="no_need")

        assert (ended.status, ended.outcome, ended.duration_seconds) == ("completed", "booked", 83)

    def test_reported_again_changes_the_duration_only(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """The carrier's seconds are what is paid for."""
        ring(aira)
        first = close_call(aira, SID)
        clock.move(seconds=5)

        again = close_call(aira, SID, duration_seconds=42)

        assert (again.ended_at, again.duration_seconds) == (first.ended_at, 42)

    def test_of_a_call_that_no_bot_took_is_a_missed_call(self, aira: Aira, salon: Salon) -> None:
        """The caller hung up while it rang."""
        ring(aira)

        assert close_call(aira, SID).status == "missed"

    def test_of_an_unknown_call_is_refused(self, aira: Aira) -> None:
        """There is nothing to end."""
        with pytest.raises(NotFound):
            close_call(aira, "CA404")


class TestMessage:
    def test_reaches_the_owner_by_mail(self, aira: Aira, salon: Salon) -> None:
        """What a caller leaves is kept, and waits in the outbox."""
        call = ring(aira)

        message = take_message(aira, call.id, "Please call me back.", name="Sarah")

        assert (message.text, message.caller_name, message.phone) == ("Please call me back.", "Sarah", CALLER)
        assert [(one.template, one.recipient) for one in list_notifications(aira, business=salon.business.id)] == [
            ("owner_message", OWNER_EMAIL)
        ]

    def test_taken_twice_is_one_message(self, aira: Aira, salon: Salon) -> None:
        """A repeated tool call does not ring the owner twice."""
        call = ring(aira)
        first = take_message(aira, call.id, "Please call me back.")

        assert take_message(aira, call.id, "Please call me back.") == first
        assert call_messages(aira, salon.business.id) == [first]
        assert len(list_notifications(aira, business=salon.business.id)) == 1

    def test_of_a_call_to_nobody_is_refused(self, aira: Aira) -> None:
        """There is no owner to tell."""
        call = ring(aira)

        with pytest.raises(NotFound):
            take_message(aira, call.id, "Hello?")


def test_a_repeated_webhook_is_known(aira: Aira) -> None:
    """The second time is not the first."""
    assert first_time(aira, "twilio", "sms:SM1", kind="sms")
    assert not first_time(aira, "twilio", "sms:SM1", kind="sms")


def test_a_chat_is_a_call_without_a_number(aira: Aira, salon: Salon) -> None:
    """It is in the list of calls, with a tag."""
    chat = open_chat(aira, business="Shear Delight", from_number=CALLER)

    assert (chat.business_id, chat.to_number, chat.status, chat.tags) == (salon.business.id, None, "in_progress", ["chat"])
    assert find_call(aira, str(chat.id)) == chat


def test_a_trace_tells_a_call_from_ring_to_mail(aira: Aira, salon: Salon, clock: FrozenClock) -> None:
    """Each part of AiRa that a call touched is in its trace, in order of time."""
    call = ring(aira)
    record_event(aira, call.id, "note", "Incoming call: answer.", tool="webhook")
    clock.move(seconds=1)
    redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=SID)
    clock.move(seconds=1)
    record_event(aira, call.id, "bot", "Hello.")
    clock.move(seconds=1)
    take_message(aira, call.id, "Call me.")
    close_call(aira, SID)

    assert [step.source for step in trace_call(aira, SID)] == ["call", "webhook", "stream", "bot", "message", "notification", "call"]
