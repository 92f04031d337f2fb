"""One PostgreSQL data folder: made, started, stopped, and brought back after a crash. Callers take turns by a lock."""

import contextlib
import os
import re
import shlex
import shutil
import socket
import stat
import struct
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aira.adapters.postgres_binaries import ServerUser, run
from aira.errors import DatabaseError, SetupError

SUPERUSER = "postgres"
PORT = 5432
"""Part of the socket's name only: the server listens on no network address."""

_SECONDS_TO_START = 120
"""A server that crashed replays its log first."""
_LONGEST_SOCKET_PATH = 100
"""Bytes; systems allow 104 to 108."""
_LARGEST_LOG = 2**20
_QUESTION = struct.pack("!II", 8, 80877103)
"""The protocol's question whether the server wants to encrypt, which needs no user and gets one byte."""

_SETTINGS = (
    "listen_addresses=",
    f"port={PORT}",
    "unix_socket_permissions=0700",
    # The log must not quote rows or statements, which hold what callers said.
    "log_min_messages=warning",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
)


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What postmaster.pid says about a server that started, or tried to."""

    pid: int
    socket_folder: Path
    status: str
    """starting, ready or stopping."""


class Cluster:
    """A data folder below `folder` and the server on it, run as `user` with the programs in `programs`."""

    def __init__(self, folder: Path, *, programs: Path, user: ServerUser | None, options: Sequence[str]) -> None:
        self.data = folder / "data"
        self._folder = folder
        self._programs = programs
        self._user = user
        self._options = options
        self._log = folder / "server.log"

    def ensure_running(self) -> str:
        """Start the server unless it runs; returns its URL. Raises SetupError or DatabaseError where it does not start."""
        if not (self.data / "PG_VERSION").exists():
            self._create()
        if (server := self._settled()) is None:
            server = self._start()
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(server.socket_folder), safe='')}&port={PORT}"

    @property
    def _name(self) -> str:
        """A name for the cluster that is the same on every path to its data."""
        data = self.data.stat()
        return f"aira-{data.st_dev:x}-{data.st_ino:016x}"

    def stop(self) -> None:
        """Stop the server; open transactions are rolled back. A server that is slow to stop goes on stopping by itself."""
        run(self._programs / "pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", user=self._user)

    def _create(self) -> None:
        unfinished = self._folder / "data.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C") if self._major() >= 17 else ("--locale=C.UTF-8",)
        haste = ("--no-sync",) if "fsync=off" in self._options else ()
        arguments = ("-D", str(unfinished), "-U", SUPERUSER, "-E", "UTF8", "--auth-local=trust", "--auth-host=reject", *locale, *haste)
        made = run(self._programs / "initdb", *arguments, user=self._user)
        if made.returncode != 0:
            raise SetupError(
                f"The embedded database cannot be made in {self._folder}: {_last_line(made.stderr)}.",
                hint="Set AIRA_HOME to a folder on a local disk with 100 MB to spare.",
            )
        unfinished.rename(self.data)

    def _start(self) -> Postmaster:
        self._check_version()
        sockets = self._socket_folder()
        settings = (f"cluster_name={self._name}", f"unix_socket_directories={sockets}", *_SETTINGS)
        options = [word for setting in settings for word in ("-c", setting)]
        if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
            self._log.unlink()
        how = ("-w", "-t", str(_SECONDS_TO_START), "-o", shlex.join([*options, *self._options]))
        started = run(self._programs / "pg_ctl", "start", "-D", str(self.data), "-l", str(self._log), *how, user=self._user)
        server = self._postmaster()
        if started.returncode != 0 or server is None:
            raise DatabaseError(
                f"The embedded database did not start: {self._last_complaint() or _last_line(started.stderr)}.",
                hint=f"Read {self._log}, then repeat the command.",
            )
        return server

    def _settled(self) -> Postmaster | None:
        """The running server, after waiting for one that is starting or stopping; None where there is none, all traces of it removed."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while (server := self._postmaster()) is not None:
            if server.status == "ready" and _answers(server.socket_folder):
                return server
            if not self._lives(server):
                self._forget(server)
                return None
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"The embedded database has been {server.status} for {_SECONDS_TO_START} seconds.", hint=f"Read {self._log}."
                )
            time.sleep(0.02)
        return None

    def _lives(self, server: Postmaster) -> bool:
        """Whether any process of the server is left: children outlive a killed postmaster for a moment."""
        if not Path("/proc/self/cmdline").exists():
            return _exists(server.pid)
        name = self._name.encode()
        return any(name in _command_line(process) for process in Path("/proc").glob("[0-9]*"))

    def _forget(self, dead: Postmaster) -> None:
        # A killed server that nobody has waited for keeps its process id, and PostgreSQL takes it for alive.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (dead.socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _postmaster(self) -> Postmaster | None:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        if len(lines) < 8:
            return Postmaster(int(lines[0]) if lines else 0, self._folder, "starting")
        return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip())

    def _check_version(self) -> None:
        stored, ours = int((self.data / "PG_VERSION").read_text()), self._major()
        if stored != ours:
            raise SetupError(
                f"The data in {self.data} is of PostgreSQL {stored}, the programs are {ours}.",
                hint=f"Set AIRA_PG_BIN to the programs of PostgreSQL {stored}; copy the data over with pg_dump and psql.",
            )

    def _major(self) -> int:
        answer = run(self._programs / "postgres", "--version", user=self._user)
        if answer.returncode != 0:
            raise SetupError(
                f"PostgreSQL does not run here: {_last_line(answer.stderr)}.", hint="Set DATABASE_URL to a PostgreSQL of your own."
            )
        match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
        return int(match[1]) if match else 0

    def _socket_folder(self) -> Path:
        folder = self._folder / "socket"
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET_PATH or "," in str(folder):
            folder = Path(tempfile.gettempdir()) / self._name
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if self._user is not None:
                os.chown(folder, self._user.uid, self._user.gid)
        found, owner = folder.lstat(), os.geteuid() if self._user is None else self._user.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
            raise SetupError(f"{folder} belongs to somebody else.", hint="Set AIRA_HOME to a shorter path.")
        return folder

    def _last_complaint(self) -> str:
        with contextlib.suppress(OSError):
            complaints = [line for line in self._log.read_text("utf-8", "replace").splitlines() if "FATAL:" in line or "PANIC:" in line]
            return complaints[-1].partition(":  ")[2] if complaints else ""
        return ""


def _answers(socket_folder: Path) -> bool:
    """Whether the server says anything: of one that has just been killed, the socket still accepts."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(socket_folder / f".s.PGSQL.{PORT}"))
            probe.sendall(_QUESTION)
            return bool(probe.recv(1))
        except OSError:
            return False


def _command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1].rstrip(".")
