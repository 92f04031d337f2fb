"""What keeps a message to a customer back is looked at in a fixed order, and the first reason is the one that is noted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aira.core.delivery_rules import Circumstances, Postpone, Suppress, held_back

NIGHT = datetime(2026, 11, 24, 3, tzinfo=UTC)
"""Ten in the evening in New York, seven in Los Angeles."""
NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
EVERYTHING_AGAINST_IT = Circumstances(
    now=NIGHT,
    channel="sms",
    template="appointment_reminder",
    recipient="+12125550123",
    time_zone="America/New_York",
    created_at=NIGHT - timedelta(days=2),
    expires_at=NIGHT - timedelta(hours=1),
    consent="revoked",
    sent_today=100,
    daily_cap=100,
)


def test_reasons_are_looked_at_in_order():
    """Opt-out, consent, expiry, a night that lasts until it is of no use, a night, the day's cap; then it leaves."""
    steps = ({}, {"consent": None}, {"consent": "granted"}, {"expires_at": NIGHT + timedelta(hours=2)}, {"expires_at": None},
             {"now": NOON}, {"sent_today": 99})  # fmt: skip
    message, seen = EVERYTHING_AGAINST_IT, []
    for step in steps:
        message = replace(message, **step)
        seen.append(held_back(message))

    assert seen == [
        Suppress("opted_out"),
        Suppress("no_consent"),
        Suppress("expired"),
        Suppress("quiet_hours"),
        Postpone("quiet_hours", datetime(2026, 11, 24, 13, tzinfo=UTC)),
        Postpone("daily_cap", NOON + timedelta(hours=1)),
        None,
    ]


@pytest.mark.parametrize(
    ("recipient", "leaves"),
    [("+12125550123", False), ("+14155550123", True), ("+4930123456", False), ("+18005550123", False)],
    ids=["New York", "Los Angeles", "Berlin", "toll-free, as the business"],
)
def test_the_recipients_own_clock_decides(recipient: str, leaves: bool):
    """A number tells where its holder is; one that does not tell is taken to be where the business is."""
    message = replace(EVERYTHING_AGAINST_IT, recipient=recipient, consent="granted", expires_at=None, sent_today=0)

    assert (held_back(message) is None) == leaves


@pytest.mark.parametrize(("consent", "leaves"), [(None, True), ("granted", True), ("revoked", False)])
def test_a_mail_needs_no_yes_and_knows_no_night(consent: str | None, leaves: bool):
    """Whoever gave an address may be written to until they say no."""
    message = replace(EVERYTHING_AGAINST_IT, channel="email", consent=consent, expires_at=None, sent_today=0)

    assert (held_back(message) is None) == leaves


def test_mail_to_owners_is_held_back_by_nothing():
    """They asked for it."""
    assert held_back(replace(EVERYTHING_AGAINST_IT, template="owner_message", channel="email")) is None
