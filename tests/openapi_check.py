"""Hold our Twilio requests, and our stand-in's answers, against the API description that Twilio publishes.

    python tests/openapi_check.py [--folder DIR]

Needs node and npm: it installs Prism and Twilio's description (`@stoplight/prism-cli`, `@twilio-alpha/mcp`) into the folder, puts
Prism as a checking proxy between AiRa's adapters and `twilio_server.py`, and performs every use case. Any request or answer that
the description does not allow ends it with exit code 1, and so does a proxy that lets a wrong request or answer through. Where node
or its registry is missing it says so, in capitals, and ends with 0.
"""

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from aira.adapters.twilio import TwilioCarrier
from aira.adapters.twilio_messages import TwilioTexter
from aira.errors import AiraError, InvalidInput
from aira.model import NumberSearch
from aira.ports import Webhooks
from aira.settings import Settings
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

PACKAGES = ("@stoplight/prism-cli@5", "@twilio-alpha/mcp@0")
DESCRIPTIONS = "node_modules/@twilio-alpha/mcp/twilio-oai/spec/json"
PATHS = (
    "AvailablePhoneNumbers/{CountryCode}/Local.json",
    "AvailablePhoneNumbers/{CountryCode}/TollFree.json",
    "AvailablePhoneNumbers/{CountryCode}/Mobile.json",
    "AvailablePhoneNumbers/{CountryCode}/National.json",
    "IncomingPhoneNumbers.json",
    "IncomingPhoneNumbers/{Sid}.json",
    "/Messages.json",
    "/Balance.json",
    "/v1/PhoneNumbers/Countries/{IsoCountry}",
    "/v2/RegulatoryCompliance/Regulations",
)
INSTALL_SECONDS = 180
NUMBER = "+14155550123"
WEBHOOKS = Webhooks("https://a.example/call", "https://a.example/fallback", "https://a.example/status", "https://a.example/sms")


def main() -> int:
    """Perform all use cases; 0 where none breaks the description."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, help="where to install; default: a folder that is removed afterwards")
    folder = options.parse_args().folder
    if shutil.which("npm") is None:
        return skipped("node and npm are not installed here")
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not installed(folder):
            return skipped("npm could not install " + " and ".join(PACKAGES))
        (folder / "twilio.json").write_text(json.dumps(description(folder)))
        server = stack.enter_context(TwilioServer())
        url = stack.enter_context(proxy(folder, server.url))
        return checks(server, url) or performed(url)


def skipped(reason: str) -> int:
    """Say that nothing was checked so that nobody can miss it."""
    line = f"NOT CHECKED AGAINST TWILIO'S API DESCRIPTION: {reason}."
    print("*" * len(line), line, "*" * len(line), sep="\n", file=sys.stderr)
    return 0


def installed(folder: Path) -> bool:
    """Whether Prism and Twilio's description are there, now that they were asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / DESCRIPTIONS).is_dir():
        return True
    quiet = ("--silent", "--no-fund", "--no-audit", "--fetch-retries", "1", "--prefix", str(folder))
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(["npm", "install", *quiet, *PACKAGES], timeout=INSTALL_SECONDS).returncode == 0
    return False


def description(folder: Path) -> dict[str, Any]:
    """One description of the paths AiRa uses, without two demands that Twilio's own examples break.

    Addresses of pages are relative, and prices are strings.
    """
    merged: dict[str, Any] = {"openapi": "3.0.1", "info": {"title": "Twilio", "version": "1"}, "paths": {}, "components": {"schemas": {}}}
    for name in ("api_v2010", "pricing_v1", "numbers_v2"):
        read = json.loads((folder / DESCRIPTIONS / f"twilio_{name}.json").read_text("utf-8"))
        merged["paths"] |= {path: {**item, "servers": []} for path, item in read["paths"].items() if path.endswith(PATHS)}
        merged["components"]["schemas"] |= read["components"]["schemas"]
        merged["components"]["securitySchemes"] = read["components"]["securitySchemes"]
    return forgiving(merged)


def forgiving(node: Any) -> Any:
    """The node without the demands that cannot be met."""
    if isinstance(node, list):
        return [forgiving(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: forgiving(value) for name, value in node.items() if not (name == "format" and value == "uri") and name != "servers"}
    for price in ("base_price", "current_price"):
        if isinstance(kept.get(price), dict):
            kept[price] = {"nullable": True}
    return kept


@contextlib.contextmanager
def proxy(folder: Path, upstream: str) -> Iterator[str]:
    """The address of a proxy in front of the server that answers 500 to whatever the description does not allow."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", str(folder / "node_modules/.bin/prism"), "proxy", "--errors", "-p", str(port), str(folder / "twilio.json"), upstream]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait()


def checks(server: TwilioServer, url: str) -> int:
    """Whether the proxy checks at all: 1 where a request or an answer that the description forbids passes it."""
    root, auth = f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}", (ACCOUNT_SID, AUTH_TOKEN)
    asked = httpx.get(f"{root}/AvailablePhoneNumbers/US/Local.json", params={"AreaCode": "abc"}, auth=auth)
    server.account.balance, kept = 17, server.account.balance  # type: ignore[assignment]  # a number where a string is promised
    answered = httpx.get(f"{root}/Balance.json", auth=auth)
    server.account.balance = kept
    for name, response in (("a wrong request", asked), ("a wrong answer", answered)):
        print(f"{'ok     ' if response.is_error else 'FAILED '} {name} is found")
    return int(not (asked.is_error and answered.is_error))


def performed(url: str) -> int:
    """Every use case against the proxy, one line each; 1 where one fails."""
    settings = Settings(twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_api_url=url)
    failed = 0
    for name, act in use_cases(settings):
        try:
            act()
            print(f"ok      {name}")
        except AiraError as error:
            failed = 1
            print(f"FAILED  {name}: {error.reason}: {error.message}")
    return failed


def use_cases(settings: Settings) -> list[tuple[str, Callable[[], object]]]:
    """All that AiRa asks of Twilio."""
    carrier, texter = TwilioCarrier(settings), TwilioTexter(settings)
    everything = NumberSearch(
        area_code="415", contains="555", locality="San Francisco", region="CA", capabilities=frozenset({"voice", "sms", "mms"}), limit=3
    )
    papers = {"address_sid": "AD" + "0" * 32, "bundle_sid": "BU" + "0" * 32}
    return [
        ("search with all filters", lambda: carrier.search(everything)),
        ("search toll-free", lambda: carrier.search(NumberSearch(number_type="toll_free", limit=1000))),
        ("search mobile, of which there are none", lambda: none_for_rent(carrier, "mobile")),
        ("search national, of which there are none", lambda: none_for_rent(carrier, "national")),
        ("buy", lambda: carrier.buy(NUMBER, tag="aira:1", webhooks=WEBHOOKS)),
        ("buy again, with papers", lambda: carrier.buy(NUMBER, tag="aira:2", webhooks=WEBHOOKS, **papers)),
        ("find all", lambda: carrier.find()),
        ("find by number", lambda: carrier.find(phone_number=NUMBER)),
        ("find by tag", lambda: carrier.find(tag="aira:2")),
        ("configure", lambda: carrier.configure(carrier.find()[0].sid, webhooks=WEBHOOKS, tag="aira:3")),
        ("text", lambda: texter.send(to="+14155550199", body="See you at two.", sender=NUMBER)),
        ("text by a service", lambda: texter.send(to="+14155550199", body="See you at two.", sender="MG" + "0" * 32)),
        ("find a text", lambda: texter.find(to="+14155550199", body="See you at two.", since=datetime.now(UTC))),
        ("release", lambda: carrier.release(carrier.find()[0].sid)),
        ("balance", lambda: carrier.account.balance()),
        ("prices", lambda: carrier.account.prices("US")),
        ("requirements", lambda: carrier.account.requirements("GB", "local")),
    ]


def none_for_rent(carrier: TwilioCarrier, kind: str) -> None:
    """A search that Twilio answers with 404."""
    with contextlib.suppress(InvalidInput):
        carrier.search(NumberSearch(number_type=kind))


if __name__ == "__main__":
    sys.exit(main())
