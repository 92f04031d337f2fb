"""`aira billing`: the monthly rental of numbers."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import DryRun, Json, Owner, Yes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aira.core.app import Aira
    from aira.model import BillingItem, BillingRun, Charge, PreviewItem

app = typer.Typer()

ITEM_COLUMNS = ("phone_number", "outcome", "amount", "currency", "period_start", "period_end", "detail")
SHORT_ITEM_COLUMNS = ("phone_number", "outcome", "amount", "detail")

ID_SHOWN = 8
SHORT_CHARGE_COLUMNS = ("phone_number", "period_start", "period_end", "amount", "status", "id")
CHARGE_COLUMNS = ("phone_number", "period_start", "period_end", "amount", "currency", "status", "id")
SHORT_RUN_COLUMNS = ("as_of", "charged", "recovered", "grace_started", "released", "failed", "id")
RUN_COLUMNS = ("started_at", "as_of", "charged", "recovered", "grace_started", "reminded", "released", "blocked", "failed", "id")

_COUNTED = ("charged", "recovered", "grace_started", "reminded", "released", "blocked", "failed", "skipped")


@app.command()
def run(
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", help="Charge what is due on this day; default today."),
    ] = None,
    dry_run: DryRun = False,
    force: Annotated[bool, typer.Option("--force", help="Allow a day that has not come yet, and charge in advance.")] = False,
    confirm_releases: Annotated[
        int | None, typer.Option("--confirm-releases", min=0, help="Release up to so many numbers whose grace is over.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing unless somebody has to look.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Charge every rental that is due, warn who cannot pay, release what was not paid. Meant for cron, once a day.

    Repeating it charges nothing twice, skipping days loses nothing, and it may be stopped at any moment. Exit code 8 means
    that some numbers need another run or a person.

    Example:
      $ aira billing run --dry-run
    """
    from aira.core.app import open_aira
    from aira.core.renewals import run_billing

    stop = _sigterm()
    if force and as_of is not None and not dry_run:
        render.confirm(f"Charge what falls due until {as_of.date()} now?", yes=yes)
    with open_aira() as aira:
        done = run_billing(
            aira,
            as_of=as_of.date() if as_of else None,
            dry_run=dry_run,
            force=force,
            confirm_releases=confirm_releases,
            actor="cli",
            stop=stop,
        )
        _report(done, quiet=quiet, json=json)
        if not done.dry_run:
            _send_letters(aira, stop)
    _judge(done)


@app.command()
def preview(
    days: Annotated[int, typer.Option("--days", min=0, max=400, help="How many days to look ahead.")] = 30, json: Json = False
) -> None:
    """Show what the next days' runs will do, if nothing is topped up: the run itself, rolled back.

    Example:
      $ aira billing preview --days 60
    """
    from aira.core.app import open_aira
    from aira.core.charges import preview_billing

    with open_aira() as aira:
        expected = preview_billing(aira, days=days)
    columns = ("on", *render.fitting(ITEM_COLUMNS, on_terminal=SHORT_ITEM_COLUMNS))
    render.emit_list(expected if json else _rows(expected), json=json, columns=columns, empty="Nothing falls due.")


@app.command()
def runs(
    run_id: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="Id of one run, or its first eight characters, to see what it did with each number."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of the latest runs.")] = 30,
    json: Json = False,
) -> None:
    """List the latest runs, or show one.

    Example:
      $ aira billing runs --limit 7
    """
    from aira.core.app import open_aira
    from aira.core.charges import find_run, list_runs

    with open_aira() as aira:
        if run_id is None:
            columns = render.fitting(RUN_COLUMNS, on_terminal=SHORT_RUN_COLUMNS)
            latest = list_runs(aira, limit=limit)
            render.emit_list(latest if json else _named(latest), json=json, columns=columns, empty="Billing has not been run yet.")
        else:
            _report(find_run(aira, run_id), quiet=False, json=json)


@app.command()
def charges(
    owner: Owner = None,
    number: Annotated[str | None, typer.Option("--number", help="Only charges of this number, E.164.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="Only unpaid, paid, waived or written_off.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many of the latest.")] = 100,
    json: Json = False,
) -> None:
    """List charges, the latest period first.

    Example:
      $ aira billing charges --status unpaid
    """
    from aira.core.app import open_aira
    from aira.core.charges import list_charges

    with open_aira() as aira:
        found = list_charges(aira, owner=owner, phone_number=number, status=status, limit=limit)
        columns = render.fitting(CHARGE_COLUMNS, on_terminal=SHORT_CHARGE_COLUMNS)
        render.emit_list(found if json else _named(found), json=json, columns=columns, empty="No charges.")


@app.command()
def waive(
    charge: Annotated[str, typer.Argument(help="Id of the charge, or its first eight characters.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, as the statement will say.", show_default=False)],
    json: Json = False,
) -> None:
    """Forgive one charge: what was paid goes back to the wallet, what is owed is dropped.

    Example:
      $ aira billing waive 6f0c2a1e-6a55-4a65-9be2-3f6a0c0d9f11 --reason "line was down"
    """
    from aira.core.app import open_aira
    from aira.core.charges import waive_charge

    with open_aira() as aira:
        render.emit(waive_charge(aira, charge, reason=reason, actor="cli"), json=json, columns=(*CHARGE_COLUMNS, "waive_reason"))


def _sigterm() -> "Callable[[], bool]":
    """Whether this process was told to end; what is under way is finished first."""
    import signal
    import threading

    told = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: told.set())
    return told.is_set


def _send_letters(aira: "Aira", stop: "Callable[[], bool]") -> None:
    """Send what is due, letter by letter, until none is left or this process is told to end; a worker sends the rest."""
    from aira.core.notifications import deliver_due

    sys.stdout.flush()
    while not stop() and deliver_due(aira, limit=1):
        pass


def _report(done: "BillingRun", *, quiet: bool, json: bool) -> None:
    if json:
        render.print_json(done)
        return
    for warning in done.warnings:
        render.note(f"warning: {warning}")
    if quiet:
        return
    if done.already_running:
        render.note("Another billing run is under way; it does the same work.")
        return
    told = _rows([item for item in done.items if item.outcome != "waiting"])
    render.emit_list(
        told, json=False, columns=render.fitting(ITEM_COLUMNS, on_terminal=SHORT_ITEM_COLUMNS), empty="Nothing to charge today."
    )
    if sys.stdout.isatty():
        render.note(_in_one_line(done))


def _named(records: "Sequence[Charge | BillingRun]") -> list[dict[str, object]]:
    """Records as rows; on a terminal with as much of the id as names them."""
    rows = [render.as_plain(record) for record in records]
    return [{**row, "id": str(row["id"])[:ID_SHOWN]} for row in rows] if render.to_terminal() else rows


def _rows(items: "Sequence[BillingItem | PreviewItem]") -> list[dict[str, object]]:
    """What happened to each number; on a terminal an amount stands with its currency."""
    rows = [render.as_plain(item) for item in items]
    return [{**row, "amount": f"{row['amount']} {row['currency']}"} for row in rows] if render.to_terminal() else rows


def _in_one_line(done: "BillingRun") -> str:
    from aira.money import format_amount

    counts = [f"{getattr(done, name)} {name.replace('_', ' ')}" for name in _COUNTED if getattr(done, name)]
    money = [f"{format_amount(amount)} {currency}" for currency, amount in sorted(done.amounts.items())]
    label = f"Dry run for {done.as_of}, nothing was changed" if done.dry_run else f"Billing run for {done.as_of}"
    return f"{label}: {', '.join([*counts, *money]) or 'nothing to do'}."


def _judge(done: "BillingRun") -> None:
    """Say on the way out what is left to do."""
    from aira.errors import PartlyDone

    if done.dry_run:
        return
    if done.interrupted:
        raise PartlyDone("The run was told to stop before it was through.")
    if done.failed:
        raise PartlyDone(
            f"{render.counted(done.failed, 'number')} failed; the next run tries again.", hint=f"Run `aira billing runs {done.id or ''}`."
        )
    if any(item.outcome == "release_held" for item in done.items):
        held = sum(item.outcome == "release_held" for item in done.items)
        raise PartlyDone(
            f"{render.counted(held, 'number')} would be released, more than a run may release unasked; none was.",
            code="releases_held",
            hint=f"Look at the wallets; if it is right, run `aira billing run --confirm-releases {held}`.",
        )
    if done.blocked:
        raise PartlyDone(
            f"Grace is over for {render.counted(done.blocked, 'number')}, but no warning was delivered.",
            code="release_blocked",
            hint="Run `aira notifications list --status failed`, or set another address: `aira wallet set --email E`.",
        )
