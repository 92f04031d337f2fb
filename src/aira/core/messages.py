"""The words of messages: templates of ours or of the business, filled with a notification's payload."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from jinja2 import PackageLoader, StrictUndefined, TemplateError, TemplateSyntaxError, nodes, select_autoescape
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from aira.billing.letters import LETTERS, write_letter
from aira.core.phones import format_phone_number
from aira.errors import InvalidInput
from aira.model import Business

SHORT_NAME = 30
"""Longest name, in characters, that a text message holds, so that it stays within two segments."""

_BOOKED_BY = {"voice_agent": "by phone", "cli": "at your desk", "ui": "on the web screen", "api": "by another program"}

_SLIPS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What filling a template may raise, for a slip in it or a value that is missing."""

_PLAIN_PARTS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter, nodes.Keyword, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Test, nodes.Concat, nodes.Include,
)  # fmt: skip
_PLAIN_FILTERS = frozenset({"day", "clock", "short", "brief", "phone", "upper", "lower", "title", "capitalize", "trim", "default"})

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENDED = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "})


@dataclass(frozen=True, slots=True)
class Words:
    """A message ready to be sent; a text message has no subject and no HTML."""

    text: str
    subject: str = ""
    html: str = ""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A business's own template instead of ours; the subject may be left out."""

    body: str
    subject: str | None = None


def write_message(
    template: str,
    channel: str,
    payload: Mapping[str, object],
    *,
    business: Business | None,
    number: str | None,
    own: OwnWords | None = None,
) -> Words:
    """The message of a notification; `number` is the business's telephone number.

    Own words that cannot be filled give way to ours, so that a slip in them keeps no message back. Raises InvalidInput for a
    template or a value that is missing.
    """
    if template in LETTERS:
        letter = write_letter(template, payload)
        return Words(subject=_one_line(letter.subject), text=letter.text, html=letter.html)
    if business is None:
        raise InvalidInput("This message needs a business.", code="business_missing")
    values = _values(payload, business, number, for_owner=template.startswith("owner_"))
    try:
        ours = _our_words(template, channel, values)
        return ours if own is None else _own_words(own, channel, values, ours)
    except _SLIPS as error:
        raise InvalidInput(f"The template {template} cannot be filled: {type(error).__name__}.", code="template_failed") from error


def check_own_words(own: OwnWords, channel: str, template: str, *, business: Business, now: datetime) -> Words:
    """What a business's own template gives for a made-up appointment. Raises InvalidInput where it cannot be filled."""
    sample = {
        "start_time": now.isoformat(),
        "end_time": now.isoformat(),
        "previous_start_time": now.isoformat(),
        "service": "Haircut",
        "customer_name": "Ann",
        "customer_phone": "+14155550123",
        "notes": None,
        "reason": None,
    }
    values = _values(sample, business, "+14155550199", for_owner=template.startswith("owner_"))
    try:
        subject, body = _filled(own, values)
    except _SLIPS as error:
        slip = " ".join(str(getattr(error, "message", error)).split())  # without the line and source that jinja adds
        raise InvalidInput(f"The template cannot be filled: {slip}.", hint="It may use: " + ", ".join(sorted(values)) + ".") from None
    return Words(text=body, subject=subject if channel == "email" else "")


def our_template(template: str, channel: str) -> OwnWords:
    """Our template of a message, as a business may take it for its own to begin with."""
    name = f"{template}.sms.txt" if channel == "sms" else f"{template}.txt"
    source = resources.files("aira.core").joinpath("templates", name).read_text("utf-8")
    if channel == "sms":
        return OwnWords(body=source.strip())
    subject, body = _split(source)
    return OwnWords(body=body, subject=subject)


def text_segments(text: str) -> int:
    """How many segments a text message is billed as: 160 characters of the GSM alphabet or 70 others, 153 or 67 where it has several."""
    if all(character in _GSM_7 or character in _GSM_7_EXTENDED for character in text):
        length, single, part = sum(2 if character in _GSM_7_EXTENDED else 1 for character in text), 160, 153
    else:
        length, single, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


def _our_words(template: str, channel: str, values: dict[str, object]) -> Words:
    if channel == "sms":
        return Words(text=_texted(_templates().get_template(f"{template}.sms.txt").render(values)))
    subject, text = _split(_templates().get_template(f"{template}.txt").render(values))
    return Words(subject=subject, text=text, html=_templates().get_template(f"{template}.html").render({**values, "subject": subject}))


def _own_words(own: OwnWords, channel: str, values: dict[str, object], ours: Words) -> Words:
    try:
        subject, body = _filled(own, values)
    except _SLIPS:
        return ours
    if channel == "sms":
        return Words(text=_texted(body))
    subject = subject or ours.subject
    lines = [Markup("<br>\n").join(part.strip("\n").split("\n")) for part in body.split("\n\n")]
    paragraphs = Markup("").join(Markup("<p>{}</p>").format(part) for part in lines)
    html = _templates().from_string('{% extends "layout.html" %}{% block body %}{{ paragraphs }}{% endblock %}')
    return Words(subject=subject, text=body, html=html.render({**values, "subject": subject, "paragraphs": paragraphs}))


def _filled(own: OwnWords, values: dict[str, object]) -> tuple[str, str]:
    for source in filter(None, (own.subject, own.body)):
        _refuse_programs(source)
    subject = _templates().from_string(own.subject).render(values) if own.subject else ""
    return _one_line(subject), _templates().from_string(own.body).render(values).strip() + "\n"


def _refuse_programs(source: str) -> None:
    """A tenant's words put values into sentences. What could count, repeat or fill the memory would keep everybody's messages back."""
    for node in _templates().parse(source).find_all(nodes.Node):
        if not isinstance(node, _PLAIN_PARTS):
            raise TemplateSyntaxError(f"{type(node).__name__} has no place in a message", getattr(node, "lineno", 1))
        if isinstance(node, nodes.Filter) and node.name not in _PLAIN_FILTERS:
            raise TemplateSyntaxError(f"the filter {node.name} has no place in a message", node.lineno)


def _values(payload: Mapping[str, object], business: Business, number: str | None, *, for_owner: bool) -> dict[str, object]:
    zone = ZoneInfo(business.time_zone)
    moments = {
        name.removesuffix("_time"): datetime.fromisoformat(str(payload[name])).astimezone(zone)
        for name in ("start_time", "end_time", "previous_start_time")
        if payload.get(name)
    }
    values = {**payload, **moments, "business": business, "number": number}
    if "start" in moments:
        values["booked"] = _BOOKED_BY.get(str(payload.get("source")))
        whose = [("Customer", "customer_name"), ("Phone", "customer_phone"), ("Notes", "notes"), ("Booked", "booked")] if for_owner else []
        values["facts"] = [
            ("Service", payload.get("service")),
            ("Day", _day(moments["start"])),
            ("Time", f"{_clock(moments['start'])} to {_clock(moments['end'])}"),
            ("Place", None if for_owner else business.address),
            *((label, values.get(name)) for label, name in whose),
        ]
    return values


@cache
def _templates() -> SandboxedEnvironment:
    templates = SandboxedEnvironment(
        loader=PackageLoader("aira.core"),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "day": _day,
        "clock": _clock,
        "short": _short,
        "brief": _brief,
        "phone": format_phone_number,
        "ljust": lambda text, width: str(text).ljust(width),
    }
    return templates


def _day(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def _clock(moment: datetime) -> str:
    if str(moment.tzinfo).startswith(("America/", "US/", "Australia/", "Pacific/Honolulu")):
        return f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment:%H:%M}"


def _short(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}, {_clock(moment)}"


def _brief(name: object) -> str:
    text = str(name)
    return text if len(text) <= SHORT_NAME else text[: SHORT_NAME - 3].rstrip() + "..."


def _split(rendered: str) -> tuple[str, str]:
    head, _, body = rendered.partition("\n\n")
    return _one_line(head.removeprefix("Subject:")), body.strip() + "\n"


def _texted(text: str) -> str:
    return " ".join(text.translate(_PLAIN).split())


def _one_line(text: str) -> str:
    return " ".join(text.split())
