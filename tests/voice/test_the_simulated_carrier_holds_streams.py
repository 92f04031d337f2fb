"""The simulated carrier's side of a media stream: what it sends, what it plays, and what it says of a stream that ends badly."""

import asyncio
import base64
import json
from collections.abc import Iterator

import numpy as np
import pytest
from fastapi import WebSocket

from aira.ports import Webhooks
from aira.voice.audio import PACKET_SAMPLES, TELEPHONE_RATE, encode_mulaw
from aira.voice.simulator import CallRecord, Keys, PhoneCall, Utterance
from twiml_server import SECRET, TwimlServer, started, twiml_server, until

SOUND = np.full(TELEPHONE_RATE // 2, 8000, np.int16)
PACKET = base64.b64encode(encode_mulaw(SOUND[:PACKET_SAMPLES])).decode()


@pytest.fixture
def server() -> Iterator[TwimlServer]:
    """A server whose calls lead to a stream, and after it to an end."""
    with twiml_server() as server:
        address = server.url.replace("http", "ws")
        server.says(
            "/voice", f'<Connect action="/after"><Stream url="{address}/stream"><Parameter name="token" value="t1"/></Stream></Connect>'
        )
        server.says("/after", "<Hangup/>")
        yield server


def rung(server: TwimlServer, *turns: Utterance | Keys, **more: float) -> CallRecord:
    """A call to the server."""
    addresses = Webhooks(f"{server.url}/voice", "", f"{server.url}/status", "")
    call = PhoneCall(addresses, secret=SECRET, to_number="+14155550123", from_number=None, utterances=turns, haste=20, **more)
    record = asyncio.run(call.place())
    assert server.forged == []
    return record


async def say(websocket: WebSocket, sid: str, packets: int, *, mark: str | None = None) -> None:
    """Send the bot's audio, and a mark after it."""
    for _ in range(packets):
        await websocket.send_text(json.dumps({"event": "media", "streamSid": sid, "media": {"payload": PACKET}}))
    if mark is not None:
        await websocket.send_text(json.dumps({"event": "mark", "streamSid": sid, "mark": {"name": mark}}))


def test_the_start_message_names_call_stream_and_parameters(server: TwimlServer) -> None:
    """And the audio's form."""
    starts = []

    async def stream(websocket: WebSocket) -> None:
        starts.append(await started(websocket))
        await websocket.close()

    server.streams["/stream"] = stream
    record = rung(server)

    (start,) = starts
    assert (start["callSid"], start["customParameters"]) == (record.call_sid, {"token": "t1"})
    assert start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert server.forms("/after")[0]["StreamSid"] == start["streamSid"]


def test_a_mark_comes_back_when_what_was_sent_before_it_has_been_played(server: TwimlServer) -> None:
    """Not sooner: half a second of audio is half a second of packets from the caller."""
    media = []

    async def stream(websocket: WebSocket) -> None:
        sid = str((await started(websocket))["streamSid"])
        await say(websocket, sid, 25, mark="done")
        while (message := json.loads(await websocket.receive_text()))["event"] != "mark":
            media.append(message)
        assert message["mark"] == {"name": "done"}
        await websocket.close()

    server.streams["/stream"] = stream
    record = rung(server)

    assert len(media) >= 25
    assert record.verbs == ["Connect", "Hangup"]


def test_clear_silences_what_was_not_played_and_returns_its_marks(server: TwimlServer) -> None:
    """The caller hears no more than had been played by then."""

    async def stream(websocket: WebSocket) -> None:
        sid = str((await started(websocket))["streamSid"])
        await say(websocket, sid, 500, mark="never heard")
        await websocket.send_text(json.dumps({"event": "clear", "streamSid": sid}))
        await until(websocket, "mark")
        await websocket.close()

    server.streams["/stream"] = stream
    (bot,) = rung(server).bot

    assert np.count_nonzero(bot) < 2 * TELEPHONE_RATE


def test_keys_are_sent_as_dtmf(server: TwimlServer) -> None:
    """When the bot has finished."""
    keys = []

    async def stream(websocket: WebSocket) -> None:
        sid = str((await started(websocket))["streamSid"])
        await say(websocket, sid, 5, mark="asked")
        keys.extend([(await until(websocket, "dtmf"))["dtmf"] for _ in range(2)])
        await websocket.close()

    server.streams["/stream"] = stream
    rung(server, Keys("4#"))

    assert keys == [{"track": "inbound_track", "digit": "4"}, {"track": "inbound_track", "digit": "#"}]


def test_the_caller_hangs_up_with_a_stop_message(server: TwimlServer) -> None:
    """And the action is told that the call is over."""
    stops = []

    async def stream(websocket: WebSocket) -> None:
        await started(websocket)
        stops.append(await until(websocket, "stop"))

    server.streams["/stream"] = stream
    record = rung(server, hangs_up_after=0.3)

    assert len(stops) == 1
    assert (record.streams, record.ended_by) == (["caller"], "caller")
    assert server.forms("/after")[0]["CallStatus"] == "completed"


def test_audio_that_comes_too_late_is_a_hole(server: TwimlServer) -> None:
    """Within a sentence; before the next one there may be a pause."""

    async def stream(websocket: WebSocket) -> None:
        sid = str((await started(websocket))["streamSid"])
        await say(websocket, sid, 5)
        await until_packets(websocket, 15)
        await say(websocket, sid, 5, mark="one")
        await until_packets(websocket, 15)
        await say(websocket, sid, 5, mark="two")
        await until(websocket, "mark")
        await until(websocket, "mark")
        await websocket.close()

    server.streams["/stream"] = stream
    record = rung(server)

    ((_, milliseconds),) = record.underruns
    assert record.underrun_ms == milliseconds > 100


def test_silence_counts_from_the_first_second_to_the_last_answer(server: TwimlServer) -> None:
    """A bot that never says a word leaves the caller in silence for as long as they wait."""

    async def stream(websocket: WebSocket) -> None:
        await started(websocket)
        await until(websocket, "stop")

    server.streams["/stream"] = stream
    record = rung(server, hangs_up_after=1.5)

    assert record.longest_silence_seconds >= 1.4
    assert record.greeting_ms is None


class TestAStreamThatBreaks:
    def test_leads_to_the_action_too(self, server: TwimlServer) -> None:
        """As when the process behind it is killed; what the caller was saying is said again to the next one."""
        heard = []

        async def broken(websocket: WebSocket) -> None:
            sid = str((await started(websocket))["streamSid"])
            await say(websocket, sid, 5, mark="hello")
            await until_loud(websocket)
            await websocket.close(1011)

        async def whole(websocket: WebSocket) -> None:
            sid = str((await started(websocket))["streamSid"])
            await say(websocket, sid, 5, mark="sorry")
            heard.append(await until_loud(websocket))
            await websocket.close()

        server.streams |= {"/stream": broken, "/again": whole}
        address = server.url.replace("http", "ws")
        server.says("/after", f'<Connect action="/end"><Stream url="{address}/again"/></Connect>')
        server.says("/end", "<Hangup/>")
        record = rung(server, Utterance(SOUND))

        assert (record.streams, record.verbs) == (["lost", "server"], ["Connect", "Connect", "Hangup"])
        assert [alert.code for alert in record.alerts] == [31921]
        assert server.forms("/after")[0]["StreamErrorCode"] == "31921"
        assert len(heard) == 1

    def test_before_it_begins_is_a_handshake_error(self, server: TwimlServer) -> None:
        """The server takes no stream there; the action is asked all the same."""
        server.says("/voice", '<Connect action="/after"><Stream url="ws://127.0.0.1:9/stream"/></Connect>')
        record = rung(server)

        assert ([alert.code for alert in record.alerts], record.streams) == ([31920], ["refused"])
        assert record.verbs == ["Connect", "Hangup"]

    def test_may_have_no_query(self, server: TwimlServer) -> None:
        """Twilio allows none; what the bot must know goes into parameters."""
        server.says("/voice", '<Connect action="/after"><Stream url="/stream?token=t1"/></Connect>')

        assert [alert.code for alert in rung(server).alerts] == [31920]


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        '{"event": "media"}',
        '{"event": "dance", "streamSid": "%s"}',
        '{"event": "media", "streamSid": "%s", "media": {"payload": "?"}}',
    ],
)
def test_messages_that_are_none_are_reported_and_passed_over(server: TwimlServer, message: str) -> None:
    """The stream goes on."""

    async def stream(websocket: WebSocket) -> None:
        sid = str((await started(websocket))["streamSid"])
        await websocket.send_text(message.replace("%s", sid))
        await say(websocket, sid, 5, mark="still here")
        await until(websocket, "mark")
        await websocket.close()

    server.streams["/stream"] = stream
    record = rung(server)

    assert ([alert.code for alert in record.alerts], record.streams) == ([31951], ["server"])


async def until_packets(websocket: WebSocket, count: int) -> None:
    """Let time pass by the caller's packets."""
    for _ in range(count):
        await until(websocket, "media")


async def until_loud(websocket: WebSocket) -> bool:
    """Wait for the caller's first word."""
    while (await until(websocket, "media"))["media"]["payload"] == base64.b64encode(b"\xff" * PACKET_SAMPLES).decode():  # type: ignore[index]
        pass
    return True
