"""The commands of `aira numbers` that spend money or give a number up."""

from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import DryRun, IdempotencyKey, Json, MaybeBusiness, Owner, Yes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aira.core.releases import Stranded
    from aira.model import PhoneNumber

NUMBER_COLUMNS = (
    "phone_number", "status", "status_reason", "business_name", "monthly_cost", "setup_cost", "currency", "next_billing_date",
    "grace_until", "country", "number_type", "capabilities", "voice_url", "provider", "provider_sid", "purchased_at", "released_at", "id",
)  # fmt: skip

MOST_LISTED = 10

Number = Annotated[str, typer.Argument(help="The number, such as +14155550123, or its id.")]
Currency = Annotated[str | None, typer.Option("--currency", help="Three letters; may be left out while the owner has only one wallet.")]


def buy(
    number: Annotated[str, typer.Argument(help="A number that `aira numbers search` showed.")],
    business: MaybeBusiness = None,
    owner: Owner = None,
    currency: Currency = None,
    address: Annotated[
        str | None, typer.Option("--address", help="The carrier's id of an address, AD…, where the country wants one.")
    ] = None,
    bundle: Annotated[str | None, typer.Option("--bundle", help="The carrier's id of an approved bundle, BU….")] = None,
    idempotency_key: IdempotencyKey = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Rent a number, pay its first month from the wallet, and let it call the voice server.

    Without --business nobody answers it until `aira numbers assign`.

    Example:
      $ aira numbers buy +14155550124 --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.purchases import Papers, buy_number

    with open_aira() as aira:

        def purchase(rehearsal: bool) -> "PhoneNumber":
            return buy_number(
                aira,
                number,
                business=business,
                owner=owner,
                currency=currency,
                papers=Papers(address, bundle),
                idempotency_key=idempotency_key,
                actor="cli",
                dry_run=rehearsal,
            )

        _carry_out(purchase, yes=yes, dry_run=dry_run, json=json)


def adopt(
    number: Annotated[str, typer.Argument(help="A number that the carrier's account rents already.")],
    business: MaybeBusiness = None,
    owner: Owner = None,
    currency: Currency = None,
    idempotency_key: IdempotencyKey = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take over a number that the carrier's account rents already, at the price of a purchase.

    Whatever it called until now, it calls the voice server from now on.

    Example:
      $ aira numbers adopt +14155550190 --business "Bella Hair" --yes
    """
    from aira.core.app import open_aira
    from aira.core.purchases import buy_number

    with open_aira() as aira:

        def purchase(rehearsal: bool) -> "PhoneNumber":
            return buy_number(
                aira,
                number,
                business=business,
                owner=owner,
                currency=currency,
                adopt=True,
                idempotency_key=idempotency_key,
                actor="cli",
                dry_run=rehearsal,
            )

        _carry_out(purchase, yes=yes, dry_run=dry_run, json=json)


def release(number: Number, yes: Yes = False, dry_run: DryRun = False, json: Json = False) -> None:
    """Give a number back for good; what is paid is not given back.

    Example:
      $ aira numbers release +14155550123 --yes
    """
    from aira.core.app import open_aira
    from aira.core.numbers import find_number
    from aira.core.releases import appointments_of_line, release_number

    with open_aira() as aira:
        found = find_number(aira, number)
        _warn_of(appointments_of_line(aira, found))
        if not dry_run:
            render.confirm(f"Give {found.phone_number} back for good?", yes=yes)
        show_number(release_number(aira, found.id, dry_run=dry_run), json=json)


def show_number(number: "PhoneNumber", *, json: bool) -> None:
    """Print a number, field by field or as JSON."""
    shown = number if json else {**render.as_plain(number), "capabilities": able(number.capabilities)}
    render.emit(shown, json=json, columns=NUMBER_COLUMNS)


def able(capabilities: dict[str, bool]) -> str:
    """What a number can do, in words."""
    return " ".join(name for name, has in capabilities.items() if has)


def _carry_out(purchase: "Callable[[bool], PhoneNumber]", *, yes: bool, dry_run: bool, json: bool) -> None:
    from aira.money import format_amount

    if dry_run:
        show_number(purchase(True), json=json)
        return
    if not yes:
        would = purchase(True)
        price = f"{format_amount(would.monthly_cost)} {would.currency} a month"
        render.confirm(f"Rent {would.phone_number} for {price}, the first one paid now?", yes=False)
    bought = purchase(False)
    show_number(bought, json=json)
    if bought.business_id is None:
        render.note(f"Nobody answers it yet: `aira numbers assign {bought.phone_number} --business B`.")


def _warn_of(stranded: "Sequence[Stranded]") -> None:
    if not stranded:
        return
    from zoneinfo import ZoneInfo

    render.note(f"Its business could no longer be called, and has {render.counted(len(stranded), 'appointment')} to come:")
    for one in stranded[:MOST_LISTED]:
        render.note(f"  {one.start_time.astimezone(ZoneInfo(one.time_zone)):%Y-%m-%d %H:%M}  {one.service or ''}".rstrip())
    if len(stranded) > MOST_LISTED:
        render.note(f"  and {len(stranded) - MOST_LISTED} more: `aira appointments list`")
