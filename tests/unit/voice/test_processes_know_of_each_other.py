"""What processes tell each other, how late a loop is, and who may wait on the doorstep."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from aira.voice.board import Board, Posting, board_file
from aira.voice.doorstep import Doorstep
from aira.voice.lag import TICK_SECONDS, Lag
from aira.voice.switchboard import Switchboard


@pytest.fixture
def page() -> Iterator[IO[bytes]]:
    """A page for two processes."""
    with board_file(2) as page:
        yield page


def test_a_process_reads_what_another_has_posted(page: IO[bytes]) -> None:
    """Through one page of memory; a place that was wiped says nothing."""
    mine, theirs = (Board(page.fileno(), places=2, place=place) for place in (0, 1))
    theirs.post(takes=True, active=3)

    assert mine.others() == [Posting(takes=True, active=3)]
    mine.wipe(1)
    assert mine.postings() == [Posting(takes=False, active=0)] * 2


def test_a_full_process_answers_for_the_free_one_beside_it(page: IO[bytes], tmp_path: Path) -> None:
    """The webhook may reach either; the stream will find the one that is free."""
    full = switchboard(tmp_path, board=Board(page.fileno(), places=2, place=0), active=8)
    beside = Board(page.fileno(), places=2, place=1)

    beside.post(takes=True, active=1)
    assert (full.takes, full.accepts, full.state) == (False, True, "ready")
    beside.post(takes=False, active=8)
    assert (full.accepts, full.state) == (False, "full")


def test_a_process_that_drains_sends_nobody_on(page: IO[bytes], tmp_path: Path) -> None:
    """The others are told to stop as well."""
    Board(page.fileno(), places=2, place=1).post(takes=True, active=0)

    assert not switchboard(tmp_path, board=Board(page.fileno(), places=2, place=0), draining=True).accepts


@pytest.mark.parametrize(("active", "takes"), [(0, True), (1, False)])
def test_a_loop_that_is_late_takes_no_further_call(tmp_path: Path, active: int, takes: bool) -> None:
    """But a caller who would be the only one is better answered late than not at all."""
    late = switchboard(tmp_path, active=active)
    for tick in range(100):
        late.lag.tick(tick * (TICK_SECONDS + 0.06))

    assert late.lag.p99_ms == pytest.approx(60)
    assert late.takes == takes


def test_one_hiccup_is_no_lag() -> None:
    """One tick of a hundred may be late."""
    lag = Lag()
    for tick in range(100):
        lag.tick(tick * TICK_SECONDS + (0.5 if tick == 98 else 0.0))

    assert lag.p99_ms < 1
    assert Lag().p99_ms == 0


def test_whoever_waits_longest_makes_room() -> None:
    """So that streams which say nothing keep no caller out."""

    async def open_three() -> list[bool]:
        doorstep = Doorstep(most=2)
        naming = [asyncio.get_running_loop().create_future() for _ in range(3)]
        with doorstep.holds(naming[0]), doorstep.holds(naming[1]), doorstep.holds(naming[2]):
            assert len(doorstep) == 2
        assert len(doorstep) == 0
        return [one.cancelled() for one in naming]

    assert asyncio.run(open_three()) == [True, False, False]


def switchboard(folder: Path, **changes: object) -> Switchboard:
    """A process that is warm; no call of its reaches a database."""
    from aira.settings import Settings

    return replace(Switchboard(_Handle(Settings(aira_home=folder)), secret="s", warm=True), **changes)  # type: ignore[arg-type]


class _Handle:
    """A handle with settings and nothing else."""

    def __init__(self, settings: object) -> None:
        self.settings = settings
