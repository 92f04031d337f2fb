"""The transport under Twilio's SDK repeats what is safe to repeat, and nothing else."""

from collections.abc import Iterator

import pytest

from aira.adapters.twilio import twilio_client
from aira.adapters.twilio_errors import refusal
from aira.adapters.twilio_http import TwilioTransport
from aira.errors import CredentialsRefused, OutcomeUnknown, SetupError, VendorError
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN
from twilio_server import TwilioServer

NUMBERS = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json"
AUTH = (ACCOUNT_SID, AUTH_TOKEN)


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    """A server that speaks Twilio's API."""
    with TwilioServer() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that were made, in seconds."""
    return []


@pytest.fixture
def transport(server: TwilioServer, pauses: list[float]) -> TwilioTransport:
    """A transport that waits in no time."""
    return TwilioTransport(account=ACCOUNT_SID, api_url=server.url, look_seconds=0.5, change_seconds=0.5, pause=pauses.append)


def test_a_request_goes_to_the_host_that_is_set(server: TwilioServer, transport: TwilioTransport) -> None:
    """Scheme and host of the setting replace Twilio's; path and query stay."""
    transport.request("GET", NUMBERS + "?PageSize=7", auth=AUTH)

    assert server.account.requests == [("GET", f"/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json", {"PageSize": "7"})]


def test_a_get_that_is_cut_off_is_repeated(server: TwilioServer, transport: TwilioTransport, pauses: list[float]) -> None:
    """Two lost answers and a good one are a good one."""
    server.fail("GET", "IncomingPhoneNumbers", kind="drop_after", times=2)
    answer = transport.request("GET", NUMBERS, auth=AUTH)

    assert answer.status_code == 200
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_get_is_repeated_while_the_server_is_unwell(server: TwilioServer, transport: TwilioTransport, status: int) -> None:
    """Four bad answers and a good one are a good one."""
    server.fail("GET", "IncomingPhoneNumbers", kind="status", status=status, times=4)

    assert transport.request("GET", NUMBERS, auth=AUTH).status_code == 200


def test_a_get_is_given_up_after_five_tries(server: TwilioServer, transport: TwilioTransport, pauses: list[float]) -> None:
    """Four pauses lie between five tries; then the vendor has failed, and nothing was changed."""
    server.fail("GET", "IncomingPhoneNumbers", kind="drop_before", times=9)

    with pytest.raises(VendorError) as caught:
        transport.request("GET", NUMBERS, auth=AUTH)
    assert type(caught.value) is VendorError
    assert len(pauses) == 4


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "timeout", "error_after", "garbage"])
def test_a_post_is_never_repeated(server: TwilioServer, transport: TwilioTransport, pauses: list[float], kind: str) -> None:
    """Whatever happens to its answer, a POST is sent once, and its outcome is unknown."""
    server.fail("POST", "IncomingPhoneNumbers", kind=kind, times=9)

    with pytest.raises(OutcomeUnknown):
        transport.request("POST", NUMBERS, data={"PhoneNumber": "+14155550123"}, auth=AUTH)
    assert len(server.account.requests) == (kind != "drop_before")
    assert pauses == []


def test_a_post_is_repeated_when_twilio_did_not_look_at_it(server: TwilioServer, transport: TwilioTransport, pauses: list[float]) -> None:
    """429 means that nothing was done: the pauses double, give or take a tenth."""
    server.fail("POST", "IncomingPhoneNumbers", kind="status", status=429, code=20429, times=3)
    answer = transport.request("POST", NUMBERS, data={"PhoneNumber": "+14155550123"}, auth=AUTH)

    assert answer.status_code == 201
    assert pauses == [pytest.approx(0.1, rel=0.11), pytest.approx(0.2, rel=0.11), pytest.approx(0.4, rel=0.11)]


def test_a_post_to_a_host_that_is_not_there_did_nothing(pauses: list[float]) -> None:
    """Where no connection comes about, nothing was sent and nothing is unknown."""
    transport = TwilioTransport(account=ACCOUNT_SID, api_url="http://127.0.0.1:1", pause=pauses.append)

    with pytest.raises(VendorError) as caught:
        transport.request("POST", NUMBERS, data={}, auth=AUTH)
    assert (type(caught.value), caught.value.reason) == (VendorError, "vendor_unreachable")


def test_a_list_is_read_to_its_last_page(server: TwilioServer) -> None:
    """A list that has more records than a page is read page by page."""
    client = twilio_client(_settings(server, twilio_auth_token=AUTH_TOKEN))
    numbers = [f"+14155550{number}" for number in range(100, 105)]
    for number in numbers:
        client.incoming_phone_numbers.create(phone_number=number, friendly_name="aira:test")

    assert [one.phone_number for one in client.incoming_phone_numbers.list(page_size=2, limit=100)] == numbers


def test_an_api_key_is_used_in_preference_to_the_auth_token(server: TwilioServer) -> None:
    """With both set, a wrong auth token does not matter."""
    settings = _settings(server, twilio_auth_token="wrong", twilio_api_key_sid=API_KEY_SID, twilio_api_key_secret=API_KEY_SECRET)

    assert twilio_client(settings).balance.fetch().balance == "42.5000"


def test_wrong_credentials_are_refused_by_name(server: TwilioServer) -> None:
    """The error names the account so that it is recognised, but not all of it."""
    with pytest.raises(CredentialsRefused, match=r"account AC…5e5e\."):
        twilio_client(_settings(server, twilio_auth_token="wrong")).balance.fetch()


@pytest.mark.parametrize("missing", ["twilio_account_sid", "twilio_auth_token"])
def test_missing_credentials_are_a_matter_of_setup(server: TwilioServer, missing: str) -> None:
    """Without account or keys nothing is asked of Twilio."""
    with pytest.raises(SetupError):
        twilio_client(_settings(server, **{"twilio_auth_token": AUTH_TOKEN, missing: None}))


CODES = {
    20003: ("credentials_refused", 3),
    20008: ("credentials_refused", 3),
    20005: ("account_suspended", 3),
    10001: ("account_suspended", 3),
    21472: ("account_suspended", 3),
    21404: ("trial_account", 3),
    10002: ("trial_account", 3),
    22300: ("account_restricted", 3),
    21421: ("invalid_input", 2),
    21422: ("number_unavailable", 4),
    21451: ("invalid_input", 2),
    21452: ("number_unavailable", 4),
    21613: ("address_required", 4),
    21615: ("address_required", 4),
    21628: ("address_required", 4),
    21631: ("address_required", 4),
    21649: ("bundle_required", 4),
    21650: ("bundle_required", 4),
    21651: ("bundle_required", 4),
    20404: ("not_found", 5),
    20429: ("rate_limited", 6),
    21610: ("recipient_opted_out", 4),
    21614: ("recipient_unreachable", 4),
    30003: ("recipient_unreachable", 4),
    30032: ("sender_not_registered", 4),
    30034: ("sender_not_registered", 4),
    30001: ("rate_limited", 6),
    99999: ("vendor_refused", 4),
}


@pytest.mark.parametrize(("code", "meaning"), list(CODES.items()))
def test_each_code_is_an_error_with_something_to_do(code: int, meaning: tuple[str, int]) -> None:
    """Twilio's code decides class, exit code and hint."""
    error = refusal("POST", 400, f'{{"code": {code}, "message": "+14155550123 told us"}}', account=ACCOUNT_SID)

    assert (error.reason, error.exit_code) == meaning
    assert "+1415" not in error.message


def test_every_refusal_that_has_a_remedy_names_it() -> None:
    """Nobody is left without the next step: set-up errors, vendors' failures and refusals of numbers all have a hint."""
    for code, (reason, _) in CODES.items():
        error = refusal("POST", 400, f'{{"code": {code}}}', account=ACCOUNT_SID)

        assert error.hint or reason in {"not_found", "recipient_opted_out"}, code


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 301])
def test_a_failing_server_is_unknown_only_where_it_may_have_acted(method: str, status: int) -> None:
    """A broken answer to GET changed nothing; to POST it may have."""
    error = refusal(method, status, "<html>", account=ACCOUNT_SID)

    assert isinstance(error, OutcomeUnknown) == (method == "POST")
    assert error.exit_code == 6


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"code": "20003"}', '{"message": "no"}', "null"])
def test_an_answer_without_a_code_is_judged_by_its_status(body: str) -> None:
    """A proxy's page, an empty body or a foreign form do not hide what the status says."""
    assert refusal("POST", 401, body, account=ACCOUNT_SID).reason == "credentials_refused"


def _settings(server: TwilioServer, **values: str | None) -> Settings:
    return Settings(**{"aira_carrier": "twilio", "twilio_account_sid": ACCOUNT_SID, "twilio_api_url": server.url, **values})
