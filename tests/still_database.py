"""A PostgreSQL server of one test's own, which can be made to stand still: it keeps its connections and says no word."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from aira.adapters.embedded_postgres import EmbeddedPostgres


@contextmanager
def standing_still(url: str) -> Iterator[None]:
    """All processes of the server at this address stopped, as on a machine that hangs."""
    with psycopg.connect(url) as connection:
        (folder,) = connection.execute("show data_directory").fetchone() or ("",)
    postmaster = psutil.Process(int((Path(folder) / "postmaster.pid").read_text().splitlines()[0]))
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # the one that served us just now
            process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@contextmanager
def own_server() -> Iterator[str]:
    """A PostgreSQL server that no other test uses."""
    with tempfile.TemporaryDirectory(prefix="aira-tests-") as folder:
        Path(folder).chmod(0o755)  # the server of a root user runs as another one
        with EmbeddedPostgres(Path(folder) / "data", options=("-c", "fsync=off")).running() as url:
            yield url
