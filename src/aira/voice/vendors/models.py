"""The language models that may be asked, in order: the one that AIRA_LLM names, then the one that AIRA_LLM_FALLBACK does.

All are spoken to by the chat-completions protocol. OpenAI's own endpoint and servers of one's own speak it; Anthropic and Google
publish an address of theirs that does, so a vendor is an address, a key and a name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.vendors.circuit import Circuits, Gate, shared_circuits

_CONNECT_SECONDS = 3.0
_ADDRESSES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com/v1",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
}
_MODELS = {"openai": "gpt-4.1-mini", "anthropic": "claude-haiku-4-5", "google": "gemini-3.6-flash"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model at one address."""

    client: httpx.AsyncClient
    model: str
    gate: Gate


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a process, shared by its calls; `deadline` is how many seconds each may take to begin and to go on."""

    endpoints: tuple[Endpoint, ...]
    deadline: float

    def in_turn(self) -> Iterator[Endpoint]:
        """The models that may be asked now, the first choice first."""
        return (one for one in self.endpoints if one.gate.allows())

    async def aclose(self) -> None:
        """Close the connections."""
        for endpoint in self.endpoints:
            await endpoint.client.aclose()


def language_models(settings: Settings, circuits: Circuits | None = None) -> Models:
    """The models that the settings name. Raises SetupError where there is no key for one."""
    circuits = circuits or shared_circuits()
    endpoints = [_endpoint(settings, settings.aira_llm, settings.aira_llm_model, circuits)]
    if settings.aira_llm_fallback is not None:
        endpoints.append(_fallback(settings, settings.aira_llm_fallback, circuits))
    return Models(tuple(endpoints), settings.aira_llm_deadline)


def _endpoint(settings: Settings, vendor: str, model: str | None, circuits: Circuits) -> Endpoint:
    base_url, key = {
        "openai": (settings.openai_base_url, settings.openai_api_key),
        "anthropic": (settings.anthropic_base_url, settings.anthropic_api_key),
        "google": (settings.google_base_url, settings.google_api_key),
    }[vendor]
    return _connected(vendor, base_url, key, model, circuits)


def _fallback(settings: Settings, vendor: str, circuits: Circuits) -> Endpoint:
    if settings.aira_llm_fallback_base_url is None:
        return _endpoint(settings, vendor, settings.aira_llm_fallback_model, circuits)
    address, key = settings.aira_llm_fallback_base_url, settings.aira_llm_fallback_api_key
    return _connected(vendor, address, key, settings.aira_llm_fallback_model, circuits)


def _connected(vendor: str, base_url: str | None, key: SecretStr | None, model: str | None, circuits: Circuits) -> Endpoint:
    if key is None and base_url is None:
        name = vendor.upper()
        raise SetupError(
            "AIRA_MIND=llm needs a model to ask.",
            hint=f"Set {name}_API_KEY, or {name}_BASE_URL of another endpoint that speaks its protocol.",
        )
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    client = httpx.AsyncClient(
        base_url=base_url or _ADDRESSES[vendor], headers=headers, timeout=httpx.Timeout(30, connect=_CONNECT_SECONDS)
    )
    name = model or _MODELS[vendor]
    place = client.base_url.netloc.decode() if base_url else vendor
    return Endpoint(client, name, circuits.of("llm", f"{place} {name}"))
