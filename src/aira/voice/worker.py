"""The worker of background jobs beside a voice server: a process of its own, so that reading a document is not heard in a call."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aira.settings import Settings, child_environment

_SECONDS_TO_FINISH = 35


@contextmanager
def worker_beside(settings: Settings, *, wanted: bool = True) -> Iterator[None]:
    """Run `aira worker` for as long as the block runs, then let it finish what it is doing."""
    if not wanted:
        yield
        return
    with subprocess.Popen([sys.executable, "-m", "aira", "worker"], env=child_environment(settings), stdin=subprocess.DEVNULL) as worker:
        try:
            yield
        finally:
            worker.terminate()
            try:
                worker.wait(_SECONDS_TO_FINISH)
            except subprocess.TimeoutExpired:
                worker.kill()
