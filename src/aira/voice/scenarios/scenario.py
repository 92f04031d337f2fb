"""Scenarios as they are written in YAML: a world, what the caller says, and what must be true afterwards."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aira.errors import InvalidInput, MissingExtra

NOW = "2026-11-23 10:00"
"""When scenarios play that do not say: a Monday morning on the business's clock."""
CALLER = "+14155550177"


@dataclass(frozen=True, slots=True)
class Offer:
    """A service of the business."""

    name: str
    minutes: int
    price: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """The business that is called."""

    name: str = "Shear Delight"
    time_zone: str = "America/New_York"
    hours: str = "Mon-Fri 09:00-17:00; Sat 10:00-14:00"
    services: tuple[Offer, ...] = (
        Offer("Haircut", 30, "25", ("trim", "cut")),
        Offer("Colour treatment", 90, "85", ("colour", "highlights")),
        Offer("Beard trim", 15, "12.50"),
    )
    closures: tuple[tuple[str, str], ...] = ()
    """Dates and the reason the business is closed."""
    address: str | None = "12 Oak Street"
    greeting: str | None = None
    transfer_number: str | None = None
    chairs: int = 1
    """How many appointments there can be at once."""
    documents: tuple[tuple[str, str], ...] = ()
    """Names and texts of documents."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An appointment, as the calendar holds it before the call or must hold it afterwards."""

    at: str
    """Day and time on the business's clock, or days from today and time: `+1 10:00`."""
    service: str | None = None
    name: str | None = None
    phone: str = CALLER
    status: str = "confirmed"


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be true after the call."""

    appointments: tuple[Entry, ...] = ()
    """All appointments that are confirmed or were cancelled in the call."""
    messages: tuple[str, ...] = ()
    """Regular expressions, one a message that is left."""
    outcome: str | None = None
    ended: bool | None = None
    """Whether the bot took leave; None where it does not matter."""
    says: tuple[str, ...] = ()
    """Regular expressions that some turn of the bot matches, each."""
    never_says: tuple[str, ...] = ()
    """Regular expressions that no turn of the bot matches."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation."""

    name: str
    says: tuple[str, ...]
    """The caller's turns; `...` is a silence."""
    expect: Expected
    answers: Mapping[str, str] = field(default_factory=dict)
    """Replies by what the bot asks for (name, phone, yes), given instead of the next turn."""
    world: World = World()
    now: str = NOW
    caller: str | None = CALLER
    calendar: tuple[Entry, ...] = ()
    audio: bool = False
    """It can also be played with sound: it needs no certain date, and no answers that depend on the bot's words."""
    fixed: bool = False
    """The words count as they are: no paraphrase."""

    @property
    def zone(self) -> ZoneInfo:
        """The business's time zone."""
        return ZoneInfo(self.world.time_zone)

    @property
    def starts(self) -> datetime:
        """The moment the call begins."""
        return datetime.fromisoformat(self.now).replace(tzinfo=self.zone)


def moment(text: str, now: datetime) -> datetime:
    """Day and time as scenarios write them, on the clock of `now`."""
    if text.startswith("+"):
        days, _, clock = text[1:].partition(" ")
        day: date = now.date() + timedelta(days=int(days))
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=now.tzinfo)
    return datetime.fromisoformat(text).replace(tzinfo=now.tzinfo)


def load_library(folder: Path | None = None) -> list[Scenario]:
    """The scenarios of a folder's YAML files, by default of the library that ships with AiRa. Raises InvalidInput, MissingExtra."""
    try:
        import yaml
    except ImportError:
        raise MissingExtra("voice", purpose="Playing scenarios") from None
    source: Traversable | Path = folder or files("aira.voice.scenarios") / "library"
    found: list[Scenario] = []
    for file in sorted((one for one in source.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name):
        found.extend(_scenarios(yaml.safe_load(file.read_text(encoding="utf-8")), file.name))
    names = [scenario.name for scenario in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"Two scenarios are called '{twice}'.", hint="Give each its own name.")
    return found


def _scenarios(content: object, file_name: str) -> Iterator[Scenario]:
    if not isinstance(content, dict) or not isinstance(content.get("scenarios"), list):
        raise InvalidInput(f"{file_name} has no list `scenarios`.", hint="See the library of aira.voice.scenarios for the form.")
    shared = content.get("world", {})
    for plain in content["scenarios"]:
        try:
            yield _scenario(shared, plain)
        except (KeyError, TypeError, ValueError) as error:
            name = plain.get("name", "a scenario") if isinstance(plain, dict) else "a scenario"
            raise InvalidInput(f"'{name}' in {file_name} cannot be read: {error}", hint="Compare it with the library.") from None


def _scenario(shared: Mapping[str, Any], plain: Mapping[str, Any]) -> Scenario:
    values = dict(plain)
    values["world"] = _world({**shared, **values.pop("world", {})})
    values["says"] = tuple(str(line) for line in values["says"])
    values["calendar"] = tuple(_entry(entry) for entry in values.get("calendar", ()))
    values["expect"] = _expected(values.get("expect", {}))
    values["now"] = str(values.get("now", NOW))
    _known(Scenario, values)
    return Scenario(**values)


def _world(plain: Mapping[str, Any]) -> World:
    values = dict(plain)
    if "services" in values:
        values["services"] = tuple(_offer(offer) for offer in values["services"])
    for pairs in ("closures", "documents"):
        if pairs in values:
            values[pairs] = tuple((str(key), str(value)) for key, value in values[pairs].items())
    _known(World, values)
    return World(**values)


def _offer(plain: Mapping[str, Any]) -> Offer:
    price = plain.get("price")
    return Offer(plain["name"], int(plain["minutes"]), None if price is None else str(price), tuple(plain.get("also", ())))


def _entry(plain: Mapping[str, Any]) -> Entry:
    _known(Entry, plain)
    return Entry(**{**plain, "at": str(plain["at"])})


def _expected(plain: Mapping[str, Any]) -> Expected:
    _known(Expected, plain)
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    values["appointments"] = tuple(_entry(entry) for entry in plain.get("appointments", ()))
    return Expected(**values)


def _known(kind: type, values: Mapping[str, Any]) -> None:
    unknown = set(values) - {one.name for one in fields(kind)}
    if unknown:
        raise ValueError(f"nobody knows '{sorted(unknown)[0]}'")
