"""What a person or a program sees of a result: a table on a terminal, tab-separated values in a pipe, JSON on request.

Results go to stdout, everything else to stderr. Text from callers and documents is hostile: it is never taken as markup,
and no control character of it reaches the terminal.
"""

import dataclasses
import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from uuid import UUID

from aira.errors import AiraError, InvalidInput
from aira.money import format_amount


def emit_list(records: Iterable[object], *, json: bool, columns: Sequence[str], empty: str = "Nothing found.") -> None:
    """Print records: a JSON array of objects with all their fields, or a table of the named columns."""
    rows = [as_plain(record) for record in records]
    if json:
        print_json(rows)
    elif not rows and sys.stdout.isatty():
        note(empty)
    elif sys.stdout.isatty():
        _print_table(rows, columns)
    else:
        for row in rows:
            print_line("\t".join(_one_line(row.get(column)) for column in columns))


def to_terminal() -> bool:
    """Whether a person reads the results."""
    return sys.stdout.isatty()


def terminal_width() -> int:
    """Characters in a line of the terminal."""
    return shutil.get_terminal_size().columns


def fitting(columns: Sequence[str], *, on_terminal: Sequence[str]) -> Sequence[str]:
    """Which columns to print: all of them for a program, those for which 80 characters have room on a terminal."""
    return on_terminal if to_terminal() else columns


def emit(record: object, *, json: bool, columns: Sequence[str] | None = None) -> None:
    """Print one record: a JSON object with all its fields, or one line a field."""
    row = as_plain(record)
    if json:
        print_json(row)
        return
    shown = [column for column in (columns or list(row)) if row.get(column) not in (None, "", [], {})]
    width = max((len(column) for column in shown), default=0)
    for column in shown:
        label = column.replace("_", " ").ljust(width) + "  " if sys.stdout.isatty() else f"{column}\t"
        print_line(label + _one_line(row[column]))


def print_json(value: object) -> None:
    """Print one JSON document on stdout."""
    print_line(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def print_json_line(value: object) -> None:
    """Print one JSON document on a line of its own, at once."""
    print_line(_dump(value))
    flush()


def print_line(text: str = "") -> None:
    """Print a line of a result on stdout."""
    with _reader_may_leave():
        sys.stdout.write(text + "\n")


def flush() -> None:
    """Let out what has been printed."""
    with _reader_may_leave():
        sys.stdout.flush()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """Where a reader like `head` has seen enough, the command ends well instead of failing."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        raise SystemExit(0) from None


def note(text: str) -> None:
    """Say something that is not the result, on stderr."""
    sys.stderr.write(clean(text) + "\n")


def counted(count: int, noun: str) -> str:
    """So many of something: 1 number, 2 numbers."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before money is spent or something is gone; returns only on a yes.

    Raises InvalidInput where nobody can be asked, and AiraError's kin never: a no ends the command with exit code 4.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("This needs a confirmation, and there is no terminal to ask on.", hint="Add --yes to the command.")
    sys.stderr.write(f"{clean(question)} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        from aira.errors import Refused

        raise Refused("Not confirmed; nothing was changed.", code="not_confirmed")


def print_error(error: AiraError, *, json: bool) -> None:
    """Print an error on stderr: what happened, and what to type next."""
    if json:
        sys.stderr.write(_dump({"error": error.as_dict()}) + "\n")
        return
    sys.stderr.write(f"error: {clean(error.message)}\n")
    if error.hint:
        sys.stderr.write(f"hint: {clean(error.hint)}\n")


def clean(text: str) -> str:
    """Text without control characters, so that it cannot steer a terminal."""
    return "".join(
        character for character in text if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
    )


def as_plain(record: object) -> dict[str, object]:
    """A record as a mapping of JSON values."""
    plain = _plain(record)
    if not isinstance(plain, dict):
        raise TypeError(f"{type(record).__name__} is not a record")
    return plain


def _dump(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format_amount(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (UUID, Path)):
        return str(value)
    return value


def _one_line(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, dict)):
        return clean(_dump(value))
    return " ".join(clean(str(value)).split())


def _print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column in {"when", "phone"})
    for row in rows:
        table.add_row(*(Text(_one_line(row.get(column))) for column in columns))
    Console(highlight=False).print(table)
