"""Letters to whoever pays: receipts, warnings, alerts; as plain text and as HTML, from the payload of a notification.

The payload is what the SQL functions of billing put into `notifications.payload`: amounts and dates as text.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass

from aira.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail: subject, plain text, HTML of the same words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Wording:
    """A letter's words; `{name}` stands for a value of the payload. `facts` are the lines of its table."""

    subject: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    closing: str


_RENTAL = (("Number", "{number}"), ("Rental", "{amount} {currency}"))
_UNPAID = (*_RENTAL, ("In the wallet", "{available} {currency}"), ("Grace ends", "{grace_until}"))

_WORDINGS = {
    "receipt": _Wording(
        "Receipt {receipt}: {amount} {currency} for {number}",
        "The rental of your telephone number was paid from your wallet.",
        (*_RENTAL, ("Period", "{period_from} to {period_to}"), ("Receipt", "{receipt}"), ("Left in the wallet", "{balance} {currency}")),
        "Nothing is left for you to do.",
    ),
    "payment_failed": _Wording(
        "Please top up: the rental of {number} could not be paid",
        "Your wallet does not hold enough for the rental of this telephone number. It goes on answering during the grace period.",
        _UNPAID,
        "Top up the wallet before the grace period ends and the number stays yours; nothing else is needed.",
    ),
    "grace_reminder": _Wording(
        "Reminder: the rental of {number} is still unpaid",
        "Half of the grace period is over and the rental of this telephone number is still unpaid.",
        _UNPAID,
        "Top up the wallet before the grace period ends and the number stays yours.",
    ),
    "release_tomorrow": _Wording(
        "Last warning: {number} will be given back on {release_on}",
        "This is the last warning before this telephone number is given back. After that it cannot be had again and callers reach nobody.",
        (*_UNPAID, ("Given back from", "{release_on}")),
        "Top up the wallet today to keep it.",
    ),
    "released": _Wording(
        "{number} has been given back",
        "The grace period is over without a payment, so this telephone number has been given back to the carrier.",
        _RENTAL,
        "The unpaid rental is not asked of you. You can rent another number at any time.",
    ),
    "recovered": _Wording(
        "Thank you: {number} stays yours",
        "The rental of this telephone number has been paid and the grace period is over.",
        (("Number", "{number}"), ("Paid", "{amount} {currency}"), ("Next rental", "{next_billing_date}")),
        "Nothing is left for you to do.",
    ),
    "upcoming_shortfall": _Wording(
        "Please top up before {due_on}: {missing} {currency} are missing",
        "Rental of your telephone numbers falls due in the next days, and your wallet does not hold enough for it.",
        (
            ("Numbers", "{numbers}"),
            ("First due on", "{due_on}"),
            ("Rental", "{amount} {currency}"),
            ("In the wallet", "{available} {currency}"),
            ("Missing", "{missing} {currency}"),
        ),
        "Top up the wallet before that day and nothing else is needed.",
    ),
    "low_balance": _Wording(
        "Your wallet is running low: {available} {currency} left",
        "Your wallet holds less than you want to keep in it, or less than the next month's rental of your telephone numbers.",
        (("In the wallet", "{available} {currency}"), ("Warned below", "{threshold} {currency}")),
        "Top it up in time and every number stays yours.",
    ),
}

_ROW = '<tr><th align="left" style="padding:2px 16px 2px 0;font-weight:normal;color:#6b7280">{}</th><td>{}</td></tr>'
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{subject}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1c1f23">
<div style="max-width:520px;margin:0 auto;background:#ffffff;border-radius:8px;padding:28px 32px">
<p>{opening}</p>
<table style="border-collapse:collapse;margin:16px 0">{rows}</table>
<p>{closing}</p>
</div>
</body>
</html>
"""

LETTERS = frozenset(_WORDINGS)
"""Names of the letters, as `notifications.template` has them."""


def write_letter(template: str, payload: Mapping[str, object]) -> Letter:
    """The letter of this name with the payload's values. Raises InvalidInput for an unknown name or a value that is missing."""
    values = {name: str(value) for name, value in payload.items()}
    try:
        wording = _WORDINGS[template]
        subject = wording.subject.format_map(values)
        facts = [(label, value.format_map(values)) for label, value in wording.facts]
    except KeyError as missing:
        raise InvalidInput(f"The letter {template} cannot be written without {missing}.", code="template_failed") from None
    return Letter(subject=subject, text=_as_text(wording, facts), html=_as_html(subject, wording, facts))


def _as_text(wording: _Wording, facts: list[tuple[str, str]]) -> str:
    width = max(len(label) for label, _ in facts) + 2
    lines = "\n".join(f"  {label + ':':<{width}}{value}" for label, value in facts)
    return f"{wording.opening}\n\n{lines}\n\n{wording.closing}\n"


def _as_html(subject: str, wording: _Wording, facts: list[tuple[str, str]]) -> str:
    rows = "".join(_ROW.format(html.escape(label), html.escape(value)) for label, value in facts)
    words = {"subject": subject, "opening": wording.opening, "closing": wording.closing}
    return _PAGE.format(rows=rows, **{name: html.escape(text) for name, text in words.items()})
