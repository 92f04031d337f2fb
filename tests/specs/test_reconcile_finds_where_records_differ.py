"""Reconcile finds every difference between our records and the carrier's, mends what is safe, and asks for the rest."""

from dataclasses import replace
from pathlib import Path

import pytest

from aira.core import buy_number, find_number, list_numbers, reconcile_numbers, release_number
from aira.core.app import Aira
from aira.core.db import execute
from aira.core.lines import line_webhooks, tag_of
from aira.core.reconcile import Reconciliation
from aira.errors import NumberTaken, OutcomeUnknown
from aira.model import NumberStatus, PhoneNumber
from aira.settings import Settings
from purchase_books import books, bought
from rentals import funded_wallet

NUMBER = "+14155550123"


@pytest.fixture(autouse=True)
def _wallet(aira: Aira) -> None:
    """One owner, with 100.00 USD."""
    funded_wallet(aira)


@pytest.fixture
def number(aira: Aira) -> PhoneNumber:
    """A rented number."""
    return buy_number(aira, NUMBER)


def _kinds(reconciled: Reconciliation) -> list[tuple[str, str]]:
    return [(finding.kind, finding.outcome) for finding in reconciled.findings]


def _at_carrier(aira: Aira, statement: str, **values: object) -> None:
    with aira.database.transaction() as connection:
        execute(connection, statement, values)


def test_nothing_is_found_where_nothing_differs(aira: Aira, number: PhoneNumber) -> None:
    """A number that both sides know alike is no finding."""
    reconciled = reconcile_numbers(aira, fix=True)

    assert (reconciled.findings, reconciled.numbers) == ([], 1)


def test_a_dry_run_settles_and_mends_nothing(aira: Aira, number: PhoneNumber) -> None:
    """What waits and what differs is listed, and stays as it is."""
    aira.carrier.configure(str(number.provider_sid), webhooks=line_webhooks(aira), tag="front desk")
    aira.carrier.rehearse("drop_before", operation="buy")  # type: ignore[attr-defined]
    with pytest.raises(OutcomeUnknown):
        buy_number(aira, "+14155550124")
    before = books(aira)

    assert _kinds(reconcile_numbers(aira, fix=True, dry_run=True)) == [("stale_purchase", "waiting"), ("tag_drift", "fixable")]
    assert (books(aira), aira.carrier.find()[0].tag) == (before, "front desk")


class TestMissing:
    def test_number_is_found_marked_and_welcomed_back(self, aira: Aira, number: PhoneNumber) -> None:
        """A number that the carrier lost costs nothing until it is there again."""
        _at_carrier(aira, "update simulated_carrier.numbers set sid = 'hidden'")
        found = reconcile_numbers(aira)
        unmarked = find_number(aira, number.id).status
        reconcile_numbers(aira, fix=True)
        marked = find_number(aira, number.id)
        _at_carrier(aira, "update simulated_carrier.numbers set sid = %(sid)s", sid=number.provider_sid)
        back = reconcile_numbers(aira, fix=True)

        assert ("missing", "fixable") in _kinds(found)
        assert unmarked is NumberStatus.ACTIVE
        assert (marked.status, marked.is_active) == (NumberStatus.MISSING, False)
        assert _kinds(back) == [("found_again", "fixed")]
        assert find_number(aira, number.id).status is NumberStatus.ACTIVE

    def test_numbers_of_another_account_are_not_missing(self, aira: Aira, number: PhoneNumber) -> None:
        """Keys of another account show other numbers; that is no reason to mark ours."""
        _at_carrier(aira, "update public.business_numbers set provider_account_sid = 'AC-of-another'")
        _at_carrier(aira, "delete from simulated_carrier.numbers")
        reconciled = reconcile_numbers(aira, fix=True)

        assert _kinds(reconciled) == [("missing", "ask")]
        assert find_number(aira, number.id).is_active

    def test_many_numbers_at_once_are_not_marked(self, aira: Aira) -> None:
        """Four of four gone is a carrier's or an account's trouble, not four numbers'."""
        for index in range(110, 114):
            buy_number(aira, f"+14155550{index}")
        _at_carrier(aira, "delete from simulated_carrier.numbers")
        reconciled = reconcile_numbers(aira, fix=True)

        assert _kinds(reconciled) == [("missing", "ask")] * 4
        assert all(one.is_active for one in list_numbers(aira))

    def test_numbers_of_the_other_carrier_are_left_alone(self, aira: Aira, number: PhoneNumber) -> None:
        """A number rented from Twilio is not looked for at the simulated carrier."""
        _at_carrier(aira, "update public.business_numbers set provider = 'twilio'")
        _at_carrier(aira, "delete from simulated_carrier.numbers")

        assert reconcile_numbers(aira, fix=True).findings == []


class TestDrift:
    def test_of_webhooks_is_mended(self, aira: Aira, number: PhoneNumber) -> None:
        """Somebody pointed the number elsewhere: calls come back to us."""
        aira.carrier.configure(str(number.provider_sid), webhooks=replace(line_webhooks(aira), voice_url="https://elsewhere.example"))
        found = reconcile_numbers(aira)
        fixed = reconcile_numbers(aira, fix=True)

        assert _kinds(found) == [("webhook_drift", "fixable")]
        assert "https://elsewhere.example" in found.findings[0].detail
        assert _kinds(fixed) == [("webhook_drift", "fixed")]
        assert aira.carrier.find()[0].webhooks == line_webhooks(aira)

    def test_of_our_own_address_moves_every_number(self, aira: Aira, number: PhoneNumber, tmp_path: Path) -> None:
        """After VOICE_AGENT_SERVICE_URL has changed, numbers and records follow."""
        moved = replace(aira, settings=Settings(aira_home=tmp_path, voice_agent_service_url="https://voice.example.org"))
        reconcile_numbers(moved, fix=True)

        assert find_number(moved, number.id).voice_url == "https://voice.example.org/webhooks/twilio/call"
        assert reconcile_numbers(moved).findings == []

    def test_of_the_tag_is_mended(self, aira: Aira, number: PhoneNumber) -> None:
        """A number that was renamed in the carrier's console gets its tag back."""
        aira.carrier.configure(str(number.provider_sid), webhooks=line_webhooks(aira), tag="front desk")
        fixed = reconcile_numbers(aira, fix=True)

        assert _kinds(fixed) == [("tag_drift", "fixed")]
        assert aira.carrier.find()[0].tag == tag_of(number.id)

    def test_of_capabilities_is_written_down(self, aira: Aira, number: PhoneNumber) -> None:
        """A number that can no longer text is known not to."""
        _at_carrier(aira, """update simulated_carrier.numbers set capabilities = '{"voice": true, "sms": false, "mms": false}'""")
        fixed = reconcile_numbers(aira, fix=True)

        assert _kinds(fixed) == [("capability_drift", "fixed")]
        assert "sms" in fixed.findings[0].detail
        assert find_number(aira, number.id).capabilities["sms"] is False

    def test_to_an_application_is_left_to_a_person(self, aira: Aira, number: PhoneNumber) -> None:
        """An application that takes the calls was set by somebody on purpose."""
        _at_carrier(aira, "update simulated_carrier.numbers set voice_application_sid = 'AP1'")

        assert _kinds(reconcile_numbers(aira, fix=True)) == [("overridden", "ask")]

    def test_is_not_judged_while_our_own_address_is_unfit(self, aira: Aira, number: PhoneNumber, tmp_path: Path) -> None:
        """Without a public address there is nothing to compare with; everything else is still looked at."""
        unfit = replace(aira, settings=Settings(aira_home=tmp_path, voice_agent_service_url="http://voice.example.org"))

        assert _kinds(reconcile_numbers(unfit, fix=True)) == [("webhook_drift", "ask")]


class TestStray:
    def test_that_was_released_and_is_still_there_is_given_back(self, aira: Aira, number: PhoneNumber) -> None:
        """A release that the carrier undid is done again."""
        release_number(aira, NUMBER)
        _at_carrier(
            aira,
            "insert into simulated_carrier.numbers select %(sid)s, sid, %(number)s, %(tag)s, '', '', '', '', null, '{}'"
            " from simulated_carrier.accounts",
            sid=number.provider_sid,
            number=NUMBER,
            tag=tag_of(number.id),
        )
        found = reconcile_numbers(aira)
        fixed = reconcile_numbers(aira, fix=True)

        assert _kinds(found) == [("released_but_present", "fixable")]
        assert _kinds(fixed) == [("released_but_present", "fixed")]
        assert aira.carrier.find() == []
        assert find_number(aira, number.id).status is NumberStatus.RELEASED

    def test_that_was_taken_again_on_purpose_is_left_to_a_person(self, aira: Aira, number: PhoneNumber) -> None:
        """A released number that comes back under another id was fetched by somebody."""
        release_number(aira, NUMBER)
        aira.carrier.buy(NUMBER, tag=tag_of(number.id), webhooks=line_webhooks(aira))

        assert _kinds(reconcile_numbers(aira, fix=True)) == [("unknown_orphan", "ask")]
        assert len(aira.carrier.find()) == 1

    def test_that_no_row_knows_is_left_to_a_person(self, aira: Aira) -> None:
        """Our tag without our row may be another installation's number."""
        aira.carrier.buy(NUMBER, tag="aira:0b0c7d0e-6f0a-4a52-9b0e-1c7f4b1b9d11", webhooks=line_webhooks(aira))
        (finding,) = reconcile_numbers(aira, fix=True).findings

        assert (finding.kind, finding.outcome) == ("unknown_orphan", "ask")
        assert f"aira numbers adopt {NUMBER}" in finding.detail

    def test_that_is_not_ours_is_ignored(self, aira: Aira) -> None:
        """Other numbers of the account are none of our business."""
        aira.carrier.buy(NUMBER, tag="the fax in the hall", webhooks=line_webhooks(aira))

        assert _kinds(reconcile_numbers(aira, fix=True)) == [("untagged", "ignored")]

    def test_that_a_new_owner_buys_becomes_theirs(self, aira: Aira) -> None:
        """A number left over from a failed purchase is not bought twice: it is tagged anew, and then nobody's stray."""
        _late_arrival(aira)
        number = buy_number(aira, NUMBER)

        assert [one.tag for one in aira.carrier.find()] == [tag_of(number.id)]
        assert reconcile_numbers(aira, fix=True).findings == []
        assert books(aira).charged == bought().charged

    def test_that_is_being_given_back_cannot_be_bought(self, aira: Aira) -> None:
        """Between our decision and the carrier's answer nobody gets a line that is about to be cut."""
        _late_arrival(aira)
        aira.carrier.rehearse("drop_before", operation="release")  # type: ignore[attr-defined]
        failed = reconcile_numbers(aira, fix=True)

        with pytest.raises(NumberTaken):
            buy_number(aira, NUMBER)
        assert _kinds(failed) == [("late_orphan", "failed")]
        assert _kinds(reconcile_numbers(aira)) == [("unfinished_release", "settled")]
        assert aira.carrier.find() == []


def _late_arrival(aira: Aira) -> None:
    """A number that the carrier rents out after its purchase was given up."""
    aira.carrier.rehearse("suspended", operation="buy")  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="suspended"):
        buy_number(aira, NUMBER)
    (failed,) = list_numbers(aira, ended=True)
    aira.carrier.buy(NUMBER, tag=tag_of(failed.id), webhooks=line_webhooks(aira))
