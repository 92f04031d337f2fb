"""The library of scenarios is passed by the built-in mind, in other words too, and the grading sees what goes wrong."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from aira.core.app import Aira
from aira.core.owners import add_owner
from aira.core.wallet import top_up
from aira.errors import InvalidInput
from aira.voice.scenarios.__main__ import main
from aira.voice.scenarios.grade import failures
from aira.voice.scenarios.paraphrase import paraphrased
from aira.voice.scenarios.play import Played, Stage
from aira.voice.scenarios.scenario import Entry, Expected, Scenario, load_library

SEEDS = 3
BOOKING = Scenario(
    name="books",
    says=("I'd like a haircut tomorrow at ten", "Ann Lee", "yes", "bye"),
    expect=Expected((Entry("+1 10:00", "Haircut", "Ann Lee"),), outcome="booked", ended=True),
)


@pytest.fixture
def stage(aira: Aira) -> Stage:
    """An owner with money, whose businesses the scenarios ring."""
    add_owner(aira, "owner@example.com")
    top_up(aira, Decimal(1000), reference="scenarios")
    return Stage(aira)


async def all_played(stage: Stage, scenarios: Sequence[Scenario], seeds: int) -> list[Played]:
    """Every scenario in the words of every seed."""
    return [await stage.play(one, seed=seed) for one in scenarios for seed in range(1 if one.fixed else seeds)]


@pytest.mark.timeout(400)
def test_the_library_is_passed_in_three_wordings(stage: Stage) -> None:
    """Each call is graded on what stands in the database after it and on what the bot said."""
    wrong = {
        (played.scenario.name, played.seed): found
        for played in asyncio.run(all_played(stage, load_library(), SEEDS))
        if (found := failures(played))
    }

    assert wrong == {}


def test_the_library_is_large_and_part_of_it_can_be_heard() -> None:
    """At least 80 scenarios, at least 15 of them as telephone calls."""
    library = load_library()

    assert len(library) >= 80
    assert sum(scenario.audio for scenario in library) >= 15


@pytest.mark.parametrize(
    ("expected", "complaint"),
    [
        (Expected((Entry("+1 11:00", "Haircut", "Ann Lee"),)), "there is no appointment"),
        (Expected(()), "that nobody wanted"),
        (replace(BOOKING.expect, outcome="message"), "the outcome is booked"),
        (replace(BOOKING.expect, ended=False), "the bot ended the call"),
        (replace(BOOKING.expect, messages=("call me",)), "no message was left"),
        (replace(BOOKING.expect, says=("purple",)), "never said"),
        (replace(BOOKING.expect, never_says=("haircut",)), "the bot said"),
    ],
)
def test_what_was_expected_otherwise_is_told(stage: Stage, expected: Expected, complaint: str) -> None:
    """In a sentence each."""
    played = asyncio.run(stage.play(replace(BOOKING, expect=expected), seed=0))

    assert any(complaint in line for line in failures(played))


def test_a_booking_that_was_not_read_back_is_told(stage: Stage) -> None:
    """The bot's last words before it must name day, time and name; one question at a time; a machine says that it is one."""
    played = asyncio.run(stage.play(BOOKING, seed=0))
    careless = [replace(event, text="Shall I? Or not?") if event.role == "bot" else event for event in played.events]

    complaints = " / ".join(failures(replace(played, events=careless)))

    assert failures(played) == []
    assert "book_appointment for" in complaints
    assert "two questions at once" in complaints
    assert "does not say that a machine speaks" in complaints


def test_answers_are_given_when_they_are_asked_for(stage: Stage) -> None:
    """So that a scenario fits minds that ask in another order."""
    scenario = replace(BOOKING, says=("I'd like a haircut tomorrow at ten",), answers={"name": "Ann Lee", "yes": "yes"})

    played = asyncio.run(stage.play(replace(scenario, expect=replace(scenario.expect, ended=None)), seed=0))

    assert failures(played) == []


def test_a_business_may_keep_its_own(tmp_path: Path) -> None:
    """In a folder of YAML files of the same form."""
    (tmp_path / "own.yaml").write_text(
        "world: {name: Bella Hair, services: [{name: Perm, minutes: 60}]}\n"
        "scenarios:\n  - {name: asks for a perm, says: [do you do perms, bye], expect: {says: ['Yes']}}\n",
        encoding="utf-8",
    )

    (scenario,) = load_library(tmp_path)

    assert (scenario.name, scenario.world.name, scenario.world.services[0].minutes) == ("asks for a perm", "Bella Hair", 60)


def test_the_example_of_the_how_to_is_passed(stage: Stage, tmp_path: Path) -> None:
    """In three wordings, as a business would play it."""
    page = Path(__file__).parents[2] / "docs" / "howto" / "rehearse-conversations.md"
    example = page.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "own.yaml").write_text(example, encoding="utf-8")

    played = asyncio.run(all_played(stage, load_library(tmp_path), SEEDS))

    assert {(one.scenario.name, one.seed): found for one in played if (found := failures(one))} == {}


@pytest.mark.parametrize(
    "content",
    [
        "scenarios: nothing",
        "scenarios: [{name: x, says: [hi], mood: good}]",
        "scenarios: [{name: x, says: [hi], expect: {appointment: []}}]",
        "scenarios: [{name: x}]",
        "scenarios: [{name: x, says: [a]}, {name: x, says: [b]}]",
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, content: str) -> None:
    """With the scenario's name, not with a traceback."""
    (tmp_path / "own.yaml").write_text(content, encoding="utf-8")

    with pytest.raises(InvalidInput):
        load_library(tmp_path)


def test_a_seed_always_gives_the_same_words() -> None:
    """And none changes them."""
    line = "I'd like a haircut tomorrow at two thirty"
    worded = [paraphrased(line, scenario="x", place=0, seed=seed) for seed in range(20)]

    assert worded[0] == line
    assert len(set(worded)) > 5
    assert worded == [paraphrased(line, scenario="x", place=0, seed=seed) for seed in range(20)]


def test_the_command_plays_and_tells_by_its_exit_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """In a world of its own; a scenario that fails makes it 1."""
    (tmp_path / "own.yaml").write_text(
        "scenarios:\n  - {name: greets, says: [bye], expect: {ended: true}}\n  - {name: sings, says: [bye], expect: {says: [la la la]}}\n",
        encoding="utf-8",
    )

    code = main(["--folder", str(tmp_path), "--seeds", "1", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 1
    assert (report["scenarios"], report["passed"]) == (2, 1)
    assert [call["wrong"] for call in report["calls"]] == [[], ["the bot never said 'la la la'"]]
