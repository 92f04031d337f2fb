"""However often, late or twisted the billing run comes, each number pays each period exactly once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aira.core import find_wallet, list_charges, list_runs, preview_billing, run_billing, top_up, verify_wallet, waive_charge
from aira.core.app import Aira
from aira.core.charges import find_run
from aira.errors import InvalidInput, NotFound, Refused
from doubles import FrozenClock
from rentals import charges, deliver_letters, funded_wallet, letters, number_status, rent_number, run_sql


def test_a_number_is_charged_on_the_day_its_period_begins(aira: Aira, clock: FrozenClock) -> None:
    """The day before costs nothing, the day itself one rental."""
    rent_number(aira, funded_wallet(aira))

    clock.set(datetime(2026, 12, 22, 23, 59, tzinfo=UTC))
    before = run_billing(aira)
    clock.set(datetime(2026, 12, 23, 0, 1, tzinfo=UTC))
    run = run_billing(aira)

    assert (before.charged, before.items) == (0, [])
    assert (run.charged, run.amounts) == (1, {"USD": Decimal("1.15")})
    assert [(item.period_start, item.period_end) for item in run.items] == [(date(2026, 12, 23), date(2027, 1, 23))]


def test_a_second_run_of_the_day_charges_nothing(aira: Aira, clock: FrozenClock) -> None:
    """Cron twice is cron once."""
    rent_number(aira, funded_wallet(aira))
    clock.move(days=30)

    first, second = run_billing(aira), run_billing(aira)

    assert (first.charged, second.charged) == (1, 0)
    assert find_wallet(aira).balance == Decimal("97.70")


def test_missed_periods_are_charged_oldest_first(aira: Aira, clock: FrozenClock) -> None:
    """Ninety days without a run are made up for in one run, period by period."""
    rent_number(aira, funded_wallet(aira))
    clock.move(days=92)

    run = run_billing(aira)

    assert [(item.outcome, item.periods, item.amount) for item in run.items] == [("charged", 3, Decimal("3.45"))]
    assert [row.period_start for row in charges(aira)] == [date(2026, 11, 23), date(2026, 12, 23), date(2027, 1, 23), date(2027, 2, 23)]


def test_the_anchor_of_the_31st_never_drifts(aira: Aira, clock: FrozenClock) -> None:
    """A number rented on 31 January is due on the last day of short months and on the 31st of long ones, for two years."""
    clock.set(datetime(2026, 1, 31, 12, tzinfo=UTC))
    rent_number(aira, funded_wallet(aira))

    for day in range(740):
        clock.set(datetime(2026, 1, 31, 12, tzinfo=UTC))
        clock.move(days=day)
        if clock.now().day in (1, 28, 29, 30, 31):
            run_billing(aira)

    starts = [row.period_start for row in charges(aira)]
    short = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}
    expected = [date(2026 + n // 12, n % 12 + 1, short.get(n % 12 + 1, 31)) for n in range(25)]
    assert starts == expected
    assert {row.status for row in charges(aira)} == {"paid"}


def test_a_day_begins_where_the_wallet_lives(aira: Aira, clock: FrozenClock) -> None:
    """At 02:00 UTC on the 23rd it is still the 22nd in Los Angeles, so nothing is due there."""
    wallet = funded_wallet(aira)
    run_sql(aira, "update public.wallets set billing_time_zone = 'America/Los_Angeles' returning 1")
    rent_number(aira, wallet)

    clock.set(datetime(2026, 12, 23, 2, tzinfo=UTC))
    early = run_billing(aira)
    clock.set(datetime(2026, 12, 23, 9, tzinfo=UTC))
    later = run_billing(aira)

    assert (early.charged, later.charged) == (0, 1)


def test_a_new_price_counts_from_the_next_period(aira: Aira, clock: FrozenClock) -> None:
    """A period that was opened at the old price is paid at the old price."""
    wallet = funded_wallet(aira, "1.15")
    rent_number(aira, wallet)
    clock.move(days=30)
    run_billing(aira)
    run_sql(aira, "update public.business_numbers set monthly_cost = 3 returning 1")
    top_up(aira, Decimal(10), reference="second")
    clock.move(days=31)

    run_billing(aira)

    assert [row.amount for row in charges(aira)] == [Decimal("1.15"), Decimal("1.15"), Decimal(3)]


def test_a_free_number_moves_on_without_a_posting(aira: Aira, clock: FrozenClock) -> None:
    """A rental of nothing is a paid charge and no line in the ledger."""
    rent_number(aira, funded_wallet(aira, "0"), monthly="0")
    clock.move(days=30)

    run = run_billing(aira)

    assert [(item.outcome, item.amount) for item in run.items] == [("charged", Decimal(0))]
    assert verify_wallet(aira).transactions == 0


def test_every_charge_has_a_receipt_with_its_number(aira: Aira, clock: FrozenClock) -> None:
    """The letter names the period, the amount and the gapless number of the posting."""
    rent_number(aira, funded_wallet(aira))
    clock.move(days=30)
    run_billing(aira)

    receipt = run_sql(aira, "select payload from public.notifications where template = 'receipt' order by created_at desc limit 1")

    assert receipt == {
        "number": "+14155550100",
        "amount": "1.15",
        "currency": "USD",
        "period_from": "2026-12-23",
        "period_to": "2027-01-22",
        "balance": "97.70",
        "receipt": 3,
    }


def test_a_run_is_remembered_with_what_it_did(aira: Aira, clock: FrozenClock) -> None:
    """Counts, amounts and items can be looked at later."""
    rent_number(aira, funded_wallet(aira))
    clock.move(days=30)
    run = run_billing(aira)

    remembered = find_run(aira, run.id)

    assert remembered == run
    assert [one.id for one in list_runs(aira)] == [run.id]


def test_a_future_date_is_refused_unless_meant(aira: Aira) -> None:
    """A slip of the year must not charge everybody twelve months."""
    rent_number(aira, funded_wallet(aira))

    with pytest.raises(InvalidInput):
        run_billing(aira, as_of=date(2027, 1, 1))

    assert run_billing(aira, as_of=date(2027, 1, 1), force=True).charged == 1


def test_the_preview_of_a_month_is_what_happens_in_the_month(aira: Aira, clock: FrozenClock) -> None:
    """Nightly runs in which every letter arrives do what the preview said, day by day."""
    wallet = funded_wallet(aira, "7")
    for n in range(3):
        rent_number(aira, wallet, f"+1415555010{n}")
        clock.move(days=3)
    start = clock.now()

    expected = preview_billing(aira, days=75)

    happened = []
    for day in range(76):
        clock.set(start)
        clock.move(days=day)
        for item in sorted(run_billing(aira).items, key=lambda item: item.phone_number):
            if item.outcome != "waiting":
                happened.append((clock.now().date(), item.phone_number, item.outcome, item.amount))
        deliver_letters(aira)
    planned = [(item.on, item.phone_number, item.outcome, item.amount) for item in expected]
    assert planned == happened
    assert {"charged", "grace_started", "reminded", "released"} <= {item[2] for item in happened}


def test_a_dry_run_says_what_the_run_does_and_changes_nothing(aira: Aira, clock: FrozenClock) -> None:
    """The same SQL, rolled back: item for item the same."""
    wallet = funded_wallet(aira, "4.60")
    for n in range(3):
        rent_number(aira, wallet, f"+1415555010{n}")
    clock.move(days=30)
    before = letters(aira)

    rehearsal = run_billing(aira, dry_run=True)
    untouched = (letters(aira), find_wallet(aira).balance, list_runs(aira))
    run = run_billing(aira)

    assert untouched == (before, Decimal("1.15"), [])
    assert (rehearsal.dry_run, rehearsal.id) == (True, None)
    assert rehearsal.items == run.items
    assert (run.charged, run.grace_started) == (1, 2)


class TestWaiving:
    """Forgiving a charge gives money back or drops a debt, once."""

    def test_a_paid_charge_goes_back_to_the_wallet_once(self, aira: Aira) -> None:
        """Waiving twice credits once."""
        rent_number(aira, funded_wallet(aira, "5"))
        [charge] = list_charges(aira)

        waived = waive_charge(aira, charge.id, reason="line was down")
        again = waive_charge(aira, charge.id, reason="line was down")

        assert (waived.status, again) == ("waived", waived)
        assert find_wallet(aira).balance == Decimal(5)
        assert verify_wallet(aira).problems == []

    def test_a_debt_is_dropped_and_the_number_moves_on(self, aira: Aira, clock: FrozenClock) -> None:
        """The period is not asked for again; the next one is."""
        number = rent_number(aira, funded_wallet(aira, "1.15"))
        clock.move(days=30)
        run_billing(aira)
        [charge] = list_charges(aira, status="unpaid")

        waive_charge(aira, charge.id, reason="goodwill")

        assert number_status(aira, number) == "active"
        assert run_billing(aira).items == []
        assert str(run_sql(aira, "select next_billing_date from public.business_numbers")) == "2027-01-23"

    def test_a_period_waived_while_the_number_was_missing_stays_free(self, aira: Aira, clock: FrozenClock) -> None:
        """Once the carrier has the number again, the run passes over the waived period and charges the next."""
        number = rent_number(aira, funded_wallet(aira, "1.15"))
        clock.move(days=30)
        run_billing(aira)
        run_sql(aira, "select public.number_mark_missing(%(id)s) is null", id=number)
        [charge] = list_charges(aira, status="unpaid")
        waive_charge(aira, charge.id, reason="not served")
        run_sql(aira, "select public.number_mark_found(%(id)s, p_now => %(now)s) is null", id=number, now=clock.now())
        top_up(aira, Decimal(5), reference="more")

        first = run_billing(aira)
        clock.move(days=31)
        second = run_billing(aira)

        assert [(item.outcome, item.amount) for item in first.items] == [("charged", Decimal(0))]
        assert [(item.outcome, item.amount) for item in second.items] == [("charged", Decimal("1.15"))]
        assert verify_wallet(aira).problems == []

    def test_the_first_characters_of_an_id_name_a_charge(self, aira: Aira) -> None:
        """Eight are enough; fewer, or what is no id, are not."""
        rent_number(aira, funded_wallet(aira, "5"))
        [charge] = list_charges(aira)

        for nonsense in (str(charge.id)[:7], "%", "________"):
            with pytest.raises(InvalidInput):
                waive_charge(aira, nonsense, reason="line was down")

        assert waive_charge(aira, str(charge.id)[:8].upper(), reason="line was down").id == charge.id

    def test_only_a_charge_that_is_there_and_open_can_be_waived(self, aira: Aira, clock: FrozenClock) -> None:
        """An unknown id is not found; what was written off at a release stays so."""
        number = rent_number(aira, funded_wallet(aira, "1.15"))
        clock.move(days=30)
        run_billing(aira)
        run_sql(aira, "select public.number_begin_release(%(id)s, 'operator') is null", id=number)
        [charge] = list_charges(aira, status="written_off")

        with pytest.raises(NotFound):
            waive_charge(aira, number, reason="x")
        with pytest.raises(Refused) as refused:
            waive_charge(aira, charge.id, reason="x")

        assert refused.value.reason == "charge_written_off"
