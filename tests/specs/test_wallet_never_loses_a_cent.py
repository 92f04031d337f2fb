"""Money in a wallet is moved once, whole or not at all, and never below zero."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aira.core import (
    find_wallet,
    list_wallets,
    reverse_transaction,
    set_billing,
    set_low_balance_alert,
    top_up,
    verify_wallet,
    wallet_statement,
)
from aira.core.app import Aira
from aira.core.db import execute, fetch_value
from aira.errors import IdempotencyConflict, InsufficientFunds, InvalidInput, NotFound, Refused
from doubles import FrozenClock
from rentals import charges, funded_wallet, rent_number, run_sql


def test_a_wallet_is_opened_on_first_use(aira: Aira) -> None:
    """An owner needs no ceremony before the first top-up."""
    wallet = funded_wallet(aira, "0")

    assert (wallet.owner, wallet.currency, wallet.balance, wallet.available) == ("ann@example.com", "USD", Decimal(0), Decimal(0))
    assert find_wallet(aira) == wallet


class TestTopUp:
    """A payment that was received counts once."""

    def test_it_adds_to_the_balance(self, aira: Aira) -> None:
        """The transaction says what it added and what the balance is after it."""
        funded_wallet(aira, "0")

        transaction = top_up(aira, Decimal("12.50"), reference="bank-1")

        assert (transaction.seq, transaction.type, transaction.amount, transaction.balance_after) == (
            1,
            "credit",
            Decimal("12.50"),
            Decimal("12.50"),
        )
        assert transaction.description == "Top-up bank-1"

    def test_the_same_reference_again_adds_nothing(self, aira: Aira) -> None:
        """A repeat returns the first transaction."""
        funded_wallet(aira, "0")

        first, second = (top_up(aira, Decimal(5), reference="bank-1") for _ in range(2))

        assert first == second
        assert find_wallet(aira).balance == Decimal(5)

    def test_the_same_reference_with_another_amount_is_refused(self, aira: Aira) -> None:
        """One payment cannot have two amounts."""
        funded_wallet(aira, "0")
        top_up(aira, Decimal(5), reference="bank-1")

        with pytest.raises(IdempotencyConflict):
            top_up(aira, Decimal(6), reference="bank-1")

        assert find_wallet(aira).balance == Decimal(5)

    def test_eight_repeats_at_once_add_once(self, aira: Aira) -> None:
        """Racing retries of one payment make one row."""
        funded_wallet(aira, "0")

        with ThreadPoolExecutor(8) as pool:
            transactions = list(pool.map(lambda _: top_up(aira, Decimal(5), reference="bank-1"), range(8)))

        assert len({transaction.id for transaction in transactions}) == 1
        assert find_wallet(aira).balance == Decimal(5)

    @pytest.mark.parametrize("amount", ["0", "-1", "1.00001", "NaN", "Infinity", "99999999999"])
    def test_only_a_positive_amount_of_four_places_is_money(self, aira: Aira, amount: str) -> None:
        """Nothing else reaches the ledger."""
        funded_wallet(aira, "0")

        with pytest.raises(InvalidInput):
            top_up(aira, Decimal(amount), reference="bank-1")

    @pytest.mark.parametrize("reference", ["", "  ", "x" * 201])
    def test_it_needs_a_reference(self, aira: Aira, reference: str) -> None:
        """Without one a repeat could not be told from a second payment."""
        funded_wallet(aira, "0")

        with pytest.raises(InvalidInput):
            top_up(aira, Decimal(1), reference=reference)


class TestReversal:
    """A transaction is given back in full, once, by a row of its own."""

    def test_it_mirrors_the_transaction(self, aira: Aira) -> None:
        """The first row stays as it is; a second one takes it back."""
        funded_wallet(aira, "5")

        reversal = reverse_transaction(aira, "1", reason="wrong customer")

        assert (reversal.type, reversal.amount, reversal.balance_after, reversal.description) == (
            "debit", Decimal(5), Decimal(0), "Reversal of #1: wrong customer",
        )  # fmt: skip
        assert reversal.reverses_id == wallet_statement(aira).transactions[0].id

    def test_a_repeat_changes_nothing(self, aira: Aira) -> None:
        """Reversing twice, even at once, reverses once."""
        funded_wallet(aira, "5")

        with ThreadPoolExecutor(4) as pool:
            reversals = list(pool.map(lambda _: reverse_transaction(aira, "#1", reason="twice"), range(4)))

        assert len({reversal.id for reversal in reversals}) == 1
        assert find_wallet(aira).balance == Decimal(0)

    def test_a_reversal_is_final(self, aira: Aira) -> None:
        """Who reverses a reversal means a new transaction."""
        funded_wallet(aira, "5")
        reversal = reverse_transaction(aira, "1", reason="wrong")

        with pytest.raises(Refused) as refused:
            reverse_transaction(aira, reversal.id, reason="wrong again")

        assert refused.value.reason == "not_reversible"

    def test_money_that_is_spent_cannot_be_taken_back(self, aira: Aira) -> None:
        """Reversing a top-up never overdraws."""
        rent_number(aira, funded_wallet(aira, "5"))

        with pytest.raises(InsufficientFunds):
            reverse_transaction(aira, "1", reason="wrong")

        assert find_wallet(aira).balance == Decimal("3.85")

    def test_a_rental_is_waived_instead(self, aira: Aira) -> None:
        """The refusal names the command with the charge's id."""
        rent_number(aira, funded_wallet(aira, "5"))

        with pytest.raises(Refused) as refused:
            reverse_transaction(aira, "2", reason="wrong")

        charge = run_sql(aira, "select id from public.number_charges")
        assert refused.value.hint == f"Run `aira billing waive {charge} --reason REASON`."

    @pytest.mark.parametrize("transaction", ["99", "nonsense", "5c1fc9c6-b5c3-42dc-a220-11f851261860"])
    def test_an_unknown_transaction_is_not_found(self, aira: Aira, transaction: str) -> None:
        """By number, by nonsense, by id."""
        funded_wallet(aira, "5")

        with pytest.raises(NotFound):
            reverse_transaction(aira, transaction, reason="wrong")

    def test_it_needs_a_reason(self, aira: Aira) -> None:
        """The statement says why."""
        funded_wallet(aira, "5")

        with pytest.raises(InvalidInput):
            reverse_transaction(aira, "1", reason=" ")


class TestHolds:
    """Money promised to a purchase under way cannot be spent by another."""

    def test_five_purchases_race_for_money_for_two(self, aira: Aira) -> None:
        """Two are held, three are refused, the balance is whole."""
        wallet = funded_wallet(aira, "3")

        def hold(n: int) -> bool:
            try:
                with aira.database.transaction() as connection:
                    execute(connection, "select wallet_hold(%(id)s, 1.15, 'race', %(key)s)", {"id": wallet.id, "key": f"race-{n}"})
            except InsufficientFunds:
                return False
            return True

        with ThreadPoolExecutor(5) as pool:
            held = list(pool.map(hold, range(5)))

        after = find_wallet(aira)
        assert (held.count(True), after.balance, after.held, after.available) == (2, Decimal(3), Decimal("2.30"), Decimal("0.70"))

    def test_a_refusal_says_what_is_there(self, aira: Aira) -> None:
        """Needed, available, balance and held stand in the message."""
        wallet = funded_wallet(aira, "2")
        run_sql(aira, "select wallet_hold(%(id)s, 1.6, 'first', 'first') is null", id=wallet.id)

        with pytest.raises(InsufficientFunds) as refused:
            run_sql(aira, "select wallet_hold(%(id)s, 1.65, 'second', 'second') is null", id=wallet.id)

        assert refused.value.message == "Needs 1.65 USD, available 0.40 USD (balance 2.00, held 1.60). Nothing was changed."

    def test_a_hold_ends_once(self, aira: Aira) -> None:
        """Voiding twice frees once; what was voided cannot be captured."""
        wallet = funded_wallet(aira, "2")
        hold = run_sql(aira, "select id from wallet_hold(%(id)s, 1, 'x', 'x')", id=wallet.id)

        for _ in range(2):
            run_sql(aira, "select wallet_void_hold(%(id)s)", id=hold)
        with pytest.raises(Refused) as refused:
            run_sql(aira, "select wallet_capture_hold(%(id)s)", id=hold)

        assert refused.value.reason == "hold_resolved"
        assert find_wallet(aira).available == Decimal(2)

    def test_the_same_key_holds_once(self, aira: Aira) -> None:
        """A repeat returns the hold; another amount under the key is refused."""
        wallet = funded_wallet(aira, "2")
        first, second = (run_sql(aira, "select id from wallet_hold(%(id)s, 1, 'x', 'x')", id=wallet.id) for _ in range(2))

        with pytest.raises(IdempotencyConflict):
            run_sql(aira, "select id from wallet_hold(%(id)s, 1.5, 'x', 'x')", id=wallet.id)

        assert first == second


class TestStatement:
    """A statement adds up, whichever days it is asked for."""

    def test_opening_balance_and_movements_make_the_closing_balance(self, aira: Aira, clock: FrozenClock) -> None:
        """Days are days of the wallet's time zone, both included."""
        funded_wallet(aira, "10")
        clock.move(days=1)
        top_up(aira, Decimal(3), reference="second day")
        clock.move(days=1)
        top_up(aira, Decimal(4), reference="third day")

        stated = wallet_statement(aira, date_from=date(2026, 11, 24), date_to=date(2026, 11, 24))

        assert [entry.description for entry in stated.transactions] == ["Top-up second day"]
        assert (stated.opening_balance, stated.closing_balance) == (Decimal(10), Decimal(13))

    def test_an_evening_belongs_to_the_wallets_day(self, aira: Aira, clock: FrozenClock) -> None:
        """03:00 UTC on the 24th is still the 23rd in New York."""
        funded_wallet(aira, "10")
        set_billing(aira, time_zone="America/New_York")
        clock.move(hours=12)
        top_up(aira, Decimal(3), reference="late")

        stated = wallet_statement(aira, date_from=date(2026, 11, 23), date_to=date(2026, 11, 23))

        assert len(stated.transactions) == 2

    def test_it_cannot_end_before_it_begins(self, aira: Aira) -> None:
        """A slip of the keyboard is not an empty statement."""
        funded_wallet(aira)

        with pytest.raises(InvalidInput):
            wallet_statement(aira, date_from=date(2026, 11, 24), date_to=date(2026, 11, 23))


class TestSeveral:
    """Several owners and currencies keep apart."""

    def test_each_owner_has_a_wallet_of_each_currency(self, aira: Aira) -> None:
        """Money in one is no money in another."""
        ann = funded_wallet(aira, "5")
        top_up(aira, Decimal(7), reference="first", currency="eur")
        funded_wallet(aira, "9", email="bob@example.com")

        assert [(one.owner, one.currency, one.balance) for one in list_wallets(aira)] == [
            ("ann@example.com", "EUR", Decimal(7)), ("ann@example.com", "USD", Decimal(5)), ("bob@example.com", "USD", Decimal(9)),
        ]  # fmt: skip
        assert len(list_wallets(aira, owner=ann.user_id)) == 2

    def test_a_choice_must_be_named(self, aira: Aira) -> None:
        """Of two currencies neither is guessed, and of two owners neither."""
        funded_wallet(aira, "5")
        find_wallet(aira, currency="EUR")

        with pytest.raises(InvalidInput, match="EUR, USD"):
            find_wallet(aira)
        funded_wallet(aira, "5", email="bob@example.com")
        with pytest.raises(InvalidInput, match="2 owners"):
            find_wallet(aira, currency="USD")

    def test_one_key_in_two_wallets_is_two_payments(self, aira: Aira) -> None:
        """Two customers may send the same reference."""
        funded_wallet(aira, "5")
        funded_wallet(aira, "6", email="bob@example.com")

        assert [wallet.balance for wallet in list_wallets(aira)] == [Decimal(5), Decimal(6)]


class TestSettings:
    """What an owner may set about a wallet."""

    def test_they_are_kept_and_left_alone_where_not_named(self, aira: Aira) -> None:
        """Setting one thing forgets no other."""
        funded_wallet(aira)
        set_billing(aira, email="books@example.com", time_zone="Europe/Berlin")

        wallet = set_billing(aira, grace_days=7)

        assert (wallet.billing_email, wallet.billing_time_zone, wallet.grace_days) == ("books@example.com", "Europe/Berlin", 7)

    @pytest.mark.parametrize("wrong", [{"email": "nobody"}, {"time_zone": "Mars/Olympus"}, {"grace_days": 2}, {"grace_days": 8}])
    def test_nonsense_is_refused(self, aira: Aira, wrong: dict) -> None:
        """Addresses, zones and days that are none."""
        funded_wallet(aira)

        with pytest.raises(InvalidInput):
            set_billing(aira, **wrong)

    def test_the_alert_is_an_amount_the_rental_or_off(self, aira: Aira) -> None:
        """None stands for the rental, zero for never."""
        funded_wallet(aira)

        thresholds = [set_low_balance_alert(aira, amount).low_balance_threshold for amount in (Decimal(5), None, Decimal(0))]

        assert thresholds == [Decimal(5), None, Decimal(0)]
        with pytest.raises(InvalidInput):
            set_low_balance_alert(aira, Decimal(-1))


def test_accounts_sum_to_zero(aira: Aira) -> None:
    """Double entry: what the wallets hold is what the other accounts lack."""
    rent_number(aira, funded_wallet(aira, "10"), setup="0.50")

    with aira.database.transaction() as connection:
        total = fetch_value(connection, "select sum(balance) from public.ledger_balances")
        revenue = fetch_value(connection, "select balance from public.ledger_balances where account = 'revenue:number_rental'")

    assert (total, revenue) == (Decimal(0), Decimal("1.15"))


_ACTION = st.tuples(st.sampled_from(["top-up", "debit", "hold", "void", "capture"]), st.integers(1, 400), st.integers(0, 5))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(_ACTION, max_size=25))
def test_any_history_equals_a_pocket_calculator(aira: Aira, actions: list[tuple[str, int, int]]) -> None:
    """Whatever is posted and held in whatever order, the wallet is what two plain numbers say."""
    wallet = funded_wallet(aira, "0", email=f"{uuid4()}@example.com")
    balance = held = Decimal(0)
    holds: dict[int, Decimal] = {}

    for step, (action, cents, which) in enumerate(actions):
        amount = Decimal(cents) / 100
        try:
            with aira.database.transaction() as connection:
                if action == "top-up":
                    execute(connection, _POST_SQL, {"id": wallet.id, "type": "credit", "amount": amount, "key": f"k{step}"})
                    balance += amount
                elif action == "debit":
                    affordable = balance - held >= amount
                    execute(connection, _POST_SQL, {"id": wallet.id, "type": "debit", "amount": amount, "key": f"k{step}"})
                    assert affordable
                    balance -= amount
                elif action == "hold" and which not in holds:
                    affordable = balance - held >= amount
                    execute(
                        connection,
                        "select wallet_hold(%(id)s, %(amount)s, 'x', %(key)s)",
                        {"id": wallet.id, "amount": amount, "key": f"h{which}"},
                    )
                    assert affordable
                    held += amount
                    holds[which] = amount
                elif action in ("void", "capture") and holds.get(which):
                    statement = f"select wallet_{action}_hold(id) from wallet_holds where wallet_id = %(id)s and idempotency_key = %(key)s"
                    execute(connection, statement, {"id": wallet.id, "key": f"h{which}"})
                    held -= holds[which]
                    holds[which] = Decimal(0)
        except InsufficientFunds:
            assert not affordable

    after = next(one for one in list_wallets(aira) if one.id == wallet.id)
    assert (after.balance, after.held) == (balance, held)
    assert verify_wallet(aira).problems == []
    assert charges(aira) == []


_POST_SQL = "select wallet_post(%(id)s, %(type)s, 'adjustments', %(amount)s, 'x', %(key)s, 'test')"
