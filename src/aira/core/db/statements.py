"""Running statements: parameters are written `%(name)s`, rows become records.

A record is a dataclass whose fields are named as the columns of the result; text columns become members where the field
is a StrEnum. `dict` is a record too, for results without a class of their own.
"""

import typing
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, TypeVar

from psycopg import Connection, Cursor
from psycopg.rows import no_result, scalar_row

from aira.core.db.refusals import mapped_errors

Record = TypeVar("Record")
Parameters = Mapping[str, object]


def fetch_all(connection: Connection, record: type[Record], statement: str, parameters: Parameters | None = None) -> list[Record]:
    """All rows of the result, as records."""
    with mapped_errors(), connection.cursor(row_factory=_RecordRows(record)) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def fetch_one(connection: Connection, record: type[Record], statement: str, parameters: Parameters | None = None) -> Record | None:
    """The first row of the result as a record, None where there is none."""
    with mapped_errors(), connection.cursor(row_factory=_RecordRows(record)) as cursor:
        return cursor.execute(statement, parameters).fetchone()


def fetch_value(connection: Connection, statement: str, parameters: Parameters | None = None) -> Any:
    """The first column of the first row, None where there is none; the caller's annotation names its type."""
    with mapped_errors(), connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(statement, parameters).fetchone()


def fetch_values(connection: Connection, statement: str, parameters: Parameters | None = None) -> list[Any]:
    """The first column of all rows; the caller's annotation names its type."""
    with mapped_errors(), connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(statement, parameters).fetchall()


def execute(connection: Connection, statement: str, parameters: Parameters | None = None) -> int:
    """Run a statement for its effect; returns how many rows it touched."""
    with mapped_errors():
        return connection.execute(statement, parameters).rowcount


class _RecordRows:
    """psycopg row factory that makes records."""

    def __init__(self, record: Callable[..., Record]) -> None:
        self._record = record

    def __call__(self, cursor: Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
        if cursor.description is None:
            return no_result
        names = [column.name for column in cursor.description]
        enums = _enum_fields(self._record)
        converted = [(name, enums[name]) for name in names if name in enums]

        def make(values: Sequence[Any]) -> Any:
            row = dict(zip(names, values, strict=True))
            for name, enum in converted:
                row[name] = None if row[name] is None else enum(row[name])
            return self._record(**row)

        return make


@cache
def _enum_fields(record: Callable[..., object]) -> dict[str, type[StrEnum]]:
    if record is dict:
        return {}
    found = {}
    for name, annotation in typing.get_type_hints(record).items():
        for choice in typing.get_args(annotation) if isinstance(annotation, UnionType) else (annotation,):
            if isinstance(choice, type) and issubclass(choice, StrEnum):
                found[name] = choice
    return found
