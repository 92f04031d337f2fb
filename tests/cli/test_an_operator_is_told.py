"""An operator is told what a command has done to others: who is booked when hours change, and whom a message did not reach."""

from pathlib import Path

import pytest

from operator_desk import Operator, at_the_barbers

BOOK = ("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--service", "Cut", "--name", "Ann")
DEAD = "smtp://127.0.0.1:1"
"""Where no mail server listens."""


@pytest.fixture
def aira(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    """The command at the barber's."""
    return at_the_barbers(database_url, tmp_path / "home", monkeypatch, capsys)


@pytest.mark.parametrize(
    "change",
    [
        ("closures", "add", "next tuesday", "-b", "Barber", "--hours", "9-12"),
        ("hours", "Mon-Fri 9-12", "-b", "Barber"),
        ("closures", "remove", "next tuesday", "-b", "Barber", "--yes"),
    ],
)
def test_who_is_booked_outside_new_hours(aira: Operator, change: tuple[str, ...]) -> None:
    """Day, service, name and number stand beside what to type; nobody is cancelled."""
    if "remove" in change:
        aira("businesses", "closures", "add", "next tuesday", "-b", "Barber", "--hours", "9-20")
        aira("businesses", "hours", "Mon-Fri 9-12", "-b", "Barber")
    booked = aira.json(*BOOK, "--phone", "+12125550123")
    assert isinstance(booked, dict)

    code, _, err = aira("businesses", *change)

    first, who, what = err.splitlines()
    assert (code, first) == (0, "1 appointment outside the hours, booked until you move or cancel it:")
    assert ("14:00-14:45" in who, who.endswith("  Cut  Ann  +12125550123")) == (True, True)
    assert booked["id"][:8] in what
    assert aira("appointments", "list", "--status", "confirmed")[1].startswith(booked["id"])


def test_a_mail_that_did_not_leave(aira: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The booking stands, the command ends well, and what failed is named."""
    monkeypatch.setenv("AIRA_MAIL", "smtp")
    monkeypatch.setenv("SMTP_URL", DEAD)

    code, out, err = aira(*BOOK, "--email", "ann@customer.example")

    assert (code, "confirmed" in out) == (0, True)
    assert {line.split(";")[0] for line in err.splitlines()} == {
        "The e-mail to ann@customer.example did not leave: vendor_failed",
        "The e-mail to desk@barber.example did not leave: vendor_failed",
    }


def test_a_text_that_has_no_consent(aira: Operator) -> None:
    """An operator who forgot to say that the customer agreed sees it at once."""
    _, _, err = aira(*BOOK, "--phone", "+12125550123")

    assert err.startswith("The text to +12125550123 did not leave: no_consent; aira notifications show ")


def test_a_refused_booking_leaves_no_consent(aira: Operator) -> None:
    """Nothing was changed means nothing: the number may not be texted either."""
    refused = aira(*BOOK[:4], "--at", "next sunday 14:00", "--phone", "+12125550123", "--may-text")
    aira(*BOOK, "--phone", "+12125550123")

    (held,) = [one for one in _list(aira, "notifications", "list") if (one["channel"], one["status"]) == ("sms", "suppressed")]
    assert (refused[0], held["last_error"]) == (4, "no_consent")


def test_what_a_message_says(aira: Operator) -> None:
    """Of a text also how many segments carriers bill; of a mail its subject."""
    aira(*BOOK, "--phone", "+12125550123", "--email", "ann@customer.example", "--may-text")
    sent = {one["channel"]: one["id"] for one in _list(aira, "notifications", "list") if one["template"] == "appointment_confirmed"}

    text, mail = (aira.json("notifications", "show", sent[channel]) for channel in ("sms", "email"))

    assert isinstance(text, dict)
    assert isinstance(mail, dict)
    assert (text["segments"], text["subject"], text["text"].startswith("Barber: booked, Cut, Tue ")) == (1, None, True)
    assert (mail["segments"], mail["text"].startswith("Hello Ann, your appointment is booked.")) == (None, True)
    assert mail["subject"].startswith("Barber: your appointment on Tuesday ")


def test_what_the_bot_changed_in_a_chat(aira: Operator) -> None:
    """The news of it leaves as after any other command, without a worker."""
    booked = aira.json(*BOOK, "--phone", "+12125550123")
    assert isinstance(booked, dict)
    aira("chat", "-b", "Barber", "--from", "+12125550123", "--say", "Cancel my appointment", "--say", "Ann", "--say", "yes")

    sent = [one["template"] for one in _list(aira, "notifications", "list", "--status", "sent")]
    assert sorted(sent) == ["owner_cancelled", "owner_new_booking"]


def test_why_an_appointment_was_cancelled(aira: Operator) -> None:
    """The reason stays with it."""
    booked = aira.json(*BOOK)
    assert isinstance(booked, dict)

    cancelled = aira.json("appointments", "cancel", booked["id"][:8], "--reason", "Maria is ill")

    assert isinstance(cancelled, dict)
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "Maria is ill")


def test_that_no_hours_are_set(aira: Operator) -> None:
    """A business without hours takes no appointments, and says that this is why."""
    aira("businesses", "add", "New", "--time-zone", "Europe/Berlin")

    assert aira("appointments", "book", "-b", "New", "--at", "next tuesday 14:00")[2].startswith(
        "error: The business has no opening hours yet.\n"
    )


def test_days_of_several_businesses_are_each_their_own(aira: Operator) -> None:
    """A list from a day on needs no business: each one's clock says when its day begins."""
    aira("businesses", "add", "Salon", "--time-zone", "Asia/Tokyo", "--hours", "daily 0-24")
    ours = aira.json(*BOOK)
    theirs = aira.json("appointments", "book", "-b", "Salon", "--at", "next tuesday 00:30")

    assert _list(aira, "appointments", "list", "--from", "next tuesday", "--to", "next tuesday") == [theirs, ours]
    assert _list(aira, "appointments", "list", "--to", "next monday") == []


def _list(aira: Operator, *words: str) -> list[dict]:
    found = aira.json(*words)
    assert isinstance(found, list)
    return found
