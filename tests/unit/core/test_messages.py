"""Messages read well in the space they have."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from aira.core.messages import OwnWords, text_segments, write_message
from aira.core.own_words import TEMPLATES
from aira.errors import InvalidInput
from aira.model import Business

PAYLOAD = {
    "start_time": "2026-12-16T20:30:00+00:00",
    "end_time": "2026-12-16T21:15:00+00:00",
    "previous_start_time": "2026-12-15T20:30:00+00:00",
    "service": "Haircut",
    "customer_name": "Ann",
    "customer_phone": "+14155550123",
    "notes": None,
    "reason": None,
}


def _business(name: str = "Bella Hair", time_zone: str = "America/New_York") -> Business:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    return Business(uuid4(), uuid4(), name, time_zone, None, None, None, None, 15, 30, 0, 90, 0, True, now)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_segments_are_counted_as_carriers_bill_them(text: str, segments: int):
    """160 characters of the GSM alphabet, of which some count twice, or 70 others; less where a text has several."""
    assert text_segments(text) == segments


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize(
    "name", ["Bella Hair", "The Very Long Name of a Barber Shop in Upper Lower Saxony", "Салон красоты «Мария Ивановна»"]
)
def test_a_text_has_two_segments_at_most(template: str, name: str):
    """Long names give way; an alphabet that takes more room still fits."""
    written = write_message(template, "sms", PAYLOAD | {"service": name}, business=_business(name), number=None)

    assert text_segments(written.text) <= (2 if name.isascii() else 3)


def test_a_text_uses_plain_quotes_and_dashes():
    """One typographic sign would double the price of the text."""
    written = write_message("appointment_confirmed", "sms", PAYLOAD, business=_business("Bella’s – Hair…"), number=None)

    assert "Bella's - Hair..." in written.text
    assert text_segments(written.text) == 1


@pytest.mark.parametrize(("time_zone", "clock"), [("America/New_York", "3:30 PM"), ("Europe/Berlin", "21:30")])
def test_times_are_written_as_people_there_read_them(time_zone: str, clock: str):
    """Twelve hours in America, twenty-four in Europe."""
    written = write_message("appointment_confirmed", "email", PAYLOAD, business=_business(time_zone=time_zone), number=None)

    assert clock in written.text


@pytest.mark.parametrize("template", [*TEMPLATES, "owner_new_booking", "owner_rescheduled", "owner_cancelled"])
def test_every_mail_has_subject_text_and_html(template: str):
    """Each template can be filled with what the database puts into the payload."""
    written = write_message(template, "email", PAYLOAD, business=_business(), number="+14155550199")

    assert "\n" not in written.subject
    assert "Wednesday 16 December 2026" in written.text
    assert "Wednesday 16 December 2026" in written.html


@pytest.mark.parametrize("kind", ["message", "sms"])
def test_a_callers_message_is_passed_on_word_for_word(kind: str):
    """The owner reads what was said, as text and not as markup."""
    payload = {"text": "Call <me>\nback", "caller_name": None, "phone": "+14155550123", "kind": kind, "recording_url": None}

    written = write_message("owner_message", "email", payload, business=_business(), number=None)

    assert "Call <me>\nback" in written.text
    assert "Call &lt;me&gt;\nback" in written.html
    assert written.subject == "Message from +14155550123 for Bella Hair"


@pytest.mark.parametrize("template", ["appointment_cancelled", "owner_cancelled"])
def test_a_cancellation_gives_its_reason(template: str):
    """What the operator gave as the reason is told to customer and owner, as the command says."""
    written = write_message(template, "email", PAYLOAD | {"reason": "Maria is ill"}, business=_business(), number=None)

    assert "Reason: Maria is ill\n" in written.text
    assert "Reason: Maria is ill" in written.html


@pytest.mark.parametrize("template", ["owner_new_booking", "owner_rescheduled", "owner_cancelled"])
def test_an_owner_reads_subjects_that_fit_into_a_line(template: str):
    """Mail programs show a subject that had to be broken with a gap, or not at all."""
    longest = PAYLOAD | dict.fromkeys(("start_time", "end_time", "previous_start_time"), "2026-09-30T15:30:00+00:00")
    written = write_message(template, "email", longest, business=_business(), number=None)

    assert "Wednesday 30 September 2026, 11:30 AM" in written.subject
    assert len(f"Subject: {written.subject}") <= 78


@pytest.mark.parametrize(("source", "words"), [("voice_agent", "by phone"), ("cli", "at your desk"), ("ui", "on the web screen")])
def test_an_owner_reads_how_it_was_booked(source: str, words: str):
    """The bot's bookings are told from those of the desk."""
    written = write_message("owner_new_booking", "email", PAYLOAD | {"source": source}, business=_business(), number=None)

    assert f"  Booked:   {words}\n" in written.text
    assert words in written.html


def test_own_words_read_well_where_something_is_not_known():
    """What is missing is left out, never called None; lines stay lines in HTML."""
    own = OwnWords(body="See you{% if service %} for {{ service }}{% endif %}, {{ customer_name }}!\nBella\n\nP.S. <3")
    written = write_message(
        "appointment_confirmed", "email", PAYLOAD | {"service": None, "customer_name": None}, business=_business(), number=None, own=own
    )

    assert written.text == "See you, !\nBella\n\nP.S. <3\n"
    assert "<p>See you, !<br>\nBella</p><p>P.S. &lt;3</p>" in written.html


def test_a_letter_about_money_needs_no_business():
    """A wallet's letters are written by billing."""
    payload = {"available": "1.00", "currency": "USD", "threshold": "5.00"}

    assert "1.00 USD" in write_message("low_balance", "email", payload, business=None, number=None).subject


@pytest.mark.parametrize(("template", "business"), [("no_such_template", True), ("owner_message", False), ("appointment_confirmed", True)])
def test_what_cannot_be_written_is_refused(template: str, business: bool):
    """An unknown template and a missing value are named; the words of the customer are not."""
    with pytest.raises(InvalidInput) as refused:
        write_message(template, "email", {}, business=_business() if business else None, number=None)

    assert refused.value.reason in {"template_failed", "business_missing"}
