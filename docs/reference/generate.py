"""Write the reference pages from the code: `python docs/reference/generate.py`, or `--check` to compare only."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from aira import errors
from aira.cli.main import command_line
from aira.settings import Settings

HERE = Path(__file__).parent


def main() -> int:
    """Write or compare the pages; exit code 1 where a page is not what the code says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, text in pages().items():
        path = HERE / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, "utf-8")
    if check and stale:
        print(f"not current: {', '.join(stale)}; run python docs/reference/generate.py", file=sys.stderr)
        return 1
    return 0


def pages() -> dict[str, str]:
    """The reference pages by file name."""
    return {"cli.md": cli_page(), "settings.md": settings_page(), "errors.md": errors_page()}


def cli_page() -> str:
    """Every command with its help as printed."""
    lines = ["# Commands", "", "Written from the code by `docs/reference/generate.py`.", ""]
    for path, help_text in commands():
        lines += [f"## {path}", "", "```text", help_text, "```", ""]
    return "\n".join(lines)


def commands() -> Iterator[tuple[str, str]]:
    """Path and help of every command, groups before their members."""
    yield from _walk(typer.main.get_command(command_line()), "aira", None)


def _walk(command: object, path: str, parent: object) -> Iterator[tuple[str, str]]:
    context = command.make_context(path.rpartition(" ")[2], [], parent=parent, resilient_parsing=True)
    context.terminal_width = 100
    yield path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    if hasattr(command, "list_commands"):
        for name in command.list_commands(context):
            yield from _walk(command.get_command(context, name), f"{path} {name}", context)


def settings_page() -> str:
    """Every setting with its default and meaning."""
    lines = [
        "# Settings",
        "",
        "Read from the environment, then `.env`, then `aira.toml`; the first that has a name wins. `aira doctor` shows where each value",
        "came from. An unknown `AIRA_*` name is an error. Written from the code by `docs/reference/generate.py`.",
        "",
        "| name | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "`~/.local/share/aira`, as root `/var/lib/aira`" if name == "aira_home" else _default(field.default)
        lines.append(f"| `{name.upper()}` | {default} | {field.description} |")
    return "\n".join([*lines, ""])


def _default(value: object) -> str:
    return "" if value is None else f"`{value}`"


def errors_page() -> str:
    """Every class of error with its code, exit code, meaning and hint."""
    lines = [
        "# Errors",
        "",
        "A program reads `code` and `retryable` of the object that `--json` prints on stderr, or the exit code.",
        "Written from the code by `docs/reference/generate.py`.",
        "",
        "| code | exit | again? | what it says | what to do |",
        "|---|---|---|---|---|",
    ]
    for kind in _tree(errors.AiraError):
        again = "yes" if kind.retryable else "no"
        says = " ".join((kind.__doc__ or "").split())
        lines.append(f"| `{kind.code}` | {kind.exit_code} | {again} | {says} | {kind.default_hint} |")
    return "\n".join([*lines, ""])


def _tree(kind: type[errors.AiraError]) -> Iterator[type[errors.AiraError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:  # not the demo's own, which is there only once the demo was loaded
            yield from _tree(child)


if __name__ == "__main__":
    sys.exit(main())
