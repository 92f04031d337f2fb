"""The demo's throw-away world: a home of its own, simulated vendors, settings that reach nothing outside."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from aira.core import Aira, open_aira
from aira.core.db import fetch_value
from aira.settings import Settings, is_loopback, load_settings

PUBLIC_URL = "https://voice.aira.example"
"""What a carrier that wants a public address is told; nothing of the demo calls it."""


@dataclass
class World:
    """The handle, the folder that everything is in, and what earlier steps have made."""

    aira: Aira
    folder: Path
    business: UUID
    time_zone: str
    phone_number: str = ""
    call_sid: str = ""

    def ask(self, statement: str, **values: object) -> object:
        """One value straight from the database, so that a step is verified by something else than what performed it."""
        with self.aira.database.transaction() as connection:
            return fetch_value(connection, statement, values)


@contextmanager
def throw_away_home(*, keep: bool) -> Iterator[Path]:
    """A folder that is gone afterwards, unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="aira-demo-"))
    # The embedded database may run as another user, who has to get through to its own folder.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_world(folder: Path) -> Iterator[Aira]:
    """An empty AiRa in this folder."""
    with open_aira(demo_settings(folder)) as aira:
        yield aira


def demo_settings(folder: Path) -> Settings:
    """The operator's settings with everything replaced that could reach outside; a carrier on this machine may stay."""
    given = load_settings()
    rehearsal = given.aira_carrier == "twilio" and given.twilio_api_url is not None and is_loopback(given.twilio_api_url)
    return load_settings(
        aira_home=folder / "home",
        database_url=None,
        aira_carrier="twilio" if rehearsal else "simulated",
        voice_agent_service_url=PUBLIC_URL if rehearsal else f"http://127.0.0.1:{free_port()}",
        aira_index="pgvector",
        aira_storage="folder",
        aira_embedding_model="all-MiniLM-L6-v2",
        aira_mind="builtin",
        aira_stt="local",
        aira_tts="local",
        aira_mail="outbox",
        aira_sms="outbox",
    )


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
