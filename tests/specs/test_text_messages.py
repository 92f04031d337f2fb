"""A text message leaves with consent, at a decent hour, and never twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aira.core.app import Aira
from aira.core.appointments import book_appointment, cancel_appointment, reschedule_appointment
from aira.core.businesses import set_business, set_hours
from aira.core.consents import keyword_consent, record_consent
from aira.core.db import execute
from aira.core.notifications import (
    deliver_due,
    find_notification,
    list_notifications,
    record_delivery,
    retry_notification,
)
from aira.errors import OutcomeUnknown, Refused, TextRefused, VendorError
from aira.model import Business
from barber import DESK, TUESDAY, at, open_barber
from doubles import FrozenClock
from letterbox import ANN_PHONE, LOS_ANGELES_PHONE, MemoryTexter, book_for_ann, claim_and_die, only, state


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


class TestTexts:
    """Text messages cost money and patience: consent first, and never twice."""

    def test_need_a_consent_and_wait_for_it(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """Without one a text is held back; given while the call is still on, it lets the text leave."""
        book_for_ann(aira, barber, consent=False)
        deliver_due(aira)
        before = (state(aira), list(texter.sent))
        record_consent(aira, ANN_PHONE, business=barber.id, granted=True, basis="spoken", evidence="CA1")
        deliver_due(aira)

        assert before == (("suppressed", "no_consent"), [])
        assert state(aira) == ("sent", None)
        assert texter.sent == [
            (ANN_PHONE, "Barber: booked, Cut, Tue 24 Nov, 10:00 AM. Call us to change it. Reply STOP to get no more texts.")
        ]

    def test_that_waited_for_a_consent_tell_what_is_true_by_then(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """A customer who agrees after a change hears of the change, not of the time that it left."""
        booked = book_for_ann(aira, barber, start=at("2026-11-26 10:00"), consent=False)
        deliver_due(aira)
        reschedule_appointment(aira, booked.id, start=at("2026-11-26 14:00"))
        deliver_due(aira)
        record_consent(aira, ANN_PHONE, business=barber.id, granted=True, basis="spoken", evidence="CA1")
        deliver_due(aira)

        assert [text for _, text in texter.sent] == [
            "Barber: moved to Thu 26 Nov, 2:00 PM, Cut. Call us to change it. Reply STOP to get no more texts."
        ]
        assert state(aira) == ("suppressed", "superseded")

    def test_end_with_the_word_stop(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """Who opted out gets no text of this business any more, and starts again with START."""
        record_consent(aira, ANN_PHONE, business=barber.id, granted=True, basis="spoken")
        record_consent(aira, ANN_PHONE, business=barber.id, granted=False, basis="keyword")
        book_for_ann(aira, barber, consent=False)
        deliver_due(aira)

        assert (state(aira), texter.sent) == (("suppressed", "opted_out"), [])
        assert [keyword_consent(text) for text in ("STOP", " Stop. ", "cancel", "START", "Can I stop by?", "")] == [
            False, False, False, True, None, None,
        ]  # fmt: skip

    def test_no_text_asks_for_a_word_that_means_stop(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """A customer who answers `cancel` would never hear from the business again, so that no text suggests it."""
        booked = book_for_ann(aira, barber, start=at("2026-11-26 10:00"))
        deliver_due(aira)
        reschedule_appointment(aira, booked.id, start=at("2026-11-26 14:00"))
        deliver_due(aira)
        cancel_appointment(aira, booked.id)
        deliver_due(aira)

        assert len(texter.sent) == 3
        assert not [text for _, text in texter.sent if "reply cancel" in text.lower()]

    def test_that_the_carrier_refuses_end_the_consent(self, aira: Aira, barber: Business, texter: MemoryTexter):
        """An opt-out that only the carrier knew of is kept."""
        texter.outcomes = [TextRefused("The recipient has opted out.", code="recipient_opted_out")]
        book_for_ann(aira, barber)
        deliver_due(aira)

        assert state(aira) == ("failed", "recipient_opted_out")
        book_appointment(aira, business=barber.id, start=TUESDAY + timedelta(hours=3), customer_phone=ANN_PHONE)
        assert {one.last_error for one in deliver_due(aira) if one.channel == "sms"} == {"opted_out"}

    @pytest.mark.parametrize("left", [True, False], ids=["it had left", "it had not left"])
    def test_with_an_unknown_outcome_are_looked_for_and_not_repeated(
        self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock, left: bool
    ):
        """Where the answer was lost the carrier is asked; a text that it never had has failed after ten minutes."""
        texter.outcomes = [OutcomeUnknown(left=left)]
        book_for_ann(aira, barber)
        deliver_due(aira)
        assert state(aira) == ("unknown", "outcome_unknown")
        for _ in range(12):
            clock.move(minutes=1)
            deliver_due(aira)

        assert state(aira) == (("sent", None) if left else ("failed", "outcome_unknown"))
        assert len(texter.sent) == left
        if not left:
            with pytest.raises(Refused):
                retry_notification(aira, only(aira, "sms", "appointment_confirmed").id)

    def test_of_a_sender_that_died_are_looked_for_and_not_repeated(
        self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock
    ):
        """A text that a killed process had taken may have left; it is not sent by another one."""
        book_for_ann(aira, barber)
        with aira.database.transaction() as connection:
            execute(connection, "update notifications set status = 'suppressed' where channel = 'email'")
        claim_and_die(aira)
        for _ in range(15):
            clock.move(minutes=1)
            deliver_due(aira)

        assert (state(aira), texter.sent) == (("failed", "outcome_unknown"), [])

    def test_that_did_not_leave_are_tried_again(self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock):
        """A vendor that failed without acting is asked again a minute later."""
        texter.outcomes = [VendorError()]
        book_for_ann(aira, barber)
        deliver_due(aira)
        clock.move(minutes=1)
        deliver_due(aira)

        assert (state(aira)[0], len(texter.sent)) == ("sent", 1)

    def test_switched_off_say_so(self, aira: Aira, barber: Business):
        """With AIRA_SMS=off a text is not kept for later."""
        aira = replace(aira, texter=None)
        book_for_ann(aira, barber)
        deliver_due(aira)

        assert state(aira) == ("failed", "sms_off")

    def test_reports_of_the_carrier_may_come_in_any_order(self, aira: Aira, barber: Business):
        """Delivered stays delivered, and an undelivered text is a failed one."""
        book_for_ann(aira, barber)
        deliver_due(aira)
        sid = only(aira, "sms", "appointment_confirmed").provider_message_id

        changed = [record_delivery(aira, sid, status=status) for status in ("queued", "sent", "delivered", "sent", "undelivered")]

        assert (changed, state(aira)) == ([False, True, True, False, False], ("delivered", None))
        assert record_delivery(aira, "SM unknown", status="delivered") is False


class TestDecentHours:
    """A reminder wakes nobody."""

    @pytest.mark.parametrize(
        ("start", "sent_at"),
        [
            ("2026-11-26 09:00", "2026-11-25 20:00"),
            ("2026-11-26 10:30", "2026-11-26 08:30"),
            ("2026-11-26 23:15", "2026-11-26 20:00"),
        ],
        ids=["early", "usual", "late"],
    )
    def test_a_reminder_moves_earlier_out_of_the_night(self, aira: Aira, barber: Business, start: str, sent_at: str):
        """What would come in the night comes the evening before."""
        set_business(aira, barber.id, reminder_minutes=[120])
        set_hours(aira, barber.id, "Mon-Fri 09:00-24:00")
        book_for_ann(aira, barber, start=at(start))

        assert {one.send_after for one in list_notifications(aira) if one.template == "appointment_reminder"} == {at(sent_at)}

    def test_it_is_the_hour_where_the_customer_is_that_counts(self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock):
        """Nine in New York is six in Los Angeles: the text waits for eight there, as long as it still comes before the appointment."""
        set_business(aira, barber.id, reminder_minutes=[240])
        book_for_ann(aira, barber, start=at("2026-11-26 13:00"), phone=LOS_ANGELES_PHONE)
        deliver_due(aira)
        texter.sent.clear()
        clock.set(at("2026-11-26 09:00"))
        early = [one for one in deliver_due(aira) if one.channel == "sms"]
        clock.set(early[0].send_after)
        deliver_due(aira)

        assert [(one.status, one.last_error) for one in early] == [("pending", "quiet_hours")]
        assert clock.now() == at("2026-11-26 11:00")
        assert len(texter.sent) == 1

    def test_a_reminder_that_could_only_come_too_late_does_not_come(
        self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock
    ):
        """A text after the appointment helps nobody."""
        set_business(aira, barber.id, reminder_minutes=[120])
        book_for_ann(aira, barber, start=at("2026-11-26 10:30"), phone=LOS_ANGELES_PHONE)
        deliver_due(aira)
        texter.sent.clear()
        clock.set(at("2026-11-26 08:30"))

        held = [one for one in deliver_due(aira) if one.channel == "sms"]

        assert [(one.status, one.last_error) for one in held] == [("suppressed", "quiet_hours")]
        assert texter.sent == []

    def test_a_caller_gets_the_confirmation_while_on_the_telephone(
        self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock
    ):
        """Who books at eleven at night is awake."""
        clock.set(at("2026-11-23 23:00"))
        book_for_ann(aira, barber)
        deliver_due(aira)

        assert len(texter.sent) == 1

    def test_what_is_over_is_not_told(self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock):
        """After the appointment its confirmation and reminders are of no use."""
        book_for_ann(aira, barber)
        clock.set(TUESDAY + timedelta(minutes=1))
        deliver_due(aira)

        assert texter.sent == []
        assert {one.last_error for one in list_notifications(aira) if one.template.startswith("appointment_")} == {"expired"}

    def test_a_day_has_a_cap(self, aira: Aira, barber: Business, texter: MemoryTexter, clock: FrozenClock):
        """A business that is made to send without end stops at its cap, and goes on when the day is over."""
        with aira.database.transaction() as connection:
            execute(connection, "update business_v2 set daily_message_cap = 1")
        book_for_ann(aira, barber, start=at("2026-11-27 10:00"))
        held = [one for one in deliver_due(aira) if one.last_error == "daily_cap"]
        clock.move(days=1, minutes=1)
        deliver_due(aira)

        assert (len(held), held[0].status, held[0].attempts) == (1, "pending", 0)
        assert find_notification(aira, held[0].id).status == "sent"
