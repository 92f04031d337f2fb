"""Settings come from the environment, .env and aira.toml, in that order, and never surprise."""

import pytest

from aira.errors import SetupError
from aira.settings import is_loopback, load_settings, setting_origins


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default():
    """With nothing set, AiRa runs on its embedded default."""
    settings = load_settings()

    assert (settings.aira_carrier, settings.aira_index, settings.aira_storage) == ("simulated", "pgvector", "folder")
    assert settings.database_url is None


def test_environment_wins_over_dotenv_wins_over_toml(tmp_path, monkeypatch):
    """The first source that has a name gives the value."""
    (tmp_path / "aira.toml").write_text('aira_carrier = "twilio"\naira_mail = "smtp"\naira_sms = "off"\n')
    (tmp_path / ".env").write_text("AIRA_CARRIER=simulated\nAIRA_MAIL=outbox\n")
    monkeypatch.setenv("AIRA_MAIL", "smtp")

    settings = load_settings()

    assert (settings.aira_mail, settings.aira_carrier, settings.aira_sms) == ("smtp", "simulated", "off")


def test_origins_name_the_source_of_each_value(tmp_path, monkeypatch):
    """The doctor can say where a value came from."""
    (tmp_path / ".env").write_text("AIRA_SMS=off\n")
    monkeypatch.setenv("AIRA_MAIL", "outbox")

    origins = {origin.name: origin.source for origin in setting_origins(load_settings())}

    assert (origins["AIRA_MAIL"], origins["AIRA_SMS"], origins["AIRA_INDEX"]) == ("environment", ".env", "default")


def test_origins_mask_secrets(monkeypatch):
    """A secret is shown by its last four characters at most."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "0123456789abcdef")

    shown = {origin.name: origin.value for origin in setting_origins(load_settings())}

    assert shown["TWILIO_AUTH_TOKEN"] == "…cdef"


@pytest.mark.parametrize("place", ["environment", ".env", "aira.toml"])
def test_an_unknown_name_is_refused_with_the_closest_one(place, tmp_path, monkeypatch):
    """A misspelt setting is an error, not a silent default."""
    if place == "environment":
        monkeypatch.setenv("AIRA_CARIER", "twilio")
    elif place == ".env":
        (tmp_path / ".env").write_text("AIRA_CARIER=twilio\n")
    else:
        (tmp_path / "aira.toml").write_text('aira_carier = "twilio"\n')

    with pytest.raises(SetupError) as caught:
        load_settings()

    assert "AIRA_CARIER" in caught.value.message
    assert caught.value.hint == "Did you mean AIRA_CARRIER?"


def test_a_value_that_does_not_fit_names_its_setting(monkeypatch):
    """The message says which setting to correct."""
    monkeypatch.setenv("AIRA_CARRIER", "vonage")

    with pytest.raises(SetupError) as caught:
        load_settings()

    assert caught.value.message.startswith("The setting AIRA_CARRIER cannot be used")


def test_a_url_must_be_a_url(monkeypatch):
    """A base URL without scheme is refused before anything is built from it."""
    monkeypatch.setenv("VOICE_AGENT_SERVICE_URL", "voice.example.com")

    with pytest.raises(SetupError, match="cannot be used: must start with http"):
        load_settings()


def test_a_toml_file_that_cannot_be_read_says_so(tmp_path):
    """A typing error in aira.toml is named, with the file."""
    (tmp_path / "aira.toml").write_text("aira_carrier = \n")

    with pytest.raises(SetupError) as caught:
        load_settings()

    assert caught.value.message.startswith("aira.toml cannot be read")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [("http://127.0.0.1:8765", True), ("http://localhost", True), ("https://voice.example.com", False)],
)
def test_loopback_urls_are_known(url, loopback):
    """Only a name of this machine counts as loopback."""
    assert is_loopback(url) is loopback
