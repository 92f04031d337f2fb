"""A voice server whose calls go to Daily rooms, rung by the simulated carrier: webhooks, Daily's API, Twilio's API, bots in processes.

Only the room itself is missing: no Daily room can be joined here, so the bot's process has its caller typed in.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

import daily_room_bot
from aira.core.app import Aira
from aira.core.calls import find_call, transcript
from aira.core.db import fetch_value
from aira.errors import CredentialsRefused, SetupError
from aira.voice.daily.front import Rooms
from aira.voice.server import VoiceServer
from aira.voice.simulator import CallReport, Exchange, Person, simulate_call
from aira.voice.switchboard import Switchboard
from daily_server import KEY, DailyServer, daily_server
from salon import CALLER, NUMBER, Salon
from voice_scene import running

pytestmark = pytest.mark.voice

SECRET = "twilio-auth-token"
Serve = Callable[..., Aira]


@pytest.fixture
def daily() -> Iterator[DailyServer]:
    """Daily on this machine."""
    with daily_server() as server:
        yield server


@pytest.fixture
def twilio() -> Iterator[Exchange]:
    """Twilio on this machine."""
    with Exchange(secret=SECRET) as exchange:
        yield exchange


def settled(aira: Aira, database_url: str, daily: DailyServer, twilio: Exchange, **more: object) -> Aira:
    """The handle with the settings of a server that takes calls into rooms."""
    ours = {
        "database_url": SecretStr(database_url),
        "aira_transport": "daily",
        "daily_api_url": daily.url,
        "daily_api_key": SecretStr(KEY),
        "twilio_api_url": twilio.url,
        "twilio_account_sid": twilio.account_sid,
        "twilio_auth_token": SecretStr(SECRET),
        **more,
    }
    settings = aira.settings.model_copy(update=ours)
    return replace(aira, settings=settings)


@contextmanager
def serving(aira: Aira, behaviour: str, deadline: float) -> Iterator[tuple[Aira, Switchboard]]:
    """A server whose bots behave so; yields the handle with its address."""
    with aira.database.transaction() as connection:
        aira.clock.set(fetch_value(connection, "select now()"))  # type: ignore[attr-defined]
    switchboard = Switchboard(aira)
    bot = (sys.executable, str(Path(daily_room_bot.__file__)), behaviour)
    server = VoiceServer(switchboard, host="127.0.0.1", port=0)
    switchboard.rooms = Rooms(switchboard, bot=bot, deadline=deadline)
    with running(server) as url:
        ours = replace(aira, settings=aira.settings.model_copy(update={"voice_agent_service_url": url}))
        switchboard.aira = ours
        yield ours, switchboard


def rung(aira: Aira, twilio: Exchange) -> CallReport:
    """A call, the carrier's own parts in a hurry; the room's SIP address is answered and hung up after a while."""
    person = Person(answers=True, talks_for=4.0)
    return simulate_call(aira, to_number=NUMBER, from_number=CALLER, exchange=twilio, person=person, haste=1.0, hangs_up_after=60)


def test_a_caller_is_held_and_put_through_once(aira: Aira, salon: Salon, database_url: str, daily: DailyServer, twilio: Exchange) -> None:
    """The webhook answers before there is a room; then the call is changed once, however often the room says that it is ready."""
    with serving(settled(aira, database_url, daily, twilio), "talks", 60.0) as (ours, switchboard):
        report = rung(ours, twilio)
        call = find_call(ours, report.call_sid)
        said = " ".join(turn.text for turn in transcript(ours, call.id) if turn.role == "bot")

    assert report.verbs.count("(changed)") == 1
    assert report.verbs[0] == "Say"
    assert report.verbs[-2:] == ["Dial", "Hangup"]
    assert report.steps[-2].detail.startswith("sip:aira-")
    assert "Main Street" in said
    assert (call.status, call.connects) == ("completed", 1)
    assert not daily.rooms
    assert switchboard.active == 0


def test_a_caller_whose_bot_is_killed_goes_on_in_another_room(
    aira: Aira, salon: Salon, database_url: str, daily: DailyServer, twilio: Exchange
) -> None:
    """The room's end ends the leg, and the carrier asks how to go on."""
    with serving(settled(aira, database_url, daily, twilio), "dies", 60.0) as (ours, _):
        report = rung(ours, twilio)
        call = find_call(ours, report.call_sid)

    assert report.verbs.count("Dial") == 2
    assert len({token["room_name"] for token in daily.tokens}) == 2
    assert (call.connects, report.verbs[-1]) == (2, "Hangup")
    assert not daily.rooms


def test_a_caller_whose_room_is_not_ready_in_time_leaves_a_message(
    aira: Aira, salon: Salon, database_url: str, daily: DailyServer, twilio: Exchange
) -> None:
    """By the deadline, not when the room gets ready after all."""
    with serving(settled(aira, database_url, daily, twilio), "never", 1.0) as (ours, _):
        report = simulate_call(
            ours, to_number=NUMBER, from_number=CALLER, says=["Please call me back."], exchange=twilio, haste=1.0, hangs_up_after=60
        )

    assert report.verbs.count("(changed)") == 1
    assert "Dial" not in report.verbs
    assert "Record" in report.verbs
    assert not daily.rooms


def test_a_wrong_key_is_said_before_anybody_calls(
    aira: Aira, salon: Salon, database_url: str, daily: DailyServer, twilio: Exchange
) -> None:
    """The server does not say that it is ready."""
    server = VoiceServer(
        Switchboard(settled(aira, database_url, daily, twilio, daily_api_key=SecretStr("wrong"))), host="127.0.0.1", port=0
    )
    server.switchboard.rooms = Rooms(server.switchboard, bot=(sys.executable, str(Path(daily_room_bot.__file__)), "talks"))
    server.run()

    assert isinstance(server.failure, CredentialsRefused)


def test_without_a_key_nothing_is_started(aira: Aira, salon: Salon, database_url: str, daily: DailyServer, twilio: Exchange) -> None:
    """Of Daily or of Twilio."""
    with pytest.raises(SetupError, match="Daily's key"):
        Rooms(Switchboard(settled(aira, database_url, daily, twilio, daily_api_key=None)))
