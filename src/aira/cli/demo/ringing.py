"""The demo's caller: over the telephone's own protocol with audio, or typed."""

from contextlib import ExitStack
from datetime import datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aira.cli.demo.papers import PRICE_IN_PDF
from aira.cli.demo.stage import Evidence, Stage
from aira.cli.demo.world import World, free_port
from aira.errors import MissingExtra
from aira.model import Turn

if TYPE_CHECKING:
    from aira.voice.simulator import CallReport

CALLER = "+12125550142"
BOT_CHANNEL = 1
TURNS = (
    "hello-colour-price",
    "cinema-gift-cards",
    "no-thanks",
    "book-haircut",
    "my-name",
    "change-time",
    "yes-please",
    "thats-all",
)
WISHED, CHANGED_TO = time(14, 30), time(15, 30)

_BOOKED_SQL = """
select array_agg(start_time) from public.appointments
where external_id = %(sid)s and source = 'voice_agent' and status = 'confirmed' and customer_name = 'Sarah Johnson'
"""


def ring(stage: Stage, world: World) -> None:
    """A voice server is started, a caller rings it, and what the caller heard is listened to."""
    try:
        from aira.voice.simulator import local_voice_server, simulate_call
    except ImportError as missing:
        if (missing.name or "").startswith("aira"):
            raise
        raise MissingExtra("voice", purpose="A call with audio") from None
    with ExitStack() as running:
        with stage.step("The voice server warmed up") as evidence:
            url = running.enter_context(local_voice_server(world.aira.settings, port=free_port()))
            evidence.fact(url)
        with stage.step("A caller asks, books and changes the time, over the media stream") as evidence:
            clips = [_clip(name) for name in TURNS]
            report = simulate_call(
                world.aira, to_number=world.phone_number, from_number=CALLER, says=clips, url=url, output=world.folder / "call.wav"
            )
            world.call_sid = report.call_sid
            _keep_transcript(stage, world, report.transcript)
            _conversation_was_right(evidence, world, report.transcript)
            evidence.fact(_pace(report))
    _listen(stage, world)


def type_conversation(stage: Stage, world: World) -> None:
    """The same conversation without audio."""
    from aira.voice.chat import hold_chat

    with stage.step("A caller asks, books and changes the time, typed") as evidence:
        report = hold_chat(world.aira, business=world.business, says=[_words(name) for name in TURNS], from_number=CALLER)
        world.call_sid = report.call_sid
        _keep_transcript(stage, world, report.transcript)
        _conversation_was_right(evidence, world, report.transcript)


def _conversation_was_right(evidence: Evidence, world: World, transcript: list[Turn]) -> None:
    said = " ".join(turn.text for turn in transcript if turn.role == "bot").lower()
    evidence.must(PRICE_IN_PDF in said or "eighty-five" in said, "the bot did not say the price that stands in the PDF")
    evidence.must("message" in said, "the bot did not offer to take a message for what it does not know")
    zone = ZoneInfo(world.time_zone)
    tomorrow = world.aira.clock.now().astimezone(zone).date() + timedelta(days=1)
    wanted = datetime.combine(tomorrow, CHANGED_TO, zone)
    evidence.must(world.ask(_BOOKED_SQL, sid=world.call_sid) == [wanted], f"not exactly one appointment at {wanted:%Y-%m-%d %H:%M} stands")
    evidence.fact(f"haircut for Sarah Johnson tomorrow at {CHANGED_TO:%H:%M}, first wished for {WISHED:%H:%M}")


def _pace(report: "CallReport") -> str:
    return f"answers after {report.latency_ms.p50:.0f} ms (median), greeting after {report.greeting_ms:.0f} ms"


def _listen(stage: Stage, world: World) -> None:
    """What the bot said is heard again by speech-to-text, from the recording."""
    from aira.voice.audio import read_wav
    from aira.voice.engines import EAR_RATE, shared_ear

    with stage.step("The recording listened to by speech-to-text") as evidence:
        bot = read_wav(world.folder / "call.wav", rate=EAR_RATE, channel=BOT_CHANNEL)
        heard = shared_ear().transcribe(bot).lower()
        price = next((word for word in (PRICE_IN_PDF, "eighty five", "eighty-five") if word in heard), None)
        evidence.must(price is not None, "the price cannot be heard in the recording")
        evidence.fact(f"the bot is heard to say '{price}'")


def _keep_transcript(stage: Stage, world: World, transcript: list[Turn]) -> None:
    lines = [f"{turn.role:>6}  {turn.text}" for turn in transcript]
    world.folder.joinpath("transcript.txt").write_text("\n".join(lines) + "\n", "utf-8")
    stage.say()
    for line in lines:
        stage.say(f"    {line}")
    stage.say()


def _clip(name: str) -> Path:
    return Path(str(files("aira.voice.simulator").joinpath("clips", f"{name}.wav")))


def _words(name: str) -> str:
    import json

    words: dict[str, str] = json.loads(files("aira.voice.simulator").joinpath("clips", "words.json").read_text("utf-8"))
    return words[name]
