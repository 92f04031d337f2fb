"""A PostgreSQL server that needs no administrator: started by the first process that wants it, stopped by the last.

Every process holds a shared lock on one file while it uses the server; who can turn its own into an exclusive lock is
the last. The kernel drops the locks of a process that is killed, so that nothing is left behind but, at worst, a
server that the next process finds and later stops.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aira.adapters.postgres_binaries import ServerUser, closed_folder, runnable_bindir, server_user
from aira.adapters.postgres_cluster import Cluster
from aira.errors import SetupError

_OTHER_HOME = "Set AIRA_HOME to a folder of yours, or DATABASE_URL to a PostgreSQL of your own."


class EmbeddedPostgres:
    """The server on one data folder, shared by all processes of this machine that name it.

    `options` are arguments of `postgres`, used where this process is the one that starts the server; `bin` is a
    folder of other programs than the wheel's. Folders above `data_folder` are never changed.
    """

    def __init__(self, data_folder: Path, *, options: Sequence[str] = (), bin: Path | None = None) -> None:
        self._folder = data_folder.absolute()
        self._options = tuple(options)
        self._bin = bin

    @contextmanager
    def running(self) -> Iterator[str]:
        """The URL of the running server, for the block.

        Raises SetupError where the folder or the programs cannot be used, DatabaseError where the server does not start.
        """
        user = self._prepared_folder()
        users = self._lock_file("users.lock", user)
        try:
            with self._gate(user):
                fcntl.flock(users, fcntl.LOCK_SH)
                programs = runnable_bindir(self._bin, user=user, copies=self._folder)
                cluster = Cluster(self._folder, programs=programs, user=user, options=self._options)
                url = cluster.ensure_running()
            try:
                yield url
            finally:
                with self._gate(user):
                    if _is_last(users):
                        cluster.stop()
        finally:
            os.close(users)

    @contextmanager
    def _gate(self, user: ServerUser | None) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        gate = self._lock_file("gate.lock", user)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield
        finally:
            os.close(gate)

    def _prepared_folder(self) -> ServerUser | None:
        user = server_user(self._folder / "data")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"{self._folder} cannot be made: {error.strerror}.", hint=_OTHER_HOME) from None
        if user is not None:
            if closed := closed_folder(self._folder.parent, user):
                raise SetupError(
                    f"The database runs as user '{user.name}', who cannot enter {closed}.",
                    hint=f"Run `chmod o+x {closed}`, or set AIRA_HOME to a folder that every user can enter.",
                )
            os.chown(self._folder, user.uid, user.gid)
        return user

    def _lock_file(self, name: str, user: ServerUser | None) -> int:
        path = self._folder / name
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SetupError(f"{path} cannot be opened: {error.strerror}.", hint=_OTHER_HOME) from None
        if user is not None:
            os.fchown(descriptor, user.uid, user.gid)
        return descriptor


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
