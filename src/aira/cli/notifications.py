"""`aira notifications`: the messages that left, wait or were held back."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from aira.cli import render
from aira.cli.options import Business, Json, MaybeBusiness

if TYPE_CHECKING:
    from aira.core.app import Aira
    from aira.model import Notification

app = typer.Typer()

COLUMNS = ("created_at", "channel", "template", "recipient", "status", "last_error", "send_after", "attempts", "id")
STATUSES = ("pending", "sending", "sent", "delivered", "failed", "suppressed", "unknown")

SHORT_COLUMNS = ("template", "recipient", "became", "id")

Which = Annotated[str, typer.Argument(metavar="NOTIFICATION", help="Id, or its first characters.")]


@app.command("list")
def list_(
    business: MaybeBusiness = None,
    status: Annotated[str | None, typer.Option("--status", help="One of: " + ", ".join(STATUSES) + ".")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The same as --status failed.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, the newest first.")] = 50,
    json: Json = False,
) -> None:
    """List messages, the newest first.

    Example:
      $ aira notifications list --status failed
    """
    from aira.core.app import open_aira
    from aira.core.notifications import list_notifications
    from aira.errors import InvalidInput

    if status is not None and status not in STATUSES:
        raise InvalidInput(f"'{status}' is not a status.", hint="One of: " + ", ".join(STATUSES) + ".")
    if failed and status not in {None, "failed"}:
        raise InvalidInput(f"--failed and --status {status} exclude each other.", hint="Give one of them.")
    with open_aira() as aira:
        found = list_notifications(aira, business=business, status="failed" if failed else status, limit=limit)
        if json or not render.to_terminal():
            render.emit_list(found, json=json, columns=COLUMNS)
        else:
            render.emit_list(_short(aira, found), json=False, columns=SHORT_COLUMNS, empty="No messages.")


@app.command()
def show(notification: Which, json: Json = False) -> None:
    """Show a message and its words; of a text, how many segments carriers bill.

    Example:
      $ aira notifications show 9b1c04aa
    """
    from aira.core.app import open_aira
    from aira.core.delivery import words_of_notification
    from aira.core.messages import text_segments
    from aira.core.notifications import find_notification
    from aira.errors import InvalidInput

    with open_aira() as aira:
        record = render.as_plain(find_notification(aira, notification)) | {"segments": None, "subject": None, "text": None}
        try:
            words = words_of_notification(aira, UUID(str(record["id"])))
        except InvalidInput as error:
            render.note(error.message)
        else:
            segments = text_segments(words.text) if record["channel"] == "sms" else None
            record |= {"segments": segments, "subject": words.subject or None, "text": words.text}
    if json or not render.to_terminal():
        render.emit(record, json=json)
    else:
        text = record.pop("text")
        render.emit(record, json=False)
        render.print_line(f"\n{render.clean(str(text or ''))}".rstrip())


@app.command()
def retry(notification: Which, json: Json = False) -> None:
    """Send a message again that failed or was held back.

    A text message that may have been sent is never sent again.

    Example:
      $ aira notifications retry 9b1c04aa
    """
    from aira.core.app import open_aira
    from aira.core.notifications import deliver_notification, find_notification, retry_notification

    with open_aira() as aira:
        waiting = retry_notification(aira, notification)
        deliver_notification(aira, waiting.id)
        render.emit(find_notification(aira, waiting.id), json=json)


@app.command()
def resume(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="One of our numbers, or its id.")],
    json: Json = False,
) -> None:
    """Let texts leave again from a number that operators had refused.

    A number that is not registered as a sender of texts (A2P 10DLC, toll-free verification) stops texting with the first refusal; `aira
    doctor` names it. Once it is registered, resume it and retry what failed.

    Example:
      $ aira notifications resume +14155550123
    """
    from aira.core.app import open_aira
    from aira.core.senders import resume_texts

    with open_aira() as aira:
        render.emit(resume_texts(aira, number), json=json, columns=("phone_number", "status"))


@app.command()
def words(
    template: Annotated[str, typer.Argument(help="appointment_confirmed, _rescheduled, _cancelled or _reminder.")],
    business: Business,
    channel: Annotated[str, typer.Option("--channel", help="email or sms.")] = "email",
    body: Annotated[str | None, typer.Option("--body", help="Jinja template of the text; - reads it from standard input.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Jinja template of the subject; default: ours.")] = None,
    ours: Annotated[bool, typer.Option("--ours", help="Use our words again.")] = False,
    json: Json = False,
) -> None:
    """Say a message to customers in the business's own words; without --body, show the words in use.

    A template may use start, end, previous_start, service, customer_name, number, business.name, business.address, the filters day,
    clock, short and phone, and {% if %}.

    Example:
      $ aira notifications words appointment_confirmed --business "Bella Hair" --body "See you {{ start | day }}, {{ start | clock }}!"
    """
    import sys

    from aira.core.app import open_aira
    from aira.core.messages import text_segments
    from aira.core.own_words import channel_named, remove_own_words, set_own_words, words_in_use

    with open_aira() as aira:
        means = channel_named(channel)
        if ours:
            remove_own_words(aira, template, business=business, channel=means)
            render.note("Our words are used again.")
        elif body is None:
            shown, is_own = words_in_use(aira, template, business=business, channel=means)
            if not is_own:
                render.note("These are our words; the business has none of its own for this message.")
            render.emit({**render.as_plain(shown), "is_own": is_own}, json=json)
        else:
            text = sys.stdin.read() if body == "-" else body
            sample = set_own_words(aira, template, business=business, channel=means, body=text, subject=subject)
            render.emit(sample, json=json, columns=("subject", "text"))
            if means == "sms":
                render.note(f"Carriers bill this as {render.counted(text_segments(sample.text), 'segment')}.")


def _short(aira: "Aira", messages: "list[Notification]") -> list[dict[str, object]]:
    """What 80 columns have room for: what became of each message, when it left or will, by the clock of its business, and why not."""
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from aira.core.businesses import find_business

    zones = {one.business_id: ZoneInfo(find_business(aira, one.business_id).time_zone) for one in messages if one.business_id}
    rows: list[dict[str, object]] = []
    for one in messages:
        moment = one.send_after if one.status == "pending" else one.sent_at
        shown = f"{moment.astimezone(zones[one.business_id] if one.business_id else UTC):%m-%d %H:%M}" if moment is not None else ""
        became = " ".join(filter(None, ("due" if one.status == "pending" else one.status, shown, one.last_error)))
        rows.append({"template": one.template, "recipient": one.recipient, "became": became, "id": str(one.id)[:8]})
    return rows
