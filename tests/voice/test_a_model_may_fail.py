"""A language model decides behind the same tools; when it fails, the built-in receptionist answers the same turn."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aira.core.app import Aira
from aira.core.appointments import list_appointments
from aira.core.calls import call_events, find_call, open_chat
from aira.errors import SetupError
from aira.voice.chat import ChatReport, hold_chat
from aira.voice.session import open_session
from aira.voice.vendors.models import language_models
from chat_server import ChatServer, Reply, chat_server
from salon import CALLER, Salon

HALF_PAST_TWO = "2026-11-24T14:30"


@pytest.fixture
def model() -> Iterator[ChatServer]:
    """A language model's endpoint."""
    with chat_server() as server:
        yield server


@pytest.fixture
def asking(aira: Aira, model: ChatServer) -> Aira:
    """A handle whose mind is that model."""
    settings = aira.settings.model_copy(update={"aira_mind": "llm", "openai_base_url": model.url, "aira_llm_model": "test-model"})
    return replace(aira, settings=settings)


def talk(aira: Aira, salon: Salon, *says: str) -> ChatReport:
    """Say these to the salon's bot."""
    return hold_chat(aira, business=salon.business.id, says=says, from_number=CALLER)


def bot(report: ChatReport) -> list[str]:
    """What the bot said, turn by turn."""
    return [turn.text for turn in report.transcript if turn.role == "bot"]


def taken_over(aira: Aira, report: ChatReport) -> list[object]:
    """Why the built-in mind took over, if it did."""
    return [event.detail["reason"] for event in call_events(aira, find_call(aira, report.call_sid).id) if event.tool == "mind"]


class TestModel:
    def test_answers_in_its_own_words(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """Streamed in pieces, spoken in sentences."""
        model.will_say(Reply(("We are op", "en until six. Shall", " I book something?")))

        report = talk(asking, salon, "Are you still open?")

        assert bot(report)[1] == "We are open until six. Shall I book something?"
        assert taken_over(asking, report) == []

    def test_is_told_the_facts_and_what_was_said(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """The time, the hours, the services; no ids, no number of the caller."""
        model.will_say(Reply(("Yes.",)))

        talk(asking, salon, "Are you still open?")

        (system, _), *dialogue = model.spoken_to()
        instructions = str(model.requests[0]["messages"][0]["content"])
        assert (system, model.requests[0]["model"]) == ("system", "test-model")
        assert "Monday, 2026-11-23 10:00, time zone America/New_York" in instructions
        assert "Haircut (30 minutes)" in instructions
        assert CALLER not in instructions
        assert str(salon.business.id) not in instructions
        assert [role for role, _ in dialogue] == ["assistant", "user"]

    def test_books_by_a_tool(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """Business, caller and call are the session's; the model gives time, service and name."""
        model.will_say(
            Reply(("One moment.",), (("book_appointment", {"start": HALF_PAST_TWO, "name": "Sarah Johnson", "service": "haircut"}),)),
            Reply(("You are booked.",), (("end_call", {"outcome": "booked"}),)),
        )

        report = talk(asking, salon, "A haircut tomorrow at half past two for Sarah Johnson, please, yes.")

        (booked,) = report.appointments
        assert (booked.start_time, booked.customer_phone, booked.external_id) == (
            datetime(2026, 11, 24, 19, 30, tzinfo=UTC),
            CALLER,
            report.call_sid,
        )
        assert bot(report)[1:] == ["One moment.", "You are booked."]
        assert model.requests[1]["messages"][-1]["content"].startswith("Done: Haircut on Tuesday 2026-11-24T14:30")
        assert report.outcome == "booked"

    def test_is_told_what_a_tool_refuses(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """Sunday is closed, whoever asks; nothing is booked."""
        model.will_say(
            Reply(tools=(("book_appointment", {"start": "2026-11-29T11:00", "name": "Sarah"}),)),
            Reply(("Sorry, we are closed on Sundays.",)),
        )

        report = talk(asking, salon, "Sunday at eleven, please.")

        assert model.spoken_to()[-1] == ("tool", "Refused: closed_day. Nothing was changed.")
        assert report.appointments == []

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [
            ("cancel_appointment", {"appointment_id": "00000000-0000-0000-0000-000000000001"}),
            ("reschedule_appointment", {"appointment_id": "none", "start": HALF_PAST_TWO}),
            ("book_appointment", {"start": "half past two", "name": "Sarah"}),
            ("book_appointment", {"start": HALF_PAST_TWO}),
            ("transfer_money", {"amount": 100}),
        ],
    )
    def test_gets_nothing_from_a_tool_used_wrongly(
        self, asking: Aira, model: ChatServer, salon: Salon, tool: str, arguments: dict[str, object]
    ) -> None:
        """An appointment of somebody else, a time that is none, a tool that is none: told so, and nothing changes."""
        model.will_say(Reply(tools=((tool, arguments),)), Reply(("Sorry.",)))

        report = talk(asking, salon, "Do as you are told.")

        role, content = model.spoken_to()[-1]
        assert role == "tool"
        assert content is not None
        assert content.startswith(("Not done", "Refused"))
        assert list_appointments(asking, business=salon.business.id) == []
        assert bot(report)[-1] == "Sorry."

    def test_may_call_several_tools_at_once(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """They run one after the other, and each gets its answer."""
        model.will_say(
            Reply(tools=(("find_slots", {"from_date": "2026-11-24"}), ("search_knowledge", {"query": "prices"}))), Reply(("Here you are.",))
        )

        report = talk(asking, salon, "What is free tomorrow, and what does it cost?")

        assert [turn.text.split(":")[0] for turn in report.transcript if turn.role == "tool"] == ["find_slots", "search_knowledge"]
        assert [role for role, _ in model.spoken_to()[-3:]] == ["assistant", "tool", "tool"]

    def test_has_the_caller_put_through(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """The journal says so; the webhook acts on it."""
        model.will_say(Reply(("One moment.",), (("transfer_call", {"reason": "complaint"}),)))

        report = talk(asking, salon, "I want to complain.")

        assert find_call(asking, report.call_sid).next_step == "transfer"


def test_an_answer_that_was_cut_off_is_remembered_as_far_as_it_was_said(asking: Aira, model: ChatServer, salon: Salon) -> None:
    """In the journal, and for the model's next answer."""
    model.will_say(Reply(("We are open until six. ", "On Saturdays until two. ", "Sunday is closed.")), Reply(("You are welcome.",)))
    call = open_chat(asking, business=salon.business.id)

    async def cut_in() -> list[str]:
        client = language_models(asking.settings)
        session = await open_session(asking, call, model=client)
        answer = session.hear("When are you open?")
        first = await anext(answer)
        await answer.aclose()
        rest = [sentence async for sentence in session.hear("Thanks, that will do.")]
        await client.aclose()
        return [first, *rest]

    assert asyncio.run(cut_in()) == ["We are open until six.", "You are welcome."]
    assert [event.text for event in call_events(asking, call.id)][1] == "We are open until six."
    assert [content for _, content in model.spoken_to()[1:]] == ["When are you open?", "We are open until six. ", "Thanks, that will do."]


FAILURES = {
    "status 500": (Reply(status=500), "llm_status_500"),
    "status 429": (Reply(status=429), "llm_status_429"),
    "broken stream": (Reply(("We are open until six. ", "Shall"), broken_after=1), "llm_broken_off"),
    "garbage": (Reply(("x",), garbage=True), "llm_garbage"),
    "nothing": (Reply(()), "llm_empty"),
}


class TestFailure:
    @pytest.mark.parametrize(("reply", "reason"), FAILURES.values(), ids=FAILURES)
    def test_is_answered_by_the_built_in_mind_in_the_same_turn(
        self, asking: Aira, model: ChatServer, informed: Salon, reply: Reply, reason: str
    ) -> None:
        """The caller hears the price, not silence."""
        model.will_say(reply)

        report = talk(asking, informed, "How much is a colour treatment?")

        assert "90" in bot(report)[-1]
        assert taken_over(asking, report) == [reason]

    @pytest.mark.parametrize(("reply", "reason"), FAILURES.values(), ids=FAILURES)
    def test_is_answered_by_a_second_model_first(self, asking: Aira, model: ChatServer, salon: Salon, reply: Reply, reason: str) -> None:
        """In the same turn, going on after what was said already; the built-in mind is not needed."""
        with chat_server() as second:
            fallback = {"aira_llm_fallback": "openai", "aira_llm_fallback_base_url": second.url, "aira_llm_fallback_model": "other"}
            asking = replace(asking, settings=asking.settings.model_copy(update=fallback))
            model.will_say(reply)
            second.will_say(Reply(("On Saturdays until two.",)))

            report = talk(asking, salon, "When are you open?")

        assert bot(report)[-1].endswith("On Saturdays until two.")
        assert bot(report)[-1].count("Shall") == 0
        assert second.requests[0]["model"] == "other"
        assert taken_over(asking, report) == []

    def test_is_waited_for_once_in_a_turn(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """A turn may ask for several answers, tools between them: who failed at the first is asked again when the caller has spoken."""
        with chat_server() as second:
            fallback = {"aira_llm_fallback": "openai", "aira_llm_fallback_base_url": second.url, "aira_llm_fallback_model": "other"}
            asking = replace(asking, settings=asking.settings.model_copy(update=fallback))
            slots = {"from_date": "2026-11-24", "to_date": "2026-11-24"}
            second.will_say(Reply(tools=(("find_slots", slots),)), Reply(("Half past two is free.",)), Reply(("You are welcome.",)))

            report = talk(asking, salon, "Is there anything tomorrow?", "Thank you.")

        assert bot(report)[1:] == ["Half past two is free.", "You are welcome."]
        assert [len(model.requests), len(second.requests)] == [2, 3]

    def test_by_silence_is_noticed(self, asking: Aira, model: ChatServer, informed: Salon) -> None:
        """A model that does not begin in time has failed."""
        asking = replace(asking, settings=asking.settings.model_copy(update={"aira_llm_deadline": 0.3}))
        model.will_say(Reply(hangs=True))

        report = talk(asking, informed, "How much is a colour treatment?")

        assert "90" in bot(report)[-1]
        assert taken_over(asking, report) == ["llm_too_slow"]

    def test_in_the_middle_keeps_what_the_caller_wants(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """The built-in mind was not there when service and day were said, and still knows them."""
        model.will_say(Reply(("At what time?",)), Reply(("And your name?",)), Reply(status=503))

        report = talk(
            asking, salon, "I'd like a haircut tomorrow.", "At half past two in the afternoon.", "My name is Sarah Johnson.", "Yes, please."
        )

        assert [(one.start_time, one.customer_name) for one in report.appointments] == [
            (datetime(2026, 11, 24, 19, 30, tzinfo=UTC), "Sarah Johnson")
        ]
        assert len(taken_over(asking, report)) == 1

    def test_after_a_booking_tells_the_caller_and_books_nothing_twice(self, asking: Aira, model: ChatServer, salon: Salon) -> None:
        """The tool has run, the model dies before it can say so: the built-in mind confirms."""
        model.will_say(
            Reply(("At what time?",)),
            Reply(tools=(("book_appointment", {"start": HALF_PAST_TWO, "name": "Sarah Johnson", "service": "Haircut"}),)),
            Reply(status=500),
        )

        report = talk(asking, salon, "I'd like a haircut tomorrow.", "Half past two in the afternoon, for Sarah Johnson.")

        assert len(list_appointments(asking, business=salon.business.id)) == 1
        assert "booked" in bot(report)[-1].lower()
        assert report.outcome == "booked"


def test_a_model_needs_a_key_or_an_address(aira: Aira, salon: Salon) -> None:
    """What is missing is named before the first call."""
    asking = replace(aira, settings=aira.settings.model_copy(update={"aira_mind": "llm"}))

    with pytest.raises(SetupError, match="needs a model"):
        talk(asking, salon, "Hello?")
