"""`python -m aira.voice.scenarios`: play scenarios and print what passed."""

import argparse
import asyncio
import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from aira.core.app import Aira, open_aira
from aira.core.owners import add_owner
from aira.core.wallet import top_up
from aira.errors import AiraError
from aira.settings import Settings, load_settings
from aira.voice.scenarios.grade import failures
from aira.voice.scenarios.play import Played, Stage
from aira.voice.scenarios.scenario import Scenario, load_library


@dataclass(frozen=True, slots=True)
class Result:
    """One playing and what went wrong in it."""

    played: Played
    wrong: list[str]
    seconds: float
    words: int = 0
    word_errors: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, print, and tell by the exit code whether everything passed."""
    options = _parser().parse_args(arguments)
    try:
        scenarios = [one for one in load_library(options.folder) if options.only in one.name]
        with _throw_away_world(options.mind) as aira:
            results = _aloud(aira, scenarios, options) if options.audio else asyncio.run(_play(aira, scenarios, seeds=options.seeds))
    except AiraError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return error.exit_code
    if options.json:
        sys.stdout.write(json.dumps(_plain(results), indent=2) + "\n")
    else:
        _print(results, verbose=options.verbose)
    return 0 if all(not result.wrong for result in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m aira.voice.scenarios", description="Play scenarios against the mind that AIRA_MIND names."
    )
    parser.add_argument("--folder", type=Path, help="a folder of YAML files instead of the library")
    parser.add_argument("--mind", choices=["builtin", "llm"], help="which mind is played against, instead of the one AIRA_MIND names")
    parser.add_argument("--only", default="", help="only scenarios with these words in their name")
    parser.add_argument("--seeds", type=int, default=3, help="how many times each is played, each time in other words")
    parser.add_argument("--audio", action="store_true", help="ring a voice server for each scenario that can be played with sound")
    parser.add_argument("--noise", type=float, metavar="DB", help="how many decibels noise lies below the caller's speech")
    parser.add_argument("--at-once", type=int, default=4, help="how many calls there are at a time with --audio")
    parser.add_argument("--verbose", action="store_true", help="print the conversations that failed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


@contextmanager
def _throw_away_world(mind: str | None) -> Iterator[Aira]:
    """A handle on an empty embedded database that is gone afterwards; AIRA_MIND names the mind where none is given."""
    with TemporaryDirectory(prefix="aira-scenarios-") as home:
        Path(home).chmod(0o711)  # root's server runs as another user, who has to enter
        with open_aira(_settings(Path(home), mind)) as aira:
            add_owner(aira, "scenarios@example.com")
            top_up(aira, Decimal(1000), reference="scenarios")
            yield aira


def _settings(home: Path, mind: str | None) -> Settings:
    """The operator's settings, of which only the mind counts: nothing of a scenario leaves this machine but questions to a model."""
    chosen = {} if mind is None else {"aira_mind": mind}
    return load_settings(
        **chosen,
        aira_home=home,
        database_url=None,
        aira_carrier="simulated",
        aira_index="pgvector",
        aira_storage="folder",
        aira_embedding_model="all-MiniLM-L6-v2",
        aira_mail="outbox",
        aira_sms="outbox",
        voice_agent_service_url=f"http://127.0.0.1:{_free_port()}",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _play(aira: Aira, scenarios: Sequence[Scenario], *, seeds: int) -> list[Result]:
    model = None
    if aira.settings.aira_mind == "llm":
        from aira.voice.vendors.models import language_models

        model = language_models(aira.settings)
    stage = Stage(aira, model)
    results = []
    for scenario in scenarios:
        for seed in range(1 if scenario.fixed else seeds):
            began = time.perf_counter()
            played = await stage.play(scenario, seed=seed)
            results.append(Result(played, failures(played), time.perf_counter() - began))
    return results


def _aloud(aira: Aira, scenarios: Sequence[Scenario], options: argparse.Namespace) -> list[Result]:
    from aira.voice.scenarios.sound import play_aloud
    from aira.voice.simulator.local_server import local_voice_server

    audible = [scenario for scenario in scenarios if scenario.audio]
    began = time.perf_counter()
    with local_voice_server(aira.settings) as url:
        sounded = play_aloud(Stage(aira), audible, url=url, noise_db=options.noise, at_once=options.at_once)
    each = (time.perf_counter() - began) / max(1, len(sounded))
    return [Result(one.played, failures(one.played, heard=True), each, one.words, one.word_errors) for one in sounded]


def _print(results: Sequence[Result], *, verbose: bool) -> None:
    names = list(dict.fromkeys(result.played.scenario.name for result in results))
    for name in names:
        mine = [result for result in results if result.played.scenario.name == name]
        passed = sum(not result.wrong for result in mine)
        sys.stdout.write(f"{'ok  ' if passed == len(mine) else 'FAIL'} {passed}/{len(mine)}  {name}\n")
        for result in (one for one in mine if one.wrong):
            sys.stdout.write("".join(f"            seed {result.played.seed}: {line}\n" for line in result.wrong))
            if verbose:
                sys.stdout.write("".join(f"            | {event.role:6} {event.text}\n" for event in result.played.events))
    passed = sum(all(not result.wrong for result in results if result.played.scenario.name == name) for name in names)
    seconds = sum(result.seconds for result in results)
    sys.stdout.write(f"{passed} of {len(names)} scenarios passed, {len(results)} calls in {seconds:.1f} s\n")
    words = sum(result.words for result in results)
    if words:
        errors = sum(result.word_errors for result in results)
        sys.stdout.write(f"{errors} of {words} words were misheard, {errors / words:.1%}\n")


def _plain(results: Sequence[Result]) -> dict[str, object]:
    calls = [
        {
            "name": one.played.scenario.name,
            "seed": one.played.seed,
            "passed": not one.wrong,
            "wrong": one.wrong,
            "seconds": round(one.seconds, 3),
            "words": one.words,
            "word_errors": one.word_errors,
        }
        for one in results
    ]
    failed = {one.played.scenario.name for one in results if one.wrong}
    names = {one.played.scenario.name for one in results}
    return {"scenarios": len(names), "passed": len(names - failed), "calls": calls}


if __name__ == "__main__":
    sys.exit(main())
