"""What the demo performs, step by step."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from aira.cli import render
from aira.cli.demo import papers
from aira.cli.demo.ringing import ring, type_conversation
from aira.cli.demo.stage import Stage, Step
from aira.cli.demo.world import World, open_world, throw_away_home
from aira.cli.week_grid import print_week
from aira.core import (
    Aira,
    add_business,
    add_owner,
    add_service,
    buy_number,
    find_number,
    find_wallet,
    ingest_document,
    run_billing,
    search_knowledge,
    search_numbers,
    top_up,
    verify_wallet,
    wallet_statement,
)
from aira.core.week import calendar_week
from aira.errors import DocumentRefused, InsufficientFunds
from aira.money import format_amount

TOP_UP = Decimal("2.50")
"""Enough for a number and its second month, not for a second number."""

_NUMBERS_SQL = "select count(*) from public.business_numbers where status = 'active'"
_BALANCE_SQL = "select balance from public.wallets"
_CHARGES_SQL = "select count(*) from public.number_charges where status = 'paid'"
_FAILED_SQL = "select error_code from public.documents where processing_status = 'failed'"
_COMPLETED_SQL = "select count(*) from public.documents where processing_status = 'completed'"


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was verified, and where the world is kept."""

    verified: bool
    seconds: float
    steps: list[Step]
    call_sid: str
    kept_in: Path | None


def perform(*, fast: bool, keep: bool, show: bool) -> DemoReport:
    """Perform every step; raises NotVerified, or the AiraError of the step that failed."""
    stage = Stage(show=show)
    stage.say("A throw-away world: simulated carrier, real PostgreSQL, real audio." if not fast else "A throw-away world, without audio.")
    with ExitStack() as stack:
        folder = stack.enter_context(throw_away_home(keep=keep))
        with stage.step("PostgreSQL started and migrated") as evidence:
            aira = stack.enter_context(open_world(folder))
            evidence.fact(f"in {'a folder that is gone afterwards' if not keep else folder}")
        world = found_business(stage, aira, folder)
        rent_number(stage, world)
        read_documents(stage, world)
        refuse_document(stage, world)
        (type_conversation if fast else ring)(stage, world)
        show_calendar(stage, world)
        bill(stage, world)
        refuse_purchase(stage, world)
        show_books(stage, world)
    seconds = round(sum(step.seconds for step in stage.steps), 1)
    stage.say(f"\n{len(stage.steps)} steps, each verified, in {seconds:.0f} s.")
    if keep:
        stage.say(f"Kept in {folder}. Look around: AIRA_HOME={folder / 'home'} aira appointments calendar")
    return DemoReport(True, seconds, stage.steps, world.call_sid, folder if keep else None)


def found_business(stage: Stage, aira: Aira, folder: Path) -> World:
    """An owner with money, a business with hours and a service."""
    with stage.step("An owner, a wallet, a business") as evidence:
        add_owner(aira, "owner@bella-hair.example")
        top_up(aira, TOP_UP, reference="demo")
        business = add_business(
            aira, "Bella Hair", time_zone="America/New_York", hours="Mon-Sun 09:00-18:00", email="owner@bella-hair.example"
        )
        add_service(aira, "Haircut", business=business.id, minutes=30, price=Decimal("25"), also=["trim", "cut"])
        world = World(aira, folder, business.id, business.time_zone)
        evidence.must(world.ask(_BALANCE_SQL) == TOP_UP, "the wallet does not hold what was paid in")
        evidence.fact(f"Bella Hair, open daily 9 to 18, {format_amount(TOP_UP)} USD in the wallet")
    return world


def rent_number(stage: Stage, world: World) -> None:
    """A number is bought out of the wallet and points at the business."""
    with stage.step("A number bought and assigned") as evidence:
        offer = search_numbers(world.aira, area_code="415", limit=1)[0]
        number = buy_number(world.aira, offer.phone_number, business=world.business, idempotency_key="demo")
        world.phone_number = number.phone_number
        left = TOP_UP - number.monthly_cost - number.setup_cost
        evidence.must(number.is_active and number.business_id == world.business, "the number is not active for the business")
        evidence.must(world.ask(_BALANCE_SQL) == left, "the wallet was not debited with the price")
        evidence.must(str(number.voice_url).endswith("/webhooks/twilio/call"), "the number's webhook is not set")
        evidence.fact(f"{number.phone_number} for {format_amount(number.monthly_cost)} USD a month, {format_amount(left)} USD left")


def read_documents(stage: Stage, world: World) -> None:
    """A PDF and a DOCX become answers; what is in neither stays unanswered."""
    with stage.step("A PDF and a DOCX read into the knowledge base") as evidence:
        paths = (papers.write_price_list(world.folder / "prices.pdf"), papers.write_house_rules(world.folder / "good-to-know.docx"))
        documents = [ingest_document(world.aira, path, business=world.business) for path in paths]
        evidence.must(world.ask(_COMPLETED_SQL) == len(paths), "not both documents are completed")
        found = search_knowledge(world.aira, "How much is a colour treatment?", business=world.business)
        evidence.must(found.answerable and papers.PRICE_IN_PDF in found.hits[0].text, "the price is not found in the PDF")
        unknown = search_knowledge(world.aira, "Do you sell gift cards for the cinema?", business=world.business)
        evidence.must(not unknown.answerable, "a question outside the documents counts as answerable")
        evidence.fact(", ".join(f"{one.file_name} completed ({one.chunk_count} passage)" for one in documents))


def refuse_document(stage: Stage, world: World) -> None:
    """A corrupt file is refused with a reason, never completed over nothing."""
    with stage.step("A corrupt PDF refused") as evidence:
        try:
            ingest_document(world.aira, papers.write_corrupt_pdf(world.folder / "corrupt.pdf"), business=world.business)
        except DocumentRefused as refusal:
            evidence.fact(f"{refusal.reason}: {refusal.message}")
        evidence.must(world.ask(_FAILED_SQL) == "corrupt", "the corrupt file was not recorded as failed")


def show_calendar(stage: Stage, world: World) -> None:
    """The operator's calendar has what the caller booked."""
    start = world.ask("select start_time from public.appointments where external_id = %(sid)s", sid=world.call_sid)
    week = calendar_week(world.aira, business=world.business, day=None if start is None else _local_day(start, world))
    with stage.step("The appointment in the calendar") as evidence:
        phoned = [one for one in week.appointments if one.external_id == world.call_sid]
        evidence.must(len(phoned) == 1 and phoned[0].source == "voice_agent", "the week does not show the call's appointment")
        evidence.fact(f"source {phoned[0].source}, external_id {world.call_sid}")
    if stage.show:
        print_week(week)


def bill(stage: Stage, world: World) -> None:
    """A month later the number's rental is due, and charged once however often the run is repeated."""
    with stage.step("A rental run a month ahead, twice") as evidence:
        due = find_number(world.aira, world.phone_number).next_billing_date
        first = run_billing(world.aira, as_of=due, force=True)
        again = run_billing(world.aira, as_of=due, force=True)
        evidence.must((first.charged, again.charged) == (1, 0), "the period was not charged exactly once")
        evidence.must(world.ask(_CHARGES_SQL) == 2, "there are not two paid periods")
        evidence.fact(f"as of {due} charged once, balance {format_amount(find_wallet(world.aira).balance)} USD")


def refuse_purchase(stage: Stage, world: World) -> None:
    """Without money nothing is bought and nothing charged."""
    with stage.step("A purchase refused for lack of money") as evidence:
        before = world.ask(_BALANCE_SQL)
        offers = [one.phone_number for one in search_numbers(world.aira, area_code="415", limit=5)]
        try:
            buy_number(world.aira, next(one for one in offers if one != world.phone_number), business=world.business)
        except InsufficientFunds as refusal:
            evidence.fact(refusal.message)
        evidence.must(world.ask(_BALANCE_SQL) == before and world.ask(_NUMBERS_SQL) == 1, "something was bought or charged")


def show_books(stage: Stage, world: World) -> None:
    """The statement, and the proof that the ledger adds up."""
    with stage.step("The wallet's ledger verified") as evidence:
        report = verify_wallet(world.aira)
        evidence.must(not report.problems, "the ledger has problems")
        evidence.fact(f"{report.transactions} transactions add up")
    if stage.show:
        rows = wallet_statement(world.aira).transactions
        render.emit_list(rows, json=False, columns=["seq", "type", "amount", "balance_after", "description"])


def _local_day(start: object, world: World) -> date:
    if not isinstance(start, datetime):
        raise TypeError("an appointment has no start")
    return start.astimezone(ZoneInfo(world.time_zone)).date()
