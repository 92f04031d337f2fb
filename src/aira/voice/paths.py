"""The paths of the voice server that the carrier asks; they stand in TwiML and at each number."""

from aira.settings import Settings
from aira.voice.signatures import public_url

CALL = "/webhooks/twilio/call"
AFTER = "/webhooks/twilio/after"
WHISPER = "/webhooks/twilio/whisper"
ACCEPT = "/webhooks/twilio/accept"
STATUS = "/webhooks/twilio/status"
FALLBACK = "/webhooks/twilio/fallback"
VOICEMAIL = "/webhooks/twilio/voicemail"
SMS = "/webhooks/twilio/sms"
MESSAGE = "/webhooks/twilio/message"
STREAM = "/voice/stream"


def stream_url(settings: Settings) -> str:
    """Where the carrier opens media streams: wss where the server is public, or wherever AIRA_STREAM_URL says."""
    return settings.aira_stream_url or public_url(settings, STREAM).replace("http", "ws", 1)
