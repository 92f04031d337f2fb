"""Where a call goes: limits on how many come, what a business wants while it is closed, and how lost calls end."""

import threading
from uuid import UUID

import pytest

from aira.core.app import Aira
from aira.core.businesses import set_business, set_hours
from aira.core.calls import (
    close_call,
    close_lost_calls,
    find_call,
    issue_stream_token,
    list_calls,
    open_call,
    record_event,
    redeem_stream_token,
    reopen_call,
    set_next_step,
)
from aira.core.closures import add_closure
from aira.core.db import execute
from aira.errors import InvalidInput
from aira.model import Call
from doubles import FrozenClock
from salon import CALLER, NUMBER, Salon, open_salon

LIMITS = {"aira_caller_calls": 2, "aira_caller_calls_per_hour": 4, "aira_business_calls": 3, "aira_business_calls_per_hour": 6}


@pytest.fixture
def aira(aira: Aira) -> Aira:
    """A handle with low limits; the settings of a handle are changed in place, as nothing else is wired by them."""
    object.__setattr__(aira, "settings", aira.settings.model_copy(update=LIMITS))
    return aira


@pytest.fixture
def salon(aira: Aira) -> Salon:
    """A salon with a number, open at the time of the test's clock."""
    return open_salon(aira)


def ring(aira: Aira, sid: str, *, number: str | None = CALLER) -> Call:
    """A call to the salon."""
    return open_call(aira, sid, from_number=number, to_number=NUMBER)


def take(aira: Aira, sid: str) -> UUID:
    """A bot takes the call."""
    call = ring(aira, sid)
    return redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid=sid).id


class TestOneCaller:
    def test_may_hold_so_many_lines(self, aira: Aira, salon: Salon) -> None:
        """One more is refused, and says why; others are let in."""
        routes = [ring(aira, f"CA{number}").route for number in range(3)]

        assert routes == ["answer", "answer", "caller_limit"]
        assert (find_call(aira, "CA2").status, find_call(aira, "CA2").outcome) == ("rejected", "caller_limit")
        assert ring(aira, "CA9", number="+14155550178").route == "answer"

    def test_is_let_in_again_once_a_line_is_free(self, aira: Aira, salon: Salon) -> None:
        """Only calls that are on count."""
        ring(aira, "CA1")
        ring(aira, "CA2")
        close_call(aira, "CA1")

        assert ring(aira, "CA3").route == "answer"

    def test_may_call_so_often_in_an_hour(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """Refused calls do not count, so that the hour ends for somebody who keeps trying."""
        for number in range(4):
            ring(aira, f"CA{number}")
            close_call(aira, f"CA{number}")

        assert [ring(aira, f"CB{number}").route for number in range(3)] == ["caller_limit"] * 3
        clock.move(minutes=61)
        assert ring(aira, "CC1").route == "answer"

    def test_that_withholds_the_number_is_no_one_caller(self, aira: Aira, salon: Salon) -> None:
        """Only the business's limit holds for them."""
        assert [ring(aira, f"CA{number}", number=None).route for number in range(4)] == ["answer"] * 3 + ["business_limit"]

    def test_repeating_a_webhook_is_no_second_call(self, aira: Aira, salon: Salon) -> None:
        """The route of a call is decided once."""
        assert [ring(aira, "CA1").route for _ in range(5)] == ["answer"] * 5
        assert len(list_calls(aira)) == 1


class TestOneBusiness:
    def test_takes_so_many_calls_at_once(self, aira: Aira, salon: Salon) -> None:
        """One more may leave a message, so it rings."""
        routes = [ring(aira, f"CA{number}", number=f"+1415555018{number}").route for number in range(4)]

        assert routes == ["answer"] * 3 + ["business_limit"]
        assert find_call(aira, "CA3").status == "ringing"

    def test_counts_calls_that_come_at_once(self, aira: Aira, salon: Salon) -> None:
        """None slips through between counting and letting in."""
        threads = [threading.Thread(target=ring, args=(aira, f"CA{one}"), kwargs={"number": f"+141555501{one:02d}"}) for one in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(call.route for call in list_calls(aira)) == ["answer"] * 3 + ["business_limit"] * 7

    def test_has_a_line_free_where_a_person_talks(self, aira: Aira, salon: Salon) -> None:
        """A call that was transferred holds no bot."""
        for number in range(3):
            set_next_step(aira, take(aira, f"CA{number}") if number < 2 else ring(aira, "CA2").id, "transfer", outcome="transferred")

        assert ring(aira, "CA9", number="+14155550178").route == "answer"

    def test_is_not_locked_out_by_calls_that_were_lost(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """A call of which nothing is heard for ten minutes holds no line, whatever its row says."""
        first = ring(aira, "CA0", number=None)
        for number in (1, 2):
            ring(aira, f"CA{number}", number=None)
        clock.move(minutes=9)
        record_event(aira, first.id, "caller", "Still there.")
        clock.move(minutes=2)

        assert [ring(aira, f"CB{number}", number=None).route for number in range(3)] == ["answer", "answer", "business_limit"]

    def test_has_no_limit_at_zero(self, aira: Aira, salon: Salon) -> None:
        """An operator may switch each limit off."""
        object.__setattr__(aira, "settings", aira.settings.model_copy(update=dict.fromkeys(LIMITS, 0)))

        assert {ring(aira, f"CA{number}").route for number in range(8)} == {"answer"}


class TestWhileClosed:
    @pytest.mark.parametrize(
        ("wish", "route", "status"),
        [("answer", "answer", "ringing"), ("voicemail", "closed_voicemail", "ringing"), ("greeting", "closed_greeting", "rejected")],
    )
    def test_callers_get_what_the_business_wants(
        self, aira: Aira, salon: Salon, clock: FrozenClock, wish: str, route: str, status: str
    ) -> None:
        """The bot by default; it is ten in the morning, and in nine hours it is seven."""
        set_business(aira, salon.business.id, when_closed=wish)
        assert ring(aira, "CA1").route == "answer"
        clock.move(hours=9)

        call = ring(aira, "CA2")
        assert (call.route, call.status) == (route, status)

    def test_closures_count(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """A holiday is closed at any hour."""
        set_business(aira, salon.business.id, when_closed="voicemail")
        add_closure(aira, clock.now().date(), business=salon.business.id)

        assert ring(aira, "CA1").route == "closed_voicemail"

    def test_hours_past_midnight_count_for_the_night(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """Open from Monday evening until two: at one on Tuesday somebody is there, at three nobody."""
        set_business(aira, salon.business.id, when_closed="greeting")
        set_hours(aira, salon.business.id, "Mon 18:00-02:00")
        clock.move(hours=15)
        assert ring(aira, "CA1").route == "answer"
        clock.move(hours=2)

        assert ring(aira, "CA2").route == "closed_greeting"

    def test_a_business_that_told_no_hours_is_never_closed(self, aira: Aira, salon: Salon) -> None:
        """Nobody is turned away by hours that were not entered."""
        set_business(aira, salon.business.id, when_closed="greeting")
        with aira.database.transaction() as connection:
            execute(connection, "delete from business_hours")

        assert ring(aira, "CA1").route == "answer"

    def test_nothing_else_can_be_wished(self, aira: Aira, salon: Salon) -> None:
        """The database refuses it."""
        with pytest.raises(InvalidInput, match="answer, voicemail or greeting"):
            set_business(aira, salon.business.id, when_closed="sleep")
        with pytest.raises(InvalidInput, match="cold or warm"):
            set_business(aira, salon.business.id, transfer_mode="hot")


class TestLostCall:
    def test_is_opened_again_where_the_caller_is_still_there(self, aira: Aira, salon: Salon) -> None:
        """We took the caller to have hung up; the carrier knows better."""
        take(aira, "CA1")
        close_call(aira, "CA1", outcome="no_need")

        reopened = reopen_call(aira, "CA1")

        assert reopened is not None
        assert (reopened.status, reopened.ended_at, reopened.outcome, reopened.connects) == ("in_progress", None, None, 1)

    @pytest.mark.parametrize("how", ["by the bot", "by the carrier"])
    def test_is_over_where_it_was_ended(self, aira: Aira, salon: Salon, how: str) -> None:
        """A bot that was done, or a carrier that says so."""
        call = take(aira, "CA1")
        if how == "by the bot":
            set_next_step(aira, call, "hang_up", outcome="booked")
        close_call(aira, "CA1", duration_seconds=None if how == "by the bot" else 30)

        assert reopen_call(aira, "CA1") is None

    def test_is_closed_after_hours_of_silence(self, aira: Aira, salon: Salon, clock: FrozenClock) -> None:
        """With its last sign of life as its end; a call that is on stays on."""
        call = take(aira, "CA1")
        clock.move(minutes=3)
        record_event(aira, call, "bot", "Hello.")
        clock.move(hours=4, minutes=1)
        take(aira, "CA2")

        assert (close_lost_calls(aira), close_lost_calls(aira)) == (1, 0)
        lost = find_call(aira, "CA1")
        assert (lost.status, lost.duration_seconds, find_call(aira, "CA2").ended_at) == ("completed", 180, None)
