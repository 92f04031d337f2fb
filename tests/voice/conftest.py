"""Voice servers for tests: one without engines, asked over HTTP only, and one that holds real calls."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aira.core.app import Aira
from aira.core.documents import ingest_document
from aira.voice.log import quiet_vendors
from aira.voice.server import VoiceServer
from aira.voice.switchboard import Switchboard
from salon import Salon, open_salon
from vendor_servers import FIRST, SECOND, Vendors, vendor_server
from voice_scene import Carrier, running

quiet_vendors()

PRICES = """# Prices

A haircut costs 45 dollars. A colour treatment costs 90 dollars. A beard trim costs 20 dollars.

# Parking

There is free parking behind the house.
"""


@pytest.fixture
def salon(aira: Aira) -> Salon:
    """A salon with a number and a person to transfer calls to."""
    return open_salon(aira, transfer_number="+14155550188")


@pytest.fixture
def informed(aira: Aira, salon: Salon, tmp_path: Path) -> Salon:
    """The salon with a price list in its knowledge base."""
    (tmp_path / "prices.md").write_text(PRICES, "utf-8")
    ingest_document(aira, tmp_path / "prices.md", business=salon.business.id)
    return salon


@pytest.fixture
def switchboard(aira: Aira) -> Switchboard:
    """A server that says it is warm; no call is put through to it."""
    return Switchboard(aira, secret="s3cret", warm=True)


@pytest.fixture
def carrier(switchboard: Switchboard) -> Carrier:
    """A carrier that knows the server's secret."""
    return Carrier(switchboard)


@pytest.fixture
def voice_server(aira: Aira, request: pytest.FixtureRequest) -> Iterator[Aira]:
    """The handle of a voice server that is running, at the address in its settings; a parameter holds other settings."""
    server = VoiceServer(Switchboard(aira), host="127.0.0.1", port=0)
    with running(server) as url:
        changes = {"voice_agent_service_url": url, **getattr(request, "param", {})}
        server.switchboard.aira = replace(aira, settings=aira.settings.model_copy(update=changes))
        yield server.switchboard.aira


@pytest.fixture
def first() -> Iterator[Vendors]:
    """The vendor that is asked first."""
    with vendor_server(Vendors(pitch=FIRST)) as server:
        yield server


@pytest.fixture
def second() -> Iterator[Vendors]:
    """The vendor that is asked second."""
    with vendor_server(Vendors(pitch=SECOND)) as server:
        yield server
