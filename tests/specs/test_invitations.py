"""A mail about an appointment can be read by a person and by a calendar."""

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
)
from aira.core.own_words import remove_own_words, set_own_words, words_in_use
from aira.errors import InvalidInput, NotFound
from aira.model import Business
from aira.settings import Settings
from barber import DESK, TUESDAY, open_barber
from letterbox import ANN, ANN_PHONE, MemoryTexter, book_for_ann, calendar_of, invitations, mails, state, text_of
from smtp_server import SmtpServer

WORDS_THAT_FAIL = """
insert into notification_templates (business_id, template, channel, body)
values (%(id)s, 'appointment_confirmed', 'email', %(body)s)
"""


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


class TestMail:
    """What stands in the mails."""

    def test_calendars_follow_booking_move_and_cancellation(self, aira: Aira, barber: Business):
        """One event, by its UID, that each mail brings to its next revision, until it is taken out."""
        booked = book_for_ann(aira, barber)
        deliver_due(aira)
        reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=3))
        deliver_due(aira)
        cancel_appointment(aira, booked.id, reason="ill")
        deliver_due(aira)

        calendars = invitations(mails(aira, to=ANN))
        events = [calendar.walk("VEVENT")[0] for calendar in calendars]
        revisions = [(str(event["SEQUENCE"]), str(event["STATUS"])) for event in events]
        assert [str(calendar["METHOD"]) for calendar in calendars] == ["REQUEST", "REQUEST", "CANCEL"]
        assert revisions == [("0", "CONFIRMED"), ("1", "CONFIRMED"), ("2", "CANCELLED")]
        assert {str(event["UID"]) for event in events} == {f"{booked.id}@aira"}
        assert [event.start for event in events] == [TUESDAY, *[TUESDAY + timedelta(hours=3)] * 2]
        assert {str(event.start.tzinfo) for event in events} == {"America/New_York"}

    def test_a_mail_program_follows_what_a_mail_server_took(self, aira: Aira, barber: Business):
        """Over SMTP the confirmation puts the event in, the update moves it, the cancellation takes it out."""
        with SmtpServer() as server:
            aira = replace(aira, mailer=SmtpMailer(Settings(smtp_url=SecretStr(server.url))))
            seen = []
            booked = book_for_ann(aira, barber)
            for act in (
                lambda: None,
                lambda: reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=3)),
                lambda: cancel_appointment(aira, booked.id),
            ):
                act()
                deliver_due(aira)
                seen.append(calendar_of([mail for mail in server.messages if mail["To"] == ANN]))

        uid = f"{booked.id}@aira"
        assert seen == [{uid: TUESDAY}, {uid: TUESDAY + timedelta(hours=3)}, {}]

    def test_mails_that_overtake_each_other_change_nothing(self, aira: Aira, barber: Business):
        """In whichever order the mails come, the newest revision counts."""
        booked = book_for_ann(aira, barber)
        deliver_due(aira)
        reschedule_appointment(aira, booked.id, start=TUESDAY + timedelta(hours=3))
        deliver_due(aira)
        taken = mails(aira, to=ANN)
        cancel_appointment(aira, booked.id)
        deliver_due(aira)

        (cancellation,) = [mail for mail in mails(aira, to=ANN) if mail["Message-ID"] not in {one["Message-ID"] for one in taken}]
        assert list(calendar_of(taken[::-1]).values()) == [TUESDAY + timedelta(hours=3)]
        assert calendar_of([cancellation, *taken]) == {}

    def test_the_content_type_says_what_the_calendar_says(self, aira: Aira, barber: Business):
        """A mail program that reads only the header still knows whether to put in or to take out."""
        cancel_appointment(aira, book_for_ann(aira, barber).id)
        deliver_due(aira)

        (mail,) = mails(aira, to=ANN)
        methods = [part.get_param("method") for part in mail.walk() if part.get_content_type() == "text/calendar"]
        attached = [part.get_content() for part in mail.iter_attachments()]
        assert methods == ["CANCEL"]
        assert b"METHOD:CANCEL" in attached[0]

    def test_a_person_reads_day_time_and_place(self, aira: Aira, barber: Business):
        """Text and HTML say the same, by the clock of the business, and hold no markup of the customer."""
        set_business(aira, barber.id, address="1 Main St", name="Barber & <b>Sons</b>")
        book_appointment(aira, business=barber.id, start=TUESDAY, service="Cut", customer_name="<script>", customer_email=ANN)
        deliver_due(aira)

        (mail,) = mails(aira, to=ANN)
        text, html = text_of(mail), text_of(mail, "html")
        for part in (text, html):
            assert all(words in part for words in ("Tuesday 24 November 2026", "10:00 AM to 10:45 AM", "1 Main St", "Cut"))
        assert "<script>" not in html
        assert "Barber &amp; &lt;b&gt;Sons" in html
        assert (mail["From"], mail["Reply-To"]) == ('"Barber & <b>Sons</b>" <no-reply@aira.invalid>', DESK)

    def test_an_owner_reads_who_comes(self, aira: Aira, barber: Business):
        """The owner's notice has the customer's name and number."""
        book_for_ann(aira, barber)
        deliver_due(aira)

        (mail,) = mails(aira, to=DESK)
        text = text_of(mail)
        assert mail["Subject"] == "New booking: Tuesday 24 November 2026, 10:00 AM"
        assert "Ann" in text
        assert ANN_PHONE in text

    def test_a_business_may_use_its_own_words(self, aira: Aira, barber: Business):
        """Own words take the place of ours, in text and HTML, until they are taken back."""
        set_own_words(
            aira,
            "appointment_confirmed",
            business=barber.id,
            channel="email",
            subject="Ahoy {{ customer_name }}",
            body="See you {{ start | day }}!",
        )
        book_for_ann(aira, barber)
        deliver_due(aira)

        (mail,) = mails(aira, to=ANN)
        assert (mail["Subject"], text_of(mail)) == ("Ahoy Ann", "See you Tuesday 24 November 2026!\n")
        assert "<p>See you Tuesday 24 November 2026!" in text_of(mail, "html")
        in_use, is_own = words_in_use(aira, "appointment_confirmed", business=barber.id, channel="email")
        assert (in_use.subject, is_own) == ("Ahoy {{ customer_name }}", True)
        remove_own_words(aira, "appointment_confirmed", business=barber.id, channel="email")
        with pytest.raises(NotFound):
            remove_own_words(aira, "appointment_confirmed", business=barber.id, channel="email")

    @pytest.mark.parametrize(
        "body",
        [
            "{{ nothing_of_the_kind }}",
            "{% if %}",
            "{{ ''.__class__.__mro__ }}",
            "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
            "{{ 'x' * 10000000000 }}",
            "{{ 'x' | center(10000000000) }}",
            "{{ 'x'.ljust(10000000000) }}",
        ],
    )
    def test_own_words_that_cannot_be_filled_are_refused(self, aira: Aira, barber: Business, body: str):
        """A slip is found when the words are given, nothing but the message's values can be reached, and nothing keeps a sender busy."""
        with pytest.raises(InvalidInput):
            set_own_words(aira, "appointment_confirmed", business=barber.id, channel="email", body=body)

    @pytest.mark.parametrize("body", ["{{ nothing_of_the_kind }}", "{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}"])
    def test_own_words_that_fail_later_give_way_to_ours(self, aira: Aira, barber: Business, body: str):
        """A customer is told in any case, whatever another program put into the table."""
        with aira.database.transaction() as connection:
            execute(connection, WORDS_THAT_FAIL, {"id": barber.id, "body": body})
        book_for_ann(aira, barber)
        deliver_due(aira)

        assert state(aira, "email") == ("sent", None)
