"""What do files made to do harm do to a server that answers calls?

`aira serve-voice` with the worker beside it, as an operator starts them. After one good document every bad file of `tests/bad_files.py`
is uploaded and followed from its row to its end, two at a time, while the server's health is asked all along. What is too large to be
added by AiRa comes as a web UI would bring it: the file into the store, then the row. Measured are the end of each file and how long it
took from the upload, the most that server and worker grew, and the answers of `/health`; their time before the first bad file is the
yardstick.

    python benchmarks/bad_files.py [--reading-seconds 40] [--database-url URL] [--json]
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
from pydantic import SecretStr

from aira.core import add_business, add_document, add_owner, find_document
from aira.core.app import Aira, open_aira
from aira.core.db import fetch_value
from aira.errors import DocumentRefused
from aira.kb.refusal import REASONS
from aira.model import Document, DocumentStatus
from aira.settings import Settings, child_environment
from scratch import scratch_database

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from bad_files import DAMAGED, HOSTILE, BadFile
from paperwork import long_text

LANES = 2
PATIENCE_SECONDS = 240
IDLE_QUESTIONS = 100
PAUSE_SECONDS = 0.02
ENDS = (DocumentStatus.COMPLETED, DocumentStatus.FAILED)
_ROW_SQL = """
insert into documents (id, business_id, file_name, storage_path) values (%(id)s, %(business)s, %(name)s, %(path)s)
returning processing_status
"""


@dataclass
class Watch:
    """Asks a server how it is and looks at how large it and its worker are, until it is told to end."""

    url: str
    server: psutil.Process
    worker: psutil.Process
    answers: list[float] = field(default_factory=list)
    failed: int = 0
    most: dict[str, int] = field(default_factory=lambda: {"server": 0, "worker": 0})
    _ended: threading.Event = field(default_factory=threading.Event)

    def ask(self, client: httpx.Client) -> None:
        begun = time.perf_counter()
        try:
            self.failed += client.get(f"{self.url}/health").text != "ok\n"
        except httpx.HTTPError:
            self.failed += 1
        self.answers.append(time.perf_counter() - begun)
        for name, process in (("server", self.server), ("worker", self.worker)):
            self.most[name] = max(self.most[name], process.memory_info().rss)

    def until_ended(self) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._ended.wait(PAUSE_SECONDS):
                self.ask(client)

    def end(self) -> None:
        self._ended.set()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--reading-seconds", type=int, default=40, help="AIRA_READING_SECONDS of the server")
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url, tempfile.TemporaryDirectory() as folder:
        settings = Settings(aira_home=Path(folder), database_url=SecretStr(url), aira_reading_seconds=arguments.reading_seconds)
        with open_aira(settings) as aira, serving(settings) as (address, server):
            report = measure(aira, Path(folder), address, server)
    print(json.dumps(report) if arguments.json else "\n".join(lines(report)))


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """`aira serve-voice`, once it is ready for calls."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "aira", "serve-voice", "--port", str(port)]
    with subprocess.Popen(command, env=child_environment(settings), stderr=subprocess.PIPE, text=True, start_new_session=True) as server:
        said = iter(server.stderr)
        if not any(line.startswith("Ready") for line in said):
            raise SystemExit("aira serve-voice did not become ready")
        threading.Thread(target=list, args=(said,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{port}", psutil.Process(server.pid)
        finally:
            server.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(60)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def measure(aira: Aira, folder: Path, url: str, server: psutil.Process) -> dict:
    add_owner(aira, "bench@example.com")
    businesses = [add_business(aira, f"Bench {lane}", time_zone="UTC").id for lane in range(LANES)]
    good = BadFile("good.md", lambda: long_text(60).encode(), ())
    read_before = [follow(aira, folder, business, good)["status"] for business in businesses]
    watch = Watch(url, server, next(child for child in server.children() if "worker" in child.cmdline()))
    with httpx.Client(timeout=10) as client:
        for _ in range(IDLE_QUESTIONS):
            watch.ask(client)
            time.sleep(PAUSE_SECONDS)
    idle, before = watch.answers.copy(), watch.most.copy()
    watch.answers.clear()
    watching = threading.Thread(target=watch.until_ended)
    watching.start()
    try:
        files = upload_all(aira, folder, businesses)
        read_after = [follow(aira, folder, business, BadFile("after.md", good.make, ()))["status"] for business in businesses]
    finally:
        watch.end()
        watching.join()
    return {
        "files": files,
        "wrong": [one["file"] for one in files if not one["right"]],
        "slowest_seconds": max(one["seconds"] for one in files),
        "server_grew_mb": (watch.most["server"] - before["server"]) / 1e6,
        "worker_grew_mb": (watch.most["worker"] - before["worker"]) / 1e6,
        "good_documents": read_before + read_after,
        "health": {"asked": len(watch.answers), "failed": watch.failed} | times("beside", watch.answers) | times("idle", idle),
    }


def times(name: str, seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return {f"{name}_p50_ms": 1000 * statistics.median(ordered), f"{name}_p95_ms": 1000 * p95, f"{name}_max_ms": 1000 * ordered[-1]}


def upload_all(aira: Aira, folder: Path, businesses: list[UUID]) -> list[dict]:
    """The longest first, so that no lane waits for the other at the end."""
    waiting = iter([*HOSTILE, *DAMAGED])
    lock = threading.Lock()

    def lane(business: UUID) -> list[dict]:
        ended = []
        while True:
            with lock:
                bad = next(waiting, None)
            if bad is None:
                return ended
            ended.append(follow(aira, folder, business, bad))

    with ThreadPoolExecutor(len(businesses)) as pool:
        return [one for ended in pool.map(lane, businesses) for one in ended]


def follow(aira: Aira, folder: Path, business: UUID, bad: BadFile) -> dict:
    """Upload a file and wait for its end."""
    path = folder / str(business) / bad.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bad.make())
    begun = time.perf_counter()
    id_, status = upload(aira, path, business)
    document = find_document(aira, id_)
    while document.processing_status not in ENDS and time.perf_counter() - begun < PATIENCE_SECONDS:
        time.sleep(0.05)
        document = find_document(aira, id_)
    path.unlink()
    return {
        "file": bad.name,
        "status": document.processing_status.value,
        "error_code": document.error_code,
        "sentence": document.error_message,
        "right": status == DocumentStatus.PENDING and is_right(document, bad),
        "seconds": time.perf_counter() - begun,
    }


def is_right(document: Document, bad: BadFile) -> bool:
    """Failed, nothing of it searched, with a code that is true and says what to do, and a sentence."""
    failed = document.processing_status is DocumentStatus.FAILED and document.active_version is None
    said = document.error_code in REASONS and (document.error_message or "").endswith(".")
    return failed and said and document.error_code in bad.codes


def upload(aira: Aira, path: Path, business: UUID) -> tuple[UUID, str]:
    """The document's id, and the status that it began with."""
    try:
        added = add_document(aira, path, business=business)
    except DocumentRefused:
        id_ = uuid4()
        key = f"{business}/{id_}/beside"
        aira.files.put(key, path.read_bytes(), content_type="application/octet-stream")
        with aira.database.transaction() as connection:
            return id_, fetch_value(connection, _ROW_SQL, {"id": id_, "business": business, "name": path.name, "path": key})
    return added.id, added.processing_status


def lines(report: dict) -> Iterator[str]:
    for one in report["files"]:
        mark = "" if one["right"] else "  WRONG"
        yield f"{one['file']:24}{one['status']:11}{one['error_code'] or '':15}{one['seconds']:>7.2f} s  {one['sentence'] or ''}{mark}"
    health = report["health"]
    yield f"{len(report['files'])} files, {len(report['wrong'])} wrong; the slowest took {report['slowest_seconds']:.1f} s"
    yield f"grew by at most: server {report['server_grew_mb']:.1f} MB, worker {report['worker_grew_mb']:.1f} MB"
    yield f"/health asked {health['asked']} times, {health['failed']} failed"
    for name in ("idle", "beside"):
        yield f"  {name:8}" + "   ".join(f"{part} {health[f'{name}_{part}_ms']:6.1f} ms" for part in ("p50", "p95", "max"))
    yield f"  p95 beside : idle {health['beside_p95_ms'] / health['idle_p95_ms']:.1f}"


if __name__ == "__main__":
    main()
