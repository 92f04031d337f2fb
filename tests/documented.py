"""What the documentation promises, taken out of it: the commands of its console blocks and the examples of the help texts."""

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer

from aira.cli.main import command_line

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/howto/*.md")])

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands_of(page: Path) -> list[str]:
    """The lines behind `$ ` of a page's console blocks, in order."""
    return [line[2:] for block in _BLOCK.findall(page.read_text("utf-8")) for line in block.splitlines() if line.startswith("$ ")]


def settings_of(page: Path) -> dict[str, str]:
    """The settings that a page tells its reader to write, without those whose values are only the reader's."""
    found = dict(re.findall(r'^([A-Z_]+)="(.*)"$', page.read_text("utf-8"), re.MULTILINE))
    return {name: value for name, value in found.items() if "…" not in value and "PROJECT" not in value}


def all_commands(group: typer.Typer | None = None, path: tuple[str, ...] = ("aira",)) -> Iterator[tuple[str, str]]:
    """Each command's path and docstring."""
    group = group or command_line()
    for command in group.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.strip("_").replace("_", "-")
        yield " ".join([*path, name]), inspect.cleandoc(command.callback.__doc__ or "")
    for member in group.registered_groups:
        assert member.typer_instance is not None
        yield from all_commands(member.typer_instance, (*path, str(member.name)))


def example_of(docstring: str) -> str | None:
    """The example with which a command's help ends, without its `$ `; None where there is none."""
    found = re.search(r"\nExample:\n\s+\$ (.+)\Z", docstring)
    return found[1] if found else None


def arguments(command: str) -> list[str]:
    """The words of a command as a shell reads them, without the leading `aira`."""
    words = shlex.split(command)
    assert words[0] == "aira", command
    return words[1:]
