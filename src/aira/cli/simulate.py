"""`aira simulate`: a caller to try the voice server with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aira.cli import render
from aira.cli.options import Json
from aira.cli.turns import FICTIONAL_CALLER, CallingNumber, calling_number, print_turn

if TYPE_CHECKING:
    from aira.voice.simulator import CallReport

app = typer.Typer()


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
    url: Annotated[str | None, typer.Option("--url", help="Voice server to ring; default: VOICE_AGENT_SERVICE_URL.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Keep the call as a stereo WAV: caller left, bot right.")] = None,
    json: Json = False,
) -> None:
    """Ring a number and talk, with the telephone's audio at the pace of speech.

    Speaks the carrier's protocol: signed webhook, TwiML, media stream. Where no voice server runs, one is started for the call.

    Example:
      $ aira simulate call --to +14155550123 --say "How much is a haircut?" --say "That's all, goodbye." --output call.wav
    """
    says = [*(say or ()), *(audio or ())]
    report = _ring(to, calling_number(from_), says, url=url, output=output)
    if json:
        render.emit(report, json=True)
        return
    for sentence in report.carrier_said:
        print_turn("carrier", sentence)
    for turn in report.transcript:
        print_turn(turn.role, turn.text)
    _summary(report)


def _ring(to: str, from_number: str | None, says: "list[str | Path]", *, url: str | None, output: Path | None) -> "CallReport":
    from contextlib import nullcontext

    from aira.core.app import open_aira
    from aira.errors import MissingExtra

    try:
        from aira.voice.simulator import is_ready, local_voice_server, simulate_call
    except ImportError as missing:
        if (missing.name or "").startswith("aira"):
            raise
        raise MissingExtra("voice", purpose="Ringing with audio") from None
    with open_aira() as aira:
        running = url or aira.settings.voice_agent_service_url
        with nullcontext(running) if url or is_ready(running) else local_voice_server(aira.settings) as address:
            return simulate_call(aira, to_number=to, from_number=from_number, says=says, url=address, output=output)


def _summary(report: "CallReport") -> None:
    p50, p95 = report.latency_ms.p50, report.latency_ms.p95
    delays = f"; answers after {p50:.0f} ms (median), {p95:.0f} ms (95 %)" if p50 is not None and p95 is not None else ""
    kept = f"; kept in {report.recording}" if report.recording else ""
    render.note(f"Outcome: {report.outcome or 'none'}{delays}{kept}.")
