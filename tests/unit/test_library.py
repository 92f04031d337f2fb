"""`aira.core` offers one function a use case, the same to sync and async callers."""

import ast
import asyncio
import inspect
import subprocess
import sys
import threading
from pathlib import Path

import aira.core
from aira.core import aio


def _typed_names() -> dict[str, str]:
    """What the type checker is told: name and module of each import under TYPE_CHECKING."""
    tree = ast.parse(Path(str(aira.core.__file__)).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and str(node.module).startswith("aira.core.")]
    return {alias.name: str(node.module).rpartition(".")[2] for node in imports for alias in node.names}


def test_the_type_checker_is_told_what_there_is() -> None:
    """The names resolved at run time are the names declared for type checkers."""
    assert _typed_names() == aira.core._MODULES


def test_every_name_resolves() -> None:
    """No name leads nowhere."""
    assert all(getattr(aira.core, name) is not None for name in dir(aira.core))


def test_async_callers_have_the_same_functions() -> None:
    """aira.core.aio has a coroutine for each function, and nothing else."""
    functions = {name for name in dir(aira.core) if inspect.isfunction(getattr(aira.core, name)) and name != "open_aira"}
    coroutines = {name for name, value in vars(aio).items() if inspect.iscoroutinefunction(value)}

    assert coroutines == functions


def test_importing_the_library_loads_nothing_heavy() -> None:
    """`import aira.core` costs an interpreter's start and little more."""
    script = "import sys, aira.core; sys.exit(bool({'psycopg', 'pydantic', 'httpx', 'numpy'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", script]).returncode == 0


def test_a_cancelled_caller_does_not_stop_the_work() -> None:
    """What was begun in a thread is finished although nobody waits for it any more."""
    cancelled, finished = threading.Event(), threading.Event()

    def work(started: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon_threadsafe(started.set)
        cancelled.wait(30)
        finished.set()

    async def interrupt() -> None:
        started = asyncio.Event()
        task = asyncio.create_task(aio.in_thread(work)(started, asyncio.get_running_loop()))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(interrupt())
    cancelled.set()

    assert finished.wait(30)
