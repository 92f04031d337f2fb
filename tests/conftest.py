"""The scene every test plays in: a clean environment, an empty folder, a fresh database on a real server.

All workers of one run share a server, made for the run; every test that asks for a database gets a copy of one that
has been migrated once.
"""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import hypothesis
import pytest

from aira.settings import Settings
from doubles import FrozenClock

if TYPE_CHECKING:
    import psycopg

    from aira.core.app import Aira
    from aira.core.db import Database
    from aira.ports import Embedder

# A busy machine is no finding: no property is held to a time.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")

HURRY = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
TEMPLATE = "migrated"
MEMORY_BYTES = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Name the run, so that its workers find the same server."""
    if not hasattr(config, "workerinput"):
        config.option.testrunuid = getattr(config.option, "testrunuid", None) or uuid4().hex


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the run's server left."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(_server_folder(config), ignore_errors=True)


def _server_folder(config: pytest.Config) -> Path:
    run = config.workerinput["testrunuid"] if hasattr(config, "workerinput") else config.option.testrunuid
    return _quickest_folder() / f"aira-tests-{run[:12]}"


def _quickest_folder() -> Path:
    """Memory where there is plenty: on some disks it takes a third of a second to copy a database, and each test needs one."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > MEMORY_BYTES else Path(tempfile.gettempdir())


@pytest.fixture(scope="session", autouse=True)
def _programs_can_be_interrupted() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would every program that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """No setting of the person who runs the tests reaches them."""
    ours = {field.upper() for field in Settings.model_fields}
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper() in ours or name.startswith(("AIRA_", "PG", "TWILIO_", "SUPABASE_", "PINECONE_", "OPENAI_")):
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run in a folder without .env and aira.toml."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture(scope="session")
def postgres_url(_clean_environment: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """A server for the run, which forgets everything in a power cut."""
    from aira.adapters.embedded_postgres import EmbeddedPostgres

    with EmbeddedPostgres(_server_folder(request.config), options=HURRY).running() as url:
        yield url


@pytest.fixture(scope="session")
def _template(postgres_url: str) -> "Iterator[psycopg.Connection]":
    """A connection of the superuser to a server on which the migrated template exists."""
    import psycopg

    from aira.core.db import Database, migrate

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(1)")
        if connection.execute("select from pg_database where datname = %s", [TEMPLATE]).fetchone() is None:
            connection.execute("create database unfinished")
            database = Database(on_database(postgres_url, "unfinished"))
            migrate(database)
            database.close()
            connection.execute(f"alter database unfinished rename to {TEMPLATE}")
        connection.execute("select pg_advisory_unlock(1)")
        yield connection


@pytest.fixture
def database_url(postgres_url: str, _template: "psycopg.Connection") -> Iterator[str]:
    """The URL of a fresh, migrated database of this test."""
    name = f"test_{uuid4().hex}"
    _template.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
    yield on_database(postgres_url, name)
    _template.execute(f"drop database {name} with (force)")


@pytest.fixture
def empty_database_url(postgres_url: str, _template: "psycopg.Connection") -> Iterator[str]:
    """The URL of a database of this test that nothing has been migrated to."""
    name = f"test_{uuid4().hex}"
    _template.execute(f"create database {name} template template0")
    yield on_database(postgres_url, name)
    _template.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(database_url: str) -> "Iterator[Database]":
    """A fresh, migrated database of this test."""
    from aira.core.db import Database

    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def clock() -> FrozenClock:
    """Monday 23 November 2026, 15:00 UTC."""
    return FrozenClock()


@pytest.fixture(scope="session")
def embedder() -> "Embedder":
    """The shipped sentence model, loaded once a run."""
    from aira.adapters.onnx_embedder import OnnxEmbedder

    return OnnxEmbedder()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The default settings, at home in a folder of this test."""
    return Settings(aira_home=tmp_path / "home")


@pytest.fixture
def aira(settings: Settings, database: "Database", clock: FrozenClock, embedder: "Embedder") -> "Aira":
    """A handle on a fresh database with the local back ends and a clock that stands still."""
    from aira.core.app import wire

    return replace(wire(settings, database), clock=clock, embedder=embedder)


def on_database(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
