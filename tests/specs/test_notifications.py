"""News of an appointment is written down with it, and leaves once, whatever happens on the way."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from aira.adapters.mail import SmtpMailer
from aira.core.app import Aira
from aira.core.appointments import book_appointment, cancel_appointment, reschedule_appointment
from aira.core.businesses import set_business
from aira.core.db import execute
from aira.core.notifications import (
    deliver_due,
    deliver_notification,
    find_notification,
    list_notifications,
    retry_notification,
)
from aira.errors import Refused
from aira.model import Business
from aira.settings import Settings
from barber import DESK, TUESDAY, at, open_barber
from doubles import FrozenClock
from letterbox import (
    ANN,
    ANN_PHONE,
    MemoryTexter,
    book_for_ann,
    claim_and_die,
    invitations,
    mails,
    only,
    queue_message,
    state,
)
from smtp_server import SmtpServer

ROW_OF_A_SCREEN = """
insert into appointments (business_id, start_time, source, customer_email) values (%(business)s, now() + interval '3 days', 'ui', %(email)s)
"""
"""Another program knows no clock but the server's."""


@pytest.fixture
def texter() -> MemoryTexter:
    """What texts leave by."""
    return MemoryTexter()


@pytest.fixture
def aira(aira: Aira, texter: MemoryTexter) -> Aira:
    """A handle whose texts stay in memory."""
    return replace(aira, texter=texter)


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber who wants to hear of every booking."""
    return open_barber(aira, email=DESK)


class TestWhoIsTold:
    """Rows appear with the appointment, whoever makes it."""

    def test_a_booking_is_told_to_customer_and_owner(self, aira: Aira, barber: Business):
        """Confirmation by mail and text, notice to the owner, reminders a day and two hours before, as far as they are ahead."""
        book_for_ann(aira, barber, start=at("2026-11-26 10:00"))

        assert Counter((one.channel, one.template, one.recipient) for one in list_notifications(aira)) == {
            ("email", "appointment_confirmed", ANN): 1,
            ("sms", "appointment_confirmed", ANN_PHONE): 1,
            ("email", "owner_new_booking", DESK): 1,
            ("email", "appointment_reminder", ANN): 2,
            ("sms", "appointment_reminder", ANN_PHONE): 2,
        }
        times = {one.send_after for one in list_notifications(aira) if one.template == "appointment_reminder"}
        assert times == {at("2026-11-25 10:00"), at("2026-11-26 08:00")}

    def test_a_row_of_another_program_is_told_as_well(self, aira: Aira, barber: Business):
        """A web screen that inserts a row need not know about messages."""
        with aira.database.transaction() as connection:
            execute(connection, ROW_OF_A_SCREEN, {"business": barber.id, "email": ANN})

        assert "appointment_confirmed" in {one.template for one in list_notifications(aira)}

    def test_an_import_is_silent(self, aira: Aira, barber: Business):
        """Nobody is told of appointments that were made long ago elsewhere."""
        book_appointment(aira, business=barber.id, start=TUESDAY, customer_email=ANN, source="import")

        assert list_notifications(aira) == []

    def test_what_is_overtaken_does_not_leave(self, aira: Aira, barber: Business):
        """A confirmation that has not left before the appointment moves is not sent any more, nor are its reminders."""
        booked = book_for_ann(aira, barber)
        reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=3))
        cancel_appointment(aira, booked.id)

        sent = {one.template for one in deliver_due(aira)}

        assert sent == {"appointment_cancelled", "owner_cancelled"}
        assert {one.last_error for one in list_notifications(aira) if one.template == "appointment_reminder"} == {"superseded"}

    def test_a_business_sets_when_it_reminds(self, aira: Aira, barber: Business):
        """Reminders are as many and as early as the business wants."""
        set_business(aira, barber.id, reminder_minutes=[180])
        book_for_ann(aira, barber, start=at("2026-11-26 16:00"))

        times = {one.send_after for one in list_notifications(aira) if one.template == "appointment_reminder"}
        assert times == {at("2026-11-26 13:00")}

    def test_reminders_that_the_night_moves_to_one_evening_are_one(self, aira: Aira, barber: Business):
        """Nobody is reminded twice in the same minute."""
        set_business(aira, barber.id, reminder_minutes=[720, 120, 60])
        book_for_ann(aira, barber, start=at("2026-11-26 09:00"))

        reminders = [(one.channel, one.send_after) for one in list_notifications(aira) if one.template == "appointment_reminder"]
        evening, morning = at("2026-11-25 20:00"), at("2026-11-26 08:00")
        assert sorted(reminders) == [("email", evening), ("email", morning), ("sms", evening), ("sms", morning)]

    def test_the_same_message_is_queued_once(self, aira: Aira, barber: Business):
        """A message is known by its key."""
        first, second = (queue_message(aira, barber) for _ in range(2))

        assert first == second


class TestDelivery:
    """What becomes of a message, whatever happens on the way."""

    def test_a_real_server_gets_each_mail_once(self, aira: Aira, barber: Business):
        """Over SMTP every message arrives, with a Message-ID of its own."""
        with SmtpServer() as server:
            aira = replace(aira, mailer=SmtpMailer(Settings(smtp_url=SecretStr(server.url))))
            booked = book_for_ann(aira, barber)
            deliver_due(aira)
            reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=3))
            cancel_appointment(aira, booked.id)
            deliver_due(aira)

            assert Counter(str(mail["To"]) for mail in server.messages) == {ANN: 2, DESK: 2}
            assert len({mail["Message-ID"] for mail in server.messages}) == 4
            assert [str(calendar["METHOD"]) for calendar in invitations(server.messages)] == ["REQUEST", "CANCEL"]

    def test_a_mail_that_failed_is_tried_again_ever_later(self, aira: Aira, barber: Business, clock: FrozenClock):
        """After 1, 5 and 30 minutes, 2 and 6 hours; then it has failed, and an operator can let it leave again."""
        with SmtpServer() as server:
            aira = replace(aira, mailer=SmtpMailer(Settings(smtp_url=SecretStr(server.url))))
            server.failing = ["busy"] * 6
            message = queue_message(aira, barber)
            waits = []
            while (tried := deliver_notification(aira, message.id)) is not None and tried.status == "pending":
                waits.append(tried.send_after - clock.now())
                assert deliver_notification(aira, message.id) is None
                clock.set(tried.send_after)

            assert [wait / timedelta(minutes=1) for wait in waits] == [1, 5, 30, 120, 360]
            assert (tried.status, tried.attempts, tried.last_error) == ("failed", 6, "vendor_failed")
            retry_notification(aira, message.id)
            assert deliver_notification(aira, message.id).status == "sent"
            assert len(server.messages) == 1

    def test_a_mail_sent_twice_is_the_same_mail(self, aira: Aira, barber: Business, clock: FrozenClock):
        """Where the answer was lost it is sent again, under the Message-ID that mail programs know it by."""
        with SmtpServer() as server:
            aira = replace(aira, mailer=SmtpMailer(Settings(smtp_url=SecretStr(server.url))))
            server.failing = ["drop"]
            message = queue_message(aira, barber)
            deliver_due(aira)
            clock.move(minutes=2)
            deliver_due(aira)

            assert [mail["Message-ID"] for mail in server.messages] == [f"<{message.id}@aira.invalid>"] * 2
            assert find_notification(aira, message.id).status == "sent"

    def test_a_recipient_that_does_not_exist_is_not_tried_again(self, aira: Aira, barber: Business):
        """A refusal for good ends it; so does an address that is none."""
        with SmtpServer() as server:
            aira = replace(aira, mailer=SmtpMailer(Settings(smtp_url=SecretStr(server.url))))
            server.failing = ["refuse"]
            for number, recipient in enumerate((DESK, "x@y\nBcc: all@example.com", "@")):
                queue_message(aira, barber, key=str(number), recipient=recipient)
            failed = deliver_due(aira)

        assert Counter((one.status, one.last_error) for one in failed) == {
            ("failed", "recipient_refused"): 1,
            ("failed", "recipient_invalid"): 2,
        }

    def test_a_mail_of_a_sender_that_died_leaves_after_its_lease(self, aira: Aira, barber: Business, clock: FrozenClock):
        """A message that a killed process had taken is taken over, not lost."""
        message = queue_message(aira, barber)
        claim_and_die(aira)
        assert deliver_notification(aira, message.id) is None
        clock.move(minutes=3)

        assert deliver_notification(aira, message.id).status == "sent"

    def test_many_senders_at_once_send_each_message_once(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """Senders do not wait for each other and never take the same message."""
        for number in range(30):
            queue_message(aira, barber, key=str(number))

        with ThreadPoolExecutor(6) as threads:
            sent = [one.id for part in threads.map(lambda _: deliver_due(aira), range(6)) for one in part]

        assert (len(sent), len(set(sent)), len(mails(aira))) == (30, 30, 30)

    def test_a_reminder_that_waits_for_its_time_is_not_retried(self, aira: Aira, barber: Business):
        """It would leave weeks early and not again."""
        set_business(aira, barber.id, reminder_minutes=[120])
        book_for_ann(aira, barber, start=at("2026-11-27 16:00"))

        with pytest.raises(Refused) as refused:
            retry_notification(aira, only(aira, "email", "appointment_reminder").id)

        assert refused.value.reason == "not_due"
        assert state(aira, "email", "appointment_reminder") == ("pending", None)

    def test_a_message_that_is_not_true_any_more_is_not_retried(self, aira: Aira, barber: Business):
        """A reminder of what was cancelled helps nobody."""
        set_business(aira, barber.id, reminder_minutes=[120])
        booked = book_for_ann(aira, barber, start=at("2026-11-27 16:00"))
        cancel_appointment(aira, booked.id)

        with pytest.raises(Refused) as refused:
            retry_notification(aira, only(aira, "email", "appointment_reminder").id)

        assert refused.value.reason == "superseded"
        assert state(aira, "email", "appointment_reminder") == ("suppressed", "superseded")

    def test_a_message_that_left_is_not_retried(self, aira: Aira, barber: Business):
        """Only what failed or was held back can be let go again."""
        book_for_ann(aira, barber)
        deliver_due(aira)

        with pytest.raises(Refused) as refused:
            retry_notification(aira, only(aira, "email", "appointment_confirmed").id)

        assert refused.value.reason == "already_sent"
