"""A caller to try the voice server with: signed webhooks, TwiML followed, a media stream with real audio at the pace of speech."""

from aira.voice.simulator.exchange import Exchange
from aira.voice.simulator.local_server import is_ready, local_voice_server
from aira.voice.simulator.phone_call import PhoneCall, addresses_at
from aira.voice.simulator.record import Alert, CallRecord, Request, Step
from aira.voice.simulator.report import CallReport, HeardCall, our_exchange, ring, simulate_call
from aira.voice.simulator.turns import Keys, Person, Utterance
from aira.voice.simulator.webhook import Limits

__all__ = [
    "Alert",
    "CallRecord",
    "CallReport",
    "Exchange",
    "HeardCall",
    "Keys",
    "Limits",
    "Person",
    "PhoneCall",
    "Request",
    "Step",
    "Utterance",
    "addresses_at",
    "is_ready",
    "local_voice_server",
    "our_exchange",
    "ring",
    "simulate_call",
]
