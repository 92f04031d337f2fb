"""`aira simulate`: a caller to try a voice server with."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from aira.cli import render
from aira.cli.options import Json
from aira.cli.turns import FICTIONAL_CALLER, CallingNumber, calling_number, print_turn

if TYPE_CHECKING:
    from aira.settings import Settings
    from aira.voice.simulator import CallReport, Exchange, HeardCall
    from aira.voice.simulator.report import Behaviour
    from aira.voice.simulator.turns import CallerTurn

app = typer.Typer()

_FETCHING_SECONDS = 15.0
"""How long the server may take to fetch a message that was left."""


@app.callback()
def _group() -> None:
    """Ring the voice server without a telephone."""


@app.command()
def call(
    to: Annotated[str, typer.Option("--to", help="Number of ours to ring, E.164.")],
    from_: CallingNumber = FICTIONAL_CALLER,
    say: Annotated[list[str] | None, typer.Option("--say", help="What the caller says, turn by turn; repeat for each turn.")] = None,
    audio: Annotated[
        list[Path] | None, typer.Option("--audio", exists=True, dir_okay=False, help="WAV files the caller says, after the --say turns.")
    ] = None,
    press: Annotated[
        list[str] | None, typer.Option("--press", help="Keys the caller presses after the other turns, or as turn N: KEYS@N.")
    ] = None,
    hang_up_after: Annotated[
        float | None, typer.Option("--hang-up-after", min=0, help="Seconds after which the caller hangs up, whatever happens.")
    ] = None,
    answered: Annotated[bool, typer.Option("--answered", help="Whom the call is transferred to answers.")] = False,
    answer_keys: Annotated[str | None, typer.Option("--answer-keys", help="Keys they press when they are asked; means --answered.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Voice server to ring; default: VOICE_AGENT_SERVICE_URL.")] = None,
    voice_url: Annotated[
        str | None, typer.Option("--voice-url", help="Ring the server of anybody that answers Twilio's voice webhook at this address.")
    ] = None,
    fallback_url: Annotated[str | None, typer.Option("--fallback-url", help="With --voice-url: where Twilio asks when that fails.")] = None,
    status_url: Annotated[str | None, typer.Option("--status-url", help="With --voice-url: where Twilio tells of the call's end.")] = None,
    api_port: Annotated[
        int, typer.Option("--api-port", min=0, max=65535, help="Port of Twilio's REST API beside the call; 0 for any that is free.")
    ] = 0,
    haste: Annotated[
        float, typer.Option("--haste", min=1, max=100, help="Times faster than in life that the carrier speaks, rings and pauses.")
    ] = 1.0,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Keep the call as a stereo WAV: caller left, bot right.")] = None,
    json: Json = False,
) -> None:
    """Ring a number and talk, with the telephone's audio at the pace of speech.

    Speaks the carrier's protocol: signed webhook, TwiML, media stream, REST API. Where no voice server runs, one is started for the
    call; to one that runs, give TWILIO_API_URL=http://127.0.0.1:PORT with --api-port PORT if it is to change the call or fetch a
    message that was left.

    Example:
      $ aira simulate call --to +14155550123 --say "How much is a haircut?" --say "That's all, goodbye." --output call.wav
    """
    _must_be_installed()
    from aira.voice.simulator import Person

    says = _turns([*(say or ()), *(audio or ())], press or [])
    behaviour: Behaviour = {"hangs_up_after": hang_up_after, "haste": haste}
    behaviour["person"] = Person(answers=answered or answer_keys is not None, keys=answer_keys or "")
    common: _Common = {"to_number": to, "from_number": calling_number(from_), "says": says, "output": output}
    if voice_url is not None:
        report = _ring_anybody((voice_url, fallback_url or "", status_url or ""), api_port, common, behaviour)
    else:
        report = _ring_ours(url, api_port, common, behaviour)
    if json:
        render.emit(report, json=True)
    else:
        _show(report)


class _Common(TypedDict):
    to_number: str
    from_number: str | None
    says: "list[str | Path | CallerTurn]"
    output: Path | None


def _must_be_installed() -> None:
    from aira.errors import MissingExtra

    try:
        import aira.voice.simulator  # noqa: F401  # only whether it can be
    except ImportError as missing:
        if (missing.name or "").startswith("aira"):
            raise
        raise MissingExtra("voice", purpose="Ringing with audio") from None


def _turns(says: list[str | Path], presses: list[str]) -> "list[str | Path | CallerTurn]":
    from aira.errors import InvalidInput
    from aira.voice.simulator import Keys

    turns: list[str | Path | CallerTurn] = list(says)
    for press in presses:
        keys, _, place = press.partition("@")
        try:
            turns.insert(int(place) - 1 if place else len(turns), Keys(keys))
        except ValueError:
            raise InvalidInput(
                f"'{render.clean(press)}' are no keys.", hint="Give digits, * and #, such as --press 1 or --press 42#@2."
            ) from None
    return turns


def _ring_ours(url: str | None, api_port: int, common: _Common, behaviour: "Behaviour") -> "CallReport":
    from aira.core.app import open_aira
    from aira.voice.simulator import is_ready, local_voice_server, our_exchange, simulate_call

    with open_aira() as aira, our_exchange(aira, port=api_port) as exchange:
        running = url or aira.settings.voice_agent_service_url
        own = nullcontext(running) if url or is_ready(running) else local_voice_server(_with_api(aira.settings, exchange))
        with own as address:
            behaviour["exchange"] = exchange
            report = simulate_call(aira, url=address, **common, **behaviour)
            if aira.settings.aira_carrier == "twilio":  # whose server fetches what was left over the REST API
                exchange.wait_until_fetched(_FETCHING_SECONDS)
            return report


def _ring_anybody(urls: tuple[str, str, str], api_port: int, common: _Common, behaviour: "Behaviour") -> "HeardCall":
    from aira.ports import Webhooks
    from aira.settings import load_settings
    from aira.voice.signatures import webhook_secret
    from aira.voice.simulator import Exchange, ring

    settings = load_settings()
    with Exchange(secret=webhook_secret(settings), account_sid=settings.twilio_account_sid, port=api_port) as exchange:
        behaviour["exchange"] = exchange
        return ring(Webhooks(*urls, sms_url=""), secret=exchange.secret, **common, **behaviour)


def _with_api(settings: "Settings", exchange: "Exchange") -> "Settings":
    """The settings of a server that is started for the call: the simulated carrier is its Twilio."""
    if settings.aira_carrier == "twilio" or settings.twilio_api_url is not None:
        return settings
    from pydantic import SecretStr

    account = {"twilio_account_sid": exchange.account_sid, "twilio_auth_token": SecretStr(exchange.secret)}
    return settings.model_copy(update={"twilio_api_url": exchange.url, **account})


def _show(report: "HeardCall") -> None:
    for sentence in report.carrier_said:
        print_turn("carrier", sentence)
    for turn in getattr(report, "transcript", ()):
        print_turn(turn.role, turn.text)
    for step in report.steps:
        render.note(f"{step.at:6.1f} s  {step.verb}  {step.detail}".rstrip())
    for alert in report.alerts:
        render.note(f"{alert.at:6.1f} s  Twilio error {alert.code}: {alert.message} ({alert.url})")
    p50, p95 = report.latency_ms.p50, report.latency_ms.p95
    delays = f"; answers after {p50:.0f} ms (median), {p95:.0f} ms (95 %)" if p50 is not None and p95 is not None else ""
    kept = f"; kept in {report.recording}" if report.recording else ""
    silence = f"; longest silence {report.longest_silence_seconds:.1f} s, {report.underrun_ms:.0f} ms of holes in the bot's speech"
    render.note(
        f"Outcome: {getattr(report, 'outcome', None) or 'none'}; {report.status}, ended by the {report.ended_by}{delays}{silence}{kept}."
    )
