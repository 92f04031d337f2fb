"""What the database refuses arrives as the error of AiRa that it means, in words fit to be read."""

import psycopg
import pytest

from aira.core.db import Database, execute, fetch_values
from aira.core.db.refusals import BY_CODE, BY_CONSTRAINT
from aira.errors import AiraError, AlreadyExists, IdempotencyConflict, InsufficientFunds, InvalidInput, NotFound, Refused

RAISE = "do $$ begin raise exception 'It is so.' using errcode = '{sqlstate}', constraint = '{code}', hint = 'Do this.'; end $$"

ADD_BUSINESS = "insert into business_v2 (user_id, name, time_zone) select id, 'Secret Salon', 'UTC' from auth.users"


@pytest.mark.parametrize(
    ("sqlstate", "code", "expected"),
    [
        ("PT402", "insufficient_funds", InsufficientFunds),
        ("PT409", "idempotency_conflict", IdempotencyConflict),
        ("PT409", "a_rule_without_a_class", Refused),
        ("PT404", "a_thing_without_a_class", NotFound),
        ("PT422", "a_value_without_a_class", InvalidInput),
    ],
)
def test_a_functions_refusal_has_the_class_of_its_code(database: Database, sqlstate: str, code: str, expected: type[AiraError]):
    """The code picks the class, or the SQLSTATE where no class has the code; words and code are the function's."""
    with pytest.raises(AiraError) as refused, database.transaction() as connection:
        connection.execute(RAISE.format(sqlstate=sqlstate, code=code))

    assert type(refused.value) is expected
    assert refused.value.as_dict() == {"code": code, "message": "It is so.", "hint": "Do this.", "retryable": False}


def test_a_tables_refusal_does_not_quote_the_row(database: Database):
    """A broken constraint speaks in our words, not in the database's, which hold what was typed."""
    with database.transaction() as connection:
        execute(connection, "insert into auth.users (email) values ('ann@example.com')")
        execute(connection, ADD_BUSINESS)

    with pytest.raises(AlreadyExists) as refused, database.transaction() as connection:
        execute(connection, ADD_BUSINESS)

    assert refused.value.message == "There is a business of this name already."
    assert "Secret" in str(refused.value.__cause__)


def test_what_nobody_foresaw_stays_a_bug(database: Database):
    """An error without an entry keeps its own type, so that it is seen and mended."""
    with pytest.raises(psycopg.errors.DivisionByZero), database.transaction() as connection:
        execute(connection, "select 1/0")


def test_every_entry_is_a_constraint_of_the_schema(database: Database):
    """A constraint that is renamed takes its words along."""
    with database.transaction() as connection:
        constraints = set(fetch_values(connection, "select conname from pg_constraint"))
        indexes = set(fetch_values(connection, "select relname from pg_class where relkind = 'i'"))

    assert set(BY_CONSTRAINT) - constraints - indexes == set()


def test_every_code_is_raised_somewhere(database: Database):
    """A code that no function raises any more has no entry either."""
    with database.transaction() as connection:
        bodies = "\n".join(fetch_values(connection, "select prosrc from pg_proc where pronamespace = 'public'::regnamespace"))

    assert [code for code in BY_CODE if f"'{code}'" not in bodies] == []


def test_rows_of_an_append_only_table_stay(database: Database):
    """Neither change, nor deletion, nor truncation passes the trigger."""
    with database.transaction() as connection:
        connection.execute(
            "create table diary (line text);"
            "create trigger diary_append_only before update or delete on diary for each row execute function append_only();"
            "create trigger diary_no_truncate before truncate on diary for each statement execute function append_only();"
            "insert into diary values ('once')"
        )

    for change in ("update diary set line = 'twice'", "delete from diary", "truncate diary"):
        with pytest.raises(Refused, match="never changed") as refused, database.transaction() as connection:
            execute(connection, change)
        assert refused.value.reason == "append_only"
