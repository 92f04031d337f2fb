"""Settings: the only reader of the environment, of `.env` and of `aira.toml`, in that order of precedence."""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from aira.errors import SetupError

ENV_FILE = Path(".env")
TOML_FILE = Path("aira.toml")


def _default_home() -> Path:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/aira")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aira"


class Settings(BaseSettings):
    """Every setting of AiRa. The name of a field in capitals is the name of its environment variable."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, env_file_encoding="utf-8", toml_file=TOML_FILE, extra="ignore", frozen=True, env_ignore_empty=True
    )

    aira_home: Path = Field(default_factory=_default_home, description="Data folder of the embedded default.")
    database_url: SecretStr | None = Field(None, description="Postgres to use instead of the embedded one.")
    aira_pg_bin: Path | None = Field(
        None, description="Folder of other PostgreSQL binaries (15 or newer, with pgvector) for the embedded default."
    )

    aira_carrier: Literal["simulated", "twilio"] = Field("simulated", description="Who rents out telephone numbers.")
    twilio_account_sid: str | None = Field(None, description="Twilio account, AC….")
    twilio_auth_token: SecretStr | None = Field(None, description="Signs Twilio's webhooks; also the API password where no API key is set.")
    twilio_secondary_auth_token: SecretStr | None = Field(
        None, description="Another token whose signatures are accepted, while Twilio's auth token is being changed."
    )
    twilio_webhook_key: SecretStr | None = Field(
        None, description="Shared key that signs Twilio's webhooks with SHA-256, accepted beside the auth token."
    )
    twilio_api_key_sid: str | None = Field(None, description="Twilio API key, SK…, used instead of the auth token for requests.")
    twilio_api_key_secret: SecretStr | None = Field(None, description="Secret of the Twilio API key.")
    twilio_api_url: str | None = Field(None, description="Another host that speaks Twilio's API.")
    voice_agent_service_url: str = Field(
        "http://127.0.0.1:8765", description="Public https base of `aira serve-voice`; webhooks are built from it."
    )

    aira_index: Literal["pgvector", "pinecone"] = Field("pgvector", description="Where the vectors of documents are kept.")
    pinecone_api_key: SecretStr | None = Field(None, description="Pinecone API key.")
    pinecone_index: str = Field("aira", description="Name of the Pinecone index.")
    pinecone_host: str | None = Field(None, description="Host of the Pinecone index; looked up by name where empty.")
    aira_storage: Literal["folder", "supabase"] = Field("folder", description="Where uploaded files are kept.")
    supabase_url: str | None = Field(None, description="URL of the Supabase project.")
    supabase_service_role_key: SecretStr | None = Field(None, description="Service role or secret key of the Supabase project.")
    aira_embedding_model: str = Field(
        "all-MiniLM-L6-v2", description="all-MiniLM-L6-v2 (shipped), or `sentence-transformers:NAME` for any other."
    )

    aira_chunk_words: int = Field(500, ge=200, le=2000, description="Words of a passage, the part of a document that is stored and cited.")
    aira_chunk_overlap: int = Field(50, ge=0, le=100, description="Words that a passage shares with the one before.")

    aira_reading_seconds: int = Field(
        40,
        ge=1,
        le=90,  # with what is added for a busy machine, less than the lease that a reader has on a document
        description="Processor seconds that reading one document may take before it is refused as `timeout`.",
    )
    aira_pdf_engine: Literal["pymupdf", "pypdfium2"] = Field("pymupdf", description="What reads PDF files; pypdfium2 is an extra.")
    aira_ocr: Literal["off", "tesseract"] = Field(
        "off", description="Whether English text is recognised on pages of a PDF that are pictures (extra `ocr`, with PyMuPDF only)."
    )

    aira_mind: Literal["builtin", "llm"] = Field(
        "builtin", description="Who answers callers: the built-in receptionist, or an LLM with it as safety net."
    )
    aira_llm: Literal["openai", "anthropic", "google"] = Field(
        "openai", description="Whose model is asked where AIRA_MIND=llm; openai is any endpoint of that protocol."
    )
    aira_llm_model: str | None = Field(None, description="Name of the model; the vendor's small fast one where empty.")
    aira_llm_fallback: Literal["openai", "anthropic", "google"] | None = Field(
        None, description="Whose model answers the same turn where the first fails; the built-in receptionist where that one fails too."
    )
    aira_llm_fallback_model: str | None = Field(None, description="Name of the second model.")
    aira_llm_fallback_base_url: str | None = Field(None, description="Base URL of the second model, where it is not the vendor's own.")
    aira_llm_fallback_api_key: SecretStr | None = Field(None, description="Key for AIRA_LLM_FALLBACK_BASE_URL.")
    aira_llm_deadline: float = Field(1.4, gt=0, le=30, description="Seconds a model may take to begin an answer, and to go on with one.")
    openai_api_key: SecretStr | None = Field(None, description="Key of OpenAI, or of the OpenAI-compatible endpoint.")
    openai_base_url: str | None = Field(None, description="Base URL of another OpenAI-compatible endpoint.")
    anthropic_api_key: SecretStr | None = Field(None, description="Anthropic key.")
    anthropic_base_url: str | None = Field(None, description="Another address of Anthropic's OpenAI-compatible endpoint.")
    google_api_key: SecretStr | None = Field(None, description="Key of Google's Gemini API.")
    google_base_url: str | None = Field(None, description="Another address of Google's OpenAI-compatible endpoint.")
    aira_stt: Literal["local", "deepgram", "openai"] = Field("local", description="Speech-to-text engine.")
    aira_stt_fallback: Literal["deepgram", "openai"] | None = Field(
        None, description="Second speech-to-text vendor, asked for the same words where the first fails; the local engine is the last."
    )
    aira_stt_deadline: float = Field(
        1.2,
        gt=0,
        le=1.3,  # two vendors in a row and the local engine fit what a turn waits for its words
        description="Seconds a speech-to-text vendor may take after the caller has stopped speaking.",
    )
    aira_tts: Literal["local", "cartesia", "elevenlabs", "deepgram", "openai"] = Field("local", description="Text-to-speech engine.")
    aira_tts_fallback: Literal["cartesia", "elevenlabs", "deepgram", "openai"] | None = Field(
        None, description="Second text-to-speech vendor, which says a sentence where the first fails; the local voice is the last."
    )
    aira_tts_deadline: float = Field(
        1.2, gt=0, le=5, description="Seconds a text-to-speech vendor may take to begin a sentence, and to go on with one."
    )
    aira_voice: str | None = Field(None, description="Name or id of the voice at AIRA_TTS; the vendor's default where it has one.")
    aira_voice_fallback: str | None = Field(None, description="Name or id of the voice at AIRA_TTS_FALLBACK.")
    deepgram_api_key: SecretStr | None = Field(None, description="Deepgram key.")
    deepgram_base_url: str | None = Field(None, description="Another address that speaks Deepgram's API.")
    cartesia_api_key: SecretStr | None = Field(None, description="Cartesia key.")
    cartesia_base_url: str | None = Field(None, description="Another address that speaks Cartesia's API.")
    elevenlabs_api_key: SecretStr | None = Field(None, description="ElevenLabs key.")
    elevenlabs_base_url: str | None = Field(None, description="Another address that speaks ElevenLabs's API.")
    aira_transport: Literal["media-streams", "daily"] = Field(
        "media-streams", description="How the audio of calls travels: Twilio Media Streams, or Twilio to a Daily room by SIP."
    )
    aira_stream_url: str | None = Field(
        None, description="Where bots take media streams that are not this server's, such as wss://api.pipecat.daily.co/ws/twilio."
    )
    aira_stream_service: str | None = Field(None, description="Name of our bot there: on Pipecat Cloud AGENT.ORGANIZATION.")
    aira_daily_warm: int = Field(1, ge=1, le=16, description="Bots kept warm for calls over Daily rooms, each a process of its own.")
    daily_api_key: SecretStr | None = Field(None, description="Daily key, for calls over Daily rooms.")
    daily_api_url: str | None = Field(None, description="Another host that speaks Daily's API.")
    aira_record_calls: bool = Field(
        False, description="Whether calls are recorded, caller and bot on a channel each; announced to the caller."
    )
    aira_caller_calls: int = Field(8, ge=0, description="Calls from one number at once; 0 is no limit.")
    aira_caller_calls_per_hour: int = Field(60, ge=0, description="Calls from one number in an hour; 0 is no limit.")
    aira_business_calls: int = Field(40, ge=0, description="Calls to one business at once, more find voicemail; 0 is no limit.")
    aira_business_calls_per_hour: int = Field(
        600, ge=0, description="Calls to one business in an hour, more find voicemail; 0 is no limit."
    )
    aira_other_servers: int = Field(
        0,
        ge=0,
        le=10,
        description="Times a full or draining voice server sends a call back to the load balancer before it offers voicemail.",
    )
    aira_usage_prices: dict[str, Decimal] = Field(
        default_factory=dict,
        description='Your price of a unit, or of an engine/unit: `{"carrier_minutes": "0.0085", "deepgram/stt_seconds": "0.00008"}`.',
    )
    aira_usage_currency: str = Field("USD", pattern="[A-Z]{3}", description="Currency of AIRA_USAGE_PRICES.")
    aira_max_calls: int = Field(8, ge=1, le=64, description="Calls that one process of a voice server takes at once.")
    aira_max_lag_ms: int = Field(
        50, ge=1, le=10_000, description="A process with calls takes no further one while its event loop runs later than this."
    )
    aira_processes: int = Field(1, ge=1, le=64, description="Processes that answer calls at one port; two survive the loss of one.")
    aira_drain_timeout: float = Field(
        900.0, ge=0, description="Seconds that running calls are given when the server is told to stop; then they are cut off."
    )

    aira_mail: Literal["outbox", "smtp"] = Field("outbox", description="How e-mail leaves: a folder of .eml files, or SMTP.")
    smtp_url: SecretStr | None = Field(None, description="smtp://user:password@host:587 or smtps://…:465.")
    aira_mail_from: str = Field("AiRa <no-reply@aira.invalid>", description="Sender of e-mail.")
    aira_sms: Literal["outbox", "twilio", "off"] = Field(
        "outbox", description="How text messages leave: a folder of .txt files, Twilio, or not at all."
    )
    aira_webhook_secret: SecretStr | None = Field(None, description="Shared secret of POST /process-document.")
    aira_log: Literal["console", "json"] = Field("console", description="Form of the server's log lines.")

    @field_validator(
        "voice_agent_service_url",
        "supabase_url",
        "twilio_api_url",
        "daily_api_url",
        "openai_base_url",
        "anthropic_base_url",
        "google_base_url",
        "aira_llm_fallback_base_url",
        "deepgram_base_url",
        "cartesia_base_url",
        "elevenlabs_base_url",
    )
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value is not None else None

    @classmethod
    def settings_customise_sources(  # noqa: D102 - explained by pydantic-settings
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one setting came from: `name` in capitals, `value` fit to be shown (secrets masked), `source`."""

    name: str
    value: str
    source: str


def load_settings(**overrides: object) -> Settings:
    """Read the settings; `overrides` win over every source.

    Raises SetupError for a value that does not fit and for an unknown `AIRA_*` name.
    """
    _refuse_unknown_names(os.environ, "the environment")
    _refuse_unknown_names(_dotenv_names(), str(ENV_FILE))
    _refuse_unknown_names(_toml_names(), str(TOML_FILE))
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise SetupError(
            f"The setting {name} cannot be used: {first['msg'].removeprefix('Value error, ')}.",
            hint=f"Correct {name} in the environment, .env or aira.toml; `aira doctor` shows where it comes from.",
            setting=name,
        ) from None


def setting_origins(settings: Settings) -> list[Origin]:
    """Each setting with its value and where it was read: environment, .env, aira.toml or default."""
    sources = (("environment", _upper(os.environ)), (".env", _upper(_dotenv_names())), ("aira.toml", _upper(_toml_names())))
    origins = []
    for field in Settings.model_fields:
        name = field.upper()
        source = next((label for label, names in sources if names.get(name)), "default")
        origins.append(Origin(name, _shown(getattr(settings, field)), source))
    return origins


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment for a process of ours that is to have these settings."""
    chosen = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    plain = {name: _written(value) for name, value in chosen.items() if value is not None}
    return {**os.environ, **{name.upper(): value for name, value in plain.items()}}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return json.dumps(value, default=str) if isinstance(value, dict) else str(value)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine only."""
    from urllib.parse import urlsplit

    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        return f"…{secret[-4:]}" if len(secret) >= 12 else "…"
    return "" if value is None else _written(value)


def _refuse_unknown_names(names: Mapping[str, str], where: str) -> None:
    known = [field.upper() for field in Settings.model_fields]
    for name in names:
        upper = name.upper()
        if upper.startswith("AIRA_") and upper not in known:
            close = difflib.get_close_matches(upper, known, n=1, cutoff=0.6)
            hint = f"Did you mean {close[0]}?" if close else "Run `aira doctor` for the names there are."
            raise SetupError(f"{upper} in {where} is not a setting of AiRa.", hint=hint, setting=upper)


def _dotenv_names() -> dict[str, str]:
    from dotenv import dotenv_values

    return {name: value or "" for name, value in dotenv_values(ENV_FILE).items()} if ENV_FILE.is_file() else {}


def _toml_names() -> dict[str, str]:
    import tomllib

    if not TOML_FILE.is_file():
        return {}
    try:
        return {name: str(value) for name, value in tomllib.loads(TOML_FILE.read_text("utf-8")).items()}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(
            f"{TOML_FILE} cannot be read: {error}.", hint=f'Correct {TOML_FILE}; it holds lines such as aira_carrier = "twilio".'
        ) from None


def _upper(names: Mapping[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in names.items()}
