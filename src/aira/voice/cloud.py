"""A bot for Pipecat Cloud, or any other host that runs `bot(runner_args)`: it takes a call that our own server has answered.

The webhooks stay with `aira serve-voice`, whose AIRA_STREAM_URL sends the carrier's media streams there; both have one database. The
file that is deployed says `from aira.voice.cloud import bot` and nothing else: Pipecat's development runner, whose import overwrites
the environment, is not needed.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from aira.core import aio
from aira.core.app import Aira, open_aira
from aira.errors import InvalidInput
from aira.settings import load_settings
from aira.voice.held_call import hold_call
from aira.voice.log import log_to_stderr, quiet_vendors
from aira.voice.stream import hold_open_stream
from aira.voice.switchboard import Switchboard
from aira.voice.vendors.models import language_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipecat.services.stt_service import STTService
    from pipecat.services.tts_service import TTSService

    Speech = Callable[[], tuple[STTService, TTSService]]


async def bot(runner_args: Any, *, speech: "Speech | None" = None) -> None:
    """Hold one call; returns when it has ended.

    `runner_args` are Pipecat's WebSocketRunnerArguments of a Twilio stream, which shows its one-time token itself, or
    DailyRunnerArguments, whose body names the call: `{"call_sid": …, "call_token": …}`. Raises InvalidInput for any other, Refused for
    a token that opens no call.
    """
    quiet_vendors()
    settings = load_settings()
    log_to_stderr(settings.aira_log)
    with open_aira(settings) as aira:
        switchboard = await _switchboard(aira, speech)
        try:
            await _hold(runner_args, switchboard)
        finally:
            if switchboard.model is not None:
                await switchboard.model.aclose()


async def _switchboard(aira: Aira, speech: "Speech | None") -> Switchboard:
    switchboard = Switchboard(aira, secret="no webhooks here", speech=speech, warm=True)  # noqa: S106  # none is checked
    if aira.settings.aira_mind == "llm":
        switchboard.model = language_models(aira.settings)
    if speech is None:
        # Not a whole rehearsal: the caller is on the line already.
        from aira.voice.speech import hearing, speaking

        await asyncio.to_thread(lambda: (hearing(aira.settings), speaking(aira.settings)))
    return switchboard


async def _hold(runner_args: Any, switchboard: Switchboard) -> None:
    if (websocket := getattr(runner_args, "websocket", None)) is not None:
        await hold_open_stream(websocket, switchboard)
    elif room_url := getattr(runner_args, "room_url", None):
        from aira.voice.pipeline.room import run_room_call

        names = runner_args.body if isinstance(runner_args.body, dict) else {}
        call_sid, token = (str(names.get(name, "")) for name in ("call_sid", "call_token"))
        call = await aio.redeem_stream_token(switchboard.aira, token, call_sid=call_sid)
        await hold_call(switchboard, call, partial(run_room_call, room_url, runner_args.token or "", ready=lambda: None))
    else:
        raise InvalidInput("A call comes over a Twilio stream or a Daily room.", hint="Deploy the bot for one of the two.")
