"""The rules in SQL, which are the law, and the same rules in Python say the same."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aira.billing.periods import period_start
from aira.billing.policy import Grace, decide
from aira.core.db import Database, fetch_value

START = date(2026, 12, 1)
_DECIDE_SQL = """
select public.billing_decide(%(available)s, %(amount)s, %(today)s, %(started_on)s, %(until)s, %(reminded)s, %(last_warning)s, %(warned_on)s,
  %(last_warned_on)s, %(may_release)s)
"""
_WRONG_STARTS_SQL = """
select count(*) from unnest(%(anchors)s::date[], %(periods)s::int[], %(starts)s::date[]) as x (anchor, n, start)
where public.billing_period_start(x.anchor, x.n) is distinct from x.start
"""

_DAY = st.integers(0, 14).map(lambda days: START + timedelta(days=days))
_GRACE = st.builds(
    Grace,
    started_on=st.integers(0, 3).map(lambda days: START + timedelta(days=days)),
    until=st.integers(4, 10).map(lambda days: START + timedelta(days=days)),
    reminded=st.booleans(),
    last_warning=st.booleans(),
    warned_on=st.none() | _DAY,
    last_warned_on=st.none() | _DAY,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.integers(0, 200), today=_DAY, grace=st.none() | _GRACE, may_release=st.booleans())
def test_every_decision_is_the_same(database: Database, cents: int, today: date, grace: Grace | None, may_release: bool) -> None:
    """Whatever is in the wallet, whatever day it is, whichever letters arrived."""
    available, amount = Decimal(cents) / 100, Decimal(1)
    known = {"started_on": None, "until": None, "reminded": False, "last_warning": False, "warned_on": None, "last_warned_on": None}
    if grace is not None:
        known = {name: getattr(grace, name) for name in known}

    with database.transaction() as connection:
        in_sql = fetch_value(
            connection, _DECIDE_SQL, known | {"available": available, "amount": amount, "today": today, "may_release": may_release}
        )

    assert in_sql == decide(available=available, amount=amount, today=today, grace=grace, may_release=may_release)


def test_every_period_starts_on_the_same_day(database: Database) -> None:
    """All anchors of 2023-2030, 48 periods each."""
    days = [date(2023, 1, 1) + timedelta(days=n) for n in range(2922)]
    cases = [(day, n, period_start(day, n)) for day in days for n in range(48)]
    anchors, periods, starts = (list(column) for column in zip(*cases, strict=True))

    with database.transaction() as connection:
        wrong = fetch_value(connection, _WRONG_STARTS_SQL, {"anchors": anchors, "periods": periods, "starts": starts})

    assert wrong == 0
