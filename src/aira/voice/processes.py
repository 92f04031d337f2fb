"""A voice server of several processes at one port: they share the listening socket, and one that dies is started anew.

The socket is opened here and inherited, so a connection that comes while a process dies waits for another one instead of being refused.
Any process takes any stream, as tokens, journal and the mind's memory are in the database.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.multiprocess import mark_process_dead

from aira.errors import SetupError
from aira.settings import Settings, child_environment
from aira.voice.board import Board, board_file

COMMAND = (sys.executable, "-m", "aira.voice.one_process")
"""What is run for each process."""
MOST_STILLBORN = 3
"""How many processes in a row may end before they are ready, until the server gives up."""

_LOOK_SECONDS = 0.05
_FIGURES = "PROMETHEUS_MULTIPROC_DIR"

logger = logging.getLogger(__name__)


@dataclass
class _Child:
    popen: "subprocess.Popen[bytes]"
    was_ready: bool = False


@dataclass
class Processes:
    """The processes of one server, until `drain`.

    `settings.aira_processes` says how many; `command` is what runs, with the socket, the board and the place in it as arguments.
    """

    settings: Settings
    listening: socket.socket
    command: Sequence[str] = COMMAND
    when_ready: Callable[[], None] = lambda: None
    draining: bool = False
    _children: dict[int, _Child] = field(default_factory=dict)
    _stillborn: int = 0
    _said_ready: bool = False
    _figures: Path = field(init=False)

    def __post_init__(self) -> None:
        self._page = board_file(self.settings.aira_processes)
        self._board = Board(self._page.fileno(), places=self.settings.aira_processes)

    def run(self) -> None:
        """Keep the processes running; returns when all have ended after `drain`. Raises SetupError where they do not start."""
        with self._page, tempfile.TemporaryDirectory(prefix="aira-figures-") as figures:
            self._figures = Path(figures)
            try:
                while not (self.draining and not self._children):
                    self._look()
                    time.sleep(_LOOK_SECONDS)
            finally:
                for child in self._children.values():
                    child.popen.kill()
                    child.popen.wait()

    def drain(self, signal_number: int = signal.SIGTERM) -> None:
        """Let every process finish its calls; a second time, cut them off."""
        self.draining = True
        for child in list(self._children.values()):
            if child.popen.poll() is None:
                child.popen.send_signal(signal_number)

    @property
    def pids(self) -> list[int]:
        """The processes that run, by their place."""
        return [self._children[place].popen.pid for place in sorted(self._children)]

    def holding(self) -> list[int]:
        """The processes that hold calls."""
        postings = self._board.postings()
        return [child.popen.pid for place, child in sorted(self._children.items()) if postings[place].active]

    def ready(self) -> int:
        """How many processes take another call."""
        return sum(posting.takes for posting in self._board.postings())

    def _look(self) -> None:
        for place, posting in enumerate(self._board.postings()):
            child = self._children.get(place)
            if child is not None and child.popen.poll() is not None:
                self._bury(place, child)
                child = None
            if child is not None:
                child.was_ready = child.was_ready or posting.takes
            elif not self.draining:
                self._children[place] = self._born(place)
        if not self._said_ready and any(child.was_ready for child in self._children.values()):
            self._said_ready = True
            self.when_ready()

    def _born(self, place: int) -> _Child:
        descriptors = (self.listening.fileno(), self._page.fileno())
        arguments = [str(number) for number in (*descriptors, self.settings.aira_processes, place)]
        environment = {**child_environment(self.settings), _FIGURES: str(self._figures)}
        # A terminal's Ctrl-C goes to a whole session: in one of its own a child hears it once, from us.
        popen = subprocess.Popen(  # noqa: S603
            [*self.command, *arguments], env=environment, pass_fds=descriptors, stdin=subprocess.DEVNULL, start_new_session=True
        )
        return _Child(popen)

    def _bury(self, place: int, child: _Child) -> None:
        del self._children[place]
        self._board.wipe(place)
        mark_process_dead(child.popen.pid, path=str(self._figures))  # type: ignore[no-untyped-call]
        if self.draining:
            return
        self._stillborn = 0 if child.was_ready else self._stillborn + 1
        if self._stillborn >= MOST_STILLBORN:
            raise SetupError("The processes of the voice server do not start.", hint="Run `aira serve-voice --processes 1` to see why.")
        logger.warning("Process %d ended with %s: starting another.", child.popen.pid, child.popen.returncode)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises SetupError where the port is taken."""
    try:
        made = socket.create_server((host, port), backlog=1024, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SetupError(f"{host}:{port} cannot be listened on: {reason}.", hint="Choose another --port.") from None
    # Opened anew it knows its protocol. Where it does not, asyncio lets the kernel hold answers back, 40 ms each.
    return socket.socket(fileno=made.detach())


def serve_with_processes(settings: Settings, *, host: str, port: int, when_ready: Callable[[], None]) -> None:
    """Answer calls with several processes until SIGTERM or Ctrl-C, then until the running calls have ended.

    Raises SetupError where the port is taken or the processes do not start.
    """
    with listen(host, port) as listening:
        processes = Processes(settings, listening, when_ready=when_ready)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: processes.drain(number))
        processes.run()
