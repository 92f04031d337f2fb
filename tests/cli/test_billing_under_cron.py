"""`aira billing run` as cron and systemd start it: a process of its own, read by programs, stopped by signals."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from aira.adapters.system_clock import SystemClock
from aira.core import run_billing
from aira.core.app import Aira
from rentals import funded_wallet, overdue_numbers, rent_number, run_sql


@pytest.fixture
def aira(aira: Aira, monkeypatch: pytest.MonkeyPatch) -> Aira:
    """Processes work on the database of the handle, and share its present."""
    monkeypatch.setenv("DATABASE_URL", aira.database.url)
    monkeypatch.setenv("AIRA_HOME", str(aira.settings.aira_home))
    return replace(aira, clock=SystemClock())


def test_cron_gets_one_object_and_a_code(aira: Aira) -> None:
    """From a process of its own: the summary alone on stdout, what is wrong alone on stderr, and nothing else anywhere."""
    overdue_numbers(aira, 4)
    command = [sys.executable, "-m", "aira", "billing", "run"]

    said = subprocess.run([*command, "--json"], capture_output=True, text=True, env=dict(os.environ))
    quiet = subprocess.run([*command, "--quiet", "--confirm-releases", "4"], capture_output=True, text=True, env=dict(os.environ))
    silent = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))

    assert (said.returncode, json.loads(said.stdout)["blocked"], json.loads(said.stderr)["error"]["code"]) == (8, 4, "releases_held")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, "", "")
    assert run_sql(aira, "select count(*) from public.business_numbers where status = 'released'") == 4


def test_sigterm_while_letters_leave_keeps_the_rest_for_later(aira: Aira) -> None:
    """The charges are done and said; what has not left yet leaves with the next run or a worker."""
    wallet = funded_wallet(aira, "1000")
    for n in range(300):
        rent_number(aira, wallet, f"+1415600{n:04}")
    process = subprocess.Popen(
        [sys.executable, "-m", "aira", "billing", "run", "--json"], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    while process.poll() is None and run_sql(aira, "select count(*) from public.notifications where status = 'sent'") < 5:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    done = json.loads(process.communicate()[0])

    assert (process.returncode, done["interrupted"]) == (0, False)
    assert 5 <= int(str(run_sql(aira, "select count(*) from public.notifications where status = 'sent'"))) < 300
    assert run_sql(aira, "select count(*) from public.notifications where status = 'sending'") == 0


def test_sigterm_ends_a_run_between_numbers(aira: Aira) -> None:
    """What is done stays done, the exit code says that there is more, and the next run does it."""
    wallets = [funded_wallet(aira, "1000", email=f"owner{n}@example.com") for n in range(4)]
    numbers = [rent_number(aira, wallets[n % 4], f"+1415600{n:04}") for n in range(400)]
    day = str((aira.clock.now() + timedelta(days=40)).date())
    command = [sys.executable, "-m", "aira", "billing", "run", "--as-of", day, "--force", "--yes", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))

    while process.poll() is None and run_sql(aira, "select count(*) from public.number_charges where status = 'paid'") < 420:
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    done = json.loads(process.communicate()[0])
    rest = run_billing(aira, as_of=(aira.clock.now() + timedelta(days=40)).date(), force=True)

    assert (process.returncode, done["interrupted"]) == (8, True)
    assert 0 < done["charged"] < len(numbers)
    assert rest.charged == len(numbers) - done["charged"]
