"""The rules in SQL, which are the law, and the same rules in Python say the same."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

from aira.billing.periods import period_start
from aira.billing.policy import Grace, decide
from aira.core.db import Database, fetch_value, fetch_values

START = date(2026, 12, 1)
_DECIDE_SQL = """
select public.billing_decide(x.available, 1, x.today, x.started_on, x.until, x.reminded, x.last_warning, x.warned_on, x.last_warned_on,
  x.may_release)
from unnest(%(available)s::numeric[], %(today)s::date[], %(may_release)s::bool[], %(started_on)s::date[], %(until)s::date[],
    %(reminded)s::bool[], %(last_warning)s::bool[], %(warned_on)s::date[], %(last_warned_on)s::date[]) with ordinality
  as x (available, today, may_release, started_on, until, reminded, last_warning, warned_on, last_warned_on, place)
order by x.place
"""
_WRONG_STARTS_SQL = """
select count(*) from unnest(%(anchors)s::date[], %(periods)s::int[], %(starts)s::date[]) as x (anchor, n, start)
where public.billing_period_start(x.anchor, x.n) is distinct from x.start
"""
_FIELDS = ("started_on", "until", "reminded", "last_warning", "warned_on", "last_warned_on")


def day(n: int | None) -> date | None:
    """The n-th day of the month under test."""
    return None if n is None else START + timedelta(days=n)


def test_every_decision_is_the_same(database: Database) -> None:
    """Whatever is in the wallet, whatever day it is, whichever letters arrived: sixteen thousand cases, all that matter."""
    graces = [None] + [
        Grace(START + timedelta(days=began), START + timedelta(days=until), reminded, last, day(warned), day(last_warned))
        for began, until, reminded, last, warned, last_warned in product(
            (0, 1), (4, 7), (False, True), (False, True), (None, 0, 4, 6, 9), (None, 5, 7, 9)
        )
    ]
    cases = list(product((Decimal(0), Decimal(1)), [START + timedelta(days=n) for n in range(13)], (False, True), graces))
    columns = {name: [getattr(grace, name, None) for *_, grace in cases] for name in _FIELDS}
    columns |= {"available": [case[0] for case in cases], "today": [case[1] for case in cases], "may_release": [case[2] for case in cases]}

    with database.transaction() as connection:
        in_sql = fetch_values(connection, _DECIDE_SQL, columns)

    in_python = [
        decide(available=available, amount=Decimal(1), today=today, grace=grace, may_release=may_release)
        for available, today, may_release, grace in cases
    ]
    assert in_sql == in_python
    assert set(in_sql) == {"charge", "start_grace", "remind", "warn", "wait", "block", "hold", "release"}


def test_every_period_starts_on_the_same_day(database: Database) -> None:
    """All anchors of 2023-2030, 48 periods each."""
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(2922)]
    cases = [(start, n, period_start(start, n)) for start in days for n in range(48)]
    anchors, periods, starts = (list(column) for column in zip(*cases, strict=True))

    with database.transaction() as connection:
        wrong = fetch_value(connection, _WRONG_STARTS_SQL, {"anchors": anchors, "periods": periods, "starts": starts})

    assert wrong == 0
