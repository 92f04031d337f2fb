"""A caller to try the voice server with: signed webhooks, TwiML followed, a media stream with real audio at the pace of speech."""

from aira.voice.simulator.caller import Utterance
from aira.voice.simulator.local_server import is_ready, local_voice_server
from aira.voice.simulator.phone_call import CallRecord, PhoneCall
from aira.voice.simulator.report import CallReport, simulate_call

__all__ = ["CallRecord", "CallReport", "PhoneCall", "Utterance", "is_ready", "local_voice_server", "simulate_call"]
