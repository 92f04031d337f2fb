"""A call in a Daily room: the same conversation as over a media stream, between the ends of a WebRTC session.

The carrier's SIP leg is the room's only other participant. There are no marks to come back: what has been handed to the room has been
heard, as Daily takes audio at the pace at which it is played.
"""

from collections.abc import Awaitable, Callable

import numpy as np
from pipecat.frames.frames import (
    ClientConnectedFrame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.daily.transport import DailyInputTransport, DailyOutputTransport, DailyParams, DailyTransport

from aira.voice.audio import TELEPHONE_RATE, encode_mulaw, resample
from aira.voice.pauses import pause_after
from aira.voice.pipeline.call import run, worker_of
from aira.voice.pipeline.conversation import Conversation
from aira.voice.pipeline.detection import START_SECONDS, STOP_SECONDS, Change, voice_detection
from aira.voice.pipeline.turns import Turns
from aira.voice.talk import Talk
from aira.voice.tape import Tape

BOT_NAME = "receptionist"


class _Input(DailyInputTransport):
    """Passes the caller's audio on as it arrives, and says where speech begins and ends in it."""

    def __init__(self, transport: "RoomTransport", client: object, params: DailyParams, *, name: str | None, tape: Tape | None) -> None:
        super().__init__(transport, client, params, name=name)
        self._detection = voice_detection()
        self._tape = tape

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Send audio down the pipeline, and after it what it changed."""
        samples = resample(np.frombuffer(frame.audio, np.int16), frame.sample_rate, TELEPHONE_RATE)
        await self.push_frame(InputAudioRawFrame(audio=samples.tobytes(), sample_rate=TELEPHONE_RATE, num_channels=1))
        if self._tape is not None:
            self._tape.from_caller(encode_mulaw(samples))
        change = self._detection.hear(samples)
        if change is Change.STARTED:
            await self.broadcast_frame(VADUserStartedSpeakingFrame, start_secs=START_SECONDS)
        elif change is Change.STOPPED:
            await self.broadcast_frame(VADUserStoppedSpeakingFrame, stop_secs=STOP_SECONDS)


class _Output(DailyOutputTransport):
    """Hands the bot's audio to the room, and says of each mark that it has been reached."""

    def __init__(
        self,
        transport: "RoomTransport",
        client: object,
        params: DailyParams,
        *,
        name: str | None,
        tape: Tape | None,
        played: Callable[[str], Awaitable[None]],
    ) -> None:
        super().__init__(transport, client, params, name=name)
        self._tape = tape
        self._played = played

    async def send_message(self, frame: OutputTransportMessageFrame) -> None:
        """A mark stands in the queue behind its sentence; nothing is sent to the room."""
        if frame.message.get("event") == "mark":
            await self._played(str(frame.message["mark"]["name"]))

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Hand audio to the room; returns when it has been taken."""
        if self._tape is not None:
            self._tape.from_bot(encode_mulaw(resample(np.frombuffer(frame.audio, np.int16), frame.sample_rate, TELEPHONE_RATE)))
        return bool(await super().write_audio_frame(frame))


class RoomTransport(DailyTransport):
    """A room as the two ends of a pipeline; the bot joins when the pipeline is set up."""

    def __init__(self, url: str, token: str, *, played: Callable[[str], Awaitable[None]], tape: Tape | None = None) -> None:
        params = DailyParams(audio_in_enabled=True, audio_out_enabled=True, camera_out_enabled=False)
        super().__init__(url, token, BOT_NAME, params)
        self._input = _Input(self, self._client, params, name=self._input_name, tape=tape)
        self._output = _Output(self, self._client, params, name=self._output_name, tape=tape, played=played)


async def run_room_call(
    url: str,
    token: str,
    talk: Talk,
    *,
    hearing: STTService,
    speaking: TTSService,
    ready: Callable[[], object],
    tape: Tape | None = None,
    pause: Callable[[str], float] = pause_after,
) -> bool:
    """Join a room, say `ready` when it can be dialled into, and hold the conversation with who dials in; returns when it has ended.

    True where the bot came to its end or the caller hung up, False where the room could not be joined or was lost.
    """
    conversation = Conversation(talk, begins_with=ClientConnectedFrame)
    turns = Turns(pause)
    turns.add_event_handler("on_user_turn_idle", conversation.be_silent)
    transport = RoomTransport(url, token, played=conversation.played, tape=tape)
    worker = worker_of([transport.input(), hearing, turns, conversation, speaking, transport.output()])
    caller_left = False

    async def on_ready(*_: object) -> None:
        ready()

    async def on_left(*_: object) -> None:
        nonlocal caller_left
        caller_left = True
        await worker.cancel(reason="the caller hung up")

    async def on_lost(*_: object) -> None:
        await worker.cancel(reason="the room was lost")

    for event in ("on_participant_left", "on_dialin_stopped"):
        transport.add_event_handler(event, on_left)
    for event in ("on_error", "on_dialin_error"):
        transport.add_event_handler(event, on_lost)
    transport.add_event_handler("on_dialin_ready", on_ready)
    await run(worker)
    return not conversation.failed and (talk.ended or caller_left)
