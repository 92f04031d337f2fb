"""Once a call is over, its journal is summed up: what was done, what found no answer, what it used and cost."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aira.core.app import Aira
from aira.core.call_costs import call_cost, record_usage
from aira.core.call_summaries import LONGEST_QUESTION, sum_up_call
from aira.core.calls import (
    close_call,
    find_call,
    issue_stream_token,
    open_call,
    record_event,
    redeem_stream_token,
    reopen_call,
    set_next_step,
)
from aira.core.db import execute, fetch_value
from aira.core.jobs import run_waiting_jobs
from aira.errors import NotFound
from aira.model import Call
from salon import CALLER, NUMBER, Salon, open_salon

NO_ANSWER = {"request": {"kind": "SearchKnowledge", "query": "gift cards"}, "result": {"kind": "Passages", "answerable": False}}
ANSWER = {"request": {"kind": "SearchKnowledge", "query": "price"}, "result": {"kind": "Passages", "answerable": True}}
BOOKED = {
    "request": {"kind": "Book", "name": "Sarah"},
    "result": {"kind": "Booked", "appointment": {"id": "x", "start": "2026-11-24T14:30:00-05:00", "service": "Haircut", "name": "Sarah"}},
}
MESSAGE = {"request": {"kind": "TakeMessage", "text": "Call me back."}, "result": {"kind": "Done"}}
REFUSED = {"request": {"kind": "Book"}, "result": {"kind": "Refusal", "code": "conflict"}}


@pytest.fixture
def salon(aira: Aira) -> Salon:
    """A salon with a number."""
    return open_salon(aira)


@pytest.fixture
def call(aira: Aira, salon: Salon) -> Call:
    """A call that a bot has taken."""
    token = issue_stream_token(aira, open_call(aira, "CA1", from_number=CALLER, to_number=NUMBER).id)
    return redeem_stream_token(aira, token, call_sid="CA1")


def tool(aira: Aira, call: Call, name: str, detail: dict[str, object], *, words: str | None = None) -> None:
    """A tool was used, after these words of the caller."""
    if words:
        record_event(aira, call.id, "caller", words)
    record_event(aira, call.id, "tool", name, tool=name, detail=detail)


class TestSummary:
    def test_tells_what_was_done_and_asked(self, aira: Aira, call: Call) -> None:
        """Bookings, messages, questions; not what was refused."""
        tool(aira, call, "search_knowledge", ANSWER, words="How much is a haircut?")
        tool(aira, call, "search_knowledge", NO_ANSWER, words="Do you sell gift cards?")
        tool(aira, call, "book_appointment", REFUSED, words="Tomorrow at two.")
        tool(aira, call, "book_appointment", BOOKED, words="Then half past two.")
        tool(aira, call, "take_message", MESSAGE)
        close_call(aira, "CA1", outcome="booked")

        assert sum_up_call(aira, call.id).summary == (
            "Booked Haircut for Sarah: Tuesday 24 November 2026, 14:30. Left a message: “Call me back.” "
            "Asked 2 questions, 1 without an answer."
        )

    def test_lists_questions_without_an_answer_in_the_callers_words(self, aira: Aira, call: Call) -> None:
        """Each once, none without end."""
        for words in ("Do you sell gift cards?", "Do you sell gift cards?", "x" * 1000):
            tool(aira, call, "search_knowledge", NO_ANSWER, words=words)

        assert sum_up_call(aira, call.id).unanswered == ["Do you sell gift cards?", "x" * LONGEST_QUESTION]

    @pytest.mark.parametrize(
        ("outcome", "words"), [("transferred", "Was put through to a person."), ("voicemail", "nobody took the call.")]
    )
    def test_tells_whether_a_person_took_the_call(self, aira: Aira, call: Call, outcome: str, words: str) -> None:
        """Asking for one is not reaching one."""
        set_next_step(aira, call.id, "transfer", outcome=outcome)

        assert words in str(sum_up_call(aira, call.id).summary)

    def test_tells_of_lost_lines(self, aira: Aira, call: Call) -> None:
        """The operator sees that a bot was lost."""
        redeem_stream_token(aira, issue_stream_token(aira, call.id), call_sid="CA1")

        assert sum_up_call(aira, call.id).summary == "The line was lost 1 time and the call went on."

    def test_of_a_call_that_nobody_took(self, aira: Aira, salon: Salon) -> None:
        """The caller hung up while it rang."""
        call = open_call(aira, "CA2", from_number=CALLER, to_number=NUMBER)
        close_call(aira, "CA2")

        assert sum_up_call(aira, call.id).summary == "Hung up before anybody answered."

    def test_is_written_by_a_job_once_the_call_is_over(self, aira: Aira, call: Call) -> None:
        """Whichever program closed it; a call that goes on after all is summed up again."""
        close_call(aira, "CA1")
        run_waiting_jobs(aira)
        assert find_call(aira, "CA1").summary == "Nothing came of it."

        reopen_call(aira, "CA1")
        tool(aira, call, "take_message", MESSAGE)
        close_call(aira, "CA1", duration_seconds=20)
        run_waiting_jobs(aira)
        assert find_call(aira, "CA1").summary == "Left a message: “Call me back.”"

    def test_of_another_programs_journal_breaks_nothing(self, aira: Aira, call: Call) -> None:
        """Details of any shape are read over."""
        for detail in ({}, {"result": None}, {"result": {"kind": "Booked"}}, {"request": [1], "result": "text"}):
            tool(aira, call, "book_appointment", detail)

        assert sum_up_call(aira, call.id).summary == "Nothing came of it."


class TestCost:
    def test_adds_up_what_was_used_as_it_happens(self, aira: Aira, call: Call) -> None:
        """By unit and engine; nothing is lost between two that note at once."""
        for quantity in (1.25, 2.5):
            record_usage(aira, call.id, "stt_seconds", quantity, engine="deepgram")
        record_usage(aira, call.id, "tts_characters", 24, engine="local")
        record_usage(aira, call.id, "llm_input_tokens", 0, engine="gpt")

        cost = call_cost(aira, "CA1")
        assert [(one.unit, one.engine, one.quantity) for one in cost.usage] == [
            ("stt_seconds", "deepgram", Decimal("3.75")),
            ("tts_characters", "local", 24),
        ]
        assert (cost.cost, cost.currency) == (0, "USD")

    def test_counts_the_carriers_minutes_once_the_call_is_over(self, aira: Aira, call: Call) -> None:
        """Begun minutes, as carriers charge them."""
        close_call(aira, "CA1", duration_seconds=61)

        (minutes,) = call_cost(aira, "CA1").usage
        assert (minutes.unit, minutes.engine, minutes.quantity) == ("carrier_minutes", "simulated", 2)

    def test_is_by_the_price_of_the_engine_else_of_the_unit(self, aira: Aira, call: Call) -> None:
        """To the last digit."""
        prices = {"stt_seconds": Decimal("1"), "deepgram/stt_seconds": Decimal("0.00008"), "carrier_minutes": Decimal("0.0085")}
        priced = replace(aira, settings=aira.settings.model_copy(update={"aira_usage_prices": prices, "aira_usage_currency": "EUR"}))
        record_usage(aira, call.id, "stt_seconds", 30.5, engine="deepgram")
        record_usage(aira, call.id, "stt_seconds", 2, engine="openai")
        close_call(aira, "CA1", duration_seconds=30)

        cost = call_cost(priced, "CA1")
        assert {one.engine: one.cost for one in cost.usage} == {
            "simulated": Decimal("0.0085"),
            "deepgram": Decimal("0.00244"),
            "openai": 2,
        }
        assert (cost.cost, cost.currency) == (Decimal("2.01094"), "EUR")

    def test_of_an_unknown_call_is_refused(self, aira: Aira) -> None:
        """There is nothing to add up."""
        with pytest.raises(NotFound):
            call_cost(aira, "CA404")

    def test_goes_with_its_call(self, aira: Aira, call: Call) -> None:
        """A call that is deleted leaves nothing."""
        record_usage(aira, call.id, "tts_characters", 24, engine="local")
        with aira.database.transaction() as connection:
            execute(connection, "delete from calls where id = %(id)s", {"id": call.id})
            assert fetch_value(connection, "select count(*) from call_usage") == 0
