"""One billing run in a process of its own: `python billing_process.py DATABASE_URL NOW`. Prints its outcome as one line."""

import sys
from datetime import datetime
from typing import Any

from aira.core.app import Aira
from aira.core.db import Database
from aira.core.renewals import run_billing
from aira.settings import Settings
from doubles import FrozenClock
from rentals import CarrierOfReleases

EVERY_RELEASE = 1_000_000
"""As many releases as there may be: the breaker has tests of its own."""


def billing_handle(database: Database, now: datetime) -> Aira:
    """A handle with what a billing run needs and nothing else."""
    unused: Any = None
    return Aira(
        settings=Settings(),
        database=database,
        carrier=CarrierOfReleases(),  # type: ignore[arg-type]  # a run only gives numbers back
        index=unused,
        embedder=unused,
        files=unused,
        mailer=unused,
        texter=None,
        recordings=unused,
        clock=FrozenClock(now),
    )


if __name__ == "__main__":
    run = run_billing(billing_handle(Database(sys.argv[1]), datetime.fromisoformat(sys.argv[2])), confirm_releases=EVERY_RELEASE)
    print("already running" if run.already_running else f"{run.charged} charged")
