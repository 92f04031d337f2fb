"""A carrier that loses answers, is busy or talks nonsense, and senders that die, make no text come twice, at night or unasked."""

import json
import subprocess
import sys
from pathlib import Path

MESSAGES = Path(__file__).parents[2] / "benchmarks" / "messages.py"


def test_no_text_comes_twice_at_night_or_unasked(database_url: str):
    """Sixty customers of six time zones, five days, four senders: as the benchmark does it with a thousand."""
    done = subprocess.run(
        [sys.executable, str(MESSAGES), "--customers", "60", "--database-url", database_url, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    report = json.loads(done.stdout)
    assert report["outcomes"]["sent"] == report["texts_the_carrier_took"] > 50
    assert report["outcomes"]["failed outcome_unknown"] > 0
    assert {
        name: report[name] for name in ("sent_twice", "to_people_who_want_none", "reminders_by_night", "reminders_after_the_appointment")
    } == {"sent_twice": 0, "to_people_who_want_none": 0, "reminders_by_night": 0, "reminders_after_the_appointment": 0}
