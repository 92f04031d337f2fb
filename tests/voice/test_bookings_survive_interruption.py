"""A booking that is broken off at any moment, by an interruption, a hang-up or the death of its bot, is made once and told, or not made."""

import asyncio
import itertools
import os
import random
import subprocess
import sys
import time
import types
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any

import pytest

import booking_talk
from aira.core.app import Aira
from aira.core.businesses import set_business
from aira.core.calls import find_call
from aira.voice.session import open_session
from booking_talk import BOOKED, YES, booked_in, free, hear_all, journalled, read_back, ring, taken, until_booked
from salon import Salon

ENDINGS = 1000
KILLS = 20
AWAITS = 3
"""How often a turn that books waits for something: its words noted, the booking, the answer noted."""
LONGEST_SECONDS = 0.02
"""More than a booking takes."""


@pytest.fixture
def unlimited(aira: Aira, salon: Salon) -> Aira:
    """A handle that lets one caller call a thousand times."""
    limits = dict.fromkeys(("aira_caller_calls", "aira_caller_calls_per_hour", "aira_business_calls", "aira_business_calls_per_hour"), 0)
    object.__setattr__(aira, "settings", aira.settings.model_copy(update=limits))
    set_business(aira, salon.business.id, email="")  # a thousand letters are another test's matter
    return aira


@types.coroutine
def cut_short(turn: Coroutine[Any, Any, None], at: int, after: float) -> Generator[Any, None, None]:
    """The turn, cancelled so many seconds after it began to wait for the `at`-th time."""
    steps, error = turn.__await__(), None
    for waits in itertools.count():
        try:
            waiting = steps.throw(error) if error is not None else next(steps)
        except StopIteration:
            return
        if waits == at:
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().call_later(after, task.cancel) if after else task.cancel()
        try:
            error = None
            yield waiting
        except (Exception, asyncio.CancelledError) as raised:  # noqa: BLE001  # handed on to the turn
            error = raised


async def broken_off(aira: Aira, sid: str, how: str, at: int, after: float) -> tuple[int, bool, bool]:
    """Say yes and break off; returns how often it was booked, whether the caller heard of it, and whether it was in the middle."""
    heard: list[str] = []
    session = await open_session(aira, await asyncio.to_thread(taken, aira, sid))
    turn = asyncio.ensure_future(cut_short(hear_all(session.hear(YES), heard), at, after))
    await asyncio.gather(turn, return_exceptions=True)
    if how == "crash":
        session = await open_session(aira, await asyncio.to_thread(taken, aira, sid))
        await hear_all(session.start(), heard)
    if how != "hang-up":
        await until_booked(session, heard)
    await session.close()
    made, noted = await asyncio.to_thread(booked_in, aira, sid), await asyncio.to_thread(journalled, aira, sid)
    assert noted == {str(one.id) for one in made}
    return len(made), any(BOOKED in sentence for sentence in heard), turn.cancelled()


def test_a_thousand_times_in_the_middle_of_the_tool(unlimited: Aira, salon: Salon) -> None:
    """Interrupted callers and those of a lost bot go on; those who hang up have what the journal says, booked or not, and no more."""
    chance = random.Random(20261125)
    memory = read_back(unlimited, salon)
    broken = 0
    seen: dict[str, set[int]] = {"interruption": set(), "crash": set(), "hang-up": set()}
    for number in range(ENDINGS):
        sid, how = f"CA{number:032x}", chance.choice(sorted(seen))
        ring(unlimited, sid, memory)
        after = chance.choice([0, 0, chance.uniform(0, LONGEST_SECONDS / 4)])
        made, told, in_the_middle = asyncio.run(broken_off(unlimited, sid, how, chance.randrange(AWAITS), after))
        assert (made, told) in ([(0, False), (1, False), (1, True)] if how == "hang-up" else [(1, True)])
        assert (find_call(unlimited, sid).outcome == "booked") == (made == 1)
        seen[how].add(made)
        broken += in_the_middle
        free(unlimited, sid)

    assert seen == {"interruption": {1}, "crash": {1}, "hang-up": {0, 1}}
    assert broken > ENDINGS / 3


def test_by_the_death_of_the_process(unlimited: Aira, salon: Salon) -> None:
    """The bot's process is killed between the caller's yes and its answer; the next one knows, and tells."""
    chance = random.Random(4)
    memory = read_back(unlimited, salon)
    environment = {**os.environ, "PYTHONPATH": str(Path(booking_talk.__file__).parent), "AIRA_HOME": str(unlimited.settings.aira_home)}
    for number in range(KILLS):
        sid = f"CB{number:032x}"
        ring(unlimited, sid, memory)
        command = [sys.executable, booking_talk.__file__, unlimited.database.url, sid]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as bot:
            assert bot.stdout is not None
            assert bot.stdout.readline() == "ready\n"
            bot.stdin.write("\n")
            bot.stdin.flush()
            time.sleep(chance.uniform(0, LONGEST_SECONDS))
            bot.kill()

        assert asyncio.run(_gone_on(unlimited, sid)) == (1, True)
        free(unlimited, sid)


async def _gone_on(aira: Aira, sid: str) -> tuple[int, bool]:
    heard: list[str] = []
    session = await open_session(aira, await asyncio.to_thread(taken, aira, sid))
    await hear_all(session.start(), heard)
    await until_booked(session, heard)
    await session.close()
    made = await asyncio.to_thread(booked_in, aira, sid)
    assert journalled(aira, sid) == {str(one.id) for one in made}
    return len(made), any(BOOKED in sentence for sentence in heard)
