"""Reconciling: what was interrupted is settled, and where our records and the carrier's differ is found out.

Settling carries out what was decided before a crash and is always done. Drift is only reported, unless it is to be fixed;
what cannot be fixed without a decision is left with the command that takes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from aira.billing.policy import release_limit
from aira.core.app import Aira
from aira.core.db import Jsonb, execute, fetch_all, fetch_value
from aira.core.lines import line_webhooks, tag_of, tagged_id
from aira.core.numbers import FROM_NUMBERS, NUMBER_COLUMNS
from aira.core.purchases import complete_purchase, fail_purchase
from aira.core.releases import check_same_account, give_back
from aira.errors import AiraError, SetupError
from aira.model import NumberStatus, PhoneNumber
from aira.ports import CarrierNumber, Webhooks

SETTLE_AFTER: Final = timedelta(minutes=2)
"""How long a purchase may still be on its way: longer than all tries and timeouts of one together."""

_OPEN_SQL = f"""
select {NUMBER_COLUMNS} {FROM_NUMBERS} where n.provider = %(provider)s and n.status = %(status)s order by n.created_at, n.id
"""
_ALL_SQL = f"select {NUMBER_COLUMNS} {FROM_NUMBERS} where n.provider = %(provider)s order by n.phone_number, n.created_at"
_MISSING_SQL = "select id from public.number_mark_missing(%(id)s, p_now => %(now)s)"
_FOUND_SQL = "select id from public.number_mark_found(%(id)s, p_now => %(now)s)"
_RECLAIM_SQL = "select id from public.number_reclaim(%(id)s, %(sid)s, %(account_sid)s, p_now => %(now)s)"
_WEBHOOKS_SQL = """
update public.business_numbers set voice_url = %(voice_url)s, voice_fallback_url = %(voice_fallback_url)s,
  status_callback_url = %(status_callback_url)s
where id = %(id)s
"""
_RENTED_HERE_SQL = "select exists (select from public.business_numbers where id = %(id)s and status not in ('failed', 'released'))"
_CAPABILITIES_SQL = "update public.business_numbers set capabilities = %(capabilities)s where id = %(id)s"

_LIVE: Final = frozenset({NumberStatus.ACTIVE, NumberStatus.GRACE, NumberStatus.MISSING})
_DEAD: Final = frozenset({NumberStatus.FAILED, NumberStatus.RELEASED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was not as it should be."""

    kind: str
    """stale_purchase, unfinished_release, late_orphan, released_but_present, unknown_orphan, untagged, missing, found_again,
    webhook_drift, tag_drift, capability_drift or overridden."""
    phone_number: str
    outcome: str
    """settled, fixed, fixable, waiting, ask, failed or ignored."""
    detail: str
    number_id: UUID | None = None
    provider_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was found, and how much of it is still open."""

    fixed: bool
    """Whether drift was to be fixed."""
    findings: list[Finding]
    numbers: int
    """How many numbers the carrier rents to us."""

    @property
    def unfinished(self) -> list[Finding]:
        """What running it again will carry on with."""
        return [finding for finding in self.findings if finding.outcome in {"waiting", "failed"}]


@dataclass(frozen=True, slots=True)
class _Drift:
    finding: Finding
    fix: Callable[[], None] | None


def reconcile_numbers(aira: Aira, *, fix: bool = False, dry_run: bool = False) -> Reconciliation:
    """Settle what was interrupted and compare every number with the carrier's records; `fix` mends what is safe to mend.

    A dry run settles and mends nothing. Raises VendorError where the carrier cannot be asked, SetupError, DatabaseError.
    """
    fix = fix and not dry_run
    settled = _unsettled(aira) if dry_run else [*settle_purchases(aira), *settle_releases(aira)]
    # Our rows are read first: a number that is bought in between is then not taken for one that the carrier has lost.
    with aira.database.transaction() as connection:
        rows = fetch_all(connection, PhoneNumber, _ALL_SQL, {"provider": aira.carrier.provider})
    held = aira.carrier.find()
    drifts = [*_lost(aira, rows, held), *_changed(aira, rows, held), *_strays(aira, rows, held)]
    return Reconciliation(fix, [*settled, *(_mended(drift) if fix else drift.finding for drift in drifts)], len(held))


def settle_purchases(aira: Aira) -> list[Finding]:
    """Find out what became of each purchase under way, and complete it or give it up.

    One that is too young to be given up waits for the next time, and so does one that the carrier cannot be asked about.
    """
    findings = []
    for number in _in_status(aira, NumberStatus.PURCHASING):
        try:
            findings.append(_settled(aira, number))
        except AiraError as error:
            findings.append(Finding("stale_purchase", number.phone_number, "failed", error.message, number.id))
    return findings


def settle_releases(aira: Aira) -> list[Finding]:
    """Give back each number whose release was interrupted; one that fails waits for the next time."""
    findings = []
    for number in _in_status(aira, NumberStatus.RELEASING):
        finding = Finding("unfinished_release", number.phone_number, "settled", "given back", number.id, number.provider_sid)
        try:
            give_back(aira, number)
        except AiraError as error:
            finding = replace(finding, outcome="failed", detail=error.message)
        findings.append(finding)
    return findings


def _unsettled(aira: Aira) -> list[Finding]:
    kinds = (("stale_purchase", NumberStatus.PURCHASING), ("unfinished_release", NumberStatus.RELEASING))
    return [
        Finding(kind, number.phone_number, "waiting", "interrupted: `aira numbers reconcile` settles it", number.id, number.provider_sid)
        for kind, status in kinds
        for number in _in_status(aira, status)
    ]


def _in_status(aira: Aira, status: NumberStatus) -> list[PhoneNumber]:
    with aira.database.transaction() as connection:
        return fetch_all(connection, PhoneNumber, _OPEN_SQL, {"provider": aira.carrier.provider, "status": status})


def _settled(aira: Aira, number: PhoneNumber) -> Finding:
    finding = Finding("stale_purchase", number.phone_number, "settled", "", number.id)
    too_young = aira.clock.now() - number.created_at < SETTLE_AFTER
    found = aira.carrier.find(phone_number=number.phone_number)
    ours = [one for one in found if one.tag == tag_of(number.id)]
    if ours:
        complete_purchase(aira, number, ours[0], actor="reconcile")
        return replace(finding, detail="the carrier has it: completed and charged", provider_sid=ours[0].sid)
    if too_young:
        return replace(finding, outcome="waiting", detail="may still be on its way: run this again in two minutes")
    fail_purchase(aira, number, reason="never_carried_out")
    return replace(finding, detail="the carrier does not have it: given up, nothing charged")


def _lost(aira: Aira, rows: Sequence[PhoneNumber], held: Sequence[CarrierNumber]) -> Iterator[_Drift]:
    """Numbers that the carrier does not have, and those it has again."""
    sids = {one.sid for one in held}
    rented = [row for row in rows if row.status in _LIVE]
    absent = [row for row in rented if row.provider_sid not in sids and row.status is not NumberStatus.MISSING]
    many = len(absent) > release_limit(len(rented))
    for row in absent:
        finding = Finding("missing", row.phone_number, "fixable", "the carrier does not have it", row.id, row.provider_sid)
        try:
            check_same_account(aira, row)
        except SetupError as error:
            yield _Drift(replace(finding, outcome="ask", detail=f"{error.message} {error.hint}"), None)
            continue
        if many:
            detail = f"{len(absent)} of {len(rented)} numbers at once: check the account with the carrier before anything is marked"
            yield _Drift(replace(finding, outcome="ask", detail=detail), None)
        else:
            yield _Drift(finding, _run(aira, _MISSING_SQL, id=row.id))
    for row in rented:
        if row.status is NumberStatus.MISSING and row.provider_sid in sids:
            finding = Finding("found_again", row.phone_number, "fixable", "the carrier has it again", row.id, row.provider_sid)
            yield _Drift(finding, _run(aira, _FOUND_SQL, id=row.id))


def _changed(aira: Aira, rows: Sequence[PhoneNumber], held: Sequence[CarrierNumber]) -> Iterator[_Drift]:
    """Numbers that somebody has changed at the carrier, or whose webhooks have moved here."""
    by_sid = {row.provider_sid: row for row in rows if row.status in _LIVE}
    try:
        webhooks = line_webhooks(aira)
    except SetupError as error:
        yield _Drift(Finding("webhook_drift", "", "ask", f"{error.message} {error.hint}"), None)
        return
    for one in held:
        row = by_sid.get(one.sid)
        if row is None:
            continue
        blank = Finding("", row.phone_number, "fixable", "", row.id, one.sid)
        if one.overridden_by:
            detail = f"calls go to {one.overridden_by} and not to us: remove it in the carrier's console"
            yield _Drift(replace(blank, kind="overridden", outcome="ask", detail=detail), None)
        if one.webhooks != webhooks:
            yield _Drift(replace(blank, kind="webhook_drift", detail=_moved(one.webhooks, webhooks)), _repoint(aira, row, one, webhooks))
        elif one.tag != tag_of(row.id):
            yield _Drift(replace(blank, kind="tag_drift", detail="renamed at the carrier"), _repoint(aira, row, one, webhooks))
        if one.capabilities != row.capabilities:
            lost = [name for name, able in row.capabilities.items() if able and not one.capabilities.get(name)]
            detail = f"no longer able to: {', '.join(lost)}" if lost else "able to do more than our records say"
            fix = _run(aira, _CAPABILITIES_SQL, id=row.id, capabilities=Jsonb(one.capabilities))
            yield _Drift(replace(blank, kind="capability_drift", detail=detail), fix)


def _strays(aira: Aira, rows: Sequence[PhoneNumber], held: Sequence[CarrierNumber]) -> Iterator[_Drift]:
    """Numbers that we pay for and nobody here rents."""
    live = {row.provider_sid for row in rows if row.status not in _DEAD}
    by_id = {row.id: row for row in rows}
    for one in held:
        if one.sid in live:
            continue
        number_id = tagged_id(one.tag)
        row = by_id.get(number_id) if number_id else None
        blank = Finding("untagged", one.phone_number, "ignored", "not one of ours", number_id, one.sid)
        if row is not None and row.status is NumberStatus.FAILED:
            detail = "bought after its purchase was given up: not charged, to be given back"
            yield _Drift(replace(blank, kind="late_orphan", outcome="fixable", detail=detail), _reclaim(aira, row, one))
        elif row is not None and row.status is NumberStatus.RELEASED and row.provider_sid == one.sid:
            detail = "released here, still rented at the carrier: to be given back"
            yield _Drift(replace(blank, kind="released_but_present", outcome="fixable", detail=detail), _reclaim(aira, row, one))
        elif number_id is not None and not _rented_here(aira, number_id):
            detail = f"carries our tag, nobody rents it: `aira numbers adopt {one.phone_number}`, or release it in the carrier's console"
            yield _Drift(replace(blank, kind="unknown_orphan", outcome="ask", detail=detail), None)
        elif number_id is None:
            yield _Drift(blank, None)


def _rented_here(aira: Aira, number_id: UUID) -> bool:
    """Asked anew, as the number may have been bought since our rows were read."""
    with aira.database.transaction() as connection:
        rented: bool = fetch_value(connection, _RENTED_HERE_SQL, {"id": number_id})
        return rented


def _mended(drift: _Drift) -> Finding:
    if drift.fix is None:
        return drift.finding
    try:
        drift.fix()
    except AiraError as error:
        return replace(drift.finding, outcome="failed", detail=error.message)
    return replace(drift.finding, outcome="fixed")


def _run(aira: Aira, statement: str, **parameters: object) -> Callable[[], None]:
    def run() -> None:
        with aira.database.transaction() as connection:
            execute(connection, statement, {**parameters, "now": aira.clock.now()})

    return run


def _repoint(aira: Aira, row: PhoneNumber, one: CarrierNumber, webhooks: Webhooks) -> Callable[[], None]:
    addresses = {
        "voice_url": webhooks.voice_url,
        "voice_fallback_url": webhooks.voice_fallback_url,
        "status_callback_url": webhooks.status_callback_url,
    }

    def repoint() -> None:
        aira.carrier.configure(one.sid, webhooks=webhooks, tag=tag_of(row.id))
        _run(aira, _WEBHOOKS_SQL, id=row.id, **addresses)()

    return repoint


def _reclaim(aira: Aira, row: PhoneNumber, one: CarrierNumber) -> Callable[[], None]:
    def reclaim() -> None:
        _run(aira, _RECLAIM_SQL, id=row.id, sid=one.sid, account_sid=one.account_sid)()
        give_back(aira, replace(row, provider_sid=one.sid, provider_account_sid=one.account_sid))

    return reclaim


def _moved(old: Webhooks, new: Webhooks) -> str:
    return (
        f"calls go to {old.voice_url or 'nowhere'}, not to {new.voice_url}"
        if old.voice_url != new.voice_url
        else "other webhooks than ours"
    )
