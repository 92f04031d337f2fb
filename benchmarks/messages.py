"""Is a text ever sent twice, at night, or to somebody who wants none? A carrier that loses answers, simulated days, several senders.

Customers of six time zones book with a business that is open day and night. Some agreed to texts, some opted out, some never
said. The clock goes on by quarters of an hour; senders deliver what is due, at once, while the carrier cuts connections, answers
500 after the text was taken, says nothing for ten seconds, answers nonsense, or is too busy. A sender in fifty dies between
handing a text over and noting it.

    python benchmarks/messages.py [--customers 1000] [--senders 4] [--json] [--database-url URL]
"""

import argparse
import json
import random
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aira.adapters.twilio import twilio_client
from aira.adapters.twilio_messages import TwilioTexter
from aira.core.app import Aira
from aira.core.appointments import book_appointment
from aira.core.businesses import add_business, set_business
from aira.core.consents import record_consent
from aira.core.db import Database, execute, fetch_all
from aira.core.notifications import deliver_due
from aira.core.services import add_resource
from aira.settings import Settings
from scratch import scratch_database

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from twilio_api import ACCOUNT_SID, AUTH_TOKEN
from twilio_server import TwilioServer

AREAS = {
    "+1212555": "America/New_York",
    "+1312555": "America/Chicago",
    "+1303555": "America/Denver",
    "+1415555": "America/Los_Angeles",
    "+1808555": "Pacific/Honolulu",
    "+4930123": "Europe/Berlin",
}
DAYS = 4
STEP = timedelta(minutes=15)
FAULTS = {"drop_before": 6, "drop_after": 8, "error_after": 8, "garbage": 3, "status": 6, "timeout": 1}
"""How many of a hundred texts go wrong in which way; the last for a sixteenth of them only, as each takes ten seconds."""
TEXTS_SQL = "select status, last_error, template, recipient, payload ->> 'start_time' as start from notifications where channel = 'sms'"


class Clock:
    def __init__(self, now: datetime) -> None:
        self.value = now

    def now(self) -> datetime:
        return self.value


class Killed(BaseException):
    """The sender died."""


class Watched:
    """A texter whose texts are noted with the time of the simulated clock, and whose sender may die right after."""

    def __init__(self, texter: TwilioTexter, clock: Clock, chance: random.Random) -> None:
        self.texter, self.clock, self.chance = texter, clock, chance
        self.tried: list[tuple[str, str, datetime]] = []
        self.find = texter.find

    def send(self, *, to: str, body: str, sender: str | None) -> str:
        self.tried.append((to, body, self.clock.now()))
        sid = self.texter.send(to=to, body=body, sender=sender)
        if self.chance.random() < 0.02:
            raise Killed
        return sid


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1000)
    options.add_argument("--senders", type=int, default=4)
    options.add_argument("--database-url", help="a database that has been migrated; default: one of its own")
    options.add_argument("--json", action="store_true")
    arguments = options.parse_args()
    with scratch_database(arguments.database_url) as url, TwilioServer() as carrier:
        report = measure(url, carrier, arguments.customers, arguments.senders)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name.replace('_', ' '):34}{value}" for name, value in report.items()))


def measure(url: str, carrier: TwilioServer, customers: int, senders: int) -> dict:
    # The carrier's clock is the machine's; ours starts so long before that a text is never older than the attempt to send it.
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS + 3)
    clock, chance = Clock(start), random.Random(3)
    settings = Settings(twilio_account_sid=ACCOUNT_SID, twilio_auth_token=AUTH_TOKEN, twilio_api_url=carrier.url)
    texter = Watched(TwilioTexter(settings), clock, chance)
    nothing = dict.fromkeys(("carrier", "index", "embedder", "files", "mailer", "recordings"))
    aira = Aira(settings=settings, database=Database(url), texter=texter, clock=clock, **nothing)
    number = twilio_client(settings).incoming_phone_numbers.create(phone_number="+12125550100").phone_number
    people = open_business(aira, number, customers, chance)
    let_go_wrong(carrier, customers, chance)
    while clock.value < start + timedelta(days=DAYS + 1):
        with ThreadPoolExecutor(senders) as threads:
            list(threads.map(lambda _: deliver_until_killed(aira), range(senders)))
        clock.value += STEP
    report = found(aira, carrier, texter, people)
    aira.database.close()
    return report


def open_business(aira: Aira, number: str, customers: int, chance: random.Random) -> dict[str, str]:
    """Book for everybody; returns what each number's holder wants: texts, none, or never said."""
    with aira.database.transaction() as connection:
        execute(connection, "insert into auth.users (email) values ('owner@example.com')")
    business = add_business(aira, "Day and Night", time_zone="America/New_York", hours="daily 0-24")
    set_business(aira, business.id, reminder_minutes=[120])
    with aira.database.transaction() as connection:
        execute(connection, RENT_SQL, {"number": number, "business": business.id})
        execute(connection, "update business_v2 set daily_message_cap = 100000")
    for chair in range(customers // 50 + 1):
        add_resource(aira, f"chair {chair}", business=business.id)
    people = {}
    for index in range(customers):
        phone = f"{list(AREAS)[index % len(AREAS)]}{index // len(AREAS):04}"
        people[phone] = chance.choices(["texts", "none", "unknown"], [8, 1, 1])[0]
        if people[phone] != "unknown":
            record_consent(aira, phone, business=business.id, granted=people[phone] == "texts", basis="spoken")
        start = aira.clock.now() + timedelta(minutes=15 * chance.randrange(16, DAYS * 96))
        book_appointment(aira, business=business.id, start=start, customer_name="Ann", customer_phone=phone)
    return people


RENT_SQL = """
with wallet as (insert into wallets (user_id) select id from auth.users returning id)
insert into business_numbers (business_id, wallet_id, phone_number, provider_sid, friendly_name, status, idempotency_key, monthly_cost,
  billing_anchor, next_billing_date, capabilities)
select %(business)s, id, %(number)s, 'PN1', 'aira', 'active', 'k', 1, current_date, current_date + 30, '{"sms": true}' from wallet
"""


def let_go_wrong(carrier: TwilioServer, texts: int, chance: random.Random) -> None:
    kinds = [kind for kind, share in FAULTS.items() for _ in range(texts * 2 * share // (1600 if kind == "timeout" else 100))]
    fine = ["none"] * (texts * 2 - len(kinds))
    for kind in chance.sample(kinds + fine, texts * 2):
        carrier.fail("POST", "Messages", kind=kind)
    for _ in range(texts // 20):
        carrier.fail("GET", "Messages", kind="drop_before")


def deliver_until_killed(aira: Aira) -> None:
    try:
        deliver_due(aira, limit=10_000)
    except Killed:
        return


def found(aira: Aira, carrier: TwilioServer, texter: Watched, people: dict[str, str]) -> dict:
    taken = Counter((one["to"], one["body"]) for one in carrier.account.messages)
    with aira.database.transaction() as connection:
        texts = fetch_all(connection, dict, TEXTS_SQL)
    by_night = sum(not 8 <= moment.astimezone(zone_of(to)).hour < 21 for to, body, moment in texter.tried if "see you" in body)
    reminded = [(to, moment) for to, body, moment in texter.tried if "see you" in body]
    starts = {one["recipient"]: datetime.fromisoformat(one["start"]) for one in texts}
    outcomes = Counter(f"{one['status']} {one['last_error'] or ''}".strip() for one in texts)
    return {
        "customers": len(people),
        "texts_wanted": sum(one["last_error"] not in {"no_consent", "opted_out"} for one in texts),
        "texts_the_carrier_took": sum(taken.values()),
        "sent_twice": sum(count > 1 for count in taken.values()),
        "to_people_who_want_none": sum(people[to] != "texts" for to, _ in taken),
        "reminders_by_night": by_night,
        "reminders_after_the_appointment": sum(moment >= starts[to] for to, moment in reminded),
        "noted_as_sent_but_not_taken": outcomes["sent"] - sum(taken.values()) if outcomes["sent"] > sum(taken.values()) else 0,
        "outcomes": dict(sorted(outcomes.items())),
    }


def zone_of(phone: str) -> ZoneInfo:
    return ZoneInfo(next(zone for area, zone in AREAS.items() if phone.startswith(area)))


if __name__ == "__main__":
    threading.excepthook = lambda _: None
    main()
