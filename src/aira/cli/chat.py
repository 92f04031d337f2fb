"""`aira chat`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import Business, Json
from aira.cli.turns import FICTIONAL_CALLER, CallingNumber, calling_number, print_answer, print_turn

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
    from aira.core.notifications import deliver_due
    from aira.voice.chat import hold_chat

    typed = None if say else _Typed()
    show = None if json else print_answer if typed and typed.by_hand else print_turn
    with open_aira() as aira:
        report = hold_chat(aira, business=business, says=say or typed or (), from_number=calling_number(from_), show=show)
        if json:
            render.emit(report, json=True)
        else:
            _what_changed(report)
        if report.changed:  # as after any command that books, so that one machine needs no worker
            render.flush()
            deliver_due(aira, limit=20)


class _Typed:
    """The lines of the standard input, asked for where somebody types them."""

    def __init__(self) -> None:
        import sys

        self.by_hand = sys.stdin.isatty()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        import sys

        if self.by_hand:
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise StopIteration
        return line.strip()


def _what_changed(report: "ChatReport") -> None:
    render.note(f"Outcome: {report.outcome or 'none'}.")
    for change in report.changed or ["Nothing was changed."]:
        render.note(change)
