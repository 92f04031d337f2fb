"""The embedded database needs no administrator: it runs while somebody uses it, and survives the death of anybody."""

import contextlib
import ctypes
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aira.adapters.embedded_postgres import EmbeddedPostgres
from embedded import OPTIONS, User, answers, made_in, postmaster, value


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a database, made once for this file."""
    with tempfile.TemporaryDirectory(prefix="aira-made-") as parent:
        Path(parent).chmod(0o755)
        yield made_in(Path(parent) / "postgres")


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    """The same folder, without a server."""
    yield made
    assert not (made / "data" / "postmaster.pid").exists()


@pytest.fixture
def user(folder: Path) -> Iterator[Callable[..., User]]:
    """Starts users of the database, who are gone at the end of the test."""
    with ExitStack() as stack:

        def start(*, start_new_session: bool = False) -> User:
            one = User(folder, start_new_session=start_new_session)
            stack.callback(one.kill)
            return one

        yield start


@pytest.fixture
def _orphans_stay() -> Iterator[None]:
    """Orphans become children of this process, which waits for none of them while the test runs."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(set_child_subreaper, 0, 0, 0, 0)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def test_processes_share_one_server(folder: Path, user: Callable[..., User]):
    """Whoever comes second gets the server that the first one started."""
    first, second = user(), user()

    urls = {first.url, second.url}

    assert len(urls) == 1
    assert answers(urls.pop())
    first.leave()
    second.leave()


def test_the_last_one_stops_the_server(folder: Path, user: Callable[..., User]):
    """The server outlives the one who started it, and no user."""
    first = user()
    url = first.url
    second = user()
    assert second.url == url

    first.leave()

    assert answers(url)
    second.leave()
    assert not (folder / "data" / "postmaster.pid").exists()


def test_six_at_once_start_one_server(folder: Path, user: Callable[..., User]):
    """Starting is serialised: nobody fails, and one server comes of it."""
    users = [user() for _ in range(6)]

    servers = {value(one.url, "select pg_postmaster_start_time()::text") for one in users}

    assert len(servers) == 1
    for one in users:
        one.leave()


def test_a_killed_process_leaks_nothing(folder: Path, user: Callable[..., User]):
    """After kill -9 of the only user the server runs on; the next user takes it over and stops it."""
    first = user()
    assert first.url
    server = postmaster(folder)
    first.kill()

    second = user()

    assert second.url
    assert postmaster(folder) == server
    second.leave()


def test_a_killed_server_is_started_again(folder: Path, user: Callable[..., User]):
    """After kill -9 of the server the next user starts it, and what was committed is there."""
    first = user()
    value(first.url, "create table kept (); select 1")
    os.kill(postmaster(folder), signal.SIGKILL)

    second = user()

    assert value(second.url, "select to_regclass('kept')::text") == "kept"
    first.leave()
    second.leave()


@pytest.mark.usefixtures("_orphans_stay")
def test_a_dead_server_that_nobody_has_waited_for_is_not_taken_for_alive(folder: Path):
    """In a container whose first process does not reap, a killed server keeps its process id; it is started again all the same."""
    embedded = EmbeddedPostgres(folder, options=OPTIONS)
    with embedded.running():
        dead = postmaster(folder)
        os.kill(dead, signal.SIGKILL)

        with embedded.running() as url:
            assert answers(url)
            assert Path(f"/proc/{dead}/stat").read_text().split()[2] == "Z"


def test_an_interrupt_from_the_terminal_does_not_reach_the_server(folder: Path, user: Callable[..., User]):
    """Ctrl-C ends the command that started the server, not the commands that share it."""
    first = user(start_new_session=True)
    url = first.url
    second = user()
    assert second.url == url

    os.killpg(first.process.pid, signal.SIGINT)
    first.process.communicate()

    assert answers(url)
    second.leave()
