"""What becomes of a caller whose bot is killed? `kill -9` of the process that holds a call, again and again, at random moments.

A voice server of two processes with a supervisor; callers who book a haircut over the carrier's protocol and follow its TwiML, so that a
lost line leads to `/after`. Measured is our own time, from the broken line to the first sound that follows, and counted is what became
of each call: booked exactly once, voicemail, or lost. Ears and voice take no time by default; `--engines local` takes the real ones.

    python benchmarks/call_recovery.py [--kills 50] [--lines 4] [--engines none|local] [--database-url URL] [--json]

The yardstick is a server of one process that nobody starts again: `--alone`.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx

from aira.core.app import Aira, open_aira
from aira.core.appointments import cancel_appointment, list_appointments
from aira.core.businesses import add_business
from aira.core.calls import find_call, transcript
from aira.core.numbers import assign_number
from aira.core.owners import add_owner
from aira.core.purchases import buy_number
from aira.core.services import add_service
from aira.core.wallet import top_up
from aira.errors import AiraError
from aira.settings import Settings
from aira.voice.processes import COMMAND, Processes, listen
from aira.voice.signatures import webhook_secret
from scratch import scratch_database

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.insert(0, str(TESTS))
from wire_caller import WireCaller  # noqa: E402

NO_TIME = (sys.executable, str(TESTS / "voice_process.py"))
BOOK, NAME, YES = "I'd like to book a haircut tomorrow afternoon at half past two.", "My name is Sarah Johnson.", "Yes, please."
MOST_TURNS = 14
MOST_PEACE_SECONDS = 7.0
"""Seconds at most between the moment at which all processes are ready and the next kill; a call takes longer."""


@dataclass
class Scores:
    """What became of the calls."""

    outcomes: Counter[str] = field(default_factory=Counter)
    recovered_ms: list[float] = field(default_factory=list)
    kills: int = 0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--lines", type=int, default=4, help="callers at once, each with a business of their own")
    options.add_argument("--engines", choices=["none", "local"], default="none")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--alone", action="store_true", help="one process, never started again")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url:
        report = measure(url, arguments)
    print(json.dumps(report) if arguments.json else table(report))


def measure(url: str, arguments: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="aira-benchmark-") as home, listen("127.0.0.1", 0) as listening:
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        count = 1 if arguments.alone else 2
        settings = server_settings(Path(home), url, base, count)
        with open_aira(settings) as aira:
            numbers = [open_business(aira, line) for line in range(arguments.lines)]
            processes = Processes(settings, listening, command=NO_TIME if arguments.engines == "none" else COMMAND)
            with running(processes, count):
                scores = asyncio.run(play(aira, base, numbers, processes, arguments))
    times = sorted(scores.recovered_ms)
    return {
        "kills": scores.kills,
        "calls": sum(scores.outcomes.values()),
        "outcomes": dict(scores.outcomes),
        "recoveries": len(times),
        "recovered_p50_ms": round(statistics.median(times)) if times else None,
        "recovered_p95_ms": round(times[min(len(times) - 1, int(0.95 * len(times)))]) if times else None,
    }


def server_settings(home: Path, url: str, base: str, processes: int) -> Settings:
    """One caller's number rings again and again, so limits by caller are off."""
    return Settings(
        aira_home=home,
        database_url=url,
        voice_agent_service_url=base,
        aira_processes=processes,
        aira_caller_calls=0,
        aira_caller_calls_per_hour=0,
        aira_business_calls_per_hour=0,
    )


async def play(aira: Aira, base: str, numbers: list[str], processes: Processes, arguments: argparse.Namespace) -> Scores:
    scores = Scores()
    dice = random.Random(arguments.seed)
    over = asyncio.Event()
    lines = [asyncio.create_task(line(aira, base, number, scores, over)) for number in numbers]
    while scores.kills < arguments.kills and not all(one.done() for one in lines):
        await asyncio.sleep(dice.uniform(0.2, MOST_PEACE_SECONDS))
        while processes.ready() < processes.settings.aira_processes and not arguments.alone:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        if pids := processes.holding():
            with suppress(ProcessLookupError):
                os.kill(dice.choice(pids), signal.SIGKILL)
                scores.kills += 1
            processes.draining = arguments.alone
    over.set()
    await asyncio.gather(*lines)
    return scores


async def line(aira: Aira, base: str, number: str, scores: Scores, over: asyncio.Event) -> None:
    """One caller after the other, until enough processes have died."""
    while not over.is_set():
        caller = Booker(aira, base, number)
        outcome = await caller.ring()
        scores.outcomes[outcome] += 1
        scores.recovered_ms += caller.call.recovered_ms
        if outcome == "lost":
            return


@dataclass
class Booker:
    """A caller who wants a haircut, and answers what the bot asks."""

    aira: Aira
    base: str
    number: str
    turns: int = 0
    over_at: float = 0.0
    """When the call was over, in seconds of the monotonic clock."""

    def __post_init__(self) -> None:
        secret = webhook_secret(self.aira.settings)
        self.call = WireCaller(self.base, secret=secret, to_number=self.number, says=self.says)

    async def ring(self) -> str:
        try:
            await self.call.place()
        except (httpx.HTTPError, ConnectionError):
            return "lost"
        finally:
            self.over_at = time.monotonic()
        booked = await asyncio.to_thread(self._forget_bookings)
        said = await asyncio.to_thread(self._bot_said)
        if booked != (1 if "You're booked" in said else booked) or booked > 1:
            return f"wrong: {booked} bookings"
        if "Record" in self.call.verbs:
            return "voicemail"
        return "booked" if booked else "not booked"

    async def says(self) -> str | None:
        """The words that fit what the bot said last."""
        self.turns += 1
        said = await asyncio.to_thread(self._bot_said)
        last = said.rsplit("\n", 1)[-1]
        if self.turns > MOST_TURNS:
            return None
        if "name" in last:
            return NAME
        if "Shall I book" in last:
            return YES
        return None if "You're booked" in said else BOOK

    def _bot_said(self) -> str:
        with suppress(AiraError):
            call = find_call(self.aira, self.call.call_sid)
            return "\n".join(turn.text for turn in transcript(self.aira, call.id) if turn.role == "bot")
        return ""

    def _forget_bookings(self) -> int:
        """How many appointments the call has made; they make room for the next caller's."""
        made = [one for one in list_appointments(self.aira, business=self.number) if one.external_id == self.call.call_sid]
        for one in made:
            cancel_appointment(self.aira, one.id)
        return len(made)


def open_business(aira: Aira, line: int) -> str:
    if line == 0:
        add_owner(aira, "owner@example.com")
        top_up(aira, Decimal(500), reference="benchmark")
    business = add_business(aira, f"Shear Delight {line}", time_zone="America/New_York", hours="Mon-Sun 09:00-18:00")
    add_service(aira, "Haircut", business=business.id, minutes=30)
    number = f"+14155550{100 + line}"
    buy_number(aira, number)
    assign_number(aira, number, business=business.id)
    return number


@contextmanager
def running(processes: Processes, count: int) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=processes.run)
    thread.start()
    try:
        while processes.ready() < count:
            if not thread.is_alive():
                raise SystemExit("The voice server did not start.")
            time.sleep(0.05)
        yield thread
    finally:
        processes.drain()
        processes.drain()
        thread.join(30)


def table(report: dict[str, object]) -> str:
    return "\n".join(f"{name:18} {value}" for name, value in report.items())


if __name__ == "__main__":
    main()
