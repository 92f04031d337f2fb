"""`aira init`: the questions a new operator is asked, and the `.env` that comes of the answers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from aira.cli import render
from aira.errors import InvalidInput

ENV_FILE = Path(".env")
SECRETS = {"DATABASE_URL", "TWILIO_AUTH_TOKEN", "SMTP_URL", "SUPABASE_SERVICE_ROLE_KEY"}


def init(
    carrier: Annotated[str | None, typer.Option(help="simulated or twilio.")] = None,
    database_url: Annotated[str | None, typer.Option(help="Postgres to use; 'embedded' for the one AiRa starts itself.")] = None,
    voice_url: Annotated[str | None, typer.Option(help="Public https base of `aira serve-voice`.")] = None,
    twilio_account_sid: Annotated[str | None, typer.Option(help="Twilio account, AC….")] = None,
    twilio_auth_token: Annotated[str | None, typer.Option(help="Twilio auth token; '-' reads it from standard input.")] = None,
    mail: Annotated[str | None, typer.Option(help="outbox or smtp.")] = None,
    smtp_url: Annotated[str | None, typer.Option(help="smtp://user:password@host:587.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Ask what AiRa shall work with and write the answers to .env; what a flag answers is not asked.

    Example:
      $ aira init --carrier simulated --database-url embedded --mail outbox
    """
    given = {
        "AIRA_CARRIER": carrier,
        "DATABASE_URL": database_url,
        "VOICE_AGENT_SERVICE_URL": voice_url,
        "TWILIO_ACCOUNT_SID": twilio_account_sid,
        "TWILIO_AUTH_TOKEN": sys.stdin.readline().strip() if twilio_auth_token == "-" else twilio_auth_token,  # noqa: S105 - a dash is no token
        "AIRA_MAIL": mail,
        "SMTP_URL": smtp_url,
    }
    answers = _ask({name: value for name, value in given.items() if value is not None})
    _check(answers)
    _write(answers)
    if json:
        render.print_json({"file": str(ENV_FILE), "settings": sorted(answers)})
    else:
        render.note(f"Wrote {ENV_FILE} ({', '.join(sorted(answers))}). Next: `aira doctor`, then `aira owners add EMAIL`.")


def _ask(given: dict[str, str]) -> dict[str, str]:
    answers = dict(given)
    _answer(answers, "AIRA_CARRIER", "Who rents out the numbers, simulated or twilio?", "simulated")
    _answer(answers, "DATABASE_URL", "Postgres URL, or 'embedded' for the one AiRa starts itself?", "embedded")
    if answers["AIRA_CARRIER"] == "twilio":
        _answer(answers, "TWILIO_ACCOUNT_SID", "Twilio account SID (AC…)?", None)
        _answer(answers, "TWILIO_AUTH_TOKEN", "Twilio auth token?", None)
        _answer(answers, "VOICE_AGENT_SERVICE_URL", "Public https base of the voice server?", None)
    _answer(answers, "AIRA_MAIL", "How does e-mail leave, outbox (a folder) or smtp?", "outbox")
    if answers["AIRA_MAIL"] == "smtp":
        _answer(answers, "SMTP_URL", "SMTP URL (smtp://user:password@host:587)?", None)
    if answers["DATABASE_URL"] == "embedded":
        del answers["DATABASE_URL"]
    return answers


def _answer(answers: dict[str, str], name: str, question: str, default: str | None) -> None:
    if name in answers:
        return
    if not sys.stdin.isatty():
        if default is None:
            flag = "--" + {"VOICE_AGENT_SERVICE_URL": "voice-url"}.get(name, name.lower().replace("_", "-"))
            raise InvalidInput(f"{name} is needed, and there is no terminal to ask on.", hint=f"Add {flag} to the command.")
        answers[name] = default
        return
    answers[name] = typer.prompt(question, default=default, hide_input=name in SECRETS and default is None, err=True)


def _check(answers: Mapping[str, str]) -> None:
    from aira.settings import load_settings

    load_settings(**{name.lower(): value for name, value in answers.items()})


def _write(answers: Mapping[str, str]) -> None:
    old = ENV_FILE.read_text("utf-8").splitlines() if ENV_FILE.is_file() else []
    kept = [line for line in old if line.partition("=")[0].strip() not in answers]
    lines = [*kept, *(f'{name}="{_escaped(value)}"' for name, value in answers.items())]
    ENV_FILE.touch(mode=0o600)
    ENV_FILE.write_text("\n".join(lines) + "\n", "utf-8")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
