"""A bot that a host such as Pipecat Cloud runs takes the calls that our own server answers: one file, one function."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.runner.types import DailyRunnerArguments, WebSocketRunnerArguments
from pydantic import SecretStr

from aira.core.app import Aira
from aira.core.calls import find_call, transcript
from aira.core.db import fetch_value
from aira.errors import InvalidInput, Refused
from aira.settings import child_environment
from aira.voice.cloud import bot
from aira.voice.server import VoiceServer
from aira.voice.simulator import simulate_call
from aira.voice.switchboard import Switchboard
from no_time_speech import no_time_speech
from salon import CALLER, NUMBER, Salon
from voice_scene import running

pytestmark = pytest.mark.voice


@contextmanager
def host_of_bots() -> Iterator[str]:
    """What Pipecat Cloud does with a Twilio stream: accept it and hand it to the bot, its first messages unread."""
    app = FastAPI()

    async def stream(websocket: WebSocket) -> None:
        await websocket.accept()
        await bot(WebSocketRunnerArguments(websocket=websocket), speech=no_time_speech)

    app.add_api_websocket_route("/ws/twilio", stream)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/ws/twilio"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def environment(aira: Aira, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that a host gives its bots."""
    settings = aira.settings.model_copy(update={"database_url": SecretStr(database_url)})
    for name, value in child_environment(settings).items():
        monkeypatch.setenv(name, value)


def test_a_call_is_answered_here_and_held_there(aira: Aira, salon: Salon, environment: None) -> None:
    """The TwiML names host and bot, the token opens the call there, and the journal is the same."""
    with aira.database.transaction() as connection:
        aira.clock.set(fetch_value(connection, "select now()"))  # type: ignore[attr-defined]
    with host_of_bots() as address:
        server = VoiceServer(Switchboard(aira, speech=no_time_speech), host="127.0.0.1", port=0)
        with running(server) as url:
            changes = {"voice_agent_service_url": url, "aira_stream_url": address, "aira_stream_service": "receptionist.bella"}
            ours = replace(aira, settings=aira.settings.model_copy(update=changes))
            server.switchboard.aira = ours
            report = simulate_call(ours, to_number=NUMBER, from_number=CALLER, haste=20, hangs_up_after=3)

    call = find_call(ours, report.call_sid)
    assert report.steps[0].detail == address
    assert report.greeting_ms is not None
    assert (call.status, call.connects) == ("completed", 1)
    assert transcript(ours, call.id)[0].role == "bot"


def test_a_room_needs_the_calls_token(aira: Aira, salon: Salon, environment: None) -> None:
    """Whoever can start a bot cannot choose a call."""
    arguments = DailyRunnerArguments(room_url="https://nobody.daily.invalid/room", body={"call_sid": "CA1", "call_token": "guessed"})

    with pytest.raises(Refused):
        asyncio.run(bot(arguments, speech=no_time_speech))


def test_what_is_no_telephone_call_is_refused(aira: Aira, environment: None) -> None:
    """A browser's connection, for one."""
    with pytest.raises(InvalidInput):
        asyncio.run(bot(SimpleNamespace(webrtc_connection=object()), speech=no_time_speech))
