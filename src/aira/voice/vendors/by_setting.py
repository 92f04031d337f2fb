"""The listeners and speakers that the settings name: Pipecat's classes with the vendor's key, then the engines of this process."""

from collections.abc import Callable, Sequence
from functools import partial

from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pydantic import SecretStr

from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.engines import ear_is_here, voice_is_here
from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.listeners import Listener, LocalListener, PostingListener, StreamingListener, deepgram_service
from aira.voice.vendors.speakers import LocalSpeaker, Speaker, VendorSpeaker


def listeners(settings: Settings, vendors: Sequence[str], circuits: Circuits) -> list[Listener]:
    """Who listens, the first choice first; the local engine last where it is installed. Raises SetupError, MissingExtra."""
    found: list[Listener] = []
    for vendor in vendors:
        gate = circuits.of("stt", _place(vendor, settings))
        if vendor == "deepgram":
            key = _key(settings.deepgram_api_key, "DEEPGRAM_API_KEY")
            make = partial(deepgram_service, api_key=key, base_url=settings.deepgram_base_url)
            make()  # says now what is missing
            found.append(StreamingListener(gate, make, engine=vendor, deadline=settings.aira_stt_deadline))
        else:
            _openai_key(settings)
            found.append(PostingListener(gate, partial(_openai_ear, settings), engine=vendor, deadline=settings.aira_stt_deadline))
    if ear_is_here():
        found.append(LocalListener(circuits.of("stt", "local")))
    return found


def speakers(settings: Settings, circuits: Circuits) -> list[Callable[[], Speaker]]:
    """How those are made who speak, the first choice first; the local voice last where it is installed. Raises SetupError."""
    chosen = [(settings.aira_tts, settings.aira_voice)]
    if settings.aira_tts_fallback is not None and settings.aira_tts_fallback != settings.aira_tts:
        chosen.append((settings.aira_tts_fallback, settings.aira_voice_fallback))
    made: list[Callable[[], Speaker]] = []
    for vendor, voice in chosen:
        gate = circuits.of("tts", _place(vendor, settings))
        make = _SPEAKING[vendor](settings, voice)
        made.append(partial(VendorSpeaker, gate, make, engine=vendor, deadline=settings.aira_tts_deadline))
    if voice_is_here():
        made.append(partial(LocalSpeaker, circuits.of("tts", "local")))
    return made


def _openai_ear(settings: Settings) -> SegmentedSTTService:
    from aira.voice.vendors.http_services import OpenAIEar

    return OpenAIEar(api_key=_openai_key(settings), base_url=settings.openai_base_url)


def _openai(settings: Settings, voice: str | None) -> Callable[[], TTSService]:
    key = _openai_key(settings)

    def make() -> TTSService:
        from aira.voice.vendors.http_services import OpenAIVoice

        return OpenAIVoice(api_key=key, base_url=settings.openai_base_url, voice=voice)

    return make


def _cartesia(settings: Settings, voice: str | None) -> Callable[[], TTSService]:
    key, voice = _key(settings.cartesia_api_key, "CARTESIA_API_KEY"), _named(voice, "Cartesia")
    host = (settings.cartesia_base_url or "https://api.cartesia.ai").replace("http", "ws", 1)

    def make() -> TTSService:
        from pipecat.services.cartesia.tts import CartesiaTTSService

        chosen = CartesiaTTSService.Settings(voice=voice)
        return CartesiaTTSService(api_key=key, url=f"{host}/tts/websocket", reconnect_on_error=False, settings=chosen)

    return make


def _elevenlabs(settings: Settings, voice: str | None) -> Callable[[], TTSService]:
    key, voice = _key(settings.elevenlabs_api_key, "ELEVENLABS_API_KEY"), _named(voice, "ElevenLabs")

    def make() -> TTSService:
        from aira.voice.vendors.http_services import OwnSessionElevenLabs

        return OwnSessionElevenLabs(api_key=key, base_url=settings.elevenlabs_base_url, voice=voice)

    return make


def _deepgram(settings: Settings, voice: str | None) -> Callable[[], TTSService]:
    key = _key(settings.deepgram_api_key, "DEEPGRAM_API_KEY")

    def make() -> TTSService:
        from aira.voice.vendors.http_services import OwnSessionDeepgram

        return OwnSessionDeepgram(api_key=key, base_url=settings.deepgram_base_url, voice=voice)

    return make


_SPEAKING: dict[str, Callable[[Settings, str | None], Callable[[], TTSService]]] = {
    "openai": _openai,
    "cartesia": _cartesia,
    "elevenlabs": _elevenlabs,
    "deepgram": _deepgram,
}


def _place(vendor: str, settings: Settings) -> str:
    """The vendor's name, with the address where that is not its own."""
    address: str | None = getattr(settings, f"{vendor}_base_url")
    return f"{vendor} at {address}" if address else vendor


def _named(voice: str | None, vendor: str) -> str:
    if voice is None:
        raise SetupError(
            f"{vendor} has no voice that it speaks with by default.", hint="Set AIRA_VOICE, or AIRA_VOICE_FALLBACK, to a voice id."
        )
    return voice


def _openai_key(settings: Settings) -> str:
    """A server of one's own may want none."""
    return "none" if settings.openai_base_url and settings.openai_api_key is None else _key(settings.openai_api_key, "OPENAI_API_KEY")


def _key(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise SetupError(
            f"The speech vendor needs {name}.", hint=f"Set {name}, or use the local engines with AIRA_STT=local and AIRA_TTS=local."
        )
    return secret.get_secret_value()
