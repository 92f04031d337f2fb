"""The command `aira`: its nouns, and the one place where an error becomes text and an exit code."""

import inspect
import sys
from typing import Annotated

import typer

from aira import __version__
from aira.cli import appointments, billing, businesses, db, notifications, numbers, owners, prices, render, wallet
from aira.cli.init import init
from aira.cli.worker import worker
from aira.errors import AiraError, InvalidInput

app = typer.Typer(
    name="aira",
    help="An AI receptionist for small businesses: numbers, knowledge, appointments and billing behind one telephone.",
    epilog="Start with `aira demo`, or `aira init` for a business of your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False) -> None:
    """Root options."""


@app.command()
def version() -> None:
    """Print the version.

    Example:
      $ aira version
    """
    render.print_line(__version__)


app.command()(init)
app.command()(worker)
app.add_typer(businesses.app, name="businesses")
app.add_typer(appointments.app, name="appointments")
app.add_typer(notifications.app, name="notifications")
app.add_typer(numbers.app, name="numbers")
app.add_typer(prices.app, name="prices")
app.add_typer(db.app, name="db")
app.add_typer(owners.app, name="owners")
app.add_typer(wallet.app, name="wallet")
app.add_typer(billing.app, name="billing")


def _keep_examples(group: typer.Typer) -> None:
    """Mark each docstring's example so that help prints its lines as they stand."""
    for command in group.registered_commands:
        if command.help is None and command.callback is not None:
            command.help = inspect.cleandoc(command.callback.__doc__ or "").replace("\nExample:\n", "\n\b\nExample:\n")
    for member in group.registered_groups:
        if member.typer_instance is not None:
            _keep_examples(member.typer_instance)


_keep_examples(app)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code of contract: 0 done, 1 bug, 2 usage, 3-8 by error, 130 interrupted."""
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    as_json = "--json" in arguments
    try:
        outcome = typer.main.get_command(app).main(arguments, prog_name="aira", standalone_mode=False)
        sys.stdout.flush()
    except AiraError as error:
        if debug:
            raise
        render.print_error(error, json=as_json)
        return error.exit_code
    except typer.TyperException as error:
        return _usage(error, as_json=as_json)
    except typer.Abort:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
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
