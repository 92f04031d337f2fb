"""Whole calls over a media stream with vendors that fail: the real pipeline, the real session, the caller's clock.

The caller asks a price, books, and says goodbye. What the wire carried is taped, so that every answer's delay and every silence is
measured where a caller would hear it.
"""

import asyncio
import base64
import json
import time
from collections import deque
from collections.abc import MutableMapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from fastapi import WebSocket

from aira.core.app import Aira
from aira.core.calls import find_call, open_chat
from aira.settings import Settings
from aira.voice.audio import PACKET_SAMPLES, Samples, decode_mulaw, encode_mulaw, loudness
from aira.voice.backlog import Backlog
from aira.voice.engines import shared_ear, shared_voice
from aira.voice.notes import watch_into
from aira.voice.pipeline import run_call
from aira.voice.session import open_session
from aira.voice.simulator.caller import packets
from aira.voice.simulator.caller_voice import spoken
from aira.voice.simulator.timeline import longest_silence
from aira.voice.tape import Tape
from aira.voice.vendors.by_setting import listeners, speakers
from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.clips import Clips
from aira.voice.vendors.hearing import Hearing
from aira.voice.vendors.models import language_models
from aira.voice.vendors.speaking import Speaking
from vendor_servers import Vendors, deserted_address, vendor_server

DEADLINE = 0.8
"""Seconds that each vendor gets in these calls."""
SAYS = {
    "question": "How much is a colour treatment?",
    "booking": "I'd like a haircut tomorrow.",
    "goodbye": "That's all, thank you. Goodbye.",
}
PHASES = ("greeting", *SAYS)
KINDS = ("stt", "llm", "tts")

_PATIENCE = 0.4
_LONGEST = 40.0
_LOUD = 300.0
_SILENCE = encode_mulaw(np.zeros(PACKET_SAMPLES, np.int16))


@dataclass(frozen=True, slots=True)
class Case:
    """One call: `kind` of vendor whose first choice fails by `fault`; kind "all" fails in every choice, the engines here included."""

    kind: str
    fault: str
    booked_at: datetime


@dataclass
class Outcome:
    """What a call was like on the wire. Seconds."""

    answered: dict[str, float] = field(default_factory=dict)
    """By phase: from the caller's last sound, or the stream's start, to the bot's first."""
    longest_silence: float = 0.0
    duration: float = 0.0
    next_step: str | None = None
    outcome: str | None = None
    call_sid: str = ""


@dataclass
class PhoneLine:
    """A media stream with a caller at its end who waits until the bot has finished, and speaks."""

    servers: Sequence[Vendors]
    says: deque[tuple[str, str]]
    tape: Tape = field(default_factory=Tape)
    answered: dict[str, float] = field(default_factory=dict)
    phase: str = "greeting"
    closed: bool = False

    def __post_init__(self) -> None:
        self._incoming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self._marks: deque[tuple[int, str]] = deque()
        self._packets: deque[bytes] = deque()
        self._spoke_until = self._started = time.monotonic()
        self._bot_loud_until = 0
        self.websocket = WebSocket({"type": "websocket", "path": "/", "headers": []}, receive=self._incoming.get, send=self._take)

    async def talk(self) -> None:
        """Send a packet every 20 ms until the bot closes the stream, or far too long."""
        for count in range(int(_LONGEST * 50)):
            if self.closed:
                return
            payload = self._next_packet()
            self._put({"event": "media", "media": {"payload": base64.b64encode(payload).decode()}})
            self.tape.from_caller(payload)
            while self._marks and self._marks[0][0] <= self.tape.now:
                self._put({"event": "mark", "mark": {"name": self._marks.popleft()[1]}})
            await asyncio.sleep(max(0.0, self._started + (count + 1) * 0.02 - time.monotonic()))
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    def _next_packet(self) -> bytes:
        quiet = (self.tape.now - self._bot_loud_until) / 8000
        if not self._packets and self.says and self.phase in self.answered and quiet > _PATIENCE:
            self.phase, words = self.says.popleft()
            self._packets.extend(_clip(words))
            for server in self.servers:
                server.words = words
        if not self._packets:
            return _SILENCE
        packet = self._packets.popleft()
        if loudness(decode_mulaw(packet)) > _LOUD:
            self._spoke_until = time.monotonic()
        return packet

    async def _take(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.closed = True
            self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        event = json.loads(message.get("text") or "{}")
        match event.get("event"):
            case "media":
                self._play(base64.b64decode(event["media"]["payload"]))
            case "mark":
                self._marks.append((self.tape.played_until, event["mark"]["name"]))
            case "clear":
                self.tape.clear()
                self._marks = deque((0, name) for _, name in self._marks)

    def _play(self, payload: bytes) -> None:
        self.tape.from_bot(payload)
        if loudness(decode_mulaw(payload)) > _LOUD:
            self._bot_loud_until = self.tape.played_until
            if not self._packets:
                self.answered.setdefault(self.phase, time.monotonic() - self._spoke_until)

    def _put(self, message: object) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})


def held(aira: Aira, cases: Sequence[Case], home: Path, *, business: UUID, at_once: int) -> list[Outcome]:
    """Hold these calls, each with vendors of its own."""
    shared_ear(), shared_voice()

    async def all_of_them(servers: list[tuple[Vendors, Vendors]]) -> list[Outcome]:
        turns = asyncio.Semaphore(at_once)

        async def one(case: Case, pair: tuple[Vendors, Vendors]) -> Outcome:
            async with turns:
                return await hold(aira, case, *pair, home, business=business)

        return await asyncio.gather(*map(one, cases, servers))

    with ExitStack() as stack:
        pairs = [(stack.enter_context(vendor_server()), stack.enter_context(vendor_server())) for _ in cases]
        return asyncio.run(all_of_them(pairs))


async def hold(aira: Aira, case: Case, failing: Vendors, working: Vendors, home: Path, *, business: UUID) -> Outcome:
    """Hold one call in which a vendor fails in every turn: nobody's breaker opens, or only the first turns would see the fault."""
    failing.fault = case.fault
    working.think = failing.think = _receptionist(case.booked_at)
    settings = _settings(aira.settings, case, failing, working)
    circuits = Circuits()
    call = open_chat(aira, business=business)
    models = language_models(settings, circuits)
    backlog = Backlog(aira, call)
    watch = watch_into(backlog)
    session = await open_session(aira, call, model=models, watch=watch, backlog=backlog)
    watch.give_up = session.give_up
    local = None if case.kind != "all" else -1
    ears = Hearing(listeners(settings, ["deepgram", "openai"], circuits)[:local], watch)
    voice = Speaking(speakers(settings, circuits)[:local], Clips(home / "clips"), watch)
    for gate in circuits:
        gate.circuit.most_failures = 1000
    line = PhoneLine([failing, working], deque(SAYS.items()))
    await line.websocket.accept()
    began = time.monotonic()
    talking = asyncio.create_task(line.talk())
    complete = await run_call(line.websocket, session, stream_sid="MZ1", hearing=ears, speaking=voice)
    duration = time.monotonic() - began
    line.closed = True
    await talking
    await backlog.written()
    if complete:
        await session.close()
    await models.aclose()
    ended = find_call(aira, call.call_sid)
    silence = longest_silence(line.tape.caller(), line.tape.bot())
    return Outcome(line.answered, silence, duration, ended.next_step, ended.outcome, call.call_sid)


def _settings(settings: Settings, case: Case, failing: Vendors, working: Vendors) -> Settings:
    broken = deserted_address() if case.fault == "refuse" else failing.url
    first = {kind: broken if case.kind in {kind, "all"} else working.url for kind in KINDS}
    second = broken if case.kind == "all" else working.url
    keys = {f"{vendor}_api_key": "k" for vendor in ("openai", "google", "deepgram", "cartesia", "elevenlabs")}
    chosen = {
        "aira_mind": "llm",
        "aira_llm": "google",
        "google_base_url": first["llm"],
        "aira_llm_fallback": "openai",
        "openai_base_url": second,
        "aira_stt": "deepgram",
        "deepgram_base_url": first["stt"],
        "aira_stt_fallback": "openai",
        "aira_tts": "cartesia",
        "cartesia_base_url": first["tts"],
        "aira_tts_fallback": "elevenlabs",
        "elevenlabs_base_url": second,
        "aira_voice": "a-voice",
        "aira_voice_fallback": "b-voice",
        **{f"aira_{kind}_deadline": DEADLINE for kind in KINDS},
    }
    return Settings(_env_file=None, **{**settings.model_dump(), **keys, **chosen})


def _receptionist(booked_at: datetime) -> Any:
    def think(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        last = next(one for one in reversed(messages) if one["role"] in {"user", "tool"})
        if last["role"] == "tool":
            return [{"content": "You are booked. "}, {"content": "What else may I do?"}]
        said = last["content"].lower()
        if "haircut" in said:
            booking = {"start": f"{booked_at:%Y-%m-%dT%H:%M}", "name": "Sarah Johnson", "service": "Haircut"}
            return [_tool("book_appointment", booking)]
        if "much" in said or "colo" in said:
            return [{"content": "A colour treatment "}, {"content": "costs ninety dollars."}]
        return [{"content": "Thank you for calling, goodbye."}, _tool("end_call", {"outcome": "booked"})]

    return think


def _tool(name: str, arguments: dict[str, str]) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": "call_0", "function": {"name": name, "arguments": json.dumps(arguments)}}]}


def booking_times(first: datetime, count: int) -> list[datetime]:
    """Times that lie apart, six a day from `first` on."""
    return [first + timedelta(days=number // 6, hours=number % 6) for number in range(count)]


@cache
def _clip(words: str) -> tuple[bytes, ...]:
    samples: Samples = spoken(words)
    return tuple(packets(samples))
