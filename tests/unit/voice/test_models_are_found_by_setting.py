"""A vendor of models is an address, a key and a name: by default its own, by setting any other."""

import asyncio
from pathlib import Path

import pytest

from aira.errors import SetupError
from aira.settings import Settings
from aira.voice.vendors.circuit import Circuits
from aira.voice.vendors.models import Endpoint, language_models

VENDORS = ("openai", "anthropic", "google")


def endpoints(home: Path, **chosen: str) -> tuple[Endpoint, ...]:
    """The models that the settings name, asked for nothing."""
    models = language_models(Settings(_env_file=None, aira_home=home, **chosen), Circuits())
    asyncio.run(models.aclose())
    return models.endpoints


@pytest.mark.parametrize(
    ("vendor", "address"),
    [
        ("openai", "https://api.openai.com/v1/"),
        ("anthropic", "https://api.anthropic.com/v1/"),
        ("google", "https://generativelanguage.googleapis.com/v1beta/openai/"),
    ],
)
def test_a_key_is_enough(tmp_path: Path, vendor: str, address: str) -> None:
    """The vendor's own address, and its small fast model."""
    (endpoint,) = endpoints(tmp_path, aira_llm=vendor, **{f"{vendor}_api_key": "k-123"})

    assert str(endpoint.client.base_url) == address
    assert endpoint.client.headers["Authorization"] == "Bearer k-123"
    assert endpoint.gate.vendor == f"{vendor} {endpoint.model}"


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_address_of_ones_own_wants_no_key(tmp_path: Path, vendor: str) -> None:
    """A gateway in one's own network; what is shown to operators names it, not the vendor."""
    (endpoint,) = endpoints(tmp_path, aira_llm=vendor, aira_llm_model="llama", **{f"{vendor}_base_url": "http://10.0.0.5:8000/v1/"})

    assert str(endpoint.client.base_url) == "http://10.0.0.5:8000/v1/"
    assert "Authorization" not in endpoint.client.headers
    assert (endpoint.model, endpoint.gate.vendor) == ("llama", "10.0.0.5:8000 llama")


@pytest.mark.parametrize("vendor", VENDORS)
def test_neither_is_a_setting_that_is_missing(tmp_path: Path, vendor: str) -> None:
    """Said before the first call, with the names to set."""
    with pytest.raises(SetupError) as refused:
        endpoints(tmp_path, aira_llm=vendor)

    assert f"{vendor.upper()}_API_KEY" in refused.value.hint
    assert f"{vendor.upper()}_BASE_URL" in refused.value.hint


def test_a_second_model_may_be_the_same_vendors_elsewhere(tmp_path: Path) -> None:
    """With an address, key, name and breaker of its own."""
    first, second = endpoints(
        tmp_path,
        aira_llm="openai",
        openai_api_key="one",
        aira_llm_fallback="openai",
        aira_llm_fallback_base_url="https://gateway.example/v1",
        aira_llm_fallback_api_key="two",
        aira_llm_fallback_model="small",
    )

    assert [str(one.client.base_url) for one in (first, second)] == ["https://api.openai.com/v1/", "https://gateway.example/v1/"]
    assert [one.client.headers["Authorization"] for one in (first, second)] == ["Bearer one", "Bearer two"]
    assert second.gate.vendor == "gateway.example small"
    assert first.gate is not second.gate
