"""Twilio's REST API of simulated calls: it changes calls that are on, serves what was recorded, and refuses what Twilio refuses."""

import asyncio
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from fastapi import WebSocket

from aira.ports import Webhooks
from aira.voice.audio import TELEPHONE_RATE, read_wav
from aira.voice.simulator import CallRecord, Exchange, PhoneCall, Utterance
from twiml_server import SECRET, TwimlServer, started, twiml_server, until

SOUND = np.full(TELEPHONE_RATE, 8000, np.int16)


@pytest.fixture
def server() -> Iterator[TwimlServer]:
    """A server whose calls lead to a stream."""
    with twiml_server() as server:
        server.says("/voice", f'<Connect action="/after"><Stream url="{server.url.replace("http", "ws")}/stream"/></Connect>')
        server.says("/after", "<Hangup/>")
        yield server


def rung(server: TwimlServer, *turns: Utterance, exchange: Exchange) -> CallRecord:
    """A call to the server."""
    addresses = Webhooks(f"{server.url}/voice", "", "", "")
    call = PhoneCall(addresses, to_number="+14155550123", from_number=None, utterances=turns, exchange=exchange, haste=20)
    return asyncio.run(call.place())


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """The carrier's account, served on this machine."""
    with Exchange(secret=SECRET) as exchange:
        yield exchange


def address(exchange: Exchange, path: str) -> str:
    """An address of the account."""
    return f"{exchange.url}/2010-04-01/Accounts/{exchange.account_sid}/{path}"


@pytest.mark.parametrize(
    ("fields", "verbs"),
    [
        ({"Twiml": "<Response><Say>Moment.</Say></Response>"}, ["Connect", "(changed)", "Say"]),
        ({"Url": "/elsewhere"}, ["Connect", "(changed)", "Hangup"]),
        ({"Status": "completed"}, ["Connect", "(ended)"]),
    ],
)
def test_a_call_that_is_on_is_changed(server: TwimlServer, exchange: Exchange, fields: dict[str, str], verbs: list[str]) -> None:
    """Its stream ends with a stop message, its action is not asked, and it goes on with what was named."""
    answers = []

    async def stream(websocket: WebSocket) -> None:
        sid = (await started(websocket))["callSid"]
        async with httpx.AsyncClient(auth=(exchange.account_sid, SECRET)) as client:
            answers.append(await client.post(address(exchange, f"Calls/{sid}.json"), data=fields))
        await until(websocket, "stop")

    server.streams["/stream"] = stream
    server.says("/elsewhere", "<Hangup/>")
    record = rung(server, exchange=exchange)

    assert record.verbs == verbs
    assert (record.streams, server.forms("/after")) == (["changed"], [])
    assert (answers[0].status_code, answers[0].json()["sid"]) == (200, record.call_sid)


def test_what_twilio_refuses_is_refused(server: TwimlServer, exchange: Exchange) -> None:
    """A wrong password, a call that is not known, and one that is over."""
    server.says("/voice", "<Say>Hello.</Say>")
    record = rung(server, exchange=exchange)
    over, unknown = (address(exchange, f"Calls/{sid}.json") for sid in (record.call_sid, f"CA{'0' * 32}"))

    with httpx.Client(auth=(exchange.account_sid, SECRET)) as client:
        codes = [client.post(url, data={"Status": "completed"}).json()["code"] for url in (over, unknown)]
        assert client.get(over).json()["status"] == "completed"
    assert codes == [21220, 20404]
    assert httpx.post(over, auth=(exchange.account_sid, "wrong")).status_code == 401


def test_recordings_are_served_and_forgotten(server: TwimlServer, exchange: Exchange) -> None:
    """The sound that the caller left, until it is deleted."""
    server.says("/voice", '<Record action="/after"/>')
    rung(server, Utterance(SOUND), exchange=exchange)
    url = server.forms("/after")[0]["RecordingUrl"]

    assert not exchange.wait_until_fetched(0)
    assert len(read_wav(httpx.get(url).content, rate=TELEPHONE_RATE)) == TELEPHONE_RATE
    assert exchange.wait_until_fetched(0)
    assert httpx.delete(url, auth=(exchange.account_sid, SECRET)).status_code == 204
    assert httpx.get(f"{url}.wav").status_code == 404
