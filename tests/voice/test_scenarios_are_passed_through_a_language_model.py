"""The scenarios are passed also where a language model decides: its prompt holds the facts, its tools do what the receptionist's do."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aira.core.app import Aira
from aira.core.owners import add_owner
from aira.core.wallet import top_up
from aira.voice.scenarios.grade import failures
from aira.voice.scenarios.play import Played, Stage
from aira.voice.scenarios.scenario import load_library
from aira.voice.vendors.models import language_models
from chat_server import ChatServer, Reply, chat_server
from puppet_model import reply_to


@pytest.fixture
def model() -> Iterator[ChatServer]:
    """A language model's endpoint whose model does as it is told."""
    with chat_server() as server:
        server.thinking = reply_to
        yield server


@pytest.fixture
def asking(aira: Aira, model: ChatServer) -> Aira:
    """A handle whose mind is that model, and an owner with money."""
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(1000), reference="scenarios")
    settings = aira.settings.model_copy(update={"aira_mind": "llm", "openai_base_url": model.url, "aira_llm_model": "puppet"})
    return replace(aira, settings=settings)


async def played_by(asking: Aira) -> list[Played]:
    """Each scenario once, as it is written."""
    client = language_models(asking.settings)
    try:
        stage = Stage(asking, client)
        return [await stage.play(scenario, seed=0) for scenario in load_library()]
    finally:
        await client.aclose()


def taken_over(played: Played) -> bool:
    """Whether the built-in mind had to step in."""
    return any(event.tool == "mind" for event in played.events)


@pytest.mark.timeout(300)
def test_a_model_that_does_as_it_is_told_passes_every_scenario(asking: Aira, model: ChatServer) -> None:
    """It decides every call to its end, and what stands in the database is what the built-in mind would have left there."""
    played = asyncio.run(played_by(asking))

    assert {one.scenario.name: found for one in played if (found := failures(one))} == {}
    assert [one.scenario.name for one in played if taken_over(one)] == []
    assert len(model.requests) > len(played)


@pytest.mark.timeout(300)
def test_a_model_that_dies_in_the_middle_of_every_call_loses_none(asking: Aira, model: ChatServer) -> None:
    """Whatever was agreed on until then, the built-in mind goes on in the same turn."""

    def dies_after_two_turns(request: dict[str, Any]) -> Reply:
        turns = sum(message["role"] == "user" for message in request["messages"])
        return reply_to(request) if turns <= 2 else Reply(status=503)

    model.thinking = dies_after_two_turns
    played = asyncio.run(played_by(asking))

    assert {one.scenario.name: found for one in played if (found := failures(one))} == {}
    assert sum(taken_over(one) for one in played) > len(played) / 2


def test_the_command_plays_against_any_endpoint(model: ChatServer) -> None:
    """`--mind llm` asks the model that OPENAI_BASE_URL names."""
    command = [sys.executable, "-m", "aira.voice.scenarios", "--mind", "llm", "--only", "in one sentence", "--json"]

    done = subprocess.run(command, env={**os.environ, "OPENAI_BASE_URL": model.url}, capture_output=True, text=True, check=True)

    report = json.loads(done.stdout)
    assert (report["scenarios"], report["passed"]) == (1, 1)
    assert model.requests
