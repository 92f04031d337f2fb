"""A caller who listens: follows the scenario, answers what was asked, repeats what was not understood, corrects what was read back wrong.

On the telephone words are misheard, so a caller who goes through a list of turns regardless talks past the bot. This one knows what
the scenario wants and reacts as people do, up to `PATIENCE` times; it never says anything that is not the scenario's own wish.
"""

import re
from datetime import date, datetime, time
from enum import StrEnum

from aira.voice.receptionist import spoken
from aira.voice.receptionist.when import read_when
from aira.voice.receptionist.words import normalise
from aira.voice.scenarios.caller import ASKS
from aira.voice.scenarios.scenario import Entry, Scenario, moment

PATIENCE = 6
"""How many times a caller helps out before following the scenario regardless."""
SHORT = 3
"""Words up to which a turn can only be the answer to a question."""
_AGAIN = re.compile(r"\b(?:didn't (?:get|catch|hear)|not (?:get|catch) that|once more|what time was that|spell)\b", re.IGNORECASE)
_PLACES = re.compile(r"\b(?:first|second|later|earlier|last) (?:one)?\b|^(?:first|second)\b")


class Kind(StrEnum):
    """What a question is about, or a turn says."""

    NAME = "name"
    WHEN = "when"
    SERVICE = "service"
    CONFIRM = "confirm"
    HELP = "help"
    MORE = "more"
    NO = "no"
    BYE = "bye"
    OTHER = "other"


_QUESTIONS = (
    (Kind.CONFIRM, ASKS["yes"]),
    (Kind.HELP, re.compile(r"take a message\b[^.]*\?|leave a message\?|put you through", re.IGNORECASE)),
    (Kind.MORE, re.compile(r"\b(?:anything|what) else\b[^.]*\?", re.IGNORECASE)),
    (Kind.SERVICE, re.compile(r"what can i book|do you mean|come in for", re.IGNORECASE)),
    (Kind.NAME, ASKS["name"]),
    (
        Kind.WHEN,
        re.compile(r"\b(?:which would you like|what (?:other )?(?:day|time)|what day and time|did you say|do you mean)\b", re.IGNORECASE),
    ),
)
_DETAILS = (Kind.NAME, Kind.WHEN, Kind.SERVICE)


class Attentive:
    """Gives the turns of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._lines = list(scenario.says)
        self._patience = PATIENCE
        self._last = ""
        self._said_at: time | None = None
        self._said_day: date | None = None
        self._confirmed = 0

    def reply(self, bot: str) -> str | None:
        """The next turn after the bot's words; None when the caller has nothing left to say."""
        asked = next((kind for kind, pattern in _QUESTIONS if pattern.search(bot)), Kind.OTHER)
        helping = self._helps(bot, asked) if self._last and self._patience else None
        if helping is not None:
            self._patience -= 1
            return helping
        while self._lines and self._is_past(self._lines[0], asked):
            self._lines.pop(0)
        return self._next()

    def _next(self) -> str | None:
        if not self._lines:
            return None
        self._last = self._lines.pop(0)
        when = read_when(normalise(self._last), self._scenario.starts)
        self._said_at, self._said_day = when.at or self._said_at, when.day or self._said_day
        if _PLACES.search(self._last) or self._last == "yes":  # one of the bot's offers is taken, or it is settled
            self._said_at = self._said_day = None
        self._confirmed += self._last == "yes"
        return self._last

    def _helps(self, bot: str, asked: Kind) -> str | None:
        """What the bot needs beside the scenario's next turn; None where that turn will do."""
        following = self._kind(self._lines[0]) if self._lines else Kind.BYE
        if asked is Kind.CONFIRM:
            return self._corrected(bot) if following is Kind.CONFIRM else None
        if asked is Kind.HELP:
            wished = following in (Kind.CONFIRM, Kind.NO, Kind.OTHER)
            return None if wished else f"I said, {self._scenario.says[0]}."
        if asked in _DETAILS and following is not asked and following is not Kind.OTHER:
            return self._detail(asked, bot)
        if _AGAIN.search(bot):
            return self._last if self._patience % 2 else f"I said, {self._last}."
        return None

    def _detail(self, asked: Kind, bot: str = "") -> str | None:
        wanted = self._wanted()
        if asked is Kind.NAME and wanted and wanted.name and "spell" in bot.lower():
            return f"{', '.join(wanted.name.split()[0].upper())}."
        if asked is Kind.NAME:
            return f"My name is {wanted.name}." if wanted and wanted.name else None
        if asked is Kind.SERVICE:
            return f"{spoken.capital(spoken.a(wanted.service))}, please." if wanted and wanted.service else None
        start = self._start()
        if start is None:
            return None
        near = spoken.near_day(start.date(), self._scenario.starts.date())
        return f"{spoken.capital(near)}, at {spoken.clock(start.time())}."

    def _corrected(self, bot: str) -> str | None:
        """What is wrong in a read-back, with what is right."""
        read = read_when(normalise(bot), self._scenario.starts, moving="move" in bot)
        start, wanted = self._start(), self._wanted()
        if start is not None and read.at is not None and "cancel" not in bot and (read.day, read.at) != (start.date(), start.time()):
            return f"No, {self._detail(Kind.WHEN)}"
        if wanted and wanted.name and "book" in bot and wanted.name.lower() not in bot.lower():
            return f"No, my name is {wanted.name}."
        return None

    def _wanted(self) -> Entry | None:
        """The appointment of the scenario that is being arranged."""
        made = [one for one in self._scenario.expect.appointments if one.status == "confirmed" and one.name]
        return made[min(self._confirmed, len(made) - 1)] if made else None

    def _start(self) -> datetime | None:
        """When it is to be: as the caller has said so far, else as the scenario expects."""
        wanted = self._wanted()
        expected = moment(wanted.at, self._scenario.starts) if wanted else None
        if self._said_at is None or self._said_day is None:
            return expected
        return datetime.combine(self._said_day, self._said_at, tzinfo=self._scenario.zone)

    def _is_past(self, line: str, asked: Kind) -> bool:
        """Whether a turn of the scenario answers a question that is behind them."""
        kind = self._kind(line)
        if asked is Kind.MORE:
            return kind in (Kind.CONFIRM, *_DETAILS) and self._confirmed > 0 and len(line.split()) <= SHORT
        return asked is Kind.CONFIRM and kind is Kind.NAME

    def _kind(self, line: str) -> Kind:
        if line in ("yes", "no", "bye"):
            return {"yes": Kind.CONFIRM, "no": Kind.NO, "bye": Kind.BYE}[line]
        if any(one.name and one.name.lower() in line.lower() for one in self._scenario.expect.appointments):
            return Kind.NAME
        if _PLACES.search(line) or read_when(normalise(line), self._scenario.starts).says_something:
            return Kind.WHEN
        return Kind.OTHER
