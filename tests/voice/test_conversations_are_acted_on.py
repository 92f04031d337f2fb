"""A typed conversation with the built-in mind: what is said is searched, booked, moved and passed on in the real database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aira.core.app import Aira
from aira.core.appointments import book_appointment, find_appointment, list_appointments
from aira.core.calls import call_events, call_messages, find_call, mind_state, open_chat
from aira.model import AppointmentSource
from aira.voice.chat import ChatReport, hold_chat
from aira.voice.session import MOST_FAREWELLS, open_session
from salon import CALLER, Salon


def talk(aira: Aira, salon: Salon, *says: str, from_number: str | None = CALLER) -> ChatReport:
    """Say these to the salon's bot."""
    return hold_chat(aira, business=salon.business.id, says=says, from_number=from_number)


def said(report: ChatReport, role: str) -> str:
    """All that one side said."""
    return " ".join(turn.text for turn in report.transcript if turn.role == role)


class TestQuestion:
    def test_is_answered_from_the_document(self, aira: Aira, informed: Salon) -> None:
        """The price is the document's."""
        report = talk(aira, informed, "Hi, how much is a colour treatment?", "That's all, thanks, bye")

        assert "90" in said(report, "bot")
        assert report.outcome == "answered"

    def test_that_no_document_answers_is_not_answered(self, aira: Aira, informed: Salon) -> None:
        """The bot says that it does not know, and offers to pass the question on."""
        report = talk(aira, informed, "Do you sell gift cards for the cinema?")

        (search,) = [event for event in call_events(aira, find_call(aira, report.call_sid).id) if event.role == "tool"]
        assert search.text == "search_knowledge: no answer in the documents"
        assert "message" in report.transcript[-1].text


class TestBooking:
    def test_is_made_once_service_day_time_name_and_yes_are_there(self, aira: Aira, salon: Salon) -> None:
        """Half past two in New York, for the caller's own number, marked with the call."""
        report = talk(
            aira,
            salon,
            "I'd like to book a haircut tomorrow afternoon at half past two.",
            "My name is Sarah Johnson.",
            "Yes, please.",
            "Bye",
        )

        (booked,) = report.appointments
        assert (booked.start_time, booked.service) == (datetime(2026, 11, 24, 19, 30, tzinfo=UTC), "Haircut")
        assert (booked.customer_name, booked.customer_phone) == ("Sarah Johnson", CALLER)
        assert (booked.source, booked.external_id) == (AppointmentSource.VOICE_AGENT, report.call_sid)
        assert report.outcome == "booked"

    def test_follows_a_change_of_mind(self, aira: Aira, salon: Salon) -> None:
        """The last time that was agreed on is booked, and no other."""
        report = talk(
            aira,
            salon,
            "I'd like to book a haircut tomorrow afternoon at half past two.",
            "My name is Sarah Johnson.",
            "Actually, could we make it three thirty?",
            "Yes, please.",
        )

        assert [one.start_time for one in report.appointments] == [datetime(2026, 11, 24, 20, 30, tzinfo=UTC)]

    def test_is_not_made_without_a_yes(self, aira: Aira, salon: Salon) -> None:
        """Hanging up before the read-back is confirmed books nothing."""
        report = talk(aira, salon, "A haircut tomorrow at half past two in the afternoon, please.", "My name is Sarah Johnson.")

        assert report.appointments == []
        assert list_appointments(aira, business=salon.business.id) == []

    def test_of_a_time_that_was_taken_meanwhile_is_not_claimed(self, aira: Aira, salon: Salon) -> None:
        """The calendar refuses, and the bot offers something else instead of a confirmation."""
        tomorrow = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)

        def says() -> Iterator[str]:
            yield "A haircut tomorrow at half past two in the afternoon, please."
            yield "My name is Sarah Johnson."
            book_appointment(aira, business=salon.business.id, start=tomorrow, service="Haircut")
            yield "Yes, please."

        report = hold_chat(aira, business=salon.business.id, says=says(), from_number=CALLER)

        assert report.appointments == []
        assert report.outcome != "booked"


class TestOwnAppointment:
    @pytest.fixture
    def mine(self, aira: Aira, salon: Salon) -> str:
        """An appointment of the caller's, made some other day."""
        start = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
        booked = book_appointment(
            aira, business=salon.business.id, start=start, service="Haircut", customer_name="Sarah Johnson", customer_phone=CALLER
        )
        return str(booked.id)

    def test_is_cancelled_for_who_knows_its_name(self, aira: Aira, salon: Salon, mine: str) -> None:
        """The calling number and the name are proof enough."""
        talk(aira, salon, "I need to cancel my appointment.", "Sarah Johnson", "Yes, please.")

        assert find_appointment(aira, mine).status == "cancelled"

    def test_is_not_told_to_who_only_has_the_number(self, aira: Aira, salon: Salon, mine: str) -> None:
        """A calling number can be forged."""
        report = talk(aira, salon, "When is my appointment?", "Peter Miller")

        assert "Thursday" not in said(report, "bot")
        assert "ten" not in said(report, "bot")

    def test_is_not_found_from_another_number(self, aira: Aira, salon: Salon, mine: str) -> None:
        """The name alone is no proof."""
        talk(aira, salon, "I need to cancel my appointment.", "Sarah Johnson", "Yes, please.", from_number="+14155550100")

        assert find_appointment(aira, mine).status == "confirmed"


def test_a_message_is_passed_on(aira: Aira, salon: Salon) -> None:
    """With the name, and the number that calls."""
    report = talk(aira, salon, "Could you tell the owner to call me back?", "It's Daniel Miller.")

    (message,) = call_messages(aira, salon.business.id)
    assert (message.caller_name, message.phone) == ("Daniel Miller", CALLER)
    assert report.outcome == "message"


def test_a_person_is_asked_for(aira: Aira, salon: Salon) -> None:
    """The journal says that the call is to be put through."""
    report = talk(aira, salon, "Can I speak to a person, please?", "Yes, please.")

    assert find_call(aira, report.call_sid).next_step == "transfer"


def test_every_turn_is_in_the_journal_with_what_the_bot_remembers(aira: Aira, salon: Salon) -> None:
    """In the order in which it happened; enough for another bot to go on."""
    report = talk(aira, salon, "I'd like to book a haircut tomorrow afternoon at half past two.")

    assert [turn.role for turn in report.transcript] == ["bot", "caller", "tool", "bot"]
    memory = mind_state(aira, find_call(aira, report.call_sid).id)
    assert memory is not None
    assert memory["mind"] == "builtin"


def test_what_follows_a_goodbye_is_not_heard(aira: Aira, salon: Salon) -> None:
    """The conversation is over."""
    report = talk(aira, salon, "That's all, thank you, goodbye.", "How much is a haircut?")

    assert [turn.role for turn in report.transcript] == ["bot", "caller", "bot"]


def test_a_second_bot_goes_on_where_the_first_was_lost(aira: Aira, salon: Salon) -> None:
    """It apologises instead of greeting, and knows what was said to the other."""
    call = open_chat(aira, business=salon.business.id, from_number=CALLER)

    async def lose_a_bot() -> list[str]:
        first = await open_session(aira, call)
        await listen(first.start())
        await listen(first.hear("I'd like to book a haircut tomorrow afternoon at half past two."))
        second = await open_session(aira, replace(call, connects=2))
        heard = await listen(second.start())
        await listen(second.hear("My name is Sarah Johnson."))
        await listen(second.hear("Yes, please."))
        return heard

    heard = asyncio.run(lose_a_bot())

    assert not heard[0].startswith("Thank you for calling")
    assert [one.start_time for one in list_appointments(aira, business=salon.business.id)] == [datetime(2026, 11, 24, 19, 30, tzinfo=UTC)]


async def listen(sentences: AsyncIterator[str]) -> list[str]:
    """All that the bot says."""
    return [sentence async for sentence in sentences]


class TestFarewell:
    def test_is_taken_back_for_whoever_has_more_to_say(self, aira: Aira, salon: Salon) -> None:
        """The journal no longer says that the bot is done, so that a broken line would be connected again."""

        async def converse() -> tuple[str | None, str]:
            call = open_chat(aira, business=salon.business.id, from_number=CALLER)
            session = await open_session(aira, call)
            await words_of(session.hear("goodbye"))
            assert (session.ended, find_call(aira, call.call_sid).next_step) == (True, "hang_up")
            answer = await words_of(session.hear("wait, one more thing, do you also cut beards?"))
            return find_call(aira, call.call_sid).next_step, answer

        next_step, answer = asyncio.run(converse())

        assert next_step is None
        assert answer

    def test_is_final_for_whoever_says_goodbye_as_well(self, aira: Aira, salon: Salon) -> None:
        """Their words stand in the transcript."""

        async def converse() -> tuple[bool, list[str]]:
            call = open_chat(aira, business=salon.business.id, from_number=CALLER)
            session = await open_session(aira, call)
            await words_of(session.hear("goodbye"))
            assert await words_of(session.hear("Thanks, bye!")) == ""
            return session.ended, [event.text for event in call_events(aira, call.id) if event.role == "caller"]

        assert asyncio.run(converse()) == (True, ["goodbye", "Thanks, bye!"])

    def test_is_taken_back_only_so_often(self, aira: Aira, salon: Salon) -> None:
        """Nobody keeps the line by calling the bot back for ever."""

        async def farewells() -> int:
            call = open_chat(aira, business=salon.business.id, from_number=CALLER)
            session = await open_session(aira, call)
            for turn in range(40):
                if session.ended and not session.may_go_on:
                    return turn
                await words_of(session.hear("wait" if session.ended else "bye"))
            return 40

        assert asyncio.run(farewells()) == 2 * MOST_FAREWELLS - 1

    def test_of_a_caller_who_was_rude_is_final(self, aira: Aira, salon: Salon) -> None:
        """They were warned."""

        async def converse(*lines: str) -> bool:
            session = await open_session(aira, open_chat(aira, business=salon.business.id, from_number=CALLER))
            for line in lines:
                await words_of(session.hear(line))
            return session.ended and not session.may_go_on

        assert asyncio.run(converse("you idiot", "shut up you stupid machine", "wait, how much is a haircut?"))


async def words_of(sentences: AsyncIterator[str]) -> str:
    """What the bot says, as one text."""
    return " ".join([sentence async for sentence in sentences])
