"""A number that operators refuse as a sender of texts stops texting. It goes on once it is registered."""

from dataclasses import replace

import pytest

from aira.core.app import Aira
from aira.core.db import execute
from aira.core.notifications import deliver_due, record_delivery, retry_notification
from aira.core.senders import resume_texts, stopped_senders
from aira.errors import TextRefused
from aira.model import Business
from barber import DESK, at, open_barber
from letterbox import MemoryTexter, book_for_ann, only, state

FIRST, SECOND = "+12125550100", "+12125550101"
RENT_SQL = """
with wallet as (insert into wallets (user_id) select user_id from business_v2 where id = %(business)s on conflict do nothing returning id)
insert into business_numbers (business_id, wallet_id, phone_number, provider_sid, friendly_name, status, idempotency_key, monthly_cost,
  billing_anchor, next_billing_date, capabilities, purchased_at)
select %(business)s, w.id, n.number, 'PN' || n.place, 'aira', 'active', n.number, 1, '2026-11-01', '2026-12-01', '{"sms": true}',
  %(now)s::timestamptz + n.place * interval '1 second'
from wallet w, unnest(%(numbers)s::text[]) with ordinality n (number, place)
"""


class SenderTexter(MemoryTexter):
    """Keeps which number each text left from."""

    senders: list[str | None]

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        """Keep the text and its sender."""
        self.senders = [*getattr(self, "senders", []), sender]
        return super().send(to=to, body=body, sender=sender)


@pytest.fixture
def texter() -> SenderTexter:
    """What texts leave by."""
    return SenderTexter()


@pytest.fixture
def aira(aira: Aira, texter: SenderTexter) -> Aira:
    """A handle whose texts stay in memory."""
    return replace(aira, texter=texter)


@pytest.fixture
def barber(aira: Aira) -> Business:
    """A barber with one number."""
    return open_barber(aira, email=DESK)


def _rent(aira: Aira, business: Business, *numbers: str) -> None:
    with aira.database.transaction() as connection:
        execute(connection, RENT_SQL, {"business": business.id, "numbers": list(numbers), "now": aira.clock.now()})


def _refused() -> TextRefused:
    return TextRefused("The sending number is not registered.", code="sender_not_registered")


def test_a_refused_number_is_not_tried_again(aira: Aira, barber: Business, texter: SenderTexter):
    """One refusal is enough; the next text fails at once, and the mail leaves all the same."""
    _rent(aira, barber, FIRST)
    texter.outcomes = [_refused()]
    book_for_ann(aira, barber)
    deliver_due(aira)
    book_for_ann(aira, barber, start=at("2026-11-27 10:00"))
    later = {(one.channel, one.template): (one.status, one.last_error) for one in deliver_due(aira)}

    assert later["sms", "appointment_confirmed"] == ("failed", "sender_not_registered")
    assert later["email", "appointment_confirmed"] == ("sent", None)
    assert (texter.senders, stopped_senders(aira)) == ([FIRST], [FIRST])


def test_a_report_that_comes_later_stops_it_as_well(aira: Aira, barber: Business, texter: SenderTexter):
    """Operators often refuse what the carrier has taken."""
    _rent(aira, barber, FIRST)
    book_for_ann(aira, barber)
    deliver_due(aira)
    sid = only(aira, "sms", "appointment_confirmed").provider_message_id
    record_delivery(aira, sid, status="undelivered", error="sender_not_registered", sender=FIRST)

    assert state(aira) == ("failed", "sender_not_registered")
    assert stopped_senders(aira) == [FIRST]


def test_a_report_of_anything_else_stops_nothing(aira: Aira, barber: Business):
    """A recipient who cannot be reached says nothing about the sender."""
    _rent(aira, barber, FIRST)
    book_for_ann(aira, barber)
    deliver_due(aira)
    sid = only(aira, "sms", "appointment_confirmed").provider_message_id
    record_delivery(aira, sid, status="undelivered", error="recipient_unreachable", sender=FIRST)

    assert stopped_senders(aira) == []


def test_another_number_of_the_business_takes_over(aira: Aira, barber: Business, texter: SenderTexter):
    """Texts leave from a number that may."""
    _rent(aira, barber, FIRST, SECOND)
    texter.outcomes = [_refused()]
    book_for_ann(aira, barber)
    deliver_due(aira)
    book_for_ann(aira, barber, start=at("2026-11-27 10:00"))
    deliver_due(aira)

    assert texter.senders == [FIRST, SECOND]


def test_once_it_is_registered_it_goes_on(aira: Aira, barber: Business, texter: SenderTexter):
    """What failed can be let go again then."""
    _rent(aira, barber, FIRST)
    texter.outcomes = [_refused()]
    book_for_ann(aira, barber)
    deliver_due(aira)
    resume_texts(aira, FIRST)
    retry_notification(aira, only(aira, "sms", "appointment_confirmed").id)
    deliver_due(aira)

    assert (state(aira), stopped_senders(aira), len(texter.sent)) == (("sent", None), [], 1)
