"""What lies in ops/ can be read, names what there is, and gives calls the time that the server gives them."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from aira.cli.main import command_line
from aira.core.app import Aira
from aira.settings import Settings
from aira.voice.server import create_app
from aira.voice.switchboard import Switchboard

OPS = Path(__file__).parents[2] / "ops"
DRAIN = Settings.model_fields["aira_drain_timeout"].default


def documents() -> dict[str, list[dict]]:
    """Every YAML document by its file."""
    return {path.name: list(yaml.safe_load_all(path.read_text("utf-8"))) for path in OPS.rglob("*.yaml")}


def kinds(kind: str) -> list[dict]:
    """The Kubernetes objects of a kind."""
    return [one for name, found in documents().items() if name != "compose.yaml" for one in found if one["kind"] == kind]


def containers() -> list[dict]:
    """Every container of every workload."""
    pods = [one["spec"]["template"]["spec"] for one in kinds("Deployment")]
    pods += [one["spec"]["jobTemplate"]["spec"]["template"]["spec"] for one in kinds("CronJob")]
    return [container for pod in pods for container in pod["containers"]]


def test_every_kubernetes_file_is_in_the_kustomization() -> None:
    """And nothing else is."""
    (kustomization,) = documents()["kustomization.yaml"]

    assert sorted(kustomization["resources"]) == sorted({path.name for path in (OPS / "k8s").glob("*.yaml")} - {"kustomization.yaml"})


def commands() -> list[list[str]]:
    """The aira commands of containers, compose services, units and the image."""
    found = [container["args"] for container in containers()]
    (compose,) = documents()["compose.yaml"]
    found += [one["command"] for one in compose["services"].values() if one["image"] == "aira"]
    for unit in (OPS / "systemd").glob("*.service"):
        found += [line.split()[1:] for line in re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE)]
    found.append(yaml.safe_load(re.search(r"^CMD (\[.*\])$", (OPS / "Dockerfile").read_text("utf-8"), re.MULTILINE)[1]))
    return [list(one) for one in sorted({tuple(command) for command in found})]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_is_one_of_ours(command: list[str]) -> None:
    """With options that it has."""
    node = get_command(command_line())
    context = node.make_context("aira", ["--version"], resilient_parsing=True)
    words = [word for word in command if not word.startswith("-")]
    while hasattr(node, "get_command") and words and (inner := node.get_command(context, words[0])) is not None:
        node, words = inner, words[1:]
    options = {option for parameter in node.params for option in parameter.opts}

    assert node.name in {"serve-voice", "worker", "run"}
    assert {word for word in command if word.startswith("--")} <= options


def test_calls_get_the_time_to_end() -> None:
    """Whoever stops a server waits longer than the server does."""
    (voice,) = (one["spec"]["template"]["spec"] for one in kinds("Deployment") if one["metadata"]["name"] == "aira-voice")
    (container,) = voice["containers"]
    (pause,) = (int(word) for word in container["lifecycle"]["preStop"]["exec"]["command"][1:])
    environment = {one["name"]: one["value"] for one in container["env"]}
    (compose,) = documents()["compose.yaml"]
    unit = (OPS / "systemd" / "aira-voice.service").read_text("utf-8")

    assert voice["terminationGracePeriodSeconds"] > float(environment["AIRA_DRAIN_TIMEOUT"]) + pause + 5
    assert int(compose["services"]["voice"]["stop_grace_period"].removesuffix("s")) > DRAIN + 5
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) > DRAIN + 5


def test_probes_and_paths_are_answered(aira: Aira) -> None:
    """The server has what balancers, ingress and autoscaler ask for."""
    switchboard = Switchboard(aira, secret="s")
    paths = [getattr(route, "path", "") for route in create_app(switchboard).routes]
    (voice,) = (one for one in containers() if one["name"] == "voice")
    asked = [voice[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe", "startupProbe")]
    ingress = [one["path"] for rule in kinds("Ingress")[0]["spec"]["rules"] for one in rule["http"]["paths"]]
    query = kinds("ScaledObject")[0]["spec"]["triggers"][0]["metadata"]["query"]

    assert set(asked) <= set(paths)
    assert all(any(path.startswith(one) for path in paths) for one in ingress)
    assert re.search(r"\w+(?=\{)", query)[0] in {metric.name for metric in switchboard.meters.registry.collect()}


def test_the_image_installs_extras_that_there_are() -> None:
    """From our own list of them."""
    project = tomllib.loads((OPS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    extras = re.search(r'"\.\[(.*?)\]"', (OPS / "Dockerfile").read_text("utf-8"))[1].split(",")

    assert set(extras) <= set(project["optional-dependencies"])
