"""The command `aira`: its nouns, and the one place where an error becomes text and an exit code."""

import importlib
import inspect
import signal
import sys
from typing import Annotated

import typer

from aira import __version__
from aira.cli import render
from aira.cli.chat import chat
from aira.cli.demo import demo
from aira.cli.doctor import doctor
from aira.cli.init import init
from aira.cli.monitor import monitor
from aira.cli.serve import serve_voice
from aira.cli.trace import trace
from aira.cli.worker import worker
from aira.errors import AiraError, InvalidInput

NOUNS = {
    "owners": "Who owns businesses and wallets.",
    "wallet": "Prepaid money, one wallet a currency.",
    "businesses": "Hours, closures, services, staff.",
    "numbers": "Search, buy, assign, release.",
    "prices": "What owners pay a month for a number.",
    "kb": "Documents that callers are answered from.",
    "appointments": "Free times, bookings, the calendar.",
    "calls": "Who rang, what was said, what came of it.",
    "notifications": "Messages to customers and owners.",
    "billing": "The monthly rental of numbers.",
    "simulate": "Ring the voice server without a telephone.",
    "db": "The database and its migrations.",
}
"""Each is a module of aira.cli with an `app` of its commands."""


def _root(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False) -> None:
    """Root options."""


def version() -> None:
    """Print the version.

    Example:
      $ aira version
    """
    render.print_line(__version__)


def command_line(noun: str | None = None) -> typer.Typer:
    """The whole command line; where `noun` names the first word typed, without the commands of other nouns.

    Loading every noun takes longer than most of what they do.
    """
    app = typer.Typer(
        name="aira",
        help="An AI receptionist for small businesses: numbers, knowledge, appointments and billing behind one telephone.",
        epilog="Start with `aira demo`, or `aira init` for a business of your own.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    app.command(short_help="Run every workflow once, in a throw-away world.")(demo)
    app.command(short_help="Write .env, by questions or flags.")(init)
    app.command(short_help="Look at every part, say what to mend and how.")(doctor)
    for name, summary in NOUNS.items():
        members: typer.Typer = importlib.import_module(f"aira.cli.{name}").app if noun in {None, name} else typer.Typer()
        app.add_typer(members, name=name, help=summary, no_args_is_help=True)
    app.command(short_help="Talk to the bot by keyboard.")(chat)
    app.command(short_help="Answer calls.")(serve_voice)
    app.command(short_help="Run background jobs.")(worker)
    app.command(short_help="Follow one call from webhook to mail.")(trace)
    app.command(short_help="Watch calls, queues and failures.")(monitor)
    app.command()(version)
    _keep_examples(app)
    return app


def _keep_examples(group: typer.Typer) -> None:
    """Mark each docstring's example so that help prints its lines as they stand."""
    for command in group.registered_commands:
        if command.help is None and command.callback is not None:
            command.help = inspect.cleandoc(command.callback.__doc__ or "").replace("\nExample:\n", "\n\b\nExample:\n")
    for member in group.registered_groups:
        if member.typer_instance is not None:
            _keep_examples(member.typer_instance)


def main() -> None:
    """Run the command line and exit with its code."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))


def _terminated(number: int, _: object) -> None:
    """Leave as after Ctrl-C, so that what was started is stopped on the way."""
    raise SystemExit(128 + number)


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code of contract: 0 done, 1 bug, 2 usage, 3-8 by error, 130 interrupted."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    as_json = "--json" in arguments
    noun = next((argument for argument in arguments if not argument.startswith("-")), "")
    try:
        outcome = typer.main.get_command(command_line(noun)).main(arguments, prog_name="aira", standalone_mode=False)
        render.flush()
    except AiraError as error:
        if debug:
            raise
        render.print_error(error, json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error, as_json=as_json)
    except typer.Abort:
        return 130
    except Exception as error:
        if debug:
            raise
        render.print_error(AiraError(f"A bug in AiRa: {type(error).__name__}."), json=as_json)
        return 1
    return outcome if isinstance(outcome, int) else 0


def _usage(error: typer.TyperException, *, as_json: bool) -> int:
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "aira"
    message = error.format_message()
    if message.startswith("Usage:"):
        sys.stderr.write(message + "\n")
    else:
        render.print_error(InvalidInput(message, hint=f"`{command} --help` shows what it takes."), json=as_json)
    return 2
