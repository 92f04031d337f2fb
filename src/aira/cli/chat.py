"""`aira chat`."""

from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, Json
from aira.cli.turns import FICTIONAL_CALLER, CallingNumber, calling_number, print_turn

if TYPE_CHECKING:
    from aira.voice.chat import ChatReport


def chat(
    business: Business,
    say: Annotated[list[str] | None, typer.Option("--say", help="What you say, turn by turn; ends after the last.")] = None,
    from_: CallingNumber = FICTIONAL_CALLER,
    json: Json = False,
) -> None:
    """Talk to the bot by keyboard: the same mind and the same tools as on the telephone, without audio.

    Without --say it reads what you type, until you end it with Ctrl-D or the bot says goodbye.

    Example:
      $ aira chat --business "Bella Hair" --say "How much is a haircut?" --say "That's all, bye"
    """
    from aira.core.app import open_aira
    from aira.voice.chat import hold_chat

    with open_aira() as aira:
        report = hold_chat(
            aira, business=business, says=say or _typed(), from_number=calling_number(from_), show=None if json else print_turn
        )
    if json:
        render.emit(report, json=True)
    else:
        _what_changed(report)


def _typed() -> "_Typed":
    return _Typed()


class _Typed:
    def __iter__(self) -> "_Typed":
        return self

    def __next__(self) -> str:
        import sys

        if sys.stdin.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise StopIteration
        return line.strip()


def _what_changed(report: "ChatReport") -> None:
    render.note(f"Outcome: {report.outcome or 'none'}.")
    for appointment in report.appointments:
        render.note(
            f"Appointment {appointment.status}: {appointment.service or 'no service'}, {appointment.start_time:%Y-%m-%d %H:%M} UTC."
        )
