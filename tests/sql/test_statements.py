"""Every statement in the code fits the migrated schema: it is a constant with a name, and PostgreSQL can prepare it."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import aira

SOURCES = Path(aira.__file__).parent
POSITIONS = {"fetch_all": 2, "fetch_one": 2, "fetch_value": 1, "fetch_values": 1, "execute": 1}
"""Which argument of the functions that run a statement is the statement."""
PARAMETER = re.compile(r"%\((\w+)\)s|%%")


def _statements() -> Iterator[tuple[str, str]]:
    for file in sorted(SOURCES.rglob("*.py")):
        if re.search(r"^\w+_SQL\b", file.read_text("utf-8"), re.MULTILINE):
            name = ".".join(file.relative_to(SOURCES.parent).with_suffix("").parts)
            for constant, value in vars(importlib.import_module(name)).items():
                if constant.endswith("_SQL") and isinstance(value, str):
                    yield f"{name}.{constant}", value


def test_every_statement_can_be_prepared(database_url: str):
    """Tables, columns, functions and types that the code names are those of the schema."""
    refused = {}
    with psycopg.connect(database_url, autocommit=True, options="-c search_path=public,extensions") as connection:
        for name, statement in _statements():
            try:
                connection.execute(f"prepare checked as {_numbered(statement)}")
                connection.execute("deallocate checked")
            except psycopg.Error as error:
                refused[name] = str(error)

    assert refused == {}


@pytest.mark.parametrize("layer", ["core", "adapters", "voice", "cli"])
def test_statements_are_constants_with_a_name(layer: str):
    """No statement is written where it is run, so that none escapes the check and none is put together from input.

    Only those of `_DDL` and `_UTILITY` are not checked above: PostgreSQL prepares none of either.
    """
    written = [
        f"{file.name}:{call.lineno}"
        for file in (SOURCES / layer).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and not _is_named(_statement_of(call))
    ]

    assert written == []


def _is_named(statement: ast.expr | None) -> bool:
    if isinstance(statement, ast.Name):
        return statement.id.endswith(("_SQL", "_DDL", "_UTILITY")) or statement.id == "statement"
    return statement is None or isinstance(statement, ast.Attribute)


def _statement_of(call: ast.Call) -> ast.expr | None:
    if isinstance(call.func, ast.Name) and call.func.id in POSITIONS:
        return call.args[POSITIONS[call.func.id]]
    return call.args[0] if isinstance(call.func, ast.Attribute) and call.func.attr == "execute" else None


def _numbered(statement: str) -> str:
    """The statement with $1, $2, … for its named parameters, as PREPARE takes it."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return PARAMETER.sub(number, statement)
