"""Whoever changes the books by hand, even as the database's superuser, is found out."""

import itertools
from decimal import Decimal

import pytest

from aira.core import top_up, verify_wallet
from aira.core.app import Aira
from aira.core.db import execute, fetch_all, fetch_value
from aira.errors import Refused
from rentals import funded_wallet, rent_number, run_sql

TAMPERINGS = {
    "an amount": "update transactions set amount = 2.30 where seq = 2",
    "an amount and its balance": "update transactions set amount = amount + 1, balance_after = balance_after + 1 where seq = 1",
    "a description": "update transactions set description = 'Gift' where seq = 2",
    "a type": "update transactions set type = 'credit' where seq = 2",
    "an account": "update transactions set contra_account = 'promo' where seq = 1",
    "a time": "update transactions set created_at = created_at + interval '1 microsecond' where seq = 3",
    "a key": "update transactions set idempotency_key = 'other' where seq = 1",
    "an actor": "update transactions set actor = 'somebody' where seq = 1",
    "a number": "update transactions set business_number_id = null where seq = 2",
    "a charge": "update transactions set charge_id = null where seq = 2",
    "an id": "update transactions set id = gen_random_uuid() where seq = 3",
    "a currency": "update transactions set currency = 'EUR' where seq = 3",
    "a hash": "update transactions set hash = sha256('x') where seq = 3",
    "the newest row": "update transactions set amount = amount + 1, balance_after = balance_after + 1 where seq = 4",
    "nothing but the last row's place": "update transactions set seq = 5 where seq = 4",
    "the order of two rows": """
        update transactions set seq = case seq when 3 then 4 else 3 end + 100 where seq in (3, 4);
        update transactions set seq = seq - 100 where seq > 100""",
    "the first row away": "delete from transactions where seq = 1",
    "a middle row away": "delete from transactions where seq = 3",
    "the last row away": "delete from transactions where seq = 4",
    "the last row away and the balance with it": """
        update wallets set balance = balance - (select amount from transactions where seq = 4), seq = 3;
        delete from transactions where seq = 4""",
    "a middle row away and the rows after it moved up": """
        delete from transactions where seq = 3; update transactions set seq = 3 where seq = 4;
        update wallets set seq = 3, balance = balance - 3""",
    "a row more": """
        insert into transactions select gen_random_uuid(), wallet_id, 5, type, contra_account, amount, currency, balance_after + amount,
          description, null, null, null, 'forged', actor, created_at, hash from transactions where seq = 4""",
    "the balance": "update wallets set balance = balance + 1",
    "what is held": "update wallets set held = held + 1",
    "a hold": "update wallet_holds set amount = amount / 2, status = 'pending', resolved_at = null",
    "a charge's amount": "update number_charges set amount = amount + 1",
    "a charge's payment": "update number_charges set status = 'unpaid', transaction_id = null, paid_at = null",
}


@pytest.fixture
def books(aira: Aira) -> Aira:
    """A wallet of four transactions, one of them a rental, and a hold that was captured."""
    rent_number(aira, funded_wallet(aira, "10"))
    top_up(aira, Decimal(2), reference="second")
    top_up(aira, Decimal(3), reference="third")
    return aira


def test_untouched_books_are_right(books: Aira) -> None:
    """Four rows, no problem."""
    report = verify_wallet(books)

    assert (report.wallets, report.transactions, report.problems) == (1, 4, [])


@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_change_is_found(books: Aira, what: str) -> None:
    """With triggers off, as only the database's owner can, one thing is changed; the books say so."""
    with books.database.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(TAMPERINGS[what])

    assert verify_wallet(books).problems != []


_COLUMNS_SQL = """
select attname as name, format_type(atttypid, null) as type from pg_attribute
where attrelid = 'public.transactions'::regclass and attnum > 0 and not attisdropped order by attnum
"""
_OTHER_VALUE = {
    "uuid": "gen_random_uuid()",
    "bigint": "{0} + 100",
    "numeric": "{0} + 0.0001",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
    "bytea": "sha256({0})",
    "character": "'XTS'",
    "text": "{0} || '.'",
    "type": "case type when 'credit' then 'debit' else 'credit' end",
    "contra_account": "case contra_account when 'promo' then 'refunds' else 'promo' end",
}
"""Another value that the column takes, by the column's name where it takes few, else by its type."""


def test_whatever_single_thing_is_changed_removed_or_swapped_is_found(books: Aira) -> None:
    """Each column of each row by the least amount, each row away, each two rows in each other's place: nothing goes unseen."""
    with books.database.transaction() as connection:
        columns = fetch_all(connection, dict, _COLUMNS_SQL)
    changes = {(one["name"], seq): _changed(one["name"], one["type"], seq) for one in columns for seq in range(1, 5)}
    removals = {("removed", seq): f"delete from transactions where seq = {seq}" for seq in range(1, 5)}
    swaps = {
        ("swapped", first, second): f"""update transactions set seq = 100 where seq = {first};
            update transactions set seq = {first} where seq = {second}; update transactions set seq = {second} where seq = 100"""
        for first, second in itertools.combinations(range(1, 5), 2)
    }

    unseen = [what for what, statement in (changes | removals | swaps).items() if not _problems_after(books, statement)]

    assert unseen == []
    assert len(changes) == 4 * 16


def _changed(column: str, kind: str, seq: int) -> str:
    other = _OTHER_VALUE.get(column) or _OTHER_VALUE[kind]
    return f"update transactions set {column} = {other.format(column)} where seq = {seq}"


def _problems_after(books: Aira, statement: str) -> int:
    with books.database.transaction(dry_run=True) as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(statement)
        problems: int = fetch_value(connection, "select count(*) from wallet_verify()")
        return problems


@pytest.mark.parametrize("statement", ["update transactions set amount = 1", "delete from transactions", "truncate transactions cascade"])
def test_the_ledger_only_grows(books: Aira, statement: str) -> None:
    """Triggers refuse what is not an insert."""
    with pytest.raises(Refused) as refused, books.database.transaction() as connection:
        execute(connection, statement)

    assert refused.value.reason == "append_only"


def test_even_service_role_cannot_change_a_row(books: Aira) -> None:
    """The role of our own programs has no right to update or delete transactions."""
    rights = [
        run_sql(books, "select has_table_privilege('service_role', 'transactions', %(right)s)", right=right)
        for right in ("update", "delete")
    ]

    assert rights == [False, False]


def test_one_wallet_can_be_verified_alone(books: Aira) -> None:
    """Another wallet's trouble is not this one's."""
    funded_wallet(books, "1", email="bob@example.com")
    with books.database.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute("update transactions set amount = 9 where balance_after = 1")

    assert verify_wallet(books, owner="ann@example.com").problems == []
    assert verify_wallet(books, owner="bob@example.com").problems != []
