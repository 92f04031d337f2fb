"""`aira wallet`: prepaid money."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import Json, Owner

if TYPE_CHECKING:
    from aira.model import Transaction

app = typer.Typer()

WALLET_COLUMNS = (
    "owner", "currency", "balance", "held", "available", "low_balance_threshold", "billing_email", "billing_time_zone", "grace_days", "id",
)  # fmt: skip
TRANSACTION_COLUMNS = (
    "seq", "created_at", "type", "amount", "balance_after", "currency", "description", "id", "phone_number", "period_start", "period_end",
)  # fmt: skip

Currency = Annotated[str | None, typer.Option("--currency", help="Three letters; may be left out while the owner has only one wallet.")]


@app.command()
def show(owner: Owner = None, currency: Currency = None, json: Json = False) -> None:
    """Show a wallet: balance, what is held for purchases under way, and what is available.

    Example:
      $ aira wallet show
    """
    from aira.core.app import open_aira
    from aira.core.wallet import find_wallet

    with open_aira() as aira:
        render.emit(find_wallet(aira, owner=owner, currency=currency), json=json, columns=WALLET_COLUMNS)


@app.command(name="list")
def list_(owner: Owner = None, json: Json = False) -> None:
    """List the wallets of one owner or of all.

    Example:
      $ aira wallet list
    """
    from aira.core.app import open_aira
    from aira.core.wallet import list_wallets

    with open_aira() as aira:
        render.emit_list(list_wallets(aira, owner=owner), json=json, columns=("owner", "currency", "balance", "held", "available", "id"))


@app.command(name="top-up")
def top_up(
    amount: Annotated[str, typer.Argument(help="What was received, such as 25 or 12.50.")],
    reference: Annotated[
        str, typer.Option("--reference", help="The payment's own number; the same reference again adds nothing.", show_default=False)
    ],
    owner: Owner = None,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Add money that was received.

    Example:
      $ aira wallet top-up 25 --reference bank-2026-11-23
    """
    from aira.core.app import open_aira
    from aira.core.wallet import top_up as post
    from aira.money import parse_amount

    received = parse_amount(amount)
    with open_aira() as aira:
        transaction = post(aira, received, reference=reference, owner=owner, currency=currency, actor="cli")
        render.emit(transaction, json=json, columns=TRANSACTION_COLUMNS)


@app.command()
def statement(
    owner: Owner = None,
    currency: Currency = None,
    date_from: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day.")] = None,
    date_to: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values with a header.")] = False,
    json: Json = False,
) -> None:
    """List a wallet's transactions, with the balance before and after them.

    Example:
      $ aira wallet statement --from 2026-11-01 --to 2026-11-30
    """
    from aira.core.app import open_aira
    from aira.core.wallet import wallet_statement
    from aira.money import format_amount

    with open_aira() as aira:
        stated = wallet_statement(
            aira,
            owner=owner,
            currency=currency,
            date_from=date_from.date() if date_from else None,
            date_to=date_to.date() if date_to else None,
        )
    if csv:
        _print_csv(stated.transactions)
        return
    rows = [{**render.as_plain(one), "on": one.created_at.date(), "balance": one.balance_after} for one in stated.transactions]
    columns = render.fitting(TRANSACTION_COLUMNS, on_terminal=("seq", "on", "type", "amount", "balance", "description"))
    render.emit_list(stated.transactions if json else rows, json=json, columns=columns, empty="No transactions.")
    render.note(
        f"Balance before {format_amount(stated.opening_balance)}, after {format_amount(stated.closing_balance)} {stated.wallet.currency}."
    )


@app.command()
def reverse(
    transaction: Annotated[str, typer.Argument(help="Id of the transaction, or its number in the statement.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, as the statement will say.", show_default=False)],
    owner: Owner = None,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Give one transaction back, in full and at most once.

    A reversal cannot be reversed. The rental of a number is not reversed but waived: `aira billing waive`.

    Example:
      $ aira wallet reverse 1 --reason "paid twice"
    """
    from aira.core.app import open_aira
    from aira.core.wallet import reverse_transaction

    with open_aira() as aira:
        posted = reverse_transaction(aira, transaction, reason=reason, owner=owner, currency=currency, actor="cli")
        render.emit(posted, json=json, columns=TRANSACTION_COLUMNS)


@app.command()
def verify(owner: Owner = None, currency: Currency = None, json: Json = False) -> None:
    """Check the books: any transaction that was changed, removed, added or reordered is found.

    Example:
      $ aira wallet verify
    """
    from aira.core.app import open_aira
    from aira.core.wallet import verify_wallet
    from aira.errors import LedgerBroken

    with open_aira() as aira:
        report = verify_wallet(aira, owner=owner, currency=currency)
    if json:
        render.print_json(report)
    else:
        render.emit_list(report.problems, json=False, columns=("wallet_id", "seq", "problem"), empty="Every row is as it was written.")
        render.note(f"{render.counted(report.transactions, 'transaction')} in {render.counted(report.wallets, 'wallet')} checked.")
    if report.problems:
        raise LedgerBroken(f"The books are wrong in {render.counted(len(report.problems), 'place')}.")


@app.command()
def alert(
    amount: Annotated[str, typer.Argument(help="Warn below this amount; `auto`: below the next month's rental; `off`: never.")],
    owner: Owner = None,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Set when the owner is warned of a low balance: once a shortage, until the next top-up.

    Example:
      $ aira wallet alert 5
    """
    from decimal import Decimal

    from aira.core.app import open_aira
    from aira.core.wallet import set_low_balance_alert
    from aira.money import parse_amount

    threshold = {"auto": None, "off": Decimal(0)}[amount] if amount in ("auto", "off") else parse_amount(amount)
    with open_aira() as aira:
        render.emit(set_low_balance_alert(aira, threshold, owner=owner, currency=currency), json=json, columns=WALLET_COLUMNS)


@app.command(name="set")
def set_(
    email: Annotated[str | None, typer.Option("--email", help="Where letters about money go, if not to the owner.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", help="IANA name; billing days begin at its midnight.")] = None,
    grace_days: Annotated[int | None, typer.Option("--grace-days", help="Days to pay an overdue rental, 3 to 7.")] = None,
    owner: Owner = None,
    currency: Currency = None,
    json: Json = False,
) -> None:
    """Set where letters about a wallet go, where its days begin and how long its grace is.

    Example:
      $ aira wallet set --email books@example.com --time-zone America/New_York
    """
    from aira.core.app import open_aira
    from aira.core.wallet import set_billing

    with open_aira() as aira:
        wallet = set_billing(aira, owner=owner, currency=currency, email=email, time_zone=time_zone, grace_days=grace_days)
        render.emit(wallet, json=json, columns=WALLET_COLUMNS)


def _print_csv(transactions: "list[Transaction]") -> None:
    import csv
    import sys

    writer = csv.DictWriter(sys.stdout, fieldnames=TRANSACTION_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(render.as_plain(transaction) for transaction in transactions)
