"""`aira numbers`: telephone numbers for rent and rented."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.number_purchases import Currency, Number, able, adopt, buy, release, show_number
from aira.cli.options import Business, DryRun, Json, MaybeBusiness, Owner

if TYPE_CHECKING:
    from aira.core.reconcile import Reconciliation
    from aira.model import AvailableNumber

app = typer.Typer()

OFFER_COLUMNS = ("phone_number", "locality", "region", "capabilities", "monthly_cost", "currency")
SHORT_OFFER_COLUMNS = ("phone_number", "place", "able_to", "monthly_cost", "currency")
LIST_COLUMNS = ("phone_number", "status", "business_name", "monthly_cost", "currency", "next_billing_date")
FINDING_COLUMNS = ("kind", "phone_number", "outcome", "detail")

Country = Annotated[str, typer.Option("--country", help="Two letters.")]
Kind = Annotated[str, typer.Option("--type", help="local, toll-free, mobile or national.")]


@app.command()
def search(
    country: Country = "US",
    number_type: Kind = "local",
    area_code: Annotated[str | None, typer.Option("--area-code", help="Three digits; United States and Canada.")] = None,
    contains: Annotated[str | None, typer.Option("--contains", help="Digits, letters of a keypad, or * for any digit.")] = None,
    locality: Annotated[str | None, typer.Option("--locality", help="City.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="State or province, such as CA.")] = None,
    sms: Annotated[bool, typer.Option("--sms", help="Only numbers that can text.")] = False,
    mms: Annotated[bool, typer.Option("--mms", help="Only numbers that can send pictures.")] = False,
    limit: Annotated[int, typer.Option("--limit", help="How many at most.")] = 10,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Search numbers for rent, with what they cost a month.

    Example:
      $ aira numbers search --area-code 415 --contains 012
    """
    from aira.core.app import open_aira
    from aira.core.numbers import search_numbers

    with open_aira() as aira:
        found = search_numbers(
            aira,
            country=country,
            number_type=number_type,
            area_code=area_code,
            contains=contains,
            locality=locality,
            region=region,
            sms=sms,
            mms=mms,
            limit=limit,
            currency=currency,
        )
    columns = render.fitting(OFFER_COLUMNS, on_terminal=SHORT_OFFER_COLUMNS)
    shown = found if json else [_at_a_glance(offer) for offer in found]
    render.emit_list(shown, json=json, columns=columns, empty="No such number is for rent. Search more widely.")
    if not found and area_code is not None:
        _suggest_instead_of(area_code)
    if any(offer.address_requirement != "none" for offer in found):
        render.note(f"These need an address: `aira numbers requirements {country} {number_type}`.")
    if any(offer.simulated for offer in found):
        render.note("The carrier is simulated: these numbers belong to nobody.")


app.command()(buy)
app.command()(adopt)


@app.command(name="list")
def list_(
    business: MaybeBusiness = None,
    owner: Owner = None,
    ended: Annotated[bool, typer.Option("--all", help="Also released numbers and failed purchases.")] = False,
    json: Json = False,
) -> None:
    """List rented numbers.

    Example:
      $ aira numbers list
    """
    from aira.core.app import open_aira
    from aira.core.numbers import list_numbers

    with open_aira() as aira:
        found = list_numbers(aira, business=business, owner=owner, ended=ended)
    render.emit_list(found, json=json, columns=LIST_COLUMNS, empty="No number is rented. `aira numbers search` shows some.")
    idle = [one.phone_number for one in found if one.is_active and one.business_id is None]
    if idle:
        render.note(f"Nobody answers {', '.join(idle)}: `aira numbers assign NUMBER --business B`.")


@app.command()
def show(number: Number, json: Json = False) -> None:
    """Show all about one number.

    Example:
      $ aira numbers show +14155550123
    """
    from aira.core.app import open_aira
    from aira.core.numbers import find_number

    with open_aira() as aira:
        show_number(find_number(aira, number), json=json)


@app.command()
def assign(number: Number, business: Business, json: Json = False) -> None:
    """Let a business take the calls of a number, from the next call on.

    Example:
      $ aira numbers assign +14155550123 --business "Bella Hair"
    """
    from aira.core.app import open_aira
    from aira.core.numbers import assign_number

    with open_aira() as aira:
        show_number(assign_number(aira, number, business=business), json=json)


@app.command()
def unassign(number: Number, json: Json = False) -> None:
    """Let nobody take the calls of a number; its rental goes on.

    Example:
      $ aira numbers unassign +14155550123
    """
    from aira.core.app import open_aira
    from aira.core.numbers import unassign_number

    with open_aira() as aira:
        show_number(unassign_number(aira, number), json=json)


app.command()(release)


@app.command()
def reconcile(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what is safe to mend.")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Settle interrupted purchases and releases, and compare every number with the carrier's records.

    Exit code 8 says that something is still under way: run it again in two minutes.

    Example:
      $ aira numbers reconcile
    """
    from aira.core.app import open_aira
    from aira.core.reconcile import reconcile_numbers
    from aira.errors import PartlyDone

    with open_aira() as aira:
        done = reconcile_numbers(aira, fix=fix, dry_run=dry_run)
    if json:
        render.print_json(done)
    else:
        render.emit_list(done.findings, json=False, columns=FINDING_COLUMNS, empty="Our records and the carrier's agree.")
        render.note(_summary(done))
    if done.unfinished and not dry_run:
        raise PartlyDone(
            f"Not settled yet: {render.counted(len(done.unfinished), 'number')}.", hint="Run `aira numbers reconcile` again in two minutes."
        )


@app.command()
def requirements(
    country: Annotated[str, typer.Argument(help="Two letters.")],
    number_type: Annotated[str, typer.Argument(help="local, toll-free, mobile or national.")] = "local",
    json: Json = False,
) -> None:
    """List what a country wants to see before a number can be rented there.

    Example:
      $ aira numbers requirements DE local
    """
    from aira.core.app import open_aira
    from aira.core.numbers import number_requirements

    with open_aira() as aira:
        found = number_requirements(aira, country=country, number_type=number_type)
    shown = found if json else [{**render.as_plain(one), "fields": ", ".join(one.fields)} for one in found]
    render.emit_list(shown, json=json, columns=("end_user_type", "name", "fields"), empty="Nothing: such a number can be bought at once.")


@app.command()
def rehearse(
    kind: Annotated[
        str, typer.Argument(help="drop-before, drop-after, error-after, timeout, slow, rate-limited, unauthorized or suspended.")
    ],
    operation: Annotated[str, typer.Option("--operation", help="search, find, buy, configure, release, account or any.")] = "buy",
    times: Annotated[int, typer.Option("--times", help="How many acts go wrong.")] = 1,
    delay_ms: Annotated[int, typer.Option("--delay-ms", help="How long each of them takes.")] = 0,
    json: Json = False,
) -> None:
    """Let the simulated carrier fail, to see what you would see.

    Example:
      $ aira numbers rehearse drop-after --operation buy
    """
    from aira.core.app import open_aira
    from aira.core.rehearsals import rehearse_carrier

    with open_aira() as aira:
        rehearse_carrier(aira, kind, operation=operation, times=times, delay_ms=delay_ms)
    if json:
        render.print_json({"kind": kind, "operation": operation, "times": times, "delay_ms": delay_ms})
    else:
        render.note(f"The next {operation} will end in {kind}." if times == 1 else f"The next {times} of {operation} will end in {kind}.")


def _at_a_glance(offer: "AvailableNumber") -> dict[str, object]:
    capabilities = able(offer.capabilities)
    place = ", ".join(part for part in (offer.locality, offer.region) if part)
    return {**render.as_plain(offer), "capabilities": capabilities, "able_to": capabilities, "place": place}


def _suggest_instead_of(area_code: str) -> None:
    from aira.core.phones import neighbouring_area_codes

    if others := neighbouring_area_codes(area_code):
        render.note(f"Other area codes of the region: {', '.join(others)}.")


def _summary(done: "Reconciliation") -> str:
    words = {"ask": "for you to decide", "fixable": "fixable with --fix"}
    outcomes = Counter(finding.outcome for finding in done.findings if finding.outcome != "ignored")
    parts = [f"{count} {words.get(outcome, outcome)}" for outcome, count in outcomes.items()]
    return f"{render.counted(done.numbers, 'number')} at the carrier; {', '.join(parts) or 'nothing to do'}."
