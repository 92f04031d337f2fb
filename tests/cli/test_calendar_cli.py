"""`aira businesses` and `aira appointments`: what an operator types and what comes back, whole."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from icalendar import Calendar

from aira.adapters.system_clock import SystemClock
from aira.core.when_typed import parse_moment
from operator_desk import ZONE, Operator, at_the_barbers

BUSINESS_SLIPS = [
    (("add", "Barber", "--time-zone", ZONE), 4, "There is a business of this name already."),
    (("add", "Other", "--time-zone", "Mars/Base"), 2, "There is no such time zone."),
    (("add", "Other", "--time-zone", ZONE, "--hours", "Mon 9"), 2, "'9' is not a span of hours."),
    (("add", "Other", "--time-zone", ZONE, "--transfer-to", "123"), 2, "That is not a telephone number."),
    (("add", "Other", "--time-zone", ZONE, "--owner", "bob@example.com"), 5, "There is no such owner."),
    (("show", "Nobody"), 5, "There is no such business."),
    (("services", "add", "CUT", "-b", "Barber", "--minutes", "5"), 4, "The business has a service of this name already."),
    (("services", "add", "Nap", "-b", "Barber", "--minutes", "2"), 2, "A service takes 5 to 1440 minutes."),
    (("services", "remove", "Nap", "-b", "Barber", "--yes"), 5, "The business has no such service."),
    (("services", "remove", "Cut", "-b", "Barber"), 2, "This needs a confirmation, and there is no terminal to ask on."),
    (("resources", "remove", "default", "-b", "Barber", "--yes"), 2, "Without a resource nothing can be booked."),
    (("closures", "add", "someday", "-b", "Barber"), 2, "'someday' is not a day."),
    (("closures", "remove", "2099-01-01", "-b", "Barber", "--yes"), 5, "That date has its usual hours."),
]

APPOINTMENT_SLIPS = [
    (("show", "12345678"), 5, "There is no such appointment."),
    (("show", "12"), 2, "That is not the id of an appointment."),
    (("list", "--source", "fax"), 2, "'fax' is not a source."),
    (("list", "--status", "done"), 2, "'done' is not a status."),
    (("list", "--from", "someday"), 2, "'someday' is not a day."),
    (("list", "--to", "9999-12-31"), 2, "'9999-12-31' is not a day."),
    (("book", "-b", "Barber", "--at", "9999-12-31 23:59"), 2, "The year 9999 is not one to book in."),
    (("book", "-b", "Barber", "--at", "next tuesday 2pm", "--may-text"), 2, "--may-text needs the number to text."),
    (("export", "--output", "/nowhere/barber.ics"), 2, "/nowhere/barber.ics cannot be written: No such file or directory."),
    (("book", "-b", "Barber"), 2, "Missing option '--at'."),
]

NOTIFICATION_SLIPS = [
    (("words", "hello", "-b", "Barber", "--body", "x"), 2, "There is no such message to customers."),
    (("words", "appointment_confirmed", "-b", "Barber", "--channel", "fax"), 2, "'fax' is not a way to send messages."),
    (
        ("words", "appointment_confirmed", "-b", "Barber", "--body", "{{ x }}"),
        2,
        "The template cannot be filled: 'x' is undefined.",
    ),
    (("show", "12345678"), 5, "There is no such message."),
    (("retry", "x"), 2, "That is not the id of a message."),
    (("list", "--status", "lost"), 2, "'lost' is not a status."),
    (("list", "--failed", "--status", "sent"), 2, "--failed and --status sent exclude each other."),
    (("words", "hello", "-b", "Barber"), 2, "There is no such message to customers."),
]

REFUSED_TIMES = {
    "next sunday 14:00": (4, "closed_day"),
    "next tuesday 18:00": (4, "outside_hours"),
    "2099-12-01 14:00": (4, "too_far"),
    "2020-12-01 14:00": (4, "in_past"),
    "next tuesday": (2, "invalid_input"),
    "2027-03-14 02:30": (2, "nonexistent_local_time"),
}


@pytest.fixture
def aira(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operator:
    """The command at the barber's."""
    return at_the_barbers(database_url, tmp_path / "home", monkeypatch, capsys)


def _when(text: str) -> datetime:
    return parse_moment(text, now=SystemClock().now(), time_zone=ZONE)


def _refusal(outcome: tuple[int, str, str]) -> tuple[int, str]:
    """Exit code and error of a command that printed no result."""
    code, out, err = outcome
    assert out == ""
    return code, err.splitlines()[0].removeprefix("error: ")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class TestBusinesses:
    """Keeping a business."""

    def test_a_business_is_shown_with_all_that_belongs_to_it(self, aira: Operator):
        """One look tells hours, closures, services, resources and numbers."""
        aira("businesses", "resources", "add", "Maria", "-b", "Barber")
        aira("businesses", "closures", "add", "2099-12-24", "-b", "Barber", "--reason", "Holiday")

        code, out, _ = aira("businesses", "show", "Barber")

        fields = dict(line.split("\t", 1) for line in out.splitlines())
        assert code == 0
        assert {name: fields[name] for name in ("name", "time_zone", "hours", "closures", "services", "resources")} == {
            "name": "Barber",
            "time_zone": ZONE,
            "hours": "Mon-Fri 09:00-17:00",
            "closures": "2099-12-24",
            "services": "Cut (45 min)",
            "resources": "Maria",
        }

    def test_a_business_is_changed_where_something_is_given(self, aira: Operator):
        """What is not named stays, and an empty text takes a value away."""
        changed = aira.json("businesses", "set", "Barber", "--greeting", "Hello!", "--email", "", "--remind", "60", "--notice", "30")

        assert isinstance(changed, dict)
        assert (changed["greeting"], changed["email"], changed["reminder_minutes"], changed["min_notice_minutes"]) == (
            "Hello!",
            None,
            [60],
            30,
        )
        assert changed["time_zone"] == ZONE

    def test_hours_are_set(self, aira: Operator):
        """Piped, a line is weekday, opening and closing."""
        assert aira("businesses", "hours", "Mon 9-12,13-17; Sat 22-2", "-b", "Barber") == (
            0, "1\t09:00:00\t12:00:00\n1\t13:00:00\t17:00:00\n6\t22:00:00\t02:00:00\n", "",
        )  # fmt: skip

    def test_lists_are_short(self, aira: Operator):
        """Piped, each list is tab-separated, without a head."""
        lists = [
            aira("businesses", "services", "list", "-b", "Barber"),
            aira("businesses", "closures", "list", "-b", "Barber"),
            aira("businesses", "list"),
        ]

        assert lists[0] == (0, 'Cut\t45\t0\t0\t35.00\tUSD\t["trim", "crop"]\n', "")
        assert lists[1] == (0, "", "")
        assert lists[2][1].startswith(f"Barber\t{ZONE}\tdesk@barber.example\t\t")

    def test_the_same_key_adds_once(self, aira: Operator):
        """A repeated command with its key gives the first result; the key with another request is refused."""
        add = ("businesses", "services", "add", "Shave", "-b", "Barber", "--minutes", "20", "--idempotency-key", "k1")
        first, again = aira.json(*add), aira.json(*add)
        code, _, err = aira("businesses", "services", "add", "Dye", "-b", "Barber", "--minutes", "20", "--idempotency-key", "k1")

        assert first == again
        assert (code, err.splitlines()[0]) == (4, "error: This idempotency key was used before for a different request.")

    def test_a_refusal_says_what_and_why(self, aira: Operator):
        """Each error is one line, with the exit code of its kind, and changes nothing."""
        before = aira("businesses", "show", "Barber")
        refused = [(words, *_refusal(aira("businesses", *words))) for words, _, _ in BUSINESS_SLIPS]

        assert refused == BUSINESS_SLIPS
        assert aira("businesses", "show", "Barber") == before

    def test_closing_over_an_appointment_says_what_to_type_about_it(self, aira: Operator):
        """The appointment stays, and the commands to move or cancel it are at hand."""
        booked = aira.json("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00")
        assert isinstance(booked, dict)

        code, out, err = aira("businesses", "closures", "add", "next tuesday", "-b", "Barber", "--reason", "Flood")

        assert (code, out) == (0, f"{_when('next tuesday 14:00').date()}\t\t\tFlood\n")
        assert f"aira appointments cancel {booked['id'][:8]}" in err
        assert aira("appointments", "list", "--status", "confirmed")[1].startswith(booked["id"])


class TestAppointments:
    """Booking and what follows."""

    def test_a_booking_has_the_fields_that_scripts_count_on(self, aira: Operator):
        """As JSON: times in UTC, the source, the resource, the service."""
        booked = aira.json("appointments", "book", "-b", "Barber", "--at", "next tuesday 2pm", "--service", "trim", "--name", "Ann")

        assert isinstance(booked, dict)
        assert {name: booked[name] for name in ("service", "resource", "customer_name", "start_time", "end_time", "status", "source")} == {
            "service": "Cut",
            "resource": "default",
            "customer_name": "Ann",
            "start_time": _utc(_when("next tuesday 14:00")),
            "end_time": _utc(_when("next tuesday 14:45")),
            "status": "confirmed",
            "source": "cli",
        }
        assert aira.json("appointments", "show", booked["id"][:8]) == booked
        assert aira.json("appointments", "list", "--from", "today") == [booked]

    def test_slots_are_listed_from_a_day_on(self, aira: Operator):
        """Piped, a slot is a line of two times in UTC."""
        code, out, _ = aira("appointments", "slots", "-b", "Barber", "-s", "Cut", "--from", "next tuesday", "--limit", "2")

        expected = [(_when(f"next tuesday {start}"), _when(f"next tuesday {end}")) for start, end in (("9:00", "9:45"), ("9:15", "10:00"))]
        assert (code, out) == (0, "".join(f"{_utc(start)}\t{_utc(end)}\n" for start, end in expected))

    def test_a_time_that_cannot_be_is_refused(self, aira: Operator):
        """Its code is for programs, its exit code for scripts, and nothing is booked."""
        refused = {}
        for at in REFUSED_TIMES:
            exited, out, err = aira("appointments", "book", "-b", "Barber", "--at", at, "--json")
            refused[at] = (exited, json.loads(err)["error"]["code"])
            assert out == ""

        assert refused == REFUSED_TIMES
        assert aira("appointments", "list") == (0, "", "")

    def test_a_taken_time_is_refused_to_a_person(self, aira: Operator):
        """The error says what happened, the hint what to type next."""
        aira("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00")

        assert aira("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:15") == (
            4, "", "error: That time is taken.\nhint: Run `aira appointments slots --business B` for times that can be booked.\n",
        )  # fmt: skip

    def test_the_same_key_books_once(self, aira: Operator):
        """A script that is run again makes no second appointment."""
        book = ("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--idempotency-key", "job-7")

        assert aira.json(*book) == aira.json(*book)

    def test_a_dry_run_changes_nothing(self, aira: Operator):
        """It shows what would be booked, and says that it is not."""
        code, out, err = aira("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--dry-run")

        assert (code, "confirmed" in out, err) == (0, True, "Nothing was changed.\n")
        assert aira("appointments", "list") == (0, "", "")

    def test_it_is_moved_cancelled_and_announced(self, aira: Operator, tmp_path: Path):
        """Each step leaves by mail at once, without a worker."""
        booked = aira.json("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--email", "ann@customer.example")
        assert isinstance(booked, dict)
        moved = aira.json("appointments", "reschedule", booked["id"], "--at", "next wednesday 10:00")
        cancelled = aira.json("appointments", "cancel", booked["id"], "--reason", "ill")

        assert isinstance(moved, dict)
        assert isinstance(cancelled, dict)
        assert (moved["start_time"], moved["sequence"], cancelled["status"]) == (_utc(_when("next wednesday 10:00")), 1, "cancelled")
        sent = aira.json("notifications", "list", "--status", "sent")
        assert isinstance(sent, list)
        assert {one["template"] for one in sent} == {
            "appointment_confirmed", "appointment_rescheduled", "appointment_cancelled",
            "owner_new_booking", "owner_rescheduled", "owner_cancelled",
        }  # fmt: skip
        assert len(list((tmp_path / "home" / "outbox").glob("*.eml"))) == 6

    def test_it_takes_place_only_when_it_has_begun(self, aira: Operator):
        """Completing what lies ahead is refused."""
        booked = aira.json("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00")
        assert isinstance(booked, dict)

        refused = [aira("appointments", verb, booked["id"], "--json") for verb in ("complete", "no-show")]

        assert [(code, json.loads(err)["error"]["code"]) for code, _, err in refused] == [(4, "not_started")] * 2

    def test_the_calendar_of_a_week_is_an_object_for_programs(self, aira: Operator):
        """With --json a week has its days' hours, closures and appointments; piped, its appointments as lines."""
        booked = aira.json("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--name", "Ann")
        assert isinstance(booked, dict)
        week = aira.json("appointments", "calendar", "--week", "next tuesday")

        assert isinstance(week, dict)
        assert (week["business"], week["first"], len(week["open"])) == ("Barber", f"{_when('next monday 9:00').date()}", 5)
        assert week["appointments"] == [booked]
        line = aira("appointments", "calendar", "--week", "next tuesday")[1]
        assert line.split("\t")[:5] == [booked["id"], booked["start_time"], booked["end_time"], "confirmed", "cli"]

    def test_the_calendar_is_exported(self, aira: Operator, tmp_path: Path):
        """To a file or to standard output, with customers' names in it, for the owner."""
        aira("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--service", "Cut", "--name", "Ann")
        code, out, _ = aira("appointments", "export", "--output", str(tmp_path / "barber.ics"))
        _, written, _ = aira("appointments", "export")

        as_json = aira.json("appointments", "export")

        (event,) = Calendar.from_ical((tmp_path / "barber.ics").read_bytes()).walk("VEVENT")
        assert isinstance(as_json, dict)
        assert (as_json["output"], as_json["appointments"]) == (None, 1)
        assert "SUMMARY:Cut: Ann" in as_json["calendar"]
        assert (code, out) == (0, f"{tmp_path / 'barber.ics'}\n")
        assert (str(event["SUMMARY"]), event.start) == ("Cut: Ann", _when("next tuesday 14:00"))
        assert "SUMMARY:Cut: Ann" in written

    def test_the_address_of_the_feed_is_secret_and_can_be_renewed(self, aira: Operator):
        """The address stays until a new one is asked for."""
        (_, first, _), (_, again, _) = (aira("appointments", "feed") for _ in range(2))
        renewed = aira.json("appointments", "feed", "--renew")

        assert first.startswith("http://127.0.0.1:8765/calendar/")
        assert first == again
        assert isinstance(renewed, dict)
        assert renewed["url"] not in first

    def test_a_slip_is_named(self, aira: Operator):
        """One line, and the exit code of its kind."""
        refused = [(words, *_refusal(aira("appointments", *words))) for words, _, _ in APPOINTMENT_SLIPS]

        assert refused == APPOINTMENT_SLIPS


class TestNotifications:
    """Looking after messages."""

    def test_a_message_is_shown_and_sent_again(self, aira: Operator):
        """A text that was held back leaves once there is a consent; one that has left does not leave again."""
        aira("appointments", "book", "-b", "Barber", "--at", "next tuesday 14:00", "--phone", "+12125550123")
        held = aira.json("notifications", "list", "--status", "suppressed")
        assert isinstance(held, list)
        book = ("appointments", "book", "-b", "Barber", "--at", "next wednesday 14:00", "--phone", "+12125550123", "--may-text")
        aira(*book)

        shown = aira.json("notifications", "show", held[0]["id"][:8])

        assert isinstance(shown, dict)
        assert (held[0]["last_error"], shown["status"]) == ("no_consent", "sent")
        assert aira("notifications", "retry", held[0]["id"])[::2] == (4, "error: The message has left already.\n")
        assert aira("notifications", "list", "--failed") == (0, "", "")

    def test_a_business_says_it_in_its_own_words(self, aira: Operator):
        """The template is tried when it is given, shown when asked for, and can be taken back."""
        words = ("notifications", "words", "appointment_confirmed", "-b", "Barber")
        given = aira(*words, "--subject", "Ahoy", "--body", "See you, {{ customer_name }}!")

        assert given == (0, "subject\tAhoy\ntext\tSee you, Ann!\n", "")
        assert aira.json(*words) == {"body": "See you, {{ customer_name }}!", "subject": "Ahoy", "is_own": True}
        assert aira(*words, "--ours") == (0, "", "Our words are used again.\n")
        assert aira(*words, "--ours")[::2] == (5, "error: The business has no words of its own for this message.\nhint: It uses ours.\n")

    def test_our_words_are_a_beginning_for_own_ones(self, aira: Operator):
        """What is shown before a business has words of its own can be given back as they are, for every message and channel."""
        for template in ("confirmed", "rescheduled", "cancelled", "reminder"):
            for channel in ("email", "sms"):
                words = ("notifications", "words", f"appointment_{template}", "-b", "Barber", "--channel", channel)
                ours = aira.json(*words)
                assert isinstance(ours, dict)
                subject = ("--subject", ours["subject"]) if ours["subject"] else ()
                sample = aira.json(*words, "--body", ours["body"], *subject)
                assert isinstance(sample, dict)

                assert ours["is_own"] is False
                assert "Barber" in sample["text"] + sample["subject"]
                assert aira.json(*words) == {**ours, "is_own": True}

    def test_a_slip_is_named(self, aira: Operator):
        """One line, and the exit code of its kind."""
        refused = [(words, *_refusal(aira("notifications", *words))) for words, _, _ in NOTIFICATION_SLIPS]

        assert refused == NOTIFICATION_SLIPS
